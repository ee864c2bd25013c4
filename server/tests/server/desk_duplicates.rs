//! Doors and people that two phones made twice, through the real app: found, merged by alias,
//! parted again, or called two.

use crate::desk_world::http::{Served, SignedIn};
use crate::phones::{grid, set, text};
use menpai_server::clock;
use menpai_sync_core::ids::EntityId;
use serde_json::{Value, json};

/// Door, household and person.
type Made = [EntityId; 3];

/// A phone without signal makes a door with a household and a person.
fn make(phone: &mut SignedIn, in_grid: u8, building: EntityId, room: &str, name: &str) -> Made {
    let id = phone.phone.new_id();
    let [door, household, person] = [0, 1, 2].map(|index| EntityId::made_by(id, index));
    let items = vec![
        set("dwelling", door, "building_id", text(&building.to_string())),
        set("dwelling", door, "unit", text("1")),
        set("dwelling", door, "room", text(room)),
        set("dwelling", door, "use", text("home")),
        set("household", household, "dwelling_id", text(&door.to_string())),
        set("household", household, "head_person_id", text(&person.to_string())),
        set("person", person, "household_id", text(&household.to_string())),
        set("person", person, "name", text(name)),
        set("person", person, "birth_date", text("1944-11-23")),
        set("person", person, "phone", text("19900000001")),
    ];
    phone.phone.edit_with_id(id, Some(grid(in_grid)), Vec::new(), items);
    [door, household, person]
}

struct Twins {
    served: Served,
    cookie: String,
    one: SignedIn,
    two: SignedIn,
    left: Made,
    right: Made,
}

impl Twins {
    fn new() -> Twins {
        let served = Served::new();
        let building = EntityId::made_by(place(&served), 0);
        let mut one = served.phone("liu", "林秋禾", 1);
        let mut two = served.phone("he", "何建平", 1);
        let left = make(&mut one, 1, building, "302", "郁青禾");
        let right = make(&mut two, 1, building, " 302 ", "郁 青禾");
        two.phone.door_check(grid(1), right[0]);
        served.sync(&one);
        served.sync(&two);
        let cookie = served.sign_in();
        Twins {
            served,
            cookie,
            one,
            two,
            left,
            right,
        }
    }

    fn duplicates(&self) -> Value {
        self.served.read("duplicates", &self.cookie)
    }

    fn pair(&self, entity_type: &str) -> Option<Value> {
        let all = self.duplicates()["pairs"].as_array().unwrap().clone();
        all.into_iter().find(|pair| pair["type"] == entity_type)
    }

    fn say(&self, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1/desk/duplicates/decisions{path}");
        let answer = self.served.send("POST", &path, &[("Cookie", &self.cookie)], Some(body));
        let body = if answer.status == 204 {
            Value::Null
        } else {
            answer.json()
        };
        (answer.status, body)
    }

    fn doors(&self) -> Vec<Value> {
        let answer = self.served.read("doors", &self.cookie);
        answer["doors"].as_array().unwrap().clone()
    }

    fn lines(&self) -> u64 {
        let count = |connection: &rusqlite::Connection| {
            Ok(connection.query_row("SELECT count(*) FROM log_line", [], |row| row.get(0))?)
        };
        self.served.world.community().query(count).unwrap()
    }
}

/// The entry that makes a building in grid 1.
fn place(served: &Served) -> menpai_sync_core::ids::EntryId {
    let entry = clock::new_entry_id();
    let building = EntityId::made_by(entry, 0);
    served.world.edit(
        entry,
        vec![
            set("place", building, "type", text("building")),
            set("place", building, "name", text("3号楼")),
        ],
    );
    entry
}

fn same(one: EntityId, other: EntityId) -> Value {
    json!({"id": clock::new_entry_id(), "one": one, "other": other, "decision": "same"})
}

#[test]
fn the_same_door_and_person_of_two_phones_are_found_and_shown_side_by_side() {
    let twins = Twins::new();
    let door = twins.pair("dwelling").unwrap();
    assert_eq!(
        (&door["one"]["id"], &door["other"]["id"]),
        (&json!(twins.left[0]), &json!(twins.right[0]))
    );
    assert_eq!(
        (&door["one"]["records"], &door["other"]["records"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(door["one"]["worker"]["name"], "林秋禾");
    assert_eq!(door["other"]["device"]["name"], "红米 12C");
    let person = twins.pair("person").unwrap();
    let fields: Vec<&str> = person["same"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label["zh"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["姓名", "出生日期", "电话"]);
    assert!(
        twins.pair("household").is_none(),
        "one door and one head make one household, not before"
    );
    assert_eq!(twins.served.read("overview", &twins.cookie)["duplicates"], 2);
}

#[test]
fn merged_they_are_one_door_with_the_records_of_both_and_parted_they_are_two() {
    let twins = Twins::new();
    assert_eq!(twins.doors().len(), 2);
    let asked = same(twins.left[0], twins.right[0]);
    assert_eq!(twins.say("", &asked), (204, Value::Null));
    let doors = twins.doors();
    assert_eq!((doors.len(), &doors[0]["id"]), (1, &json!(twins.left[0])));
    assert_eq!(
        doors[0]["last"]["attempts"], 1,
        "what was recorded at the other counts here"
    );
    assert_eq!(doors[0]["residents"].as_array().unwrap().len(), 2, "nobody disappears");
    let coverage = twins.served.read("coverage", &twins.cookie);
    assert_eq!(
        (&coverage["total"]["doors"], &coverage["total"]["visited_open"]),
        (&json!(1), &json!(1))
    );
    // Asked again it is written once; another id finds it done.
    let lines = twins.lines();
    assert_eq!(twins.say("", &asked), (204, Value::Null));
    let (status, answer) = twins.say("", &same(twins.left[0], twins.right[0]));
    assert_eq!((status, &answer["code"]), (409, &json!("duplicate_gone")));
    assert_eq!(twins.lines(), lines);
    // The people too; then the households are one and the same.
    twins.say("", &same(twins.left[2], twins.right[2]));
    assert_eq!(twins.pair("household").unwrap()["one"]["id"], json!(twins.left[1]));
    twins.say("", &same(twins.left[1], twins.right[1]));
    assert_eq!(twins.doors()[0]["residents"], json!(["郁青禾"]));
    assert_eq!(twins.duplicates()["pairs"], json!([]));
    assert_eq!(twins.duplicates()["merged"].as_array().unwrap().len(), 3);
    // Whoever has only the log sees the same.
    twins.served.world.community().rebuild().unwrap();
    assert_eq!(twins.doors().len(), 1);

    assert_eq!(
        twins.say("/undo", &same(twins.left[0], twins.right[0])),
        (204, Value::Null)
    );
    let doors = twins.doors();
    assert_eq!(doors.len(), 2);
    assert_eq!(doors.iter().filter(|door| door["last"].is_null()).count(), 1);
    assert!(twins.pair("dwelling").is_some(), "it is offered again");
    let (status, answer) = twins.say("/undo", &same(twins.left[0], twins.right[0]));
    assert_eq!((status, &answer["code"]), (409, &json!("duplicate_gone")));
}

#[test]
fn what_was_called_two_is_not_offered_again_until_that_is_taken_back() {
    let twins = Twins::new();
    let [one, other] = [twins.left[2], twins.right[2]];
    let different = || json!({"id": clock::new_entry_id(), "one": one, "other": other, "decision": "different"});
    let asked = different();
    assert_eq!(twins.say("", &asked).0, 204);
    assert_eq!(twins.say("", &asked).0, 204);
    assert!(twins.pair("person").is_none());
    assert_eq!(twins.duplicates()["distinguished"].as_array().unwrap().len(), 1);
    assert_eq!(twins.say("", &different()).0, 409);
    assert_eq!(twins.say("/undo", &different()).0, 204);
    assert!(twins.pair("person").is_some());
    assert_eq!(twins.duplicates()["distinguished"], json!([]));
    assert_eq!(twins.say("/undo", &different()).0, 409);
}

#[test]
fn what_is_not_alike_cannot_be_merged() {
    let twins = Twins::new();
    let before = twins.lines();
    let nobody = EntityId::from_bytes([0x77; 16]);
    for (one, other) in [
        (twins.left[0], twins.right[2]),
        (twins.left[0], twins.left[0]),
        (twins.left[0], nobody),
        (nobody, twins.left[0]),
    ] {
        let (status, answer) = twins.say("", &same(one, other));
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("unreadable_request")),
            "{one} {other}"
        );
    }
    assert_eq!(twins.lines(), before);
}

#[test]
fn a_phone_cannot_make_a_door_stand_for_another() {
    let mut twins = Twins::new();
    let item = set("dwelling", twins.right[0], "alias_of", text(&twins.left[0].to_string()));
    twins.two.phone.edit(Some(grid(1)), Vec::new(), vec![item]);
    twins.served.sync(&twins.two);
    assert_eq!(twins.doors().len(), 2);
    assert_eq!(twins.served.read("overview", &twins.cookie)["held"], 1);
}

#[test]
fn a_person_is_found_across_grids_and_is_visited_once() {
    let mut twins = Twins::new();
    let elsewhere = make(&mut twins.one, 1, EntityId::from_bytes([0x66; 16]), "9", "何 雨");
    twins.served.sync(&twins.one);
    let mut far = twins.served.phone("zhao", "赵晚晴", 2);
    let other = make(&mut far, 2, EntityId::from_bytes([0x65; 16]), "8", "何雨");
    twins.served.sync(&far);
    let pairs = twins.duplicates()["pairs"].as_array().unwrap().clone();
    let found = pairs.iter().any(|pair| {
        let ids = [&pair["one"]["id"], &pair["other"]["id"]];
        ids.contains(&&json!(elsewhere[2])) && ids.contains(&&json!(other[2]))
    });
    assert!(found, "{pairs:?}");
    assert_eq!(twins.say("", &same(elsewhere[2], other[2])).0, 204);
    // A visit to the one that stands for nothing any more is one to the other.
    let visit = json!({"subject_id": other[2], "mode": "door", "met": "met", "contact_person": "self"});
    far.phone.record("care_visit", Some(grid(2)), visit);
    twins.served.sync(&far);
    let contacts = twins.served.world.community().query(|connection| {
        let kinds = menpai_sync_core::kinds::Kinds::builtin().unwrap();
        let none = std::collections::HashSet::new();
        menpai_server::store::review::statements::contacts(connection, &kinds, &none, 480)
    });
    assert_eq!(contacts.unwrap().into_keys().collect::<Vec<_>>(), [elsewhere[2]]);
}
