//! Exports read again as other programs read them: the rows of the list, all pages, with
//! sensible types; no cell is a formula; the commands work beside a running server.

use std::io::Cursor;
use std::process::{Command, Output};

use crate::desk_world::http::{Answer, Served};
use crate::desk_world::{account, appoint};
use crate::phones::{CODE, grid, set, text};
use calamine::{Data, DataType, Reader, Xlsx};
use menpai_server::clock;
use menpai_server::office::Office;
use menpai_sync_core::ids::{EntityId, Hash};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::Document;
use serde_json::{Value, json};

/// Texts that spreadsheets take for formulas.
const FORMULAS: [&str; 5] = [
    "=HYPERLINK(\"http://x\")",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
];

fn table_of_csv(answer: &Answer) -> Vec<Vec<String>> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.head("content-type"), "text/csv; charset=utf-8");
    let bytes = answer.body.strip_prefix(b"\xEF\xBB\xBF").expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

fn table_of_xlsx(answer: &Answer) -> Vec<Vec<Data>> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut book = Xlsx::new(Cursor::new(answer.body.clone())).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    sheet.rows().map(<[Data]>::to_vec).collect()
}

fn column(headings: &[String], name: &str) -> usize {
    headings.iter().position(|heading| heading == name).unwrap()
}

#[test]
fn an_export_of_records_has_every_row_of_the_filtered_list() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 1);
    let mut one = served.phone("liu", "林秋禾", 1);
    let mut two = served.phone("he", "何建平", 1);
    for _ in 0..230 {
        one.phone.door_check(grid(1), doors[0]);
    }
    two.phone.door_check(grid(1), doors[0]);
    served.sync(&one);
    served.sync(&two);
    let cookie = served.sign_in();
    let query = format!("kind=door_check&worker={}", one.phone.worker);
    let mut shown = Vec::new();
    let mut before = String::new();
    loop {
        let page = served.read(&format!("records?{query}&limit=100{before}"), &cookie);
        let rows = page["records"].as_array().unwrap();
        shown.extend(rows.iter().map(|row| row["entry"].as_str().unwrap().to_owned()));
        match page["next"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(shown.len(), 230);
    let csv = table_of_csv(&served.get(&format!("export/records?format=csv&{query}"), &cookie));
    let id = column(&csv[0], "编号");
    assert_eq!(csv[1..].iter().map(|row| row[id].clone()).collect::<Vec<_>>(), shown);
    assert_eq!(csv[1][column(&csv[0], "谁记的")], "林秋禾");
    let xlsx = table_of_xlsx(&served.get(&format!("export/records?format=xlsx&{query}"), &cookie));
    let ids: Vec<String> = xlsx[1..].iter().map(|row| row[id].to_string()).collect();
    assert_eq!(ids, shown);
    let made = &xlsx[1][column(&csv[0], "认定时间")];
    assert!(made.is_datetime(), "{made:?}");
    let made = made.as_datetime().unwrap().format("%Y-%m-%d %H:%M:%S").to_string();
    assert_eq!(made, csv[1][column(&csv[0], "认定时间")]);
    // An id is a text, a count a number.
    assert!(matches!(xlsx[1][id], Data::String(_)));
    assert!(matches!(xlsx[1][column(&csv[0], "社区日志行号")], Data::Float(_)));
    let english = table_of_csv(&served.get(&format!("export/records?format=csv&language=en&{query}"), &cookie));
    assert_eq!(english[0][column(&csv[0], "编号")], "Entry id");
}

#[test]
fn no_cell_of_an_export_is_a_formula() {
    let served = Served::new();
    let doors = served.world.doors(1, "=1+1号楼", 1);
    let mut phone = served.phone("liu", "林秋禾", 1);
    for formula in FORMULAS {
        let body = json!({"dwelling_id": doors[0], "mode": "door", "outcome": "met", "diary": formula});
        phone.phone.record("door_check", Some(grid(1)), body);
    }
    served.sync(&phone);
    let cookie = served.sign_in();
    let csv = table_of_csv(&served.get("export/records?format=csv&kind=door_check", &cookie));
    let building = column(&csv[0], "楼栋");
    for row in &csv[1..] {
        assert_eq!(row[building], "'=1+1号楼");
        assert!(
            row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])),
            "{row:?}"
        );
    }
    let answer = served.get("export/records?format=xlsx&kind=door_check", &cookie);
    let xlsx = table_of_xlsx(&answer);
    assert_eq!(xlsx[1][building], Data::String("=1+1号楼".to_owned()));
    let mut book = Xlsx::new(Cursor::new(answer.body)).unwrap();
    let name = book.sheet_names()[0].clone();
    assert!(book.worksheet_formula(&name).unwrap().is_empty());

    // The typed view as well, where the diary stands alone in its cell.
    let (_, file) = view(&served, "door_check", "csv");
    let mut reader = csv::ReaderBuilder::new().from_reader(&file[3..]);
    let diary = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "diary")
        .unwrap();
    let diaries: Vec<String> = reader.records().map(|row| row.unwrap()[diary].to_owned()).collect();
    assert_eq!(diaries, FORMULAS.map(|formula| format!("'{formula}")));
}

#[test]
fn coverage_and_missing_doors_export_what_their_lists_show() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 3);
    let mut phone = served.phone("liu", "林秋禾", 1);
    let met = json!({"dwelling_id": doors[0], "mode": "door", "outcome": "met"});
    phone.phone.record("door_check", Some(grid(1)), met);
    phone.phone.door_check(grid(1), doors[1]);
    served.sync(&phone);
    served.phone("he", "何建平", 1);
    let cookie = served.sign_in();
    let shown = served.read("doors?standing=missing", &cookie);
    let csv = table_of_csv(&served.get("export/doors?format=csv&standing=missing", &cookie));
    let (id, standing) = (column(&csv[0], "户室编号"), column(&csv[0], "情况"));
    let ids: Vec<Value> = csv[1..].iter().map(|row| json!(row[id])).collect();
    let listed: Vec<Value> = shown["doors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|door| door["id"].clone())
        .collect();
    assert_eq!(ids, listed);
    let standings: Vec<&str> = csv[1..].iter().map(|row| row[standing].as_str()).collect();
    assert_eq!(standings, ["到访未查完", "未收到"]);
    let phones = column(&csv[0], "哪部手机没联系");
    assert_eq!(csv[1][phones], "");
    assert_eq!(csv[2][phones], "何建平（红米 12C）还没有联系过");
    let coverage = table_of_xlsx(&served.get("export/coverage?format=xlsx", &cookie));
    let numbers = |row: &[Data]| row[3..10].iter().map(|cell| cell.as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(coverage.len(), 3);
    assert_eq!(numbers(&coverage[1]), [3, 1, 0, 1, 0, 0, 1]);
    assert_eq!(coverage[2][2], Data::String("3号楼".to_owned()));
    for list in ["conflicts", "visits"] {
        let empty = table_of_csv(&served.get(&format!("export/{list}?format=csv"), &cookie));
        assert_eq!(empty.len(), 1, "{list}");
    }
    let wrong = served.get("export/doors?format=csv&standing=lost", &cookie);
    assert_eq!(
        (wrong.status, &wrong.json()["code"]),
        (400, &json!("unreadable_request"))
    );
    assert_eq!(served.get("export/doors?format=csv", "").status, 401);
}

/// `menpai export …` on the data of a home that this process has open.
fn export(served: &Served, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_menpai"))
        .arg("export")
        .args(arguments)
        .args(["--data"])
        .arg(served.world.home.folder.path())
        .output()
        .unwrap()
}

fn view(served: &Served, name: &str, format: &str) -> (Output, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("view");
    let arguments = [
        "view",
        name,
        "--community",
        CODE,
        "--format",
        format,
        "--output",
        file.to_str().unwrap(),
    ];
    let output = export(served, &arguments);
    let bytes = std::fs::read(&file).unwrap_or_default();
    (output, bytes)
}

#[test]
fn the_log_is_exported_byte_for_byte_beside_a_running_server() {
    let served = Served::new();
    let doors = served.world.doors(1, "3号楼", 1);
    let mut phone = served.phone("liu", "林秋禾", 1);
    phone.phone.door_check(grid(1), doors[0]);
    phone.phone.raw(b"not an entry \xff");
    phone.phone.raw(&vec![b'x'; 17_000]);
    served.sync(&phone);
    let output = export(&served, &["entries", "--community", CODE]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (lsn, line) in (1..).zip(&lines) {
        assert_eq!(line["envelope"]["lsn"], lsn);
    }
    let own: Vec<(&str, &Value)> = text
        .lines()
        .zip(&lines)
        .filter(|(_, line)| line["envelope"]["device"] == phone.phone.device.to_string())
        .collect();
    assert_eq!(own.len(), 3);
    let check = String::from_utf8(phone.phone.entries[0].clone()).unwrap();
    assert!(own[0].0.contains(&format!(",\"entry\":{check},\"sha256\":")));
    for ((_, line), bytes) in own.iter().zip(&phone.phone.entries) {
        assert_eq!(line["sha256"], Hash::of(bytes).to_string());
    }
    let hex: String = phone.phone.entries[1]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        (&own[1].1["entry"], &own[1].1["entry_hex"]),
        (&Value::Null, &json!(hex))
    );
    assert_eq!(own[2].1["envelope"]["reason"], "oversize");
    assert_eq!(own[2].1["entry"], Value::Null);
}

#[test]
fn a_view_is_exported_with_its_types() {
    let served = Served::new();
    let (door, _, _) = served.world.registry();
    let mut phone = served.phone("liu", "林秋禾", 1);
    let body = json!({"dwelling_id": door, "mode": "door", "outcome": "absent", "next_due": "2026-12-01"});
    phone.phone.record("door_check", Some(grid(1)), body);
    served.sync(&phone);
    let (output, bytes) = view(&served, "door_check", "xlsx");
    assert!(output.status.success(), "{output:?}");
    let mut book = Xlsx::new(Cursor::new(bytes)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let rows: Vec<&[Data]> = sheet.rows().collect();
    let at = |name: &str| {
        let index = rows[0].iter().position(|cell| *cell == name).unwrap();
        &rows[1][index]
    };
    assert_eq!(rows.len(), 2);
    assert_eq!(*at("dwelling_id"), Data::String(door.to_string()));
    assert_eq!(*at("outcome"), Data::String("absent".to_owned()));
    assert_eq!(at("next_due").as_date().unwrap().to_string(), "2026-12-01");
    assert!(at("made_at").is_datetime());
    assert!(matches!(at("lsn"), Data::Float(_)));
    let (_, csv) = view(&served, "dwelling", "csv");
    let mut reader = csv::ReaderBuilder::new().from_reader(&csv[3..]);
    assert_eq!(reader.records().count(), 1);
    assert_eq!(EntityId::from_bytes(*door.as_bytes()), door);
}

#[test]
fn a_registry_document_is_downloaded_as_the_last_commit_left_it() {
    let served = Served::new();
    let part = Part {
        grid: Some(grid(1)),
        class: Class::Open,
    };
    let cookie = served.sign_in();
    let address = format!("export/registry?part={part}");
    let load = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.head("content-type"), "application/octet-stream");
        Document::load(&answer.body, CODE.parse().unwrap(), part, 1).unwrap()
    };
    let (_, household, _) = served.world.registry();
    let before = served.get(&address, &cookie);
    assert_eq!(load(&before).heads(), served.world.heads());
    let name = format!("filename=\"menpai-registry-{}-open.automerge\"", grid(1));
    assert!(before.head("content-disposition").contains(&name));

    let edited = set("household", household, "phone", text("13800002299"));
    served.world.edit(clock::new_entry_id(), vec![edited]);
    let after = served.get(&address, &cookie);
    assert_eq!(load(&after).heads(), served.world.heads());
    assert_eq!(load(&after).values(household, "phone")[0].value, text("13800002299"));
    assert_ne!(after.head("etag"), before.head("etag"));

    let again = served.get(&address, &cookie);
    assert_eq!((again.head("etag"), &again.body), (after.head("etag"), &after.body));
    let (output, bytes) = document(&served, &part.to_string());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(bytes, after.body);
}

#[test]
fn a_registry_document_is_for_the_desk_of_its_community_alone() {
    let served = Served::new();
    served.world.registry();
    let address = format!("export/registry?part={}/open", grid(1));
    assert_eq!(served.get(&address, "").status, 401);

    // What a phone signs opens no desk.
    let phone = served.phone("liu", "林秋禾", 1);
    let path = format!("/api/v1/desk/{address}");
    let signed = phone.authorise("GET", &path, None);
    assert_eq!(
        served.send("GET", &path, &[("Authorization", &signed)], None).status,
        401
    );

    // The desk of another community has no such part.
    let other = "410102002006";
    let office = Office::found(&served.world.home, other.parse().unwrap()).unwrap();
    let neighbour = account(&served.world.home, "neighbour", "施月", other);
    appoint(&office, neighbour, "施月", "community_secretary");
    assert_eq!(served.get(&address, &served.sign_in_as("neighbour")).status, 404);

    let cookie = served.sign_in();
    for (part, status, code) in [
        (format!("{}/care", grid(2)), 404, "not_found"),
        ("community/secret".to_owned(), 400, "unreadable_request"),
        ("..%2Fopen".to_owned(), 400, "unreadable_request"),
    ] {
        let answer = served.get(&format!("export/registry?part={part}"), &cookie);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{part}"
        );
    }
}

/// `menpai export registry` of one part.
fn document(served: &Served, part: &str) -> (Output, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("documents");
    let output = ["--output", into.to_str().unwrap()];
    let output = export(
        served,
        &[&["registry", "--community", CODE, "--part", part], &output[..]].concat(),
    );
    let mut files = std::fs::read_dir(&into).into_iter().flatten();
    let bytes = files.next().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    assert!(files.next().is_none());
    (output, bytes.unwrap_or_default())
}

#[test]
fn what_cannot_be_exported_is_said_and_leaves_no_file() {
    let served = Served::new();
    let listed = Command::new(env!("CARGO_BIN_EXE_menpai"))
        .args(["export", "views"])
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("door_check ") && line.contains("入户登记")),
        "{listed}"
    );
    assert!(listed.lines().any(|line| line.starts_with("conflict")));
    let (output, bytes) = view(&served, "log_line", "csv");
    assert_eq!((output.status.code(), bytes.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("menpai export views"));
    let (output, bytes) = document(&served, "community/care");
    assert_eq!((output.status.code(), bytes.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("community/care has no registry document"));
    let output = export(&served, &["entries", "--community", "410102002099"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no community 410102002099"));
}
