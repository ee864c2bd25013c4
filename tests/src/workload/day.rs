//! A worker's day as forms filled in: what is usual is usual, what is rare is rare, nothing is
//! left out to make it small. The phone checks every form as it does a real one.

use std::collections::BTreeMap;

use menpai_server::simulate::Dice;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::phone::{EditDraft, NewSetItem, Phone, RecordDraft};
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use super::words;

const DOOR_CHECKS: usize = 60;
const CARE_VISITS: usize = 20;
const EDITS: usize = 5;
const HAZARDS: usize = 3;
/// Entries of one day.
pub const ENTRIES_A_DAY: usize = DOOR_CHECKS + CARE_VISITS + EDITS + HAZARDS;
const DAY_MS: i64 = 86_400_000;

/// One form, filled in.
pub(super) enum Form {
    Record(RecordDraft),
    Edit(EditDraft),
}

/// What a worker finds in the grid.
pub(super) struct Grid {
    id: GridId,
    doors: Vec<EntityId>,
    residents: BTreeMap<EntityId, Vec<EntityId>>,
    households: Vec<EntityId>,
    persons: Vec<EntityId>,
    plans: Vec<(EntityId, EntityId)>,
}

impl Grid {
    /// What the phone has confirmed.
    pub(super) fn of(phone: &Phone) -> Grid {
        let replica = phone.replica().unwrap();
        let mut rows: Vec<_> = replica.rows().collect();
        // Rows come in no order; a seed must not depend on that.
        rows.sort_unstable_by_key(|(id, row)| (row.text("sort_key").map(str::to_owned), *id));
        let of_type = |name: &str| -> Vec<EntityId> {
            let found = rows.iter().filter(|(_, row)| row.entity_type == name);
            found.map(|(id, _)| *id).collect()
        };
        let mut residents: BTreeMap<EntityId, Vec<EntityId>> = BTreeMap::new();
        for (id, row) in &rows {
            let household = row.reference("household_id").and_then(|id| replica.row(id));
            if let Some(door) = household.and_then(|household| household.reference("dwelling_id")) {
                residents.entry(door).or_default().push(*id);
            }
        }
        let plans = rows.iter().filter(|(_, row)| row.entity_type == "care_plan");
        Grid {
            id: replica.cursor().keys().find_map(|part| part.grid).unwrap(),
            doors: of_type("dwelling"),
            households: of_type("household"),
            persons: of_type("person"),
            plans: plans
                .map(|(id, row)| (*id, row.reference("subject_id").unwrap()))
                .collect(),
            residents,
        }
    }

    /// A day's forms in the order of the day. Doors are walked one after the other.
    pub(super) fn day(&self, dice: &mut Dice, now: Instant) -> Vec<Form> {
        let first = dice.below(self.doors.len());
        let walked = self.doors.iter().cycle().skip(first);
        let mut forms: Vec<Form> = walked
            .take(DOOR_CHECKS)
            .map(|door| Form::Record(self.door_check(*door, dice, now)))
            .collect();
        let mut others = Vec::new();
        others.extend((0..CARE_VISITS).map(|_| Form::Record(self.care_visit(dice))));
        others.extend((0..HAZARDS).map(|_| Form::Record(self.hazard(dice))));
        others.extend((0..EDITS).map(|number| Form::Edit(self.edit(number, dice))));
        dice.shuffle(&mut others);
        for form in others {
            let at = dice.below(forms.len());
            forms.insert(at, form);
        }
        forms
    }

    /// One door, by itself.
    pub(super) fn one_check(&self, dice: &mut Dice, now: Instant) -> RecordDraft {
        let door = *dice.pick(&self.doors).unwrap();
        self.door_check(door, dice, now)
    }

    fn record(&self, kind: &str, body: Map<String, Value>) -> RecordDraft {
        RecordDraft {
            kind: kind.to_owned(),
            grid: Some(self.id),
            body,
        }
    }

    fn door_check(&self, door: EntityId, dice: &mut Dice, now: Instant) -> RecordDraft {
        let outcome = weighted(
            dice,
            &[
                (62, "met"),
                (22, "absent"),
                (4, "not_home_short"),
                (3, "refused"),
                (5, "empty"),
                (2, "moved"),
                (2, "not_found"),
            ],
        );
        let mut body = object(
            json!({"dwelling_id": door, "mode": weighted(dice, &[(94, "door"), (4, "phone"), (2, "wechat")]), "outcome": outcome}),
        );
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        if outcome == "met" {
            let names_them = dice.percent(50);
            if let Some(person) = self
                .residents
                .get(&door)
                .and_then(|some| dice.pick(some))
                .filter(|_| names_them)
            {
                put("met_person_id", json!(person));
            }
            put("people_present", json!(dice.between(1, 4)));
            if dice.percent(15) {
                put("residents_changed", json!("joined"));
                put("people_joined", json!(dice.between(1, 3)));
            }
        } else if matches!(outcome, "absent" | "refused") && dice.percent(40) {
            put("next_due", json!(days_after(now, dice.between(1, 7))));
        }
        if dice.percent(40) {
            put("guidance_given", json!(true));
        }
        if dice.percent(15) {
            put("diary", json!(words::door_note(dice)));
        }
        self.record("door_check", body)
    }

    fn care_visit(&self, dice: &mut Dice) -> RecordDraft {
        let (plan, subject) = *dice.pick(&self.plans).unwrap();
        let mode = weighted(dice, &[(75, "door"), (20, "phone"), (5, "wechat")]);
        let met = weighted(dice, &[(88, "met"), (7, "not_home"), (5, "not_reached")]);
        let mut body =
            object(json!({"subject_id": subject, "plan_id": plan, "purpose": "routine", "mode": mode, "met": met}));
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        if met == "met" {
            put(
                "contact_person",
                json!(weighted(dice, &[(85, "self"), (12, "family"), (3, "neighbour")])),
            );
            let mut health: Map<String, Value> = ["expression", "action", "response", "illness", "mood"]
                .into_iter()
                .map(|what| {
                    (
                        what.to_owned(),
                        json!(weighted(dice, &[(85, "ok"), (12, "watch"), (3, "bad")])),
                    )
                })
                .collect();
            if health.values().any(|state| *state != "ok") {
                health.insert("watch_for".to_owned(), json!(words::watch(dice)));
            }
            put("health", Value::Object(health));
            if mode == "door" {
                let safety: Map<String, Value> = ["wiring", "gas", "heating", "water", "doors"]
                    .into_iter()
                    .map(|what| {
                        (
                            what.to_owned(),
                            json!(weighted(dice, &[(94, "ok"), (4, "hazard"), (2, "fixed")])),
                        )
                    })
                    .collect();
                put("safety", Value::Object(safety));
            }
            if dice.percent(40) {
                put(
                    "support",
                    json!({"family_visits": weighted(dice, &[(60, "often"), (30, "rare"), (10, "none")])}),
                );
            }
            if dice.percent(20) {
                put(
                    "service_needs",
                    json!([weighted(
                        dice,
                        &[(40, "meal"), (30, "medicine"), (20, "care"), (10, "comfort")]
                    )]),
                );
            }
            if dice.percent(15) {
                let (item, unit) = words::goods(dice);
                put(
                    "items_brought",
                    json!([{"item": item, "quantity": dice.between(1, 3), "unit": unit}]),
                );
            }
        }
        if dice.percent(35) {
            put("note", json!(words::visit_note(dice)));
        }
        self.record("care_visit", body)
    }

    fn hazard(&self, dice: &mut Dice) -> RecordDraft {
        let kind = weighted(
            dice,
            &[
                (30, "blocked_exit"),
                (25, "wiring"),
                (20, "fire_equipment"),
                (15, "gas"),
                (10, "structure"),
            ],
        );
        let body = object(json!({
            "place_id": dice.pick(&self.doors), "hazard_kind": kind,
            "severity": weighted(dice, &[(50, "low"), (35, "mid"), (15, "high")]), "description": words::danger(dice),
        }));
        self.record("hazard", body)
    }

    /// Four corrections and one newcomer.
    fn edit(&self, number: usize, dice: &mut Dice) -> EditDraft {
        let item = |entity_type: &str, id: String, field: &str, value: String| NewSetItem {
            entity_type: entity_type.to_owned(),
            id,
            field: field.to_owned(),
            value: Scalar::Text(value),
        };
        let person = dice.pick(&self.persons).unwrap().to_string();
        let household = dice.pick(&self.households).unwrap().to_string();
        let new = || "new:0".to_owned();
        let set = match number {
            0 | 1 => vec![item("person", person, "phone", words::mobile(dice))],
            2 => vec![item("household", household, "phone", words::mobile(dice))],
            3 => vec![item("household", household, "note", words::door_note(dice))],
            _ => vec![
                item("person", new(), "name", words::name(dice)),
                item("person", new(), "sex", "2".to_owned()),
                item("person", new(), "phone", words::mobile(dice)),
                item("person", new(), "household_id", household),
                item("person", new(), "residence_kind", "floating".to_owned()),
            ],
        };
        EditDraft {
            grid: Some(self.id),
            set,
            body: object(json!({"source": "asked_in_person"})),
        }
    }
}

fn weighted<'a>(dice: &mut Dice, of: &[(i64, &'a str)]) -> &'a str {
    let mut left = dice.between(1, of.iter().map(|(weight, _)| weight).sum());
    let found = of.iter().find(|(weight, _)| {
        left -= weight;
        left <= 0
    });
    found.unwrap().1
}

fn days_after(now: Instant, days: i64) -> String {
    let later = Instant {
        unix_ms: now.unix_ms + days * DAY_MS,
        ..now
    };
    later.local_date().to_string()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
