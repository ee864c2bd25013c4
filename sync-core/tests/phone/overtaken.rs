//! A phone that does without the records that later ones overtook: it shows what a phone with all
//! of them shows, now and later, and fetches a part again where it could not.

use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{Phone, Stored};
use menpai_sync_core::time::Instant;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Device;
use super::home::{Home, OFFICE, grid, item, part};
use super::today::{elder, visit};

const CLASSES: [Class; 2] = [Class::Open, Class::Care];
/// The phone that has everything, and the one that has not.
const WHOLE: u8 = 1;
const LEAN: u8 = 3;
const COLLEAGUES: [u8; 3] = [2, 4, OFFICE];
const OUTCOMES: [&str; 5] = ["met", "absent", "refused", "empty", "not_home_short"];
/// Noon in China on 20 November 2026: what was made before 30 September is old.
const TODAY_MS: i64 = 1_795_147_200_000;
const DAY_MS: i64 = 86_400_000;

/// So many days before that day, or with a negative number after it.
fn ago(days: i64) -> Instant {
    Instant {
        unix_ms: TODAY_MS - days * DAY_MS,
        offset_minutes: 480,
    }
}

fn day(days_ago: i64) -> String {
    ago(days_ago).local_date().to_string()
}

impl Device {
    /// One contact at an instant: parts that are wanted, then a sync.
    fn contact(&mut self, home: &mut Home, at: Instant) -> Vec<Part> {
        let parts = self.fetch_lean(home, at);
        self.sync_at(home, at);
        parts
    }

    fn fetch_lean(&mut self, home: &Home, at: Instant) -> Vec<Part> {
        let Some(wanted) = self.phone.snapshots_wanted() else {
            return Vec::new();
        };
        let mut parts = Vec::new();
        for class in CLASSES
            .into_iter()
            .filter(|class| wanted.is_empty() || wanted.contains(&part(*class)))
        {
            let body = home.snapshot_leaving_out(class, at.local_date()).write(&[]);
            let taken = self.phone.take_snapshot(&body).unwrap().unwrap();
            self.keep(taken.writes);
            parts.push(taken.part);
        }
        parts
    }

    fn sync_at(&mut self, home: &mut Home, at: Instant) -> bool {
        let draft = self.phone.begin_sync(at, false).unwrap();
        let signatures: Vec<_> = draft.to_sign.iter().map(|message| self.key.sign(message)).collect();
        let request = self.phone.request(&signatures).unwrap();
        let key = home.key.clone();
        let answer = home.answer(self.phone.log_head().unwrap().0, &request, &key);
        let received = self.phone.verify_and_receive(&answer).unwrap();
        self.keep(received.writes);
        received.more
    }

    fn lean(home: &mut Home, at: Instant) -> Device {
        let mut device = Device::enrolled(home, LEAN);
        device.phone.use_snapshots(true);
        device.contact(home, at);
        device
    }
}

fn check(door: EntityId, outcome: &str) -> Value {
    json!({"dwelling_id": door.to_string(), "mode": "door", "outcome": outcome})
}

/// Everything that the screens show but for lists of records, which are shorter.
fn shown(phone: &Phone, doors: &[EntityId], at: Instant) -> Value {
    let mut today = json!(phone.today(at, None));
    today.as_object_mut().unwrap().remove("done");
    let cards = doors.iter().map(|door| {
        let mut card = json!(phone.door(*door, at));
        if let Some(card) = card.as_object_mut() {
            card.remove("records");
            card.remove("records_since");
        }
        card
    });
    json!({"today": today, "buildings": phone.buildings(grid(), at), "cards": cards.collect::<Vec<_>>()})
}

fn sums(phone: &Phone) -> Vec<String> {
    let replica = phone.replica().unwrap();
    CLASSES.map(|class| replica.sum(part(class)).to_string()).to_vec()
}

/// A home with a few doors and elders, a campaign or two, and what colleagues said.
struct Town {
    home: Home,
    doors: Vec<EntityId>,
    subjects: Vec<EntityId>,
    campaigns: Vec<EntityId>,
    /// What was said: by whom, and how it would be said anew.
    said: Vec<(EntryId, u8, Value)>,
    hazards: Vec<EntryId>,
}

impl Town {
    fn new() -> Town {
        let mut home = Home::new();
        let elders = ["101", "102", "103"].map(|room| elder(&mut home, room, "郁青禾"));
        let number = |id, field, value| SetItem {
            value: Scalar::Integer(value),
            ..item("care_plan", id, field, "")
        };
        for (index, subject) in [elders[0].person, elders[1].household].into_iter().enumerate() {
            home.office_edit(Class::Care, OFFICE, Vec::new(), |entry| {
                let id = EntityId::made_by(entry, 0);
                vec![
                    item("care_plan", id, "subject_id", &subject.to_string()),
                    item("care_plan", id, "starts_on", "2026-03-18"),
                    number(id, "interval_days", 7),
                    number(id, "in_person_every_days", 30 + index as i64),
                ]
            });
        }
        let office = home.enrolment(OFFICE);
        let known = json!({"device": office.device.id, "worker": office.worker.id, "type": "office"});
        home.record(OFFICE, "device", ago(200), known);
        Town {
            home,
            doors: elders.iter().map(|elder| elder.dwelling).collect(),
            subjects: vec![elders[0].person, elders[1].household],
            campaigns: Vec::new(),
            said: Vec::new(),
            hazards: Vec::new(),
        }
    }

    fn order(&mut self, starts_ago: i64, ends_ago: i64) -> EntityId {
        let (starts, ends) = (day(starts_ago), day(ends_ago));
        let made = self.home.office_edit(Class::Open, OFFICE, Vec::new(), |entry| {
            let id = EntityId::made_by(entry, 0);
            vec![
                item("campaign", id, "name", "拉网排查"),
                item("campaign", id, "record_kind", "door_check"),
                item("campaign", id, "starts_on", &starts),
                item("campaign", id, "ends_on", &ends),
            ]
        });
        self.campaigns.push(made[0]);
        made[0]
    }

    fn say(&mut self, by: u8, kind: &str, at: Instant, body: Value) {
        let id = self.home.record(by, kind, at, body.clone());
        self.said.push((id, by, body));
    }

    /// Something happens at home: what, three choices, and how many days before the last of them.
    fn happens(&mut self, (what, one, other, days_ago): (u8, usize, usize, i64)) {
        let by = COLLEAGUES[one % COLLEAGUES.len()];
        let at = ago(days_ago);
        match what {
            0..=4 => {
                let mut body = check(self.doors[one % 3], OUTCOMES[other % OUTCOMES.len()]);
                if what == 0
                    && let Some(campaign) = self.campaigns.get(other % 3)
                {
                    body["campaign_id"] = json!(campaign);
                }
                if what == 1 {
                    body["checked_at"] = json!(ago(days_ago + 3).to_string());
                }
                self.say(COLLEAGUES[other % 3], "door_check", at, body);
            }
            5..=7 => {
                let mode = ["door", "phone"][other % 2];
                let mut body = visit(self.subjects[one % 2], mode, ["self", "family"][other / 2 % 2]);
                if other % 5 == 4 {
                    body = json!({"subject_id": self.subjects[one % 2].to_string(), "mode": "door", "met": "not_home"});
                }
                self.say(by, "care_visit", at, body);
            }
            8 => {
                let body = json!({"day": day(days_ago), "known_through": self.home.line_count(), "page": 1, "pages": 1,
                    "due": 1, "overdue": 0, "visits": [{"plan_id": self.subjects[0], "subject_id": self.subjects[one % 2],
                    "clock": "any", "due_on": day(days_ago)}]});
                self.say(OFFICE, "due_visits", at, body);
            }
            9 => self.say(
                OFFICE,
                "settlement",
                at,
                json!({"from": day(days_ago + 30), "until": day(days_ago)}),
            ),
            10 | 11 if !self.said.is_empty() => {
                let (old, author, body) = self.said[one % self.said.len()].clone();
                let by = if other % 3 == 0 { by } else { author };
                let anew = (what == 11).then_some(&body);
                let id = self.home.take_back(by, old, at, anew);
                self.said.push((id, by, body));
            }
            12 => {
                self.order(days_ago + one as i64, days_ago - other as i64);
            }
            13 if !self.campaigns.is_empty() => {
                let id = self.campaigns[one % self.campaigns.len()];
                let base = self.home.heads(Class::Open);
                let (starts, ends) = (day(days_ago + other as i64), day(days_ago - one as i64));
                self.home.office_edit(Class::Open, OFFICE, base, |_| {
                    vec![
                        item("campaign", id, "starts_on", &starts),
                        item("campaign", id, "ends_on", &ends),
                    ]
                });
            }
            14 => {
                let [from, into] = [self.doors[one % 3], self.doors[other % 3]];
                let base = self.home.heads(Class::Open);
                self.home.office_edit(Class::Open, OFFICE, base, |_| {
                    vec![item("dwelling", from, "alias_of", &into.to_string())]
                });
            }
            15 => {
                let body = json!({"place_id": self.doors[one % 3], "hazard_kind": "gas", "severity": "low"});
                self.hazards.push(self.home.record(by, "hazard", at, body));
            }
            16 if !self.hazards.is_empty() => {
                let hazard = self.hazards[one % self.hazards.len()];
                let stage = ["planned", "rectified", "verified"][other % 3];
                self.home
                    .record(by, "hazard_step", at, json!({"hazard_id": hazard, "stage": stage}));
            }
            17 => {
                let id = EntryId::from_clock(at.unix_ms, [self.home.line_count() as u8; 10]);
                let record = json!({"id": id, "kind": "door_check",
                    "schema": 1, "grid": EntityId::from_bytes([0x48; 16]), "worker": EntityId::from_bytes([by; 16]),
                    "made_at": at, "body": check(self.doors[one % 3], OUTCOMES[other % OUTCOMES.len()])});
                let said = json!([{"subject_id": self.doors[one % 3], "device": EntityId::from_bytes([by; 16]),
                    "made_ms": at.unix_ms, "record": record.to_string()}]);
                let body = json!({"from": EntityId::from_bytes([0x48; 16]), "said": said});
                self.home.record(OFFICE, "handover", at, body);
            }
            _ => {}
        }
    }
}

fn happening(days_ago: std::ops::Range<i64>) -> impl Strategy<Value = (u8, usize, usize, i64)> {
    (0u8..18, 0usize..60, 0usize..30, days_ago)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn whoever_does_without_what_was_overtaken_sees_the_same(
        before in prop::collection::vec(happening(0..150), 20..60),
        after in prop::collection::vec((happening(0..150), 0i64..20), 0..12),
    ) {
        let mut town = Town::new();
        for happening in before {
            town.happens(happening);
        }
        let mut whole = Device::enrolled(&town.home, WHOLE);
        whole.sync_at(&mut town.home, ago(0));
        let mut lean = Device::lean(&mut town.home, ago(0));
        let mut today = 0;
        let mut after = after.into_iter();
        loop {
            let at = ago(-today);
            for later in [0, 1, 9, 40, 120] {
                let at = ago(-today - later);
                prop_assert_eq!(shown(&lean.phone, &town.doors, at), shown(&whole.phone, &town.doors, at));
            }
            prop_assert_eq!(sums(&lean.phone), sums(&whole.phone));
            let Some((happening, passes)) = after.next() else { break };
            town.happens(happening);
            today += passes;
            let at_next = ago(-today);
            whole.sync_at(&mut town.home, at_next);
            let again = lean.sync_at(&mut town.home, at_next);
            prop_assert_eq!(again, lean.phone.snapshots_wanted().is_some(), "at {:?}", at);
            lean.contact(&mut town.home, at_next);
            prop_assert_eq!(lean.phone.snapshots_wanted(), None);
            lean.reopen();
            lean.phone.use_snapshots(true);
        }
    }
}

/// A door that was checked three times long ago and once this month.
fn checked_door() -> (Town, EntityId, [EntryId; 3]) {
    let mut town = Town::new();
    let door = town.doors[0];
    let long_ago = [(140, "met"), (120, "absent"), (100, "refused")];
    let old = long_ago.map(|(days, outcome)| town.home.record(2, "door_check", ago(days), check(door, outcome)));
    town.home.record(2, "door_check", ago(3), check(door, "absent"));
    (town, door, old)
}

fn records(device: &Device, door: EntityId) -> usize {
    device.phone.door(door, ago(0)).unwrap().records.len()
}

fn mark(device: &Device, door: EntityId) -> (Option<&'static str>, bool) {
    let state = device.phone.door(door, ago(0)).unwrap().state;
    (state.mark, state.closed)
}

#[test]
fn the_last_check_and_the_last_that_closed_stay_and_the_card_says_since_when() {
    let (mut town, door, _) = checked_door();
    let mut whole = Device::enrolled(&town.home, WHOLE);
    whole.sync_at(&mut town.home, ago(0));
    let mut lean = Device::lean(&mut town.home, ago(0));
    assert_eq!((records(&whole, door), records(&lean, door)), (4, 3));
    assert_eq!(mark(&lean, door), (Some("absent"), true));
    assert_eq!(whole.phone.door(door, ago(0)).unwrap().records_since, None);
    let since = |device: &Device| device.phone.door(door, ago(0)).unwrap().records_since;
    assert_eq!(since(&lean).as_deref(), Some("2026-10-01"));
    assert_eq!(sums(&lean.phone), sums(&whole.phone));
    let replica = lean.phone.replica().unwrap();
    assert_ne!(
        replica.digest(part(Class::Open)),
        whole.phone.replica().unwrap().digest(part(Class::Open))
    );
    lean.reopen();
    assert_eq!(since(&lean).as_deref(), Some("2026-10-01"));
    assert_eq!(sums(&lean.phone), sums(&whole.phone));
}

#[test]
fn where_an_old_record_is_withdrawn_the_part_is_fetched_again_and_shown_meanwhile() {
    let (mut town, door, [_, absent, refused]) = checked_door();
    let mut lean = Device::lean(&mut town.home, ago(0));
    let unsent = lean.record("door_check", check(town.doors[1], "met"), ago(0));
    town.home.take_back(2, refused, ago(0), None);
    assert!(lean.sync_at(&mut town.home, ago(0)), "there is more to be had");
    assert_eq!(lean.phone.snapshots_wanted(), Some(vec![part(Class::Open)]));
    assert_eq!(
        mark(&lean, door),
        (Some("absent"), true),
        "the part is shown until the other one is here"
    );
    // Without signal: nothing gets lost by waiting or by a restart.
    lean.record("door_check", check(town.doors[2], "met"), ago(0));
    lean.reopen();
    lean.phone.use_snapshots(true);
    assert_eq!(lean.phone.snapshots_wanted(), Some(vec![part(Class::Open)]));
    assert_eq!(lean.fetch_lean(&town.home, ago(0)), [part(Class::Open)]);
    assert_eq!(lean.phone.snapshots_wanted(), None);
    assert_eq!(lean.phone.status().only_here, 1);
    lean.sync_at(&mut town.home, ago(0));
    assert_eq!(lean.phone.status().only_here, 0);
    assert_eq!(lean.phone.snapshots_wanted(), None);
    let replica = lean.phone.replica().unwrap();
    assert!(replica.record(absent).is_some(), "it is the last one now");
    assert!(replica.record(unsent).is_some());
    let mut whole = Device::enrolled(&town.home, WHOLE);
    whole.sync_at(&mut town.home, ago(0));
    assert_eq!(sums(&lean.phone), sums(&whole.phone));
}

#[test]
fn where_a_campaign_began_before_the_part_is_fetched_again() {
    let (mut town, door, old) = checked_door();
    let mut lean = Device::lean(&mut town.home, ago(0));
    assert!(lean.phone.replica().unwrap().record(old[1]).is_none());
    town.order(10, -10);
    lean.sync_at(&mut town.home, ago(0));
    assert_eq!(
        lean.phone.snapshots_wanted(),
        None,
        "it counts nothing that is not here"
    );
    town.order(125, -10);
    lean.sync_at(&mut town.home, ago(0));
    assert_eq!(lean.phone.snapshots_wanted(), Some(vec![part(Class::Open)]));
    lean.contact(&mut town.home, ago(0));
    assert_eq!(lean.phone.snapshots_wanted(), None);
    assert!(lean.phone.replica().unwrap().record(old[1]).is_some());
    assert_eq!(
        lean.phone.door(door, ago(0)).unwrap().records_since.as_deref(),
        None,
        "all of it is here now"
    );
}

#[test]
fn a_campaign_that_was_over_and_runs_again_has_what_names_it_fetched() {
    let (mut town, door, _) = checked_door();
    let campaign = town.order(150, 130);
    let naming = |outcome| {
        let mut body = check(door, outcome);
        body["campaign_id"] = json!(campaign);
        body
    };
    town.home.record(2, "door_check", ago(145), naming("met"));
    let mut lean = Device::lean(&mut town.home, ago(0));
    let base = town.home.heads(Class::Open);
    let (starts, ends) = (day(5), day(-5));
    town.home.office_edit(Class::Open, OFFICE, base, |_| {
        vec![
            item("campaign", campaign, "starts_on", &starts),
            item("campaign", campaign, "ends_on", &ends),
        ]
    });
    lean.sync_at(&mut town.home, ago(0));
    assert_eq!(lean.phone.snapshots_wanted(), Some(vec![part(Class::Open)]));
    lean.contact(&mut town.home, ago(0));
    assert_eq!(lean.phone.snapshots_wanted(), None);
    let closed: usize = lean
        .phone
        .today(ago(0), None)
        .sweeps
        .iter()
        .map(|sweep| sweep.closed)
        .sum();
    assert_eq!(closed, 1);
}

#[test]
fn own_records_that_were_left_out_are_listed_and_count_no_more() {
    let mut town = Town::new();
    let door = town.doors[0];
    let mut lean = Device::enrolled(&town.home, LEAN);
    lean.sync_at(&mut town.home, ago(160));
    lean.record("door_check", check(door, "met"), ago(150));
    lean.record("door_check", check(door, "absent"), ago(140));
    lean.sync_at(&mut town.home, ago(139));
    town.home.record(2, "door_check", ago(120), check(door, "empty"));
    town.home.grid_lost = true;
    lean.sync_at(&mut town.home, ago(1));
    town.home.grid_lost = false;
    town.home.name_parts = true;
    lean.phone.use_snapshots(true);
    lean.sync_at(&mut town.home, ago(0));
    assert_eq!(lean.fetch_lean(&town.home, ago(0)).len(), 2);
    for _ in 0..2 {
        assert_eq!(mark(&lean, door), (Some("empty"), true));
        assert_eq!(records(&lean, door), 3, "it has them itself");
        let replica = lean.phone.replica().unwrap();
        assert_eq!(
            replica
                .records()
                .filter(|record| record.part == part(Class::Open))
                .count(),
            2
        );
        lean.sync_at(&mut town.home, ago(0));
        lean.reopen();
    }
    let mut whole = Device::enrolled(&town.home, WHOLE);
    whole.sync_at(&mut town.home, ago(0));
    assert_eq!(sums(&lean.phone), sums(&whole.phone));
}

#[test]
fn an_own_old_record_is_taken_back_and_what_it_hid_comes() {
    let mut town = Town::new();
    let door = town.doors[0];
    town.home.record(2, "door_check", ago(150), check(door, "met"));
    town.home.record(2, "door_check", ago(145), check(door, "refused"));
    let mut lean = Device::enrolled(&town.home, LEAN);
    lean.sync_at(&mut town.home, ago(141));
    let own = lean.record("door_check", check(door, "empty"), ago(140));
    lean.sync_at(&mut town.home, ago(140));
    town.home.grid_lost = true;
    lean.sync_at(&mut town.home, ago(1));
    town.home.grid_lost = false;
    town.home.name_parts = true;
    lean.phone.use_snapshots(true);
    lean.sync_at(&mut town.home, ago(0));
    lean.contact(&mut town.home, ago(0));
    assert_eq!(mark(&lean, door), (Some("empty"), true));
    lean.retract(own, ago(0));
    lean.sync_at(&mut town.home, ago(0));
    assert_eq!(lean.phone.snapshots_wanted(), Some(vec![part(Class::Open)]));
    lean.contact(&mut town.home, ago(0));
    assert_eq!(lean.phone.snapshots_wanted(), None);
    assert_eq!(mark(&lean, door), (Some("refused"), true));
}

#[test]
fn a_phone_that_takes_no_snapshots_has_the_lines_come_instead() {
    let (mut town, door, [.., refused]) = checked_door();
    let mut lean = Device::lean(&mut town.home, ago(0));
    lean.phone.use_snapshots(false);
    town.home.take_back(2, refused, ago(0), None);
    assert!(lean.sync_at(&mut town.home, ago(0)));
    lean.sync_at(&mut town.home, ago(0));
    assert_eq!(records(&lean, door), 4);
    assert_eq!(lean.phone.door(door, ago(0)).unwrap().records_since, None);
    lean.reopen();
    assert_eq!(records(&lean, door), 4);
    assert!(lean.rows.contains_key(&(Stored::Meta, "began_with".to_owned())));
    let mut whole = Device::enrolled(&town.home, WHOLE);
    whole.sync_at(&mut town.home, ago(0));
    let digest = |device: &Device| device.phone.replica().unwrap().digest(part(Class::Open));
    assert_eq!(digest(&lean), digest(&whole));
}
