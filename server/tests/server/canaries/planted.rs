//! A household of whom every text is a canary, made of the kind files: each text field of what can be
//! erased, each text that an example of a record kind has, the values of a conflict, a look-alike, and
//! what is held.

use menpai_server::clock;
use menpai_server::office::Office;
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, EntryId, GridId};
use menpai_sync_core::kinds::{Class, Family, Field, Kind, Kinds, Rule, Shape, citizen_id};
use serde_json::{Map, Value, json};

use crate::desk_world::http::Served;
use crate::desk_world::object;
use crate::phones::{grid, set, text};

/// Of nobody: 99 is no province.
pub(super) const NUMBER: &str = "990001194305020023";

/// What the name of a canary ends in that only the office is shown, and whose it is.
pub(super) const HELD: &str = "(held)";

/// A value that stands nowhere but in one field.
#[derive(Debug, Clone)]
pub(super) struct Canary {
    /// The field that it is in.
    pub(super) name: String,
    pub(super) class: Class,
    value: String,
}

impl Canary {
    pub(super) fn is_in(&self, bytes: &str) -> bool {
        bytes.contains(&self.value)
    }
}

/// What was planted.
pub(super) struct Planted {
    pub(super) canaries: Vec<Canary>,
    /// What the person is called: some pages want a name.
    pub(super) person: String,
    /// Who that is.
    pub(super) id: EntityId,
}

/// A household, who lives there, whom to call and how often to visit.
struct People {
    door: EntityId,
    household: EntityId,
    person: EntityId,
    contact: EntityId,
    plan: EntityId,
}

impl People {
    fn of_type(&self, name: &str) -> Option<EntityId> {
        Some(match name {
            "household" => self.household,
            "person" => self.person,
            "family_contact" => self.contact,
            "care_plan" => self.plan,
            "dwelling" | "place" => self.door,
            _ => return None,
        })
    }
}

pub(super) fn plant(served: &Served) -> Planted {
    let world = &served.world;
    let office = &world.office;
    let kinds = office.community.kinds().clone();
    let (door, ..) = world.registry();
    let mut canaries = Canaries::default();
    let entry = clock::new_entry_id();
    let plan = clock::new_entry_id();
    let people = People {
        door,
        household: EntityId::made_by(entry, 0),
        person: EntityId::made_by(entry, 1),
        contact: EntityId::made_by(entry, 2),
        plan: EntityId::made_by(plan, 0),
    };
    let mut open = vec![
        set("household", people.household, "dwelling_id", text(&door.to_string())),
        set(
            "person",
            people.person,
            "household_id",
            text(&people.household.to_string()),
        ),
        set("person", people.person, "birth_date", text("1943-05-02")),
        set("person", people.person, "sex", text("2")),
        set(
            "family_contact",
            people.contact,
            "person_id",
            text(&people.person.to_string()),
        ),
        set("family_contact", people.contact, "relation", text("30")),
    ];
    open.extend(texts(&kinds, &people, &mut canaries, Class::Open));
    let care = texts(&kinds, &people, &mut canaries, Class::Care);
    let (planned, care): (Vec<_>, Vec<_>) = care.into_iter().partition(|item| item.id == people.plan);
    let mut plans = vec![
        set("care_plan", people.plan, "subject_id", text(&people.person.to_string())),
        set("care_plan", people.plan, "level", text("key")),
        set("care_plan", people.plan, "interval_days", Scalar::Integer(1)),
        set("care_plan", people.plan, "starts_on", text("2026-01-01")),
    ];
    plans.extend(planned);
    let alike = looks_alike(&people, &open);
    write(office, entry, grid(1), open);
    write(office, clock::new_entry_id(), grid(1), care);
    write(office, plan, grid(1), plans);
    write(office, alike.0, grid(1), alike.1);
    // Nobody had seen the others: both values stay.
    for (field, class) in [("former_name", Class::Open), ("health_note", Class::Care)] {
        let value = canaries.next(&format!("person.{field} (in conflict)"), class, None, 50);
        let item = set("person", people.person, field, text(&value));
        write(office, clock::new_entry_id(), grid(1), vec![item]);
    }
    records(office, &kinds, &people, &mut canaries);
    number(served, &people, &mut canaries);
    held(served, &people, &mut canaries);
    let person = canaries.of("person.name");
    Planted {
        canaries: canaries.all,
        person,
        id: people.person,
    }
}

#[derive(Default)]
struct Canaries {
    all: Vec<Canary>,
}

impl Canaries {
    /// A new one that the field's rule takes.
    fn next(&mut self, name: &str, class: Class, rule: Option<Rule>, most: u32) -> String {
        let number = self.all.len();
        let value = match rule {
            Some(Rule::Phone) => format!("154{number:08}"),
            Some(Rule::CountyCode) => format!("99{number:04}"),
            // No hexadecimal; of the last four characters of a number there are four.
            _ if most < 7 => format!("Z{number:03}"),
            _ => format!("Qz{number:03}Kv"),
        };
        self.all.push(Canary {
            name: name.to_owned(),
            class,
            value: value.clone(),
        });
        value
    }

    fn of(&self, name: &str) -> String {
        self.all
            .iter()
            .find(|canary| canary.name == name)
            .unwrap()
            .value
            .clone()
    }
}

/// Every text field of a class of what can be erased.
fn texts(kinds: &Kinds, people: &People, canaries: &mut Canaries, class: Class) -> Vec<SetItem> {
    let mut items = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.effects.erasable) {
        let id = people.of_type(kind.name.as_str());
        let id = id.unwrap_or_else(|| panic!("plant somebody's {} too", kind.name));
        for field in kind.fields.iter().filter(|field| field.class == Some(class)) {
            if let Shape::Text { rule, max_length, .. } = &field.shape {
                let name = format!("{}.{}", kind.name, field.name);
                let value = canaries.next(&name, class, *rule, *max_length);
                items.push(set(kind.name.as_str(), id, field.name.as_str(), text(&value)));
            }
        }
    }
    items
}

/// Somebody with the same name, birth date and phone behind the same door.
fn looks_alike(people: &People, said: &[SetItem]) -> (EntryId, Vec<SetItem>) {
    let entry = clock::new_entry_id();
    let other = EntityId::made_by(entry, 0);
    let same = |item: &&SetItem| item.id == people.person;
    let items = said.iter().filter(same).map(|item| SetItem {
        id: other,
        ..item.clone()
    });
    (entry, items.collect())
}

fn write(office: &Office, id: EntryId, in_grid: GridId, items: Vec<SetItem>) {
    let body = object(json!({"source": "roster_import"}));
    let edit = Edit {
        base: Vec::new(),
        set: items,
    };
    let draft = Draft::edit(id, 1, Some(in_grid), office.worker, clock::now(), edit, body);
    office.write(&[draft]).unwrap();
}

/// Every example of what workers record, about these people and with a canary for each text.
fn records(office: &Office, kinds: &Kinds, people: &People, canaries: &mut Canaries) {
    let spoken = |kind: &&Kind| kind.family == Family::Record && kind.effects.seals.is_none();
    for kind in kinds.iter().filter(spoken) {
        let folder = format!("{}/../schemas/examples/{}/valid", env!("CARGO_MANIFEST_DIR"), kind.name);
        let mut drafts = Vec::new();
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let body: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            let mut body = object(body);
            fill(&mut body, &kind.fields, kind.name.as_str(), people, canaries);
            drafts.push(office.record(kind.name.as_str(), Some(grid(1)), body));
        }
        office.write(&drafts).unwrap();
    }
}

fn fill(body: &mut Map<String, Value>, fields: &[Field], path: &str, people: &People, canaries: &mut Canaries) {
    for field in fields {
        let Some(value) = body.get_mut(field.name.as_str()) else {
            continue;
        };
        let path = format!("{path}.{}", field.name);
        match (&field.shape, value) {
            (
                Shape::Text {
                    rule: None, max_length, ..
                },
                value,
            ) => {
                let known = canaries.all.iter().find(|canary| canary.name == path);
                let known = known.map(|canary| canary.value.clone());
                *value = json!(known.unwrap_or_else(|| canaries.next(&path, field.class.unwrap(), None, *max_length)));
            }
            (Shape::Ref { to }, value) => {
                if let Some(id) = to.names().iter().find_map(|name| people.of_type(name.as_str())) {
                    *value = json!(id);
                }
            }
            (Shape::Object { fields }, Value::Object(inner)) => fill(inner, fields, &path, people, canaries),
            (Shape::List { fields, .. }, Value::Array(rows)) => {
                for row in rows {
                    fill(row.as_object_mut().unwrap(), fields, &path, people, canaries);
                }
            }
            _ => {}
        }
    }
}

/// The person's id number, sealed. In no page, file or line: not whole, not its middle, not sealed.
fn number(served: &Served, people: &People, canaries: &mut Canaries) {
    let office = &served.world.office;
    let checked = citizen_id::check(NUMBER, chrono::NaiveDate::MAX).unwrap();
    let numbers = &served.world.home.id_numbers;
    let sealed = numbers.seal(served.world.code(), people.person, &checked).unwrap();
    let body = object(json!({"person_id": people.person, "id_doc_type": "111", "sealed": sealed}));
    office
        .write(&[office.record("id_number", Some(grid(1)), body)])
        .unwrap();
    for (name, value) in [("whole", NUMBER), ("middle", &NUMBER[4..14]), ("sealed", &sealed)] {
        canaries.all.push(Canary {
            name: format!("id_number ({name})"),
            class: Class::Sealed,
            value: value.to_owned(),
        });
    }
}

/// What somebody sent for a grid that is not theirs: a door of grid 1, and how somebody is.
fn held(served: &Served, people: &People, canaries: &mut Canaries) {
    let mut phone = served.phone("stranger", "外人", 2);
    let diary = canaries.next(&format!("door_check.diary {HELD}"), Class::Open, None, 50);
    let note = canaries.next(&format!("care_visit.note {HELD}"), Class::Care, None, 50);
    let check = json!({"dwelling_id": people.door, "mode": "door", "outcome": "met", "diary": diary});
    let visit =
        json!({"subject_id": people.person, "mode": "door", "met": "met", "contact_person": "self", "note": note});
    phone.phone.record("door_check", Some(grid(1)), check);
    phone.phone.record("care_visit", Some(grid(1)), visit);
    served.sync(&phone);
}
