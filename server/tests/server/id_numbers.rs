//! Id numbers, whole: recorded by a phone and by a roster, sealed; held where they are none; masked at the
//! desk, found again, shown whole for a reason; offered as duplicates; rebuilt, erased; and nowhere
//! in clear, in no file and to nobody without the right.

use std::path::Path;

use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::jobs::night::{Which, run};
use menpai_server::jobs::rebuild::{digests, rebuild};
use menpai_server::jobs::verify::verify;
use menpai_server::office::import::{Import, import_roster};
use menpai_server::packet::CourierKeys;
use menpai_server::store::community::{BodyCodec, erased};
use menpai_sync_core::ids::{EntityId, EntryId};
use menpai_sync_core::kinds::citizen_id::{check, sealed_info};
use menpai_sync_core::signature::Signer;
use serde_json::{Value, json};

use crate::desk_world::http::{Served, SignedIn};
use crate::desk_world::{account, appoint, object};
use crate::phones::{CODE, grid, set, text};

/// Of nobody: 99 is no province.
const NUMBER: &str = "990001194305020023";
const MASKED: &str = "9900**********0023";
const OTHER: &str = "990001195003040015";

/// A community with one person, one phone and the desk.
struct Registered {
    served: Served,
    phone: SignedIn,
    household: EntityId,
    person: EntityId,
    secretary: String,
}

impl Registered {
    fn new() -> Registered {
        let served = Served::new();
        let (_, household, _) = served.world.registry();
        let phone = served.phone("zhou", "周桂兰", 1);
        let secretary = served.sign_in();
        let mut registered = Registered {
            served,
            phone,
            household,
            person: household,
            secretary,
        };
        registered.person = registered.add("金桂枝", "13800000001");
        registered
    }

    fn add(&self, name: &str, phone: &str) -> EntityId {
        let entry = clock::new_entry_id();
        let person = EntityId::made_by(entry, 0);
        let items = vec![
            set("person", person, "household_id", text(&self.household.to_string())),
            set("person", person, "name", text(name)),
            set("person", person, "phone", text(phone)),
        ];
        self.served.world.edit(entry, items);
        person
    }

    /// As the phone seals it.
    fn sealed(&self, person: EntityId, number: &str) -> String {
        let number = check(number, chrono::NaiveDate::MAX).unwrap();
        let home = &self.served.world.home;
        home.id_numbers.seal(self.served.world.code(), person, &number).unwrap()
    }

    /// The phone records a number and what may be seen of it, and syncs.
    fn record(&mut self, person: EntityId, sealed: &str, end: &str) -> EntryId {
        let body = body(person, sealed);
        let entry = self.phone.phone.record("id_number", Some(grid(1)), body);
        let shown = vec![set("person", person, "id_last_four", text(end))];
        self.phone.phone.edit(Some(grid(1)), Vec::new(), shown);
        self.served.sync(&self.phone);
        entry
    }

    fn ask(&self, path: &str, body: &Value, cookie: &str) -> (u16, Value) {
        let path = format!("/api/v1/desk/id-numbers/{path}");
        let answer = self.served.send("POST", &path, &[("Cookie", cookie)], Some(body));
        let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, body)
    }

    fn find(&self, body: &Value) -> Value {
        let (status, answer) = self.ask("find", body, &self.secretary);
        assert_eq!(status, 200, "{answer}");
        answer["found"].clone()
    }

    fn rows(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let query = |connection: &rusqlite::Connection| {
            let mut statement = connection.prepare("SELECT subject, hash FROM sealed_number ORDER BY entry")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.served.world.community().query(query).unwrap()
    }
}

/// As the phone's form has it.
fn body(person: EntityId, sealed: &str) -> Value {
    json!({"person_id": person, "id_doc_type": "111", "sealed": sealed})
}

#[test]
fn a_number_from_a_phone_is_masked_at_the_desk_found_again_and_shown_whole_for_a_reason() {
    let mut registered = Registered::new();
    let person = registered.person;
    assert_eq!(registered.find(&json!({"name": "金桂枝"}))[0]["numbers"], json!([]));
    let sealed = registered.sealed(person, NUMBER);
    registered.record(person, &sealed, "0023");

    let by_name = registered.find(&json!({"name": "桂枝"}));
    assert_eq!(by_name[0]["numbers"][0]["masked"], MASKED);
    assert_eq!(by_name[0]["numbers"][0]["worker"]["name"], "周桂兰");
    let by_number = registered.find(&json!({"number": NUMBER}));
    assert_eq!(
        (&by_number[0]["id"], &by_number[0]["name"]),
        (&json!(person), &json!("金桂枝"))
    );
    assert_eq!(registered.find(&json!({"number": OTHER})), json!([]));
    let (status, _) = registered.ask("find", &json!({"number": "990001194305020024"}), &registered.secretary);
    assert_eq!(status, 400, "no number");

    let (status, whole) = registered.ask(
        "reveal",
        &json!({"person": person, "reason": "official_form"}),
        &registered.secretary,
    );
    assert_eq!((status, &whole["number"]), (200, &json!(NUMBER)));
    let (status, _) = registered.ask(
        "reveal",
        &json!({"person": person, "reason": "because"}),
        &registered.secretary,
    );
    assert_eq!(status, 400);
    let none = json!({"person": registered.household, "reason": "duplicate"});
    assert_eq!(registered.ask("reveal", &none, &registered.secretary).0, 404);

    // Who saw this person: the log has who, when and what for, and no digit of it.
    let said = registered
        .served
        .read("audit?name=%E9%87%91%E6%A1%82%E6%9E%9D", &registered.secretary);
    let lines = said["people"][0]["lines"].as_array().unwrap();
    let revealed = lines.iter().find(|line| line["action"] == "reveal_id_number").unwrap();
    assert_eq!(
        (&revealed["place"], &revealed["worker"]["name"]),
        (&json!("official_form"), &json!("何静"))
    );
    assert!(lines.iter().any(|line| line["action"] == "see_id_numbers"));

    // Staff see it masked and no more; the street does not.
    let home = &registered.served.world.home;
    for (role, find, reveal) in [
        ("community_staff", 200, 403),
        ("street_leader", 403, 403),
        ("auditor", 403, 403),
    ] {
        appoint(
            &registered.served.world.office,
            account(home, role, role, CODE),
            role,
            role,
        );
        let cookie = registered.served.sign_in_as(role);
        assert_eq!(
            registered.ask("find", &json!({"name": "金"}), &cookie).0,
            find,
            "{role}"
        );
        let asked = json!({"person": person, "reason": "duplicate"});
        assert_eq!(registered.ask("reveal", &asked, &cookie).0, reveal, "{role}");
    }

    // A correction takes the place of what it corrects.
    let first = registered.phone.phone.entries.len() - 2;
    let first: Value = serde_json::from_slice(&registered.phone.phone.entries[first]).unwrap();
    let body = object(body(person, &registered.sealed(person, OTHER)));
    let old = first["id"].as_str().unwrap().parse().unwrap();
    registered.phone.phone.correct("id_number", Some(grid(1)), old, body);
    registered.served.sync(&registered.phone);
    let found = registered.find(&json!({"name": "金桂枝"}));
    assert_eq!(found[0]["numbers"].as_array().unwrap().len(), 1);
    assert_eq!(found[0]["numbers"][0]["masked"], "9900**********0015");
    assert_eq!(registered.find(&json!({"number": NUMBER})), json!([]));
}

#[test]
fn what_is_no_number_or_does_not_open_is_held_and_says_so() {
    let mut registered = Registered::new();
    let (person, household) = (registered.person, registered.household);
    let another = registered.sealed(household, NUMBER);
    let keys = CourierKeys::new(vec![Signer::from_bytes(&[9; 32]).unwrap()]).unwrap();
    let elsewhere = keys.seal(&sealed_info(registered.served.world.code(), person), NUMBER.as_bytes());
    let own = &registered.served.world.home.courier_keys;
    let wrong = own.seal(
        &sealed_info(registered.served.world.code(), person),
        b"990001194305020024",
    );
    let text = |bytes: Vec<u8>| base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes);
    let bad = [another, text(elsewhere.unwrap()), text(wrong.unwrap())];
    for sealed in &bad {
        registered.record(person, sealed, "0023");
    }
    assert_eq!(registered.rows(), []);
    let held = registered.served.read("held", &registered.secretary);
    let entries = held["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3, "{held}");
    for entry in entries {
        assert_eq!(
            (&entry["kind"], &entry["reason"]),
            (&json!("id_number"), &json!("failed_rule"))
        );
        assert_eq!(entry["amend"], Value::Null);
        assert_ne!(entry["not_releasable"], Value::Null);
        assert!(bad.iter().all(|sealed| !entry.to_string().contains(sealed)), "{entry}");
    }
    let details = |connection: &rusqlite::Connection| {
        let mut statement = connection.prepare("SELECT detail FROM log_line WHERE verdict = 'held' ORDER BY lsn")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    };
    let details = registered.served.world.community().query(details).unwrap();
    assert_eq!(details, ["/sealed closed", "/sealed closed", "/sealed check_character"]);
    let (device, seq) = (&entries[0]["device"]["id"], &entries[0]["seq"]);
    let id = clock::new_entry_id();
    let release = json!({"id": id, "device": device, "seq": seq, "decision": "released", "seen": []});
    let answer = registered.served.send(
        "POST",
        "/api/v1/desk/held/decisions",
        &[("Cookie", registered.secretary.as_str())],
        Some(&release),
    );
    assert_ne!(answer.status, 200, "{}", answer.text());
    assert_eq!(registered.rows(), []);
}

#[test]
fn two_people_with_one_number_are_offered_as_duplicates() {
    let mut registered = Registered::new();
    let other = registered.add("金贵芝", "13800000002");
    let third = registered.add("陈刚", "13800000003");
    let person = registered.person;
    for (one, number) in [(person, NUMBER), (other, NUMBER), (third, OTHER)] {
        let sealed = registered.sealed(one, number);
        registered.record(one, &sealed, &number[14..]);
    }
    let answer = registered.served.read("duplicates", &registered.secretary);
    let pairs = answer["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 1, "{answer}");
    assert_eq!(pairs[0]["same"][0]["zh"], "身份证号");
    assert_eq!(
        (&pairs[0]["one"]["id"], &pairs[0]["other"]["id"]),
        (&json!(person.min(other)), &json!(person.max(other)))
    );
    assert_eq!(
        registered.served.read("overview", &registered.secretary)["duplicates"],
        1
    );
    assert!(pairs[0]["one"].to_string().contains(MASKED) && !answer.to_string().contains(NUMBER));
    // Merged they are one person, with what was recorded of both.
    let same = json!({"id": clock::new_entry_id(), "one": person, "other": other, "decision": "same"});
    let cookie = [("Cookie", registered.secretary.as_str())];
    let path = "/api/v1/desk/duplicates/decisions";
    let merged = registered.served.send("POST", path, &cookie, Some(&same));
    assert_eq!(merged.status, 204, "{}", merged.text());
    let found = registered.find(&json!({"number": NUMBER}));
    assert_eq!(
        (
            found.as_array().unwrap().len(),
            found[0]["numbers"].as_array().unwrap().len()
        ),
        (1, 2)
    );
    let after = registered.served.read("duplicates", &registered.secretary);
    assert_eq!(after["pairs"], json!([]));
}

#[test]
fn a_rebuild_gives_the_same_and_without_its_key_the_home_says_that_it_cannot_read_them() {
    let mut registered = Registered::new();
    let person = registered.person;
    let sealed = registered.sealed(person, NUMBER);
    registered.record(person, &sealed, "0023");
    let rows = registered.rows();
    assert!(rows.len() == 1 && rows[0].1.is_some());
    let community = registered.served.world.community();
    assert!(rebuild(&community).unwrap().is_equal());
    assert_eq!(registered.rows(), rows);
    assert_eq!(verify(&community).unwrap().findings, []);
    let before = digests(&community).unwrap();

    // The same folder, but for the courier key.
    let data = registered.served.world.home.folder.path().to_owned();
    let elsewhere = tempfile::tempdir().unwrap();
    registered.served.world.settled();
    let copy = elsewhere.path().join("data");
    copy_folder(&data, &copy);
    std::fs::remove_file(copy.join("courier-key")).unwrap();
    let home = Home::open(&copy).unwrap();
    let community = home.communities.get(registered.served.world.code()).unwrap().unwrap();
    rebuild(&community).unwrap();
    assert_eq!(digests(&community).unwrap(), before);
    let unreadable = |connection: &rusqlite::Connection| {
        let sql = "SELECT count(*) FROM sealed_number WHERE hash IS NULL";
        Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(community.query(unreadable).unwrap(), 1);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn an_erased_person_takes_the_number_along() {
    let mut registered = Registered::new();
    let person = registered.person;
    let sealed = registered.sealed(person, NUMBER);
    registered.record(person, &sealed, "0023");
    assert!(
        kept(&registered).contains(&sealed),
        "what is searched holds what it should"
    );
    let asked = json!({"id": person, "type": "person", "found": person, "name": "金桂枝", "basis": "requested", "requested_on": null});
    let cookie = [("Cookie", registered.secretary.as_str())];
    let answer = registered
        .served
        .send("POST", "/api/v1/desk/erasures", &cookie, Some(&asked));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(registered.rows(), []);
    assert!(!kept(&registered).contains(&sealed));
    assert_eq!(registered.find(&json!({"number": NUMBER})), json!([]));
    assert_eq!(verify(&registered.served.world.community()).unwrap().findings, []);
    // Sent again by another phone it is known by its hash only.
    let mut other = registered.served.phone("chen", "陈刚", 1);
    let body = body(person, &sealed);
    other.phone.record("id_number", Some(grid(1)), body);
    registered.served.sync(&other);
    assert_eq!(registered.rows(), []);
    assert!(!kept(&registered).contains(&sealed));
}

/// Every body that is kept, unpacked.
fn kept(registered: &Registered) -> String {
    let community = registered.served.world.community();
    let all = community.query(|connection| {
        let mut all = Vec::new();
        erased::for_each_kept(connection, &mut BodyCodec::new()?, |_, bytes| {
            all.extend(bytes);
            Ok(())
        })?;
        Ok(all)
    });
    String::from_utf8_lossy(&all.unwrap()).into_owned()
}

#[test]
fn no_file_has_a_number_in_clear() {
    let mut registered = Registered::new();
    let person = registered.person;
    let sealed = registered.sealed(person, NUMBER);
    registered.record(person, &sealed, "0023");
    registered.find(&json!({"number": NUMBER}));
    let reveal = json!({"person": person, "reason": "emergency"});
    assert_eq!(registered.ask("reveal", &reveal, &registered.secretary).0, 200);
    let home = &registered.served.world.home;
    run(home, clock::now(), Which::Yesterday).unwrap();
    registered.served.world.settled();

    let mut files = Vec::new();
    every_file(home.folder.path(), &mut files);
    let bodies = kept(&registered);
    files.push(("every body".to_owned(), bodies.clone().into_bytes()));
    // It is looked for where something is: the sealed text, what everybody may see, a copy of the night.
    assert!(bodies.contains(&sealed) && bodies.contains("id_last_four"));
    assert!(files.iter().any(|(name, _)| name.contains("backups")));
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, NUMBER);
    for (name, bytes) in &files {
        for clear in [
            NUMBER.as_bytes(),
            &NUMBER.as_bytes()[4..14],
            MASKED.as_bytes(),
            base64.as_bytes(),
        ] {
            let found = bytes.windows(clear.len()).any(|window| window == clear);
            assert!(!found, "{name} has {}", String::from_utf8_lossy(clear));
        }
    }
}

fn every_file(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_file(&path, files);
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn numbers_of_a_roster_are_sealed_and_nothing_new_the_second_time() {
    let registered = Registered::new();
    let home = &registered.served.world.home;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roster.csv");
    let rows = format!(
        "网格,小区/院,楼栋,单元,门牌,姓名,性别,身份证号,出生日期,电话\n\
         第1网格,61号院,16号楼,1,101,赵一,,{NUMBER},,13000000001\n\
         第1网格,61号院,16号楼,1,102,钱二,女,,1980-05-06,13000000002\n"
    );
    std::fs::write(&file, rows).unwrap();
    let import = |apply| {
        let import = Import {
            file: &file,
            community: registered.served.world.code(),
            apply,
            today: None,
        };
        import_roster(home, &import, &mut |_, _| {}).unwrap()
    };
    let report = import(true);
    assert_eq!((report.rejected.len(), report.held), (0, 0));
    let rows = registered.rows();
    assert!(rows.len() == 1 && rows[0].1.is_some());
    let found = registered.find(&json!({"number": NUMBER}));
    assert_eq!(
        (&found[0]["name"], &found[0]["numbers"][0]["masked"]),
        (&json!("赵一"), &json!(MASKED))
    );
    let again = import(true);
    assert_eq!((again.entries, again.unchanged), (0, 2));
    assert_eq!(registered.rows(), rows);
    let dump = String::from_utf8_lossy(
        &registered
            .served
            .get("records?verdict=all&limit=100", &registered.secretary)
            .body,
    )
    .into_owned();
    assert!(dump.contains("0023") && !dump.contains(NUMBER));
}
