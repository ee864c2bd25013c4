//! Fills a form as its kind file asks: what is required and visible always, the rest now and
//! then. What it makes is checked by the phone like anything else.

use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::{Family, Field, Kind, Kinds, Members, Name, Rule, Shape, Targets};
use menpai_sync_core::phone::{EditDraft, NewSetItem, RecordDraft};
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::day::Task;
use super::dice::Dice;
use super::surroundings::Surroundings;

/// Chance that something optional is filled in.
const OPTIONAL_PERCENT: u64 = 20;
/// Chance that a choice offered by the form stays.
const DEFAULT_PERCENT: u64 = 95;
/// Chance that the first choice is taken, which is the usual one.
const FIRST_CHOICE_PERCENT: u64 = 50;
/// What is written into fields of text.
const SENTENCES: [&str; 8] = [
    "一切正常，已嘱咐用电安全。",
    "家里没人，留了便条，明天再来。",
    "老人精神不错，孙女周末来看过。",
    "楼道堆了纸箱，已劝说，答应三天内清走。",
    "换了手机号，旧号停用。",
    "租客刚搬来，下次补登记。",
    "反映水压小，已转物业。",
    "血压药快吃完了，帮忙记着去取。",
];

/// Something to save.
#[derive(Debug)]
pub(super) enum Work {
    /// A record.
    Record(RecordDraft),
    /// An edit.
    Edit(EditDraft),
}

/// Fills the rest of a form in which some answers stand already; `optional_percent` of what may
/// stay empty.
pub(super) fn fill(
    kind: &Kind,
    mut body: Map<String, Value>,
    around: &Surroundings,
    now: Instant,
    optional_percent: u64,
    dice: &mut Dice,
) -> Map<String, Value> {
    let mut form = Form {
        around,
        now,
        optional_percent,
        dice,
    };
    form.fill(&kind.fields, kind.schema, &mut body);
    body
}

/// Does a task, as far as kind files and surroundings allow.
pub(super) fn work(task: Task, kinds: &Kinds, around: &Surroundings, now: Instant, dice: &mut Dice) -> Option<Work> {
    let mut form = Form {
        around,
        now,
        optional_percent: OPTIONAL_PERCENT,
        dice,
    };
    let record = |effect: &dyn Fn(&Kind) -> bool| {
        kinds
            .iter()
            .find(|kind| kind.family == Family::Record && effect(kind) && around.may_write(kind))
    };
    match task {
        Task::CheckDoor => {
            let kind = record(&|kind| kind.effects.closes.is_some())?;
            let subject = kind.effects.closes.as_ref()?.subject.as_str();
            form.record(kind, subject, None)
        }
        Task::VisitPerson => {
            let kind = record(&|kind| kind.effects.resets.is_some())?;
            let subject = kind.effects.resets.as_ref()?.subject.as_str();
            let planned = form.dice.pick(&around.on_plan).copied();
            form.record(kind, subject, planned)
        }
        Task::ReportMatter => {
            let kind = record(&|kind| kind.effects.opens.is_some())?;
            let subject = kind.effects.opens.as_ref()?.subject.as_str();
            form.record(kind, subject, None)
        }
        Task::CorrectRegistry => form.edit(kinds),
    }
}

struct Form<'a> {
    around: &'a Surroundings,
    now: Instant,
    optional_percent: u64,
    dice: &'a mut Dice,
}

impl Form<'_> {
    fn record(&mut self, kind: &Kind, subject_field: &str, subject: Option<EntityId>) -> Option<Work> {
        let Shape::Ref { to } = &kind.field(subject_field)?.shape else {
            return None;
        };
        let subject = subject.or_else(|| self.around.pick(to.names().iter().map(Name::as_str), self.dice))?;
        let mut body = Map::from_iter([(subject_field.to_owned(), json!(subject))]);
        self.fill(&kind.fields, kind.schema, &mut body);
        Some(Work::Record(RecordDraft {
            kind: kind.name.to_string(),
            grid: Some(self.around.grid),
            body,
        }))
    }

    /// Corrects a phone number or a note: what workers correct at the door.
    fn edit(&mut self, kinds: &Kinds) -> Option<Work> {
        let correctable: Vec<(&Kind, &Field)> = self
            .around
            .types()
            .filter_map(|(name, _)| kinds.registry_type(name))
            .filter(|kind| self.around.may_write(kind))
            .flat_map(|kind| kind.fields.iter().map(move |field| (kind, field)))
            .filter(|(kind, field)| field.is_in(kind.schema) && is_corrected_at_the_door(&field.shape))
            .collect();
        let (kind, field) = *self.dice.pick(&correctable)?;
        let id = self.around.pick(std::iter::once(kind.name.as_str()), self.dice)?;
        let value = self.value(&field.shape, kind.schema)?;
        let item = NewSetItem {
            entity_type: kind.name.to_string(),
            id: id.to_string(),
            field: field.name.to_string(),
            value: serde_json::from_value::<Scalar>(value).ok()?,
        };
        Some(Work::Edit(EditDraft {
            grid: Some(self.around.grid),
            set: vec![item],
            body: Map::new(),
        }))
    }

    fn fill(&mut self, fields: &[Field], schema: u32, body: &mut Map<String, Value>) {
        for field in fields.iter().filter(|field| field.is_in(schema)) {
            let name = field.name.as_str();
            let asked = field.visible_if.as_ref().is_none_or(|condition| condition.holds(body));
            if !asked || body.contains_key(name) || !(field.required || self.dice.percent(self.optional_percent)) {
                continue;
            }
            // Work is written down when it is done: no instant but made-time.
            if matches!(field.shape, Shape::Instant) && !field.required {
                continue;
            }
            if let Some(value) = self.value(&field.shape, schema) {
                body.insert(name.to_owned(), value);
            }
        }
    }

    fn value(&mut self, shape: &Shape, schema: u32) -> Option<Value> {
        match shape {
            Shape::Text { max_length, rule, .. } => self.text(*max_length, *rule).map(Value::from),
            Shape::Integer { min, max } => Some(json!(self.dice.between(*min, (*max).min(min.saturating_add(4))))),
            Shape::Bool => Some(json!(self.dice.percent(50))),
            Shape::Choice { choices, default } => {
                // What the form offers is seldom changed; else the first is the usual one.
                let offered = choices.iter().find(|choice| Some(&choice.value) == default.as_ref());
                let (usual, percent) = match offered {
                    Some(offered) => (Some(offered), DEFAULT_PERCENT),
                    None => (choices.first(), FIRST_CHOICE_PERCENT),
                };
                usual
                    .filter(|_| self.dice.percent(percent))
                    .or_else(|| self.dice.pick(choices))
                    .map(|choice| json!(choice.value))
            }
            Shape::Date { rule: None } => {
                let days = self.dice.between(1, 30);
                let later = Instant {
                    unix_ms: self.now.unix_ms + days * 86_400_000,
                    ..self.now
                };
                Some(json!(later.local_date().to_string()))
            }
            Shape::Date { rule: Some(_) } => None,
            Shape::Instant => Some(json!(self.now)),
            Shape::Ref { to } => self.reference(to),
            Shape::Set(Members::Choices(choices)) => {
                let some: Vec<&str> = choices
                    .iter()
                    .filter(|_| self.dice.percent(30))
                    .map(|choice| choice.value.as_str())
                    .collect();
                (!some.is_empty()).then(|| json!(some))
            }
            Shape::Set(Members::Refs { to, .. }) => self.reference(to).map(|one| json!([one])),
            Shape::List { fields, .. } => self.object(fields, schema).map(|row| json!([row])),
            Shape::Object { fields } => self.object(fields, schema),
        }
    }

    fn object(&mut self, fields: &[Field], schema: u32) -> Option<Value> {
        let mut members = Map::new();
        self.fill(fields, schema, &mut members);
        (!members.is_empty()).then_some(Value::Object(members))
    }

    fn text(&mut self, max_length: u32, rule: Option<Rule>) -> Option<String> {
        let digits =
            |dice: &mut Dice, count: u32| (0..count).map(|_| dice.between(0, 9).to_string()).collect::<String>();
        match rule {
            None => {
                let sentence = self.dice.pick(&SENTENCES).copied().unwrap_or_default();
                Some(sentence.chars().take(max_length as usize).collect())
            }
            // 199 is given to nobody.
            Some(Rule::Phone) => Some(format!("199{}", digits(self.dice, 8))),
            Some(Rule::Digits) => Some(digits(self.dice, max_length)),
            Some(_) => None,
        }
    }

    fn reference(&mut self, to: &Targets) -> Option<Value> {
        if to.names().iter().any(|name| name.as_str() == "worker") {
            return Some(json!(self.around.worker));
        }
        self.around
            .pick(to.names().iter().map(Name::as_str), self.dice)
            .map(|id| json!(id))
    }
}

fn is_corrected_at_the_door(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Text {
            rule: Some(Rule::Phone),
            ..
        } | Shape::Text {
            rule: None,
            lines: true,
            ..
        }
    )
}
