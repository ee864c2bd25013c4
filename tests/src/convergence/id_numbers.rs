//! Id numbers: a phone seals one to its home and records it, with its end beside it. The home opens and
//! knows it; no phone is ever told it, its author's neither; it goes with its person and does not come back.

use std::collections::BTreeMap;

use menpai_server::store::community::StoreError;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, EntryId, Hash};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::kinds::citizen_id::{CitizenId, check as check_number};
use menpai_sync_core::part::Part;
use serde_json::json;

use super::Trial;
use super::apps::App;
use super::phone::TestPhone;
use super::work::item;
use super::world::World;

/// Of nobody: 99 is no province.
const NUMBERS: [&str; 2] = ["990001194305020023", "990001195003040015"];

/// What the home knows a number by, of each record that counts.
type Known = BTreeMap<EntryId, (EntityId, Option<Hash>)>;

impl World {
    /// Somebody shows an identity card at the door.
    pub(super) fn record_id_number(&mut self, phone: usize) -> Result<(), String> {
        let Some((person, grid)) = self
            .known(phone, "person")
            .filter(|_| self.phones[phone].app != App::Yesterday)
        else {
            return Ok(());
        };
        let number = NUMBERS[self.dice.below(NUMBERS.len())];
        let typed = typed(number, self)?;
        let sealed = self.home.id_numbers().seal(self.home.code, person, &typed);
        let sealed = sealed.map_err(|error| error.to_string())?;
        let body = json!({"person_id": person, "id_doc_type": "111", "sealed": sealed});
        let Some(entry) = self.save_record(phone, "id_number", grid, body)? else {
            return Ok(());
        };
        self.id_numbers.insert(entry, (person, number));
        let end = Scalar::Text(number[14..].to_owned());
        let shown = item("person", &person.to_string(), "id_last_four", end);
        self.save_edit(phone, grid, vec![shown]).map(drop)
    }
}

/// The home knows each number that counts as what it is and of whom, and none of who was erased; no
/// phone has one that its worker did not record.
pub(super) fn check(world: &World, verdicts: &BTreeMap<EntryId, String>) -> Result<(), String> {
    let known = known(world)?;
    for (entry, (person, number)) in &world.id_numbers {
        let merged = verdicts.get(entry).is_some_and(|verdict| verdict == "merged");
        let expected = if merged && !world.erased.contains_key(person) {
            let hash = world.home.id_numbers().hash(world.home.code, &typed(number, world)?);
            Some((*person, Some(hash)))
        } else {
            None
        };
        if known.get(entry) != expected.as_ref() {
            return Err(format!(
                "the home knows the id number of {entry} as {:?}",
                known.get(entry)
            ));
        }
    }
    match world.phones.iter().position(is_told) {
        Some(phone) => Err(format!("phone {phone} was told an id number")),
        None => Ok(()),
    }
}

fn typed(number: &str, world: &World) -> Result<CitizenId, String> {
    check_number(number, world.office.at().local_date()).map_err(|error| error.to_string())
}

fn known(world: &World) -> Result<Known, String> {
    let read = world.home.community().query(|connection| {
        let mut statement = connection
            .prepare("SELECT e.id, s.subject, s.hash FROM sealed_number s JOIN entry e ON e.number = s.entry")?;
        let rows = statement.query_map([], |row| {
            let subject = EntityId::from_bytes(row.get(1)?);
            let hash: Option<[u8; 32]> = row.get(2)?;
            Ok((EntryId::from_bytes(row.get(0)?), (subject, hash.map(Hash))))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    });
    read.map_err(|error: StoreError| error.to_string())
}

/// Whether a phone was told of numbers, but for those that its own worker recorded and the home holds.
fn is_told(phone: &TestPhone) -> bool {
    let replica = phone.phone.replica();
    let sees = replica.is_some_and(|replica| {
        let sealed = |part: &Part| part.class == Class::Sealed;
        replica.cursor().keys().any(sealed)
    });
    let own = format!(r#""worker":"{}""#, phone.worker);
    let others = |row: &str| row.contains(r#""kind":"id_number""#) && !row.contains(&own);
    sees || phone.flash.fetched().any(others)
}

pub(super) fn count(world: &mut World, verdicts: &BTreeMap<EntryId, String>) {
    for (entry, (person, _)) in &world.id_numbers {
        if world.erased.contains_key(person) {
            world.trials.note(Trial::IdNumberErased);
        } else if verdicts.get(entry).is_some_and(|verdict| verdict == "merged") {
            world.trials.note(Trial::IdNumbered);
        }
    }
}
