//! Who saw whom: written down before it is shown, chained, signed, without a personal value; and
//! what was taken out or changed is found.

use actix_web::http::StatusCode;
use actix_web::http::header::COOKIE;
use actix_web::test::TestRequest;
use menpai_server::clock;
use menpai_server::jobs::verify::{Finding, verify};
use menpai_server::store::community::audit::{Fault, SIGNED_EVERY_MS, Seen};
use menpai_sync_core::ids::{EntityId, EntryId};
use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::desk_world::{World, account, appoint};
use crate::phones::{CODE, grid, set, text};

const NAME: &str = "金桂枝";
/// The same in an address.
const IN_ADDRESS: &str = "%E9%87%91%E6%A1%82%E6%9E%9D";

/// A community with somebody who is visited.
struct Watched {
    world: World,
    person: EntityId,
    secretary: String,
}

impl Watched {
    async fn new() -> Watched {
        let world = World::new();
        let (_, household, _) = world.registry();
        let entry = EntryId::from_bytes(clock::random());
        let person = EntityId::made_by(entry, 0);
        world.edit(
            entry,
            vec![
                set("person", person, "household_id", text(&household.to_string())),
                set("person", person, "name", text(NAME)),
            ],
        );
        let plan = EntryId::from_bytes(clock::random());
        let plan_id = EntityId::made_by(plan, 0);
        let care = |field, value| set("care_plan", plan_id, field, value);
        world.edit(
            plan,
            vec![
                care("subject_id", text(&person.to_string())),
                care("level", text("key")),
                care("interval_days", menpai_sync_core::entry::Scalar::Integer(1)),
                care("starts_on", text("2026-01-01")),
            ],
        );
        let secretary = world.sign_in("secretary").await;
        Watched {
            world,
            person,
            secretary,
        }
    }

    fn lines(&self) -> Vec<(String, i64)> {
        let query = |connection: &rusqlite::Connection| {
            let mut statement = connection.prepare("SELECT action, subjects FROM audit_line ORDER BY number")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.world.community().query(query).unwrap()
    }

    fn findings(&self) -> Vec<Finding> {
        verify(&self.world.community()).unwrap().findings
    }

    fn tamper(&self, sql: &str) {
        let file = self.world.community().path().to_owned();
        let connection = rusqlite::Connection::open(file).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA foreign_keys = OFF; DROP TRIGGER audit_line_is_not_changed;
                 DROP TRIGGER audit_line_is_not_deleted; {sql}"
            ))
            .unwrap();
    }
}

#[actix_web::test]
async fn whoever_reads_about_special_care_is_written_down_once_in_ten_minutes() {
    let watched = Watched::new().await;
    assert_eq!(watched.lines(), []);
    for _ in 0..3 {
        let visits = watched.world.read("visits", &watched.secretary).await;
        assert!(visits.to_string().contains(NAME), "{visits}");
    }
    assert_eq!(watched.lines(), [("see_visits".to_owned(), 1)]);
    // What shows nobody's care leaves no line.
    watched.world.read("overview", &watched.secretary).await;
    watched.world.read("coverage", &watched.secretary).await;
    assert_eq!(watched.lines().len(), 1);
    // Each file is a line, however soon after the last.
    for _ in 0..2 {
        let asked = TestRequest::get()
            .uri("/api/v1/desk/export/visits?format=csv")
            .insert_header((COOKIE, watched.secretary.clone()));
        assert_eq!(watched.world.answer(asked).await.status(), StatusCode::OK);
    }
    let files = watched.lines().iter().filter(|(action, _)| action == "export").count();
    assert_eq!(files, 2);
    // The plan is of class care: its edit is shown among the records.
    watched.world.read("records?verdict=all", &watched.secretary).await;
    assert_eq!(watched.lines().last().unwrap().0, "see_records");
    assert_eq!(watched.findings(), []);
}

#[actix_web::test]
async fn who_saw_a_person_is_shown_to_whom_it_concerns_and_asking_is_written_down() {
    let watched = Watched::new().await;
    let world = &watched.world;
    world.read("visits", &watched.secretary).await;
    appoint(
        &world.office,
        account(&world.home, "audit", "方正", CODE),
        "方正",
        "auditor",
    );
    let auditor = world.sign_in("audit").await;
    let answer = world.read(&format!("audit?name={IN_ADDRESS}"), &auditor).await;
    let person = &answer["people"][0];
    // The auditor gave the name; who it is among several and where they live stays unsaid.
    assert_eq!(person["name"], "金*枝");
    assert_eq!(person["address"], Value::Null);
    assert_eq!(person["lines"][0]["worker"]["name"], "何静");
    assert_eq!(person["lines"][0]["action"], "see_visits");
    let again = world.read(&format!("audit?name={IN_ADDRESS}"), &auditor).await;
    let first = &again["people"][0]["lines"][0];
    assert_eq!(
        (&first["worker"]["name"], &first["action"]),
        (&"方正".into(), &"see_audit".into())
    );
    // Part of a name finds nobody: it is no register of residents.
    assert_eq!(
        world.read("audit?name=%E9%87%91", &auditor).await["people"],
        serde_json::json!([])
    );
    let (status, _) = world.get("visits", Some(&auditor)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn the_log_holds_no_personal_value() {
    let watched = Watched::new().await;
    watched.world.read("visits", &watched.secretary).await;
    watched
        .world
        .read(&format!("audit?name={IN_ADDRESS}"), &watched.secretary)
        .await;
    let dump = |connection: &rusqlite::Connection| {
        let mut all = Vec::new();
        for table in ["audit_line", "audit_subject", "audit_head"] {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
            let count = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for column in 0..count {
                    match row.get_ref(column)? {
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => all.extend_from_slice(bytes),
                        ValueRef::Integer(number) => all.extend(number.to_be_bytes()),
                        ValueRef::Real(_) | ValueRef::Null => all.push(0),
                    }
                }
            }
        }
        Ok(all)
    };
    let all = watched.world.community().query(dump).unwrap();
    let has = |bytes: &[u8]| all.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"see_visits"), "what is searched holds what it should");
    for personal in [NAME, "何静", "secretary"] {
        assert!(!has(personal.as_bytes()), "{personal}");
    }
    assert!(!has(watched.person.as_bytes()), "an id is there as a hash only");
}

#[actix_web::test]
async fn heads_are_signed_and_what_was_changed_or_taken_out_is_found() {
    let expected = [
        (
            "UPDATE audit_line SET worker = zeroblob(16) WHERE number = 2;",
            Fault::Chain(2),
        ),
        (
            "UPDATE audit_line SET at_ms = at_ms + 1 WHERE number = 3;",
            Fault::Chain(3),
        ),
        ("DELETE FROM audit_subject WHERE line = 2;", Fault::Chain(2)),
        (
            "UPDATE audit_head SET signature = zeroblob(64) WHERE number = 1;",
            Fault::Signature(1),
        ),
        ("DELETE FROM audit_line WHERE number = 4;", Fault::Missing(4)),
    ];
    for (sql, fault) in expected {
        let watched = Watched::new().await;
        let community = watched.world.community();
        let began = clock::now_ms();
        for (after_ms, action) in [(0, "a"), (1, "b"), (2, "c"), (SIGNED_EVERY_MS, "d")] {
            let seen = Seen {
                worker: menpai_sync_core::ids::WorkerId::from_bytes([7; 16]),
                action: action.to_owned(),
                place: Some(format!("{}/care", grid(1))),
                about: vec![watched.person],
            };
            community.note_seen(seen, began + after_ms).unwrap();
        }
        let signed = |connection: &rusqlite::Connection| {
            let mut statement = connection.prepare("SELECT number FROM audit_head ORDER BY number")?;
            let rows = statement.query_map([], |row| row.get::<_, i64>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        assert_eq!(community.query(signed).unwrap(), [1, 4]);
        assert_eq!(watched.findings(), []);
        drop(community);
        watched.tamper(sql);
        let found = watched.findings();
        assert!(found.contains(&Finding::Audit(fault)), "{sql}: {found:?}");
    }
}
