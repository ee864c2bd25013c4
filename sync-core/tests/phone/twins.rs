//! Doors and people that exist twice, merged by alias: a phone lists them once, what was
//! recorded about either counts for the one, and parted they are two again.

use menpai_sync_core::entry::{Scalar, SetItem};
use menpai_sync_core::ids::EntityId;
use menpai_sync_core::kinds::Class;
use menpai_sync_core::phone::{Building, DoorRow};
use serde_json::json;

use super::home::{Home, OFFICE, grid, item, now, part};
use super::{Device, street};

/// The door, its household and its person a second time, made by another device.
struct Twin {
    door: EntityId,
    household: EntityId,
    person: EntityId,
}

fn twin(home: &mut Home, of: EntityId) -> Twin {
    let building = home.document_row(of, "building_id");
    let made = home.office_edit(Class::Open, 9, Vec::new(), |entry| {
        let [door, household, person] = [0, 1, 2].map(|index| EntityId::made_by(entry, index));
        vec![
            item("dwelling", door, "building_id", &building),
            item("dwelling", door, "unit", "2"),
            item("dwelling", door, "room", "1002"),
            item("household", household, "dwelling_id", &door.to_string()),
            item("person", person, "household_id", &household.to_string()),
            item("person", person, "name", "郁青禾"),
            item("person", person, "birth_date", "1944-11-23"),
            item("person", person, "phone", "19900000001"),
        ]
    });
    Twin {
        door: made[0],
        household: made[1],
        person: made[2],
    }
}

fn merge(home: &mut Home, entity_type: &str, alias: EntityId, into: Option<EntityId>) {
    let value = into.map_or(Scalar::Null, |into| Scalar::Text(into.to_string()));
    let heads = home.heads(Class::Open);
    home.office_edit(Class::Open, OFFICE, heads, |_| {
        vec![SetItem {
            entity_type: entity_type.to_owned(),
            id: alias,
            field: "alias_of".to_owned(),
            value,
        }]
    });
}

fn doors(device: &Device) -> Vec<DoorRow> {
    let buildings: Vec<Building> = device.phone.buildings(grid(), now());
    buildings
        .into_iter()
        .flat_map(|building| building.units)
        .flat_map(|unit| unit.doors)
        .collect()
}

fn names(row: &DoorRow) -> Vec<&str> {
    row.residents.iter().map(|resident| resident.name.as_str()).collect()
}

#[test]
fn a_merged_door_is_listed_once_with_what_was_recorded_at_either() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let twin = twin(&mut home, first);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(twin.door, "met");
    device.record(
        "hazard",
        json!({"place_id": twin.door.to_string(), "hazard_kind": "gas", "severity": "low"}),
        now(),
    );
    device.sync(&mut home);
    assert_eq!(doors(&device).len(), 3);
    let before = device.phone.replica().unwrap().digest(part(Class::Open));

    merge(&mut home, "dwelling", twin.door, Some(first));
    device.sync(&mut home);
    let listed = doors(&device);
    assert_eq!(listed.len(), 2);
    let kept = listed.iter().find(|door| door.dwelling == first).unwrap();
    assert!(kept.state.closed, "the check of the other door counts here");
    // The two households are behind one door until they are merged too: nobody disappears.
    assert_eq!(names(kept), ["郁青禾", "郁青禾"]);
    assert_eq!(device.phone.status().grids[0].doors, 2);
    for id in [first, twin.door] {
        let card = device.phone.door(id, now()).unwrap();
        assert_eq!((card.dwelling, card.matters.len(), card.records.len()), (first, 1, 2));
        assert!(card.fields.iter().all(|field| field.field != "alias_of"));
    }

    merge(&mut home, "dwelling", twin.door, None);
    device.sync(&mut home);
    device.reopen();
    assert_eq!(doors(&device).len(), 3);
    let card = device.phone.door(first, now()).unwrap();
    assert_eq!(
        (card.matters.len(), card.records.len(), card.state.closed),
        (0, 0, false)
    );
    assert_eq!(device.phone.door(twin.door, now()).unwrap().records.len(), 2);
    // One cleared field is all that is left of it.
    assert_ne!(device.phone.replica().unwrap().digest(part(Class::Open)), before);
}

#[test]
fn a_merged_person_is_visited_once_whoever_was_met() {
    let mut home = Home::new();
    let (first, _, person) = street(&mut home);
    let twin = twin(&mut home, first);
    home.office_edit(Class::Care, OFFICE, Vec::new(), |entry| {
        let plan = EntityId::made_by(entry, 0);
        vec![
            item("care_plan", plan, "subject_id", &twin.person.to_string()),
            SetItem {
                entity_type: "care_plan".to_owned(),
                id: plan,
                field: "interval_days".to_owned(),
                value: Scalar::Integer(30),
            },
            item("care_plan", plan, "starts_on", "2026-01-01"),
        ]
    });
    merge(&mut home, "dwelling", twin.door, Some(first));
    let household = home.document_row(person, "household_id").parse().unwrap();
    merge(&mut home, "household", twin.household, Some(household));
    merge(&mut home, "person", twin.person, Some(person));
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let due = |device: &Device| {
        let today = device.phone.today(now(), None);
        let all = today.overdue.iter().chain(&today.due);
        all.map(|visit| (visit.subject, visit.dwelling)).collect::<Vec<_>>()
    };
    assert_eq!(due(&device), [(person, first)], "the plan was made for the other one");
    let row = &doors(&device)[1];
    assert_eq!((names(row), row.on_care_plan), (vec!["郁青禾"], true));
    // Somebody was met under the id that stands for nothing any more.
    device.record(
        "care_visit",
        json!({"subject_id": twin.person.to_string(), "mode": "door", "met": "met", "contact_person": "self"}),
        now(),
    );
    assert_eq!(due(&device), []);
}

#[test]
fn what_was_merged_into_something_unknown_stands_for_itself() {
    let mut home = Home::new();
    let (first, second, person) = street(&mut home);
    merge(&mut home, "dwelling", second, Some(EntityId::from_bytes([0x77; 16])));
    // A person is no door: nonsense leaves everything as it was.
    merge(&mut home, "dwelling", first, Some(person));
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    assert_eq!(doors(&device).len(), 2);
    // Two desks, each the other way round: the smaller id stands for both, everywhere.
    merge(&mut home, "dwelling", first, Some(second));
    merge(&mut home, "dwelling", second, Some(first));
    device.sync(&mut home);
    let listed = doors(&device);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].dwelling, first.min(second));
    assert_eq!(
        device.phone.door(first.max(second), now()).unwrap().dwelling,
        first.min(second)
    );
}
