//! Today on the phone: who is overdue and due, what is left of a sweep, what was undone.

use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::phone::{DueVisit, Rung, Saved};
use menpai_sync_core::time::Instant;
use serde_json::{Value, json};

use super::Device;
use super::home::{Home, OFFICE, grid, item};

pub(super) const ME: u8 = 1;
const COLLEAGUE: u8 = 2;

/// 10:00 in China on a day of March 2026.
pub(super) fn march(day: i64) -> Instant {
    Instant {
        unix_ms: 1_772_330_400_000 + (day - 1) * 86_400_000,
        offset_minutes: 480,
    }
}

fn number(entity_type: &str, id: EntityId, field: &str, value: i64) -> SetItem {
    SetItem {
        value: Scalar::Integer(value),
        ..item(entity_type, id, field, "")
    }
}

fn member(entity_type: &str, id: EntityId, field: String) -> SetItem {
    SetItem {
        entity_type: entity_type.to_owned(),
        id,
        field,
        value: Scalar::Boolean(true),
    }
}

pub(super) struct Elder {
    pub(super) dwelling: EntityId,
    pub(super) household: EntityId,
    pub(super) person: EntityId,
}

/// Somebody alone behind a door of 5号楼.
pub(super) fn elder(home: &mut Home, room: &str, name: &str) -> Elder {
    let made = home.office_edit(Class::Open, OFFICE, Vec::new(), |entry| {
        let [building, dwelling, household, person] = [0, 1, 2, 3].map(|index| EntityId::made_by(entry, index));
        vec![
            item("place", building, "name", "5号楼"),
            item("dwelling", dwelling, "building_id", &building.to_string()),
            item("dwelling", dwelling, "unit", "2"),
            item("dwelling", dwelling, "room", room),
            item("household", household, "dwelling_id", &dwelling.to_string()),
            item("person", person, "household_id", &household.to_string()),
            item("person", person, "name", name),
            item("person", person, "birth_date", "1947-03-20"),
        ]
    });
    Elder {
        dwelling: made[1],
        household: made[2],
        person: made[3],
    }
}

/// A plan from 18 March for which a worker is responsible.
pub(super) fn plan(
    home: &mut Home,
    subject: EntityId,
    every: i64,
    in_person: Option<i64>,
    responsible: u8,
) -> EntityId {
    let worker = home.enrolment(responsible).worker.id;
    let made = home.office_edit(Class::Care, OFFICE, Vec::new(), |entry| {
        let id = EntityId::made_by(entry, 0);
        let mut set = vec![
            item("care_plan", id, "subject_id", &subject.to_string()),
            item("care_plan", id, "level", "key"),
            number("care_plan", id, "interval_days", every),
            item("care_plan", id, "starts_on", "2026-03-18"),
            member("care_plan", id, format!("responsible:{worker}")),
        ];
        set.extend(in_person.map(|days| number("care_plan", id, "in_person_every_days", days)));
        set
    });
    made[0]
}

pub(super) fn visit(subject: EntityId, mode: &str, who: &str) -> Value {
    json!({"subject_id": subject.to_string(), "mode": mode, "met": "met", "contact_person": who})
}

fn names(visits: &[DueVisit]) -> Vec<(&str, u64)> {
    visits
        .iter()
        .map(|visit| (visit.name.as_str(), visit.plan.days_overdue))
        .collect()
}

/// A phone that knows what the home knows.
pub(super) fn phone(home: &mut Home) -> Device {
    let mut device = Device::enrolled(home, ME);
    device.sync(home);
    device
}

#[test]
fn a_plan_of_two_days_is_due_on_the_second_and_overdue_after() {
    let mut home = Home::new();
    let chen = elder(&mut home, "302", "郁青禾");
    plan(&mut home, chen.person, 2, None, ME);
    for day in [18, 20, 22] {
        home.record(COLLEAGUE, "care_visit", march(day), visit(chen.person, "door", "self"));
    }
    let device = phone(&mut home);
    let on = |day| {
        let today = device.phone.today(march(day), None);
        (names(&today.overdue).len(), names(&today.due).len())
    };
    assert_eq!((on(23), on(24), on(25)), ((0, 0), (0, 1), (1, 0)));
    let late = &device.phone.today(march(26), None).overdue[0];
    assert_eq!(
        (late.plan.days_overdue, late.plan.due_on.as_deref()),
        (2, Some("2026-03-24"))
    );
    assert_eq!(
        (late.room.as_str(), late.address.as_str(), late.age),
        ("302", "5号楼 2单元", Some(79))
    );
    assert_eq!(
        late.last_contact.as_ref().unwrap().summary.zh,
        "上门・见到或联系上・本人"
    );
}

#[test]
fn a_visit_recorded_without_signal_settles_it_at_once_and_undoing_it_brings_it_back() {
    let mut home = Home::new();
    let chen = elder(&mut home, "302", "郁青禾");
    plan(&mut home, chen.person, 2, Some(2), ME);
    let mut device = phone(&mut home);
    assert_eq!(names(&device.phone.today(march(20), None).overdue), [("郁青禾", 2)]);
    let made = device.record("care_visit", visit(chen.person, "door", "self"), march(20));
    let today = device.phone.today(march(20), None);
    assert_eq!((today.overdue.len(), today.due.len()), (0, 0));
    assert_eq!((today.done[0].entry, today.done[0].rung), (made, Rung::OnPhone));

    let taken_back = device.retract(made, march(20));
    device.reopen();
    let today = device.phone.today(march(20), None);
    assert_eq!((names(&today.overdue), today.done.len()), (vec![("郁青禾", 2)], 0));
    let history = device.phone.door(chen.dwelling, march(20)).unwrap().records;
    assert_eq!(
        history.iter().map(|row| (row.entry, row.withdrawn)).collect::<Vec<_>>(),
        [(made, true)]
    );
    let own = device.phone.own_records(9);
    assert_eq!((own[0].entry, own[0].room.as_deref()), (taken_back, Some("302")));

    // Both are in the log and reach the home; there, too, the visit does not count.
    assert_eq!(device.sync(&mut home), 2);
    device.reopen();
    assert_eq!(names(&device.phone.today(march(20), None).overdue), [("郁青禾", 2)]);
}

#[test]
fn only_an_own_record_is_undone_and_only_once() {
    let mut home = Home::new();
    let chen = elder(&mut home, "302", "郁青禾");
    let theirs = home.record(COLLEAGUE, "care_visit", march(18), visit(chen.person, "door", "self"));
    let mut device = phone(&mut home);
    let code = |saved| match saved {
        Saved::Problems(problems) => problems[0].code.clone(),
        Saved::Entry { .. } => panic!("undone"),
    };
    assert_eq!(code(device.phone.retract(theirs, march(18), [1; 10])), "not_own_record");
    let mine = device.record("care_visit", visit(chen.person, "phone", "self"), march(18));
    let withdrawal = device.retract(mine, march(18));
    assert_eq!(code(device.phone.retract(mine, march(18), [2; 10])), "withdrawn");
    assert_eq!(
        code(device.phone.retract(withdrawal, march(18), [3; 10])),
        "not_own_record"
    );
    assert_eq!(device.phone.own_entries().count(), 2);
}

#[test]
fn a_call_and_a_relative_are_contacts_but_not_in_person() {
    let mut home = Home::new();
    let [chen, wu] = [("302", "郁青禾"), ("101", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name));
    for subject in [chen.person, wu.person] {
        plan(&mut home, subject, 2, Some(2), ME);
        home.record(COLLEAGUE, "care_visit", march(18), visit(subject, "door", "self"));
    }
    let mut device = phone(&mut home);
    device.record("care_visit", visit(chen.person, "phone", "self"), march(21));
    device.record("care_visit", visit(wu.person, "door", "family"), march(21));
    let today = device.phone.today(march(21), None);
    assert_eq!(names(&today.overdue), [("吴砚秋", 1), ("郁青禾", 1)]);
    for visit in &today.overdue {
        assert!(visit.plan.wants_in_person);
        assert!(visit.tried.as_ref().is_some_and(|tried| tried.rung == Rung::OnPhone));
        assert!(visit.last_contact.as_ref().unwrap().at.starts_with("2026-03-18"));
    }
}

#[test]
fn nobody_at_home_is_no_visit_and_goes_behind_those_not_yet_tried() {
    let mut home = Home::new();
    let [chen, wu] = [("101", "郁青禾"), ("302", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name));
    for subject in [chen.person, wu.person] {
        plan(&mut home, subject, 2, None, ME);
    }
    let mut device = phone(&mut home);
    assert_eq!(names(&device.phone.today(march(19), None).overdue)[0].0, "郁青禾");
    let nobody = json!({"subject_id": chen.person.to_string(), "mode": "door", "met": "not_home"});
    device.record("care_visit", nobody, march(19));
    let today = device.phone.today(march(19), None);
    assert_eq!(names(&today.overdue), [("吴砚秋", 1), ("郁青禾", 1)]);
    assert_eq!(today.overdue[1].tried.as_ref().unwrap().summary.zh, "上门・不在家");
}

#[test]
fn of_sixty_subjects_a_day_the_one_forgotten_is_named() {
    let mut home = Home::new();
    let subjects: Vec<Elder> = (0..60)
        .map(|n| elder(&mut home, &format!("{}", 101 + n), &format!("对象{n}")))
        .collect();
    for subject in &subjects {
        plan(&mut home, subject.person, 1, None, ME);
        home.record(
            COLLEAGUE,
            "care_visit",
            march(18),
            visit(subject.person, "wechat", "self"),
        );
    }
    let mut device = phone(&mut home);
    assert_eq!(device.phone.today(march(19), None).due.len(), 60);
    for subject in subjects
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != 41)
        .map(|(_, subject)| subject)
    {
        device.record("care_visit", visit(subject.person, "video", "self"), march(19));
    }
    let today = device.phone.today(march(19), None);
    assert_eq!((names(&today.due), today.done.len()), (vec![("对象41", 0)], 59));
}

#[test]
fn mine_come_first_and_a_subject_of_two_plans_is_listed_once() {
    let mut home = Home::new();
    let [chen, wu] = [("101", "郁青禾"), ("302", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name));
    plan(&mut home, chen.person, 1, None, COLLEAGUE);
    plan(&mut home, wu.person, 30, None, ME);
    plan(&mut home, wu.person, 2, Some(7), ME);
    home.record(ME + 4, "care_visit", march(18), visit(wu.person, "door", "self"));
    let device = phone(&mut home);
    let today = device.phone.today(march(21), None);
    assert_eq!(
        today
            .overdue
            .iter()
            .map(|visit| (visit.name.as_str(), visit.mine))
            .collect::<Vec<_>>(),
        [("吴砚秋", true), ("郁青禾", false)]
    );
}

#[test]
fn a_plan_that_lacks_its_interval_hides_no_visit_that_is_due() {
    let mut home = Home::new();
    let chen = elder(&mut home, "101", "郁青禾");
    let unfinished = |home: &mut Home| {
        home.office_edit(Class::Care, OFFICE, Vec::new(), |entry| {
            let id = EntityId::made_by(entry, 0);
            vec![item("care_plan", id, "subject_id", &chen.person.to_string())]
        });
    };
    unfinished(&mut home);
    plan(&mut home, chen.person, 2, None, ME);
    unfinished(&mut home);
    let device = phone(&mut home);
    assert_eq!(names(&device.phone.today(march(18), None).due), [("郁青禾", 0)]);
}

#[test]
fn a_door_bears_the_mark_of_a_plan_until_its_last_day() {
    let mut home = Home::new();
    let chen = elder(&mut home, "101", "郁青禾");
    plan(&mut home, chen.person, 2, None, ME);
    let ends = EntityId::made_by(home.last_entry(), 0);
    home.office_edit(Class::Care, OFFICE, home.heads(Class::Care), |_| {
        vec![item("care_plan", ends, "ends_on", "2026-03-25")]
    });
    let device = phone(&mut home);
    let marked = |day| device.phone.buildings(grid(), march(day))[0].units[0].doors[0].on_care_plan;
    assert_eq!((marked(20), marked(25), marked(26)), (true, true, false));
}

#[test]
fn a_household_is_visited_as_a_whole_and_nobody_who_died_is_due() {
    let mut home = Home::new();
    let [chen, wu] = [("101", "郁青禾"), ("302", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name));
    plan(&mut home, chen.household, 2, None, ME);
    plan(&mut home, wu.person, 2, None, ME);
    home.office_edit(Class::Open, OFFICE, Vec::new(), |_| {
        vec![item("person", wu.person, "died_on", "2026-03-17")]
    });
    let mut device = phone(&mut home);
    let today = device.phone.today(march(19), None);
    assert_eq!(
        today
            .overdue
            .iter()
            .map(|visit| (visit.name.as_str(), visit.household))
            .collect::<Vec<_>>(),
        [("郁青禾", true)]
    );
    assert!(
        device
            .phone
            .door(chen.dwelling, march(19))
            .unwrap()
            .household_plan
            .is_some()
    );
    device.record("care_visit", visit(chen.household, "door", "family"), march(19));
    assert!(device.phone.today(march(19), None).overdue.is_empty());
}

#[test]
fn a_phone_whose_clock_is_a_year_ahead_counts_days_as_its_home_does() {
    let mut home = Home::new();
    home.offset_ms = -365 * 86_400_000;
    let chen = elder(&mut home, "302", "郁青禾");
    plan(&mut home, chen.person, 2, None, ME);
    let mut device = phone(&mut home);
    let a_year_ahead = |day: i64| march(day + 365);
    assert_eq!(
        names(&device.phone.today(a_year_ahead(19), None).overdue),
        [("郁青禾", 1)]
    );
    device.record("care_visit", visit(chen.person, "door", "self"), a_year_ahead(19));
    let today = device.phone.today(a_year_ahead(19), None);
    assert_eq!((today.overdue.len(), today.due.len(), today.done.len()), (0, 0, 1));
    assert_eq!(names(&device.phone.today(a_year_ahead(21), None).due), [("郁青禾", 0)]);
    let card = device.phone.door(chen.dwelling, a_year_ahead(22)).unwrap();
    assert_eq!(card.persons[0].care_plan.as_ref().unwrap().days_overdue, 1);
}

#[test]
fn nobody_is_sent_to_whom_this_phone_has_just_written_down_as_dead() {
    let mut home = Home::new();
    let [chen, wu] = [("101", "郁青禾"), ("302", "吴砚秋")].map(|(room, name)| elder(&mut home, room, name));
    plan(&mut home, chen.person, 2, None, ME);
    plan(&mut home, wu.household, 2, None, ME);
    let mut device = phone(&mut home);
    device.set("person", chen.person, "died_on", Scalar::Text("2026-03-18".to_owned()));
    assert_eq!(names(&device.phone.today(march(19), None).overdue), [("吴砚秋", 1)]);
    device.set(
        "household",
        wu.household,
        "moved_out_on",
        Scalar::Text("2026-03-18".to_owned()),
    );
    assert!(device.phone.today(march(19), None).overdue.is_empty());
    let card = device.phone.door(chen.dwelling, march(19)).unwrap();
    assert_eq!(card.persons.len(), 1, "the card still shows what was written");
    device.set("person", chen.person, "died_on", Scalar::Null);
    assert_eq!(names(&device.phone.today(march(19), None).overdue), [("郁青禾", 1)]);
}

#[test]
fn people_and_plans_written_into_a_ring_live_nowhere() {
    let mut home = Home::new();
    let chen = elder(&mut home, "101", "郁青禾");
    plan(&mut home, chen.person, 2, None, ME);
    home.office_edit(Class::Open, OFFICE, Vec::new(), |entry| {
        let [one, two] = [0, 1].map(|index| EntityId::made_by(entry, index));
        vec![
            item("person", one, "household_id", &two.to_string()),
            item("person", two, "household_id", &one.to_string()),
        ]
    });
    home.office_edit(Class::Care, OFFICE, Vec::new(), |entry| {
        let [one, two] = [0, 1].map(|index| EntityId::made_by(entry, index));
        vec![
            item("care_plan", one, "subject_id", &two.to_string()),
            number("care_plan", one, "interval_days", 1),
            item("care_plan", one, "starts_on", "2026-03-18"),
            item("care_plan", two, "subject_id", &one.to_string()),
            number("care_plan", two, "interval_days", 1),
            item("care_plan", two, "starts_on", "2026-03-18"),
        ]
    });
    let device = phone(&mut home);
    assert_eq!(names(&device.phone.today(march(19), None).overdue), [("郁青禾", 1)]);
}

#[test]
fn weak_hearing_warns_before_a_call() {
    let mut home = Home::new();
    let chen = elder(&mut home, "302", "郁青禾");
    plan(&mut home, chen.person, 2, None, ME);
    home.office_edit(Class::Care, OFFICE, Vec::new(), |_| {
        vec![
            item("person", chen.person, "hearing", "weak"),
            item("person", chen.person, "vision", "weak"),
        ]
    });
    let device = phone(&mut home);
    let warnings: Vec<String> = device.phone.today(march(18), None).due[0]
        .warnings
        .iter()
        .map(|warning| warning.zh.clone())
        .collect();
    assert_eq!(warnings, ["听力弱，电话可能听不清，请上门"]);
}

fn check(dwelling: EntityId, outcome: &str) -> Value {
    json!({"dwelling_id": dwelling.to_string(), "mode": "door", "outcome": outcome})
}

#[test]
fn a_sweep_counts_its_own_days_and_without_one_every_door_counts() {
    let mut home = Home::new();
    let doors = ["101", "102", "201"].map(|room| elder(&mut home, room, "郁青禾").dwelling);
    home.record(COLLEAGUE, "door_check", march(2), check(doors[0], "met"));
    let mut device = phone(&mut home);
    let everything = &device.phone.today(march(20), None).sweeps;
    assert_eq!((everything.len(), everything[0].doors, everything[0].closed), (1, 3, 1));
    assert_eq!((&everything[0].campaign, &everything[0].name), (&None, &None));

    home.office_edit(Class::Open, OFFICE, Vec::new(), |entry| {
        let id = EntityId::made_by(entry, 0);
        vec![
            item("campaign", id, "name", "春季拉网排查"),
            item("campaign", id, "record_kind", "door_check"),
            item("campaign", id, "starts_on", "2026-03-18"),
            item("campaign", id, "ends_on", "2026-03-25"),
            member("campaign", id, format!("scope:{}", grid())),
        ]
    });
    device.sync(&mut home);
    let sweep = |device: &Device, day| device.phone.today(march(day), None).sweeps.remove(0);
    let running = sweep(&device, 20);
    assert_eq!(
        (running.name.as_deref(), running.until.as_deref()),
        (Some("春季拉网排查"), Some("2026-03-25"))
    );
    assert_eq!((running.doors, running.closed), (3, 0));
    device.record("door_check", check(doors[1], "absent"), march(20));
    device.record("door_check", check(doors[2], "met"), march(20));
    let running = sweep(&device, 20);
    assert_eq!((running.doors, running.closed), (3, 1));
    assert_eq!(
        running.buildings.iter().map(|building| building.closed).sum::<usize>(),
        1
    );
    assert!(
        !serde_json::to_string(&running.buildings).unwrap().contains("units"),
        "a building that is only counted comes without its doors"
    );
    // The matrix shows what the sweep counts; the door's own card still knows the earlier check.
    let marks: Vec<_> = device
        .phone
        .buildings(grid(), march(20))
        .iter()
        .map(|building| building.units[0].doors[0].state.mark)
        .collect();
    assert_eq!(marks.iter().filter(|mark| mark.is_none()).count(), 1);
    assert_eq!(
        device.phone.door(doors[0], march(20)).unwrap().state.mark,
        Some("checked")
    );
    assert_eq!(sweep(&device, 26).campaign, None, "the sweep is over");
}

#[test]
fn undoing_a_check_opens_the_door_again() {
    let mut home = Home::new();
    let door = elder(&mut home, "101", "郁青禾").dwelling;
    let mut device = phone(&mut home);
    let made = device.record("door_check", check(door, "met"), march(20));
    assert_eq!(device.phone.today(march(20), None).sweeps[0].closed, 1);
    device.retract(made, march(20));
    let left = device.phone.today(march(20), None).sweeps.remove(0);
    assert_eq!((left.closed, left.next.unwrap().doors[0].dwelling), (0, door));
}

#[test]
fn a_hazard_stays_on_the_doors_card_until_a_step_ends_it() {
    let mut home = Home::new();
    let chen = elder(&mut home, "302", "郁青禾");
    let mut device = phone(&mut home);
    let hazard = json!({"place_id": chen.dwelling.to_string(), "hazard_kind": "wiring", "severity": "high", "fix_by": "2026-03-21"});
    let hazard = device.record("hazard", hazard, march(18));
    let matters = |device: &Device| device.phone.door(chen.dwelling, march(20)).unwrap().matters;
    let found = matters(&device);
    assert_eq!(
        (found[0].entry, found[0].due_on.as_deref()),
        (hazard, Some("2026-03-21"))
    );
    assert_eq!(
        (found[0].severity.as_ref().unwrap().zh.as_str(), &found[0].stage),
        ("高", &None)
    );
    let step = |stage: &str| json!({"hazard_id": hazard.to_string(), "stage": stage});
    device.record("hazard_step", step("rectified"), march(19));
    assert_eq!(matters(&device)[0].stage.as_ref().unwrap().zh, "已整改");
    let verified: EntryId = device.record("hazard_step", step("verified"), march(20));
    assert!(matters(&device).is_empty());
    device.retract(verified, march(20));
    assert_eq!(matters(&device).len(), 1);
    let about = device.phone.door(chen.dwelling, march(20)).unwrap().records;
    assert_eq!(about.len(), 3, "steps are in the door's history");
}
