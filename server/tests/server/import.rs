//! Importing a roster: dry, once, twice, and after a change.

use std::fs;
use std::path::PathBuf;

use crate::support::{self, ROSTER, code, home};
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::Office;
use menpai_server::office::import::{Counts, Import, ImportReport, import_roster};
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use serde_json::Map;
use tempfile::TempDir;

fn write(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("roster.csv");
    fs::write(&path, text).unwrap();
    path
}

fn import(home: &Home, folder: &TempDir, text: &str, apply: bool) -> ImportReport {
    let import = Import {
        file: &write(folder, text),
        community: code(),
        apply,
        today: None,
    };
    let report = import_roster(home, &import, &mut |_, _| {}).unwrap();
    assert_eq!(report.rejected, []);
    assert_eq!(report.held, 0);
    report
}

/// The person of this name, and the grid they are in.
fn person(home: &Home, name: &str) -> (EntityId, GridId) {
    let community = home.communities.get(code()).unwrap().unwrap();
    community
        .query(|c| {
            Ok(c.query_row(
                "SELECT e.id, e.grid FROM registry_person p JOIN entity e ON e.number = p.entity WHERE p.name = ?1",
                [name],
                |row| Ok((EntityId::from_bytes(row.get(0)?), GridId::from_bytes(row.get(1)?))),
            )?)
        })
        .unwrap()
}

/// What somebody at the desk changes, having seen everything.
fn change(home: &Home, entity_type: &str, (id, grid): (EntityId, GridId), field: &str, value: &str) {
    let office = Office::of_account(home, code(), "he", clock::new_worker_id()).unwrap();
    let part = Part {
        grid: Some(grid),
        class: Class::Open,
    };
    let edit = Edit {
        base: office.community.heads(part).unwrap(),
        set: vec![SetItem {
            entity_type: entity_type.to_owned(),
            id,
            field: field.to_owned(),
            value: Scalar::Text(value.to_owned()),
        }],
    };
    let id = clock::new_entry_id();
    let draft = Draft::edit(id, 1, Some(grid), office.worker, clock::now(), edit, Map::new());
    office.write(&[draft]).unwrap();
}

fn conflicts(home: &Home) -> Vec<String> {
    let community = home.communities.get(code()).unwrap().unwrap();
    community
        .query(|c| {
            Ok(c.prepare("SELECT value FROM conflict ORDER BY value")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?)
        })
        .unwrap()
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

#[test]
fn what_others_changed_since_is_not_written_over_by_the_same_roster() {
    let (folder, home) = home();
    import(&home, &folder, ROSTER, true);
    change(&home, "person", person(&home, "钱二"), "phone", "13000000007");
    let report = import(&home, &folder, ROSTER, true);
    assert_eq!((report.entries, report.unchanged), (0, 4));
    assert!(values(&home, "phone").contains(&"\"13000000007\"".to_owned()));
    assert_eq!(conflicts(&home), Vec::<String>::new());
}

#[test]
fn a_roster_and_somebody_else_who_both_change_a_field_are_a_conflict() {
    let (folder, home) = home();
    import(&home, &folder, ROSTER, true);
    change(&home, "person", person(&home, "钱二"), "phone", "13000000007");
    let report = import(&home, &folder, &ROSTER.replace("13000000002", "13000000009"), true);
    assert_eq!((report.entries, report.changed), (1, 1));
    assert_eq!(conflicts(&home), ["\"13000000007\"", "\"13000000009\""]);
}

#[test]
fn a_person_put_right_since_is_not_made_again() {
    let (folder, home) = home();
    import(&home, &folder, ROSTER, true);
    let found = person(&home, "钱二");
    change(&home, "person", found, "birth_date", "1981-05-06");
    change(&home, "person", found, "name", "钱贰");
    let report = import(&home, &folder, ROSTER, true);
    assert_eq!((report.entries, report.unchanged), (0, 4));
}

#[test]
fn a_household_that_moved_out_is_not_moved_in_again() {
    let (folder, home) = home();
    import(&home, &folder, ROSTER, true);
    let (_, grid) = person(&home, "孙三");
    let community = home.communities.get(code()).unwrap().unwrap();
    let household = community
        .query(|c| {
            Ok(c.query_row(
                "SELECT household_id FROM registry_person WHERE name = '孙三'",
                [],
                |row| Ok(EntityId::from_bytes(row.get(0)?)),
            )?)
        })
        .unwrap();
    change(&home, "household", (household, grid), "moved_out_on", "2026-10-01");
    let report = import(&home, &folder, ROSTER, true);
    assert_eq!((report.entries, report.unchanged), (0, 4));
}

#[test]
fn a_birth_date_that_comes_later_or_corrected_makes_no_second_person() {
    let (folder, home) = home();
    let text = |date: &str| format!("网格,楼栋,门牌,姓名,出生日期\n第1网格,2号楼,301,郑玉兰,{date}\n");
    assert_eq!(import(&home, &folder, &text(""), true).create.person, 1);
    for date in ["1950-03-01", "1951-03-01"] {
        let report = import(&home, &folder, &text(date), true);
        assert_eq!((report.create.person, report.changed), (0, 1), "{date}");
        assert_eq!(values(&home, "birth_date"), [format!("\"{date}\"")]);
    }
    // Both dates in one roster are two people.
    let both = text("1951-03-01") + "第1网格,2号楼,301,郑玉兰,2001-03-01\n";
    assert_eq!(import(&home, &folder, &both, true).create.person, 1);
}

#[test]
fn rows_without_a_grid_go_where_their_building_lies_or_wait_for_one() {
    let (folder, home) = home();
    let text = "网格,楼栋,门牌,姓名\n第1网格,1号楼,101,赵一\n第2网格,2号楼,101,钱二\n\
                ,1号楼,102,孙三\n,3号楼,101,李四方\n";
    let report = import(&home, &folder, text, true);
    assert_eq!((report.importable, report.create.grid), (4, 3));
    assert_eq!(person(&home, "孙三").1, person(&home, "赵一").1);
    assert!(values(&home, "name").contains(&"\"未分网格\"".to_owned()));
    let told: Vec<_> = report
        .notices
        .iter()
        .map(|notice| (notice.row, notice.code.as_str()))
        .collect();
    assert_eq!(told, [(5, "grid_not_named"), (4, "grid_not_named")]);
    // A grid that is named later is not needed to find them again.
    let again = import(&home, &folder, text, true);
    assert_eq!((again.entries, again.unchanged), (0, 4));
}

#[test]
fn grids_are_found_by_number_and_by_code() {
    let (folder, home) = home();
    let text = format!(
        "网格,楼栋,门牌,姓名\n第1网格,1号楼,101,赵一\n第一网格,1号楼,102,钱二\n{}0100,1号楼,103,孙三\n",
        support::CODE
    );
    assert_eq!(import(&home, &folder, &text, true).create.grid, 1);
    let import = Import {
        file: &write(&folder, "网格,楼栋,门牌,姓名\n9900000000010100,9号楼,101,周六六\n"),
        community: code(),
        apply: false,
        today: None,
    };
    let report = import_roster(&home, &import, &mut |_, _| {}).unwrap();
    assert_eq!(
        (report.importable, report.rejected[0].code.as_str()),
        (0, "missing_grid")
    );
}
