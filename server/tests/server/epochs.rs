//! A registry document goes on as a new epoch: its history is let go, nothing that shows is.

use crate::phones::{self, Office, Phone, grid, new_person, set, text};
use menpai_server::clock;
use menpai_server::export::registry;
use menpai_server::jobs::rebuild::{digests, rebuild};
use menpai_server::jobs::verify::verify;
use menpai_server::store::community::BodyCodec;
use menpai_server::sync::scribe::Scribe;
use menpai_sync_core::ids::{EntityId, Hash};
use menpai_sync_core::part::Part;

fn open() -> Part {
    format!("{}/open", grid(1)).parse().unwrap()
}

fn scribe(office: &Office) -> Scribe {
    Scribe {
        office: office.device.clone(),
        worker: office.desk.worker,
        at: clock::now(),
    }
}

/// A person whom two workers are about to correct, and the heads that both know.
fn person() -> (Office, EntityId, Vec<Hash>, [Phone; 2]) {
    let mut office = Office::new();
    let make = office.desk.new_id();
    let (person, items) = new_person(make, "张桂兰");
    office.desk.edit_with_id(make, Some(grid(1)), vec![], items);
    office.write_desk();
    let heads = office.community().heads(open()).unwrap();
    let phones = [(); 2].map(|()| office.worker_of_grid(1));
    (office, person, heads, phones)
}

/// Bytes of the document.
fn size(office: &Office) -> usize {
    let file = office.community().query(|connection| {
        let mut codec = BodyCodec::new()?;
        registry::of_part(connection, &mut codec, phones::code(), open())
    });
    file.unwrap().unwrap().bytes.len()
}

fn shown(office: &Office, field: &str) -> Vec<String> {
    office
        .community()
        .query(|connection| {
            let mut statement =
                connection.prepare("SELECT value FROM registry_value WHERE field = ?1 ORDER BY value")?;
            let rows = statement.query_map([field], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .unwrap()
}

fn correct(office: &Office, phone: &mut Phone, base: &[Hash], person: EntityId, field: &str, value: &str) {
    let item = set("person", person, field, text(value));
    phone.edit(Some(grid(1)), base.to_vec(), vec![item]);
    let seq = phone.last();
    office.taken(phone, phone.slice(seq, seq));
    assert_eq!(office.reason(phone, seq), "merged");
}

#[test]
fn compaction_changes_nothing_that_shows_and_a_rebuild_starts_from_it() {
    let (mut office, person, heads, [mut one, mut two]) = person();
    correct(&office, &mut one, &heads, person, "phone", "13700000001");
    correct(&office, &mut two, &heads, person, "phone", "13700000002");
    for number in 0..150 {
        correct(&office, &mut one, &heads, person, "note", &format!("第{number}次"));
    }
    let before = digests(office.community()).unwrap();
    let long = size(&office);
    office.community().compact(&scribe(&office), open()).unwrap();
    assert_eq!(shown(&office, "phone"), [r#""13700000001""#, r#""13700000002""#]);
    let after = digests(office.community()).unwrap();
    // The record of the epoch is new; the values are the same.
    assert_eq!(office.one::<i64>("SELECT epoch FROM epoch_document"), 2);
    assert!(size(&office) * 2 < long, "{} of {long}", size(&office));
    assert_eq!(verify(office.community()).unwrap().findings, []);
    assert_eq!(before.len(), after.len());
    let rebuilt = rebuild(office.community()).unwrap();
    assert!(rebuilt.is_equal() && rebuilt.after == after, "{rebuilt:?}");
    office.reopen();
    assert_eq!(digests(office.community()).unwrap(), after);

    // Edits go on, and a second epoch lets go of the first one's document.
    let heads = office.community().heads(open()).unwrap();
    correct(&office, &mut one, &heads, person, "phone", "13700000003");
    assert_eq!(shown(&office, "phone"), [r#""13700000003""#], "the conflict is over");
    office.community().compact(&scribe(&office), open()).unwrap();
    assert_eq!(office.count("epoch_document WHERE bytes IS NOT NULL"), 1);
    assert!(rebuild(office.community()).unwrap().is_equal());
    assert_eq!(verify(office.community()).unwrap().findings, []);
}

#[test]
fn a_late_edit_replaces_nothing_that_its_author_had_not_seen() {
    let (office, person, heads, [mut colleague, mut late]) = person();
    // Written in the old epoch, after what the late one knows; the rotation does not hide that.
    correct(&office, &mut colleague, &heads, person, "phone", "13700000001");
    office.community().compact(&scribe(&office), open()).unwrap();
    correct(&office, &mut late, &heads, person, "phone", "13700000009");
    assert_eq!(shown(&office, "phone"), [r#""13700000001""#, r#""13700000009""#]);
    // Where nobody wrote since, it counts as if it had come in time.
    correct(&office, &mut late, &heads, person, "name", "张桂芳");
    assert_eq!(shown(&office, "name"), [r#""张桂芳""#]);
    correct(&office, &mut late, &heads, person, "name", "张桂芬");
    assert_eq!(shown(&office, "name"), [r#""张桂芬""#]);
    // Written in the new epoch.
    let now = office.community().heads(open()).unwrap();
    correct(&office, &mut colleague, &now, person, "note", "a");
    correct(&office, &mut late, &heads, person, "note", "b");
    assert_eq!(shown(&office, "note"), [r#""a""#, r#""b""#]);
    assert_eq!(verify(office.community()).unwrap().findings, []);
    assert!(rebuild(office.community()).unwrap().is_equal());
}

#[test]
fn who_wrote_the_values_of_a_carried_conflict_is_still_known() {
    let (office, person, heads, [mut one, mut two]) = person();
    correct(&office, &mut one, &heads, person, "phone", "13700000001");
    correct(&office, &mut two, &heads, person, "phone", "13700000002");
    let who = || -> Vec<(Vec<u8>, i64)> {
        office
            .community()
            .query(|connection| {
                let mut statement = connection
                    .prepare("SELECT device, at_s FROM registry_value WHERE field = 'phone' ORDER BY rank")?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .unwrap()
    };
    let before = who();
    assert_eq!(before.len(), 2);
    office.community().compact(&scribe(&office), open()).unwrap();
    assert_eq!(who(), before);
}
