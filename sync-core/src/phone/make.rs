//! 保存: from what a screen holds to an entry in the own log. Everything a home could hold
//! an entry for that the phone can know is checked here, before anybody reads 已保存.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Phone, Stored, Write, store};
use crate::entry::{Draft, EDIT_KIND, Edit, Entry, Scalar, SetItem};
use crate::ids::{EntityId, EntryId, GridId, Seq};
use crate::json::{FromJson, JsonError, Members, json_object};
use crate::judge::class_of_edit;
use crate::kinds::{Field, Kind, Labels, Language, Problem, Shape, ValueError};
use crate::part::Part;
use crate::text::nfc;
use crate::time::Instant;
use crate::wire::OLDEST_PROTOCOL;

/// A record as a form hands it over.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordDraft {
    /// Which kind.
    pub kind: String,
    /// In which grid.
    pub grid: Option<GridId>,
    /// The answers, hidden ones included.
    pub body: Map<String, Value>,
}

json_object! { RecordDraft { kind, grid, body, .. } }

/// An edit as a card hands it over.
#[derive(Debug, Clone, PartialEq)]
pub struct EditDraft {
    /// In which grid.
    pub grid: Option<GridId>,
    /// The fields to set.
    pub set: Vec<NewSetItem>,
    /// The rest of the body: where it is known from, a note.
    pub body: Map<String, Value>,
}

/// Beside `grid` and `set` stand the members of the body.
impl FromJson for EditDraft {
    fn from_json(value: Value) -> Result<EditDraft, JsonError> {
        let mut members = Members::of(value)?;
        Ok(EditDraft {
            grid: members.take("grid")?,
            set: members.take("set")?,
            body: members.rest(),
        })
    }
}

/// One field to set; `id` is an entity, or `new:0`, `new:1` … for those the edit makes.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSetItem {
    /// The registry type.
    pub entity_type: String,
    /// Which entity.
    pub id: String,
    /// Which field.
    pub field: String,
    /// To what.
    pub value: Scalar,
}

impl FromJson for NewSetItem {
    fn from_json(value: Value) -> Result<NewSetItem, JsonError> {
        let mut members = Members::of(value)?;
        Ok(NewSetItem {
            entity_type: members.take("type")?,
            id: members.take("id")?,
            field: members.take("field")?,
            value: members.take("value")?,
        })
    }
}

/// Something to put right before it can be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SaveProblem {
    /// JSON Pointer to the field; empty for the whole.
    pub path: String,
    /// Stable code.
    pub code: String,
    /// What to do.
    pub sentence: Labels,
}

/// What saving came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// Made; apply the writes, then say 已保存.
    Entry {
        /// Its id.
        entry: EntryId,
        /// Its place in the log.
        seq: Seq,
        /// What must be durable first.
        writes: Vec<Write>,
    },
    /// Not made; nothing changed.
    Problems(Vec<SaveProblem>),
}

impl Phone {
    /// An id made of what differs between entries, and of what does not: the log's next number
    /// (two entries of one moment never share an id) and the end of the device's id (so do not
    /// two devices). Entries of one log then compress a tenth better.
    pub(super) fn next_id(&self, now: Instant, mut random: [u8; 10]) -> EntryId {
        if let Some((device, seq, _)) = self.log_head() {
            let [.., high, low] = (seq + 1).to_be_bytes();
            random[..2].copy_from_slice(&[high, low]);
            random[2..].copy_from_slice(&device.as_bytes()[8..]);
        }
        EntryId::from_clock(now.unix_ms, random)
    }

    /// What a form still lacks; empty if it can be saved.
    #[must_use]
    pub fn check(&self, kind: &str, body: &Map<String, Value>, now: Instant) -> Vec<SaveProblem> {
        let Some(found) = self.kinds.get(kind) else {
            return vec![SaveProblem::plain(
                "unknown_kind",
                "这部手机上没有这种表",
                "This phone does not have this form",
            )];
        };
        let Some(draft) = self
            .kinds
            .check_draft(kind, body, self.own_clock().by_home(now).local_date())
        else {
            return Vec::new();
        };
        let missing = draft.missing.iter().map(|path| SaveProblem {
            path: path.clone(),
            code: "missing".to_owned(),
            sentence: missing_sentence(found, path),
        });
        missing
            .chain(
                draft
                    .problems
                    .iter()
                    .map(|problem| SaveProblem::of_field(found, problem)),
            )
            .collect()
    }

    /// Records something.
    #[must_use]
    pub fn record(&mut self, draft: RecordDraft, now: Instant, random: [u8; 10]) -> Saved {
        self.say(draft, None, now, random)
    }

    /// The same, in the place of another record or of none.
    pub(super) fn say(
        &mut self,
        draft: RecordDraft,
        supersedes: Option<EntryId>,
        now: Instant,
        random: [u8; 10],
    ) -> Saved {
        let RecordDraft { kind, grid, mut body } = draft;
        body = normalised(body);
        let problems = self.check(&kind, &body, now);
        let (Some(enrolment), Some(found)) = (&self.enrolment, self.kinds.get(&kind)) else {
            return Saved::Problems(if problems.is_empty() {
                vec![SaveProblem::not_signed_in()]
            } else {
                problems
            });
        };
        if !problems.is_empty() {
            return Saved::Problems(problems);
        }
        let body = self.kinds.tidy(&kind, &body).unwrap_or(body);
        let id = self.next_id(now, random);
        let mut draft = Draft::record(id, &kind, found.schema, grid, enrolment.worker.id, now, body);
        draft.supersedes = supersedes;
        self.keep(&draft)
    }

    /// Sets registry fields. The base is what this phone has confirmed.
    #[must_use]
    pub fn edit(&mut self, draft: EditDraft, now: Instant, random: [u8; 10]) -> Saved {
        let (Some(enrolment), Some(replica)) = (&self.enrolment, &self.replica) else {
            return Saved::Problems(vec![SaveProblem::not_signed_in()]);
        };
        let id = self.next_id(now, random);
        let mut problems = Vec::new();
        let mut set = Vec::new();
        for item in draft.set {
            let entity = match item.id.strip_prefix("new:").map(str::parse) {
                Some(Ok(index)) if self.protocol == OLDEST_PROTOCOL => Some(EntityId::made_by_in_version_1(id, index)),
                Some(Ok(index)) => Some(EntityId::made_by(id, index)),
                Some(Err(_)) => None,
                None => item.id.parse().ok(),
            };
            let value = match item.value {
                Scalar::Text(text) => Scalar::Text(nfc(text.trim()).into_owned()),
                other => other,
            };
            let Some(entity) = entity else {
                problems.push(SaveProblem::plain(
                    "bad_id",
                    "找不到要改的对象",
                    "The thing to change cannot be found",
                ));
                continue;
            };
            problems.extend(self.check_value(&item.entity_type, &item.field, &value));
            set.push(SetItem {
                entity_type: item.entity_type,
                id: entity,
                field: item.field,
                value,
            });
        }
        let mut edit = Edit { base: Vec::new(), set };
        let Some(kind) = self.kinds.get(EDIT_KIND).filter(|_| problems.is_empty()) else {
            return Saved::Problems(problems);
        };
        let Some(class) = class_of_edit(&edit, &self.kinds) else {
            return Saved::Problems(vec![SaveProblem::plain(
                "mixed_classes",
                "这几项保密级别不同，请分开改",
                "These fields differ in sensitivity; change them one after the other",
            )]);
        };
        edit.base = replica.heads(Part {
            grid: draft.grid,
            class,
        });
        let body = normalised(draft.body);
        let problems = self.check(EDIT_KIND, &body, now);
        if !problems.is_empty() {
            return Saved::Problems(problems);
        }
        let body = self.kinds.tidy(EDIT_KIND, &body).unwrap_or(body);
        let draft = Draft::edit(id, kind.schema, draft.grid, enrolment.worker.id, now, edit, body);
        self.keep(&draft)
    }

    fn check_value(&self, entity_type: &str, field: &str, value: &Scalar) -> Option<SaveProblem> {
        match self.kinds.check_value(entity_type, field, &value.to_json()) {
            Ok(_) => None,
            Err(ValueError::UnknownType | ValueError::UnknownField) => Some(SaveProblem::plain(
                "unknown_field",
                "没有这一项",
                "There is no such field",
            )),
            Err(ValueError::Problem(problem)) => self
                .kinds
                .get(entity_type)
                .map(|kind| SaveProblem::of_field(kind, &problem)),
        }
    }

    pub(super) fn keep(&mut self, draft: &Draft) -> Saved {
        let (Some(own), Ok(made)) = (&mut self.own, draft.make()) else {
            return Saved::Problems(vec![SaveProblem::plain(
                "too_long",
                "内容太长，请删短一些或分成两条",
                "Too long; shorten it or record it in two parts",
            )]);
        };
        let place = own.places() + 1;
        let kept = own.push(made.entry, made.bytes);
        let text = String::from_utf8_lossy(&kept.bytes).into_owned();
        Saved::Entry {
            entry: kept.entry.id,
            seq: kept.seq,
            writes: vec![Write::text(Stored::Log, store::seq_key(place), text)],
        }
    }

    /// Where an own entry stands in the log.
    #[must_use]
    pub fn own_entry(&self, seq: Seq) -> Option<&Entry> {
        self.own.as_ref()?.get(seq).map(|own| &own.entry)
    }
}

impl SaveProblem {
    pub(super) fn plain(code: &str, zh: &str, en: &str) -> SaveProblem {
        SaveProblem {
            path: String::new(),
            code: code.to_owned(),
            sentence: Labels {
                zh: zh.to_owned(),
                en: en.to_owned(),
            },
        }
    }

    fn not_signed_in() -> SaveProblem {
        SaveProblem::plain("not_signed_in", "请先登录", "Please sign in first")
    }

    fn of_field(kind: &Kind, problem: &Problem) -> SaveProblem {
        let sentence = |language| problem.sentence(language, &label(kind, &problem.path, language));
        SaveProblem {
            path: problem.path.clone(),
            code: problem.code.as_str().to_owned(),
            sentence: Labels {
                zh: sentence(Language::Zh),
                en: sentence(Language::En),
            },
        }
    }
}

/// What to do about a missing answer: choose it, or write it.
fn missing_sentence(kind: &Kind, path: &str) -> Labels {
    let is_written = |field: &Field| matches!(field.shape, Shape::Text { .. } | Shape::Integer { .. });
    let (zh, en) = if field_at(kind, path).is_some_and(is_written) {
        ("请填写", "Please fill in")
    } else {
        ("请选择", "Please choose")
    };
    Labels {
        zh: format!("{zh}{}", label(kind, path, Language::Zh)),
        en: format!("{en}: {}", label(kind, path, Language::En)),
    }
}

/// The field at a JSON Pointer; for a place inside it that has none, the field around it.
fn field_at<'a>(kind: &'a Kind, path: &str) -> Option<&'a Field> {
    let mut fields = kind.fields.as_slice();
    let mut found = None;
    for step in path.split('/').skip(1) {
        let name = step.split_once(':').map_or(step, |(name, _)| name);
        if let Some(field) = fields.iter().find(|field| field.name == *name) {
            found = Some(field);
            fields = match &field.shape {
                Shape::Object { fields } | Shape::List { fields, .. } => fields,
                _ => &[],
            };
        }
    }
    found
}

/// What the screen calls the field at a JSON Pointer.
fn label(kind: &Kind, path: &str, language: Language) -> String {
    let name = || path.trim_start_matches('/').to_owned();
    field_at(kind, path).map_or_else(name, |field| field.labels.get(language).to_owned())
}

/// Keyboards may type decomposed characters; entries hold composed ones.
fn normalised(body: Map<String, Value>) -> Map<String, Value> {
    body.into_iter()
        .map(|(key, value)| (key, normalised_value(value)))
        .collect()
}

fn normalised_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(nfc(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(normalised_value).collect(),
        Value::Object(members) => Value::Object(normalised(members)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn an_edit_is_read_as_a_card_hands_it_over() {
        let text =
            r#"{"grid":null,"source":"visit","set":[{"type":"person","id":"new:0","field":"phone","value":null}]}"#;
        let edit: EditDraft = json::read(text.as_bytes()).unwrap();
        assert_eq!(
            (edit.grid, edit.set.len(), edit.set[0].value.clone()),
            (None, 1, Scalar::Null)
        );
        assert_eq!(edit.body.keys().collect::<Vec<_>>(), ["source"]);
        for wrong in [
            r#"{"grid":"here","set":[]}"#,
            r#"{"grid":null}"#,
            r#"{"set":[{"type":"person","id":"new:0","field":"phone"}]}"#,
            r#"{"set":[{"type":"person","id":"new:0","field":"phone","value":1.5}]}"#,
        ] {
            assert!(json::read::<EditDraft>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
