//! Time: months pass, so that records become old and some phones do without those that later ones
//! overtook. What somebody said long ago is taken back, and sweeps are ordered that began before.
//! Whatever a phone has left out, its screens show what they would show with it.

use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{Phone, Saved};
use menpai_sync_core::time::Instant;
use serde_json::{Value, json};

use super::Trial;
use super::apps::App;
use super::phone::TestPhone;
use super::world::{GRID_ROLE, World};

const DAY_MS: i64 = 86_400_000;
/// What phones take back or say anew; steps and clocks are nobody's to correct.
const SAID: [&str; 3] = ["door_check", "care_visit", "hazard"];
/// Sweeps that a schedule orders.
const MOST_SWEEPS: usize = 2;

impl World {
    /// Some weeks without anything, or months.
    pub(super) fn pass_weeks(&mut self) {
        self.pass(90 * DAY_MS);
        self.trials.note(Trial::WeeksPassed);
    }

    /// A phone takes back something that it recorded, or says it anew.
    pub(super) fn take_back(&mut self, phone: usize) -> Result<(), String> {
        let rows = self.phones[phone].phone.own_records(usize::MAX);
        let speaks = |entry: EntryId| rows.iter().any(|row| row.entry == entry && !row.withdrawn);
        let said: Vec<EntryId> = self.phones[phone]
            .phone
            .own_entries()
            .filter(|own| own.entry.retracts.is_none() && SAID.contains(&own.entry.kind.as_str()))
            .filter(|own| speaks(own.entry.id))
            .map(|own| own.entry.id)
            .collect();
        let Some(old) = self.dice.pick(&said).copied() else {
            return Ok(());
        };
        let (random, anew) = (self.dice.bytes(), self.dice.percent(40));
        let body = rows.iter().find(|row| row.entry == old).map(|row| row.body.clone());
        let take_back = |phone: &mut Phone, now: Instant| match body.filter(|_| anew) {
            Some(body) => match phone.correct(old, body, now, random) {
                // Of what was erased too little is left to say it anew.
                Saved::Problems(_) => phone.retract(old, now, random),
                saved => saved,
            },
            None => phone.retract(old, now, random),
        };
        self.phones[phone].save(self.now_ms, take_back)?;
        self.trials.note(Trial::TakenBack);
        Ok(())
    }

    /// The office orders a sweep that began a while ago.
    pub(super) fn order_sweep(&mut self) {
        if self.trials.of(Trial::SweepOrdered) >= MOST_SWEEPS {
            return;
        }
        let day = |ms: i64| {
            Instant {
                unix_ms: ms,
                offset_minutes: 480,
            }
            .local_date()
            .to_string()
        };
        let began = day(self.now_ms - self.dice.between(1, 120) * DAY_MS);
        let ends = day(self.now_ms + self.dice.between(1, 60) * DAY_MS);
        let part = Part {
            grid: None,
            class: Class::Open,
        };
        let base = self.office.base(&self.home, part);
        let entry = self.office.new_id();
        let id = EntityId::made_by(entry, 0);
        let fields = [
            ("name", "拉网排查"),
            ("campaign_kind", "sweep"),
            ("record_kind", "door_check"),
            ("starts_on", &began),
            ("ends_on", &ends),
        ];
        let set = fields.map(|(field, value)| SetItem {
            entity_type: "campaign".to_owned(),
            id,
            field: field.to_owned(),
            value: Scalar::Text(value.to_owned()),
        });
        let edit = self.office.edit(entry, None, base, set.into());
        self.office.write(&self.home, vec![edit]);
        self.trials.note(Trial::SweepOrdered);
    }

    /// Every phone that does without something shows what it would show with it, today and in
    /// some weeks; so does one that comes when all of this is long ago.
    pub(super) fn misses_nothing(&mut self) -> Result<(), String> {
        for phone in 0..self.phones.len() {
            if self.phones[phone].app != App::Yesterday {
                self.misses(phone)?;
            }
        }
        self.now_ms += 100 * DAY_MS;
        self.office.now_ms = self.now_ms;
        let mut late = TestPhone::new(&self.home, App::Today, &mut self.dice);
        late.does_without();
        let key = late.key.public_key();
        self.office.register(&self.home, late.device, late.worker, &key);
        self.office.assign(&self.home, late.worker, GRID_ROLE, None);
        self.phones.push(late);
        let misses = self.misses(self.phones.len() - 1);
        self.phones.pop();
        misses
    }

    fn misses(&mut self, phone: usize) -> Result<(), String> {
        self.listen(phone)?;
        let replica = self.phones[phone].phone.replica();
        if replica.is_none_or(|replica| replica.began_with().is_empty()) {
            return Ok(());
        }
        let whole = self.with_everything(phone)?;
        for days in [0, 45] {
            let now = self.phones[phone].now(self.now_ms + days * DAY_MS);
            let (lean, whole) = (shown(&self.phones[phone].phone, now), shown(&whole, now));
            if lean != whole {
                return Err(format!("phone {phone} shows {lean} and with everything {whole}"));
            }
        }
        self.trials.note(Trial::Compared);
        Ok(())
    }

    /// The phone as it would be had it left nothing out.
    fn with_everything(&mut self, phone: usize) -> Result<Phone, String> {
        let mut whole = self.phones[phone].clone_of();
        whole.forget_confirmed();
        let sender = self.sender(phone);
        for _ in 0..20 {
            self.now_ms += 1_000;
            if let Some(parts) = whole.phone.snapshots_wanted() {
                let body = self.home.snapshots(whole.device, self.now_ms, &parts, false)?;
                whole.take_parts(&body, false)?;
            }
            let request = whole.ask(self.now_ms, false).ok_or("died")?;
            let answer = self.answer(&sender, &request)?;
            if !whole.hear(&answer)? {
                return Ok(whole.phone);
            }
        }
        Err("there is no end of what a phone has not got".to_owned())
    }
}

/// Everything that the screens show but for lists of records, which are shorter, and for when
/// something was: a phone that has its own lines again knows the home's time of what it made, where
/// an answer was lost one that has not goes by its next contact.
fn shown(phone: &Phone, now: Instant) -> Value {
    let mut today = json!(phone.today(now, None));
    if let Some(today) = today.as_object_mut() {
        today.remove("done");
    }
    let replica = phone.replica();
    let grids: std::collections::BTreeSet<_> = replica
        .into_iter()
        .flat_map(|replica| replica.cursor().keys().filter_map(|part| part.grid))
        .collect();
    let buildings: Vec<Value> = grids
        .into_iter()
        .map(|grid| json!(phone.buildings(grid, now)))
        .collect();
    let mut doors: Vec<EntityId> = replica
        .into_iter()
        .flat_map(|replica| replica.rows().filter(|(_, row)| row.entity_type == "dwelling"))
        .map(|(id, _)| id)
        .collect();
    doors.sort_unstable();
    let cards: Vec<Value> = doors
        .into_iter()
        .map(|door| {
            let mut card = json!(phone.door(door, now));
            if let Some(card) = card.as_object_mut() {
                card.remove("records");
                card.remove("records_since");
            }
            card
        })
        .collect();
    let mut shown = json!({"today": today, "buildings": buildings, "cards": cards});
    leave_times_out(&mut shown);
    shown
}

fn leave_times_out(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("at");
            members.values_mut().for_each(leave_times_out);
        }
        Value::Array(values) => values.iter_mut().for_each(leave_times_out),
        _ => {}
    }
}
