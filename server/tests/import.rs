//! Importing a roster: dry, once, twice, and after a change.

#![allow(clippy::unwrap_used, reason = "a test ends where its ground gives way")]

mod support;

use std::fs;
use std::path::PathBuf;

use menpai_server::home::Home;
use menpai_server::office::import::{Counts, ImportReport, import_roster};
use support::{ROSTER, code, home};
use tempfile::TempDir;

fn write(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("roster.csv");
    fs::write(&path, text).unwrap();
    path
}

fn import(home: &Home, folder: &TempDir, text: &str, apply: bool) -> ImportReport {
    let report = import_roster(home, &write(folder, text), code(), apply, &mut |_, _| {}).unwrap();
    assert_eq!(report.rejections, []);
    assert_eq!(report.held, 0);
    report
}

fn lines(home: &Home) -> i64 {
    let community = home.communities.get(code()).unwrap().unwrap();
    community
        .query(|c| Ok(c.query_row("SELECT count(*) FROM log_line", [], |row| row.get(0))?))
        .unwrap()
}

fn values(home: &Home, field: &str) -> Vec<String> {
    let community = home.communities.get(code()).unwrap().unwrap();
    community
        .query(|c| {
            Ok(
                c.prepare("SELECT value FROM registry_value WHERE field = ?1 ORDER BY value")?
                    .query_map([field], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?,
            )
        })
        .unwrap()
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let (folder, home) = home();
    let before = lines(&home);
    let report = import(&home, &folder, ROSTER, false);
    assert_eq!((report.rows, report.importable, report.unchanged), (4, 4, 0));
    let create = Counts {
        grid: 2,
        compound: 2,
        building: 2,
        dwelling: 3,
        household: 3,
        person: 4,
        care_plan: 1,
    };
    assert_eq!(report.create, create);
    assert!(!report.applied);
    assert_eq!(lines(&home), before);
}

#[test]
fn twice_is_the_same_as_once() {
    let (folder, home) = home();
    let first = import(&home, &folder, ROSTER, true);
    // Grids and compounds, one entry for each row, one more for care.
    assert_eq!(first.entries, 2 + 2 + 4 + 1);
    let after = lines(&home);
    let second = import(&home, &folder, ROSTER, true);
    assert_eq!(
        (second.entries, second.unchanged, second.create),
        (0, 4, Counts::default())
    );
    assert_eq!(lines(&home), after);
    assert_eq!(values(&home, "interval_days"), ["2"]);
    assert_eq!(values(&home, "care_categories:living_alone"), ["true"]);
    assert_eq!(values(&home, "head_person_id").len(), 3);
}

#[test]
fn a_changed_phone_is_one_edit_of_one_field() {
    let (folder, home) = home();
    import(&home, &folder, ROSTER, true);
    let before = lines(&home);
    let changed = ROSTER.replace("13000000002", "13000000009");
    let report = import(&home, &folder, &changed, true);
    assert_eq!((report.entries, report.changed, report.unchanged), (1, 1, 3));
    assert_eq!(lines(&home), before + 1);
    assert_eq!(
        values(&home, "phone"),
        ["\"13000000001\"", "\"13000000003\"", "\"13000000009\""]
    );
}

#[test]
fn a_note_beside_a_care_plan_stays_with_care() {
    let (folder, home) = home();
    import(&home, &folder, ROSTER, true);
    let community = home.communities.get(code()).unwrap().unwrap();
    let open: i64 = community
        .query(|c| {
            Ok(c.query_row(
                "SELECT count(*) FROM registry_value v JOIN part p ON p.number = v.part
                 WHERE v.value LIKE '%探访%' AND p.name LIKE '%/open'",
                [],
                |row| row.get(0),
            )?)
        })
        .unwrap();
    assert_eq!(open, 0);
}
