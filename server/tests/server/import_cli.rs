//! `menpai import roster` as an office runs it: real files, the real program, its JSON, its
//! exit codes, the workbook of rejected rows, and files that mean harm.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{CODE, home};
use rust_xlsxwriter::{Format, Workbook};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A folder with a community in `data`; nobody serves it.
fn office() -> TempDir {
    let (folder, _) = home();
    folder
}

fn arguments(folder: &TempDir, file: &Path, more: &[&str]) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "import",
        "roster",
        "--json",
        "--community",
        CODE,
        "--today",
        "2026-11-01",
        "--data",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(folder.path().join("data").display().to_string());
    arguments.extend(more.iter().map(|one| (*one).to_owned()));
    arguments.push(file.display().to_string());
    arguments
}

fn import(folder: &TempDir, file: &Path, more: &[&str]) -> (i32, Value, Output) {
    let output = Command::new(env!("CARGO_BIN_EXE_menpai"))
        .args(arguments(folder, file, more))
        .output()
        .unwrap();
    let said = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), said, output)
}

fn put(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn findings(said: &Value) -> Vec<(u64, &str, &str)> {
    said["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            (
                found["row"].as_u64().unwrap(),
                found["column"].as_str().unwrap(),
                found["code"].as_str().unwrap(),
            )
        })
        .collect()
}

/// One faulty row for every code, below a title; the heading is in row 2.
const FAULTY: &str = "协作路社区居民花名册,,,,,,,,\n\
    住户姓名,楼号,房号,证件号码,出生日期,性别,联系电话,类别,户主关系\n\
    郑玉兰,16栋,301,990001195003010027,1950.3.1,女,15400001234,独居,户主\n\
    沈桂琴,16幢,302室,990001195003010028,,,,,\n\
    孙三,16号楼,303,4.10E+17,,,,,\n\
    李四方,16号楼,304,990002195003010023,1950-03-02,男,,,\n\
    王小五,16号楼,305,,1950-13-01,,,,\n\
    周小六,16号楼,306,,1890-01-01,Q,12345,外星人,媳妇\n\
    郑玉兰,十六号楼,301,990001195003010027,,,,,\n\
    ,,,,,,15400001235,,\n\
    合计,6,,,,,,,\n";

#[test]
fn every_fault_is_told_with_row_column_and_code() {
    let folder = office();
    let (code, said, _) = import(&folder, &put(&folder, "花名册.csv", FAULTY), &["--lang", "zh"]);
    assert_eq!(code, 2);
    assert_eq!((&said["rows"], &said["importable"]), (&json!(8), &json!(1)));
    assert_eq!(
        findings(&said),
        [
            (4, "身份证号", "id_checksum"),
            (5, "身份证号", "id_precision"),
            (6, "出生日期", "id_birth_mismatch"),
            (6, "性别", "id_sex_mismatch"),
            (7, "出生日期", "bad_date"),
            (8, "出生日期", "age_out_of_range"),
            (8, "性别", "unknown_sex"),
            (8, "电话", "bad_phone"),
            (8, "人员类别", "unknown_category"),
            (9, "身份证号", "duplicate_person"),
            (10, "楼栋", "missing_building"),
            (10, "门牌", "missing_door"),
            (10, "姓名", "missing_name"),
        ]
    );
    let create = json!({
        "grid": 1, "compound": 0, "building": 1, "dwelling": 1, "household": 1, "person": 1, "care_plan": 0
    });
    assert_eq!((&said["create"], &said["unchanged"]), (&create, &json!(0)));
    assert!(said["rejected"][0]["message"].as_str().unwrap().contains("校验位"));
    assert_eq!(said["rejected_file"], Value::Null);
}

#[test]
fn messages_are_in_the_language_asked_for() {
    let folder = office();
    let file = put(&folder, "花名册.csv", FAULTY);
    let (_, said, _) = import(&folder, &file, &["--lang", "en"]);
    assert!(said["rejected"][0]["message"].as_str().unwrap().contains("check digit"));
}

#[test]
fn a_day_given_as_today_judges_the_ages() {
    let folder = office();
    let file = put(
        &folder,
        "花名册.csv",
        "姓名,楼栋,门牌,出生日期\n郑玉兰,1号楼,101,2026-10-30\n",
    );
    assert_eq!(import(&folder, &file, &[]).0, 0);
    let mut earlier = arguments(&folder, &file, &[]);
    let today = earlier.iter().position(|argument| argument == "2026-11-01").unwrap();
    "2026-10-29".clone_into(&mut earlier[today]);
    let output = Command::new(env!("CARGO_BIN_EXE_menpai"))
        .args(earlier)
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(findings(&said), [(2, "出生日期", "age_out_of_range")]);
}

#[test]
fn rejected_rows_are_written_beside_the_roster_mended_and_imported() {
    let folder = office();
    let file = put(&folder, "花名册.csv", FAULTY);
    let (code, said, _) = import(&folder, &file, &["--apply"]);
    assert_eq!((code, &said["applied"]), (2, &json!(true)));
    let beside = folder.path().join("花名册.rejected.xlsx");
    assert_eq!(said["rejected_file"], json!(beside.canonicalize().unwrap()));
    // All of them, as they were, and rejected for the same reasons.
    let (code, again, _) = import(&folder, &beside, &[]);
    assert_eq!((code, &again["rows"]), (2, &json!(7)));
    let codes = |said: &Value| -> Vec<String> { findings(said).iter().map(|one| one.2.to_owned()).collect() };
    let without_duplicate: Vec<String> = codes(&said)
        .into_iter()
        .filter(|code| code != "duplicate_person")
        .collect();
    assert_eq!(codes(&again), without_duplicate);
    // The good row is there; importing again changes nothing and overwrites nothing.
    let (_, twice, _) = import(&folder, &file, &["--apply"]);
    assert_eq!((&twice["unchanged"], &twice["entries"]), (&json!(1), &json!(0)));
    assert!(
        twice["rejected_file"]
            .as_str()
            .unwrap()
            .ends_with("花名册.rejected-2.xlsx")
    );
}

#[test]
fn one_changed_phone_is_one_edit_and_the_same_workbook_none() {
    let folder = office();
    let write = |phone: i64| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet
            .write_row(1, 0, ["房号", "楼号", "姓名", "联系电话", "身份证号"])
            .unwrap();
        sheet.merge_range(2, 1, 3, 1, "16栋", &Format::new()).unwrap();
        for (row, name) in (2..).zip(["郑玉兰", "沈桂琴"]) {
            sheet.write(row, 0, 299 + row).unwrap();
            sheet.write(row, 2, name).unwrap();
        }
        sheet.write(2, 3, phone).unwrap();
        sheet.write(2, 4, "990001195003010027").unwrap();
        let path = folder.path().join("花名册.xlsx");
        workbook.save(&path).unwrap();
        path
    };
    let apply = |file: &Path| {
        let (code, said, _) = import(&folder, file, &["--apply"]);
        assert_eq!(code, 0, "{said}");
        (
            said["entries"].as_u64().unwrap(),
            said["changed"].as_u64().unwrap(),
            said["unchanged"].as_u64().unwrap(),
        )
    };
    let file = write(15_400_001_234);
    // The grid, then one for each row, and of the id number its end and the sealed whole.
    assert_eq!(apply(&file), (5, 0, 0));
    assert_eq!(apply(&file), (0, 0, 2));
    assert_eq!(apply(&write(15_400_001_239)), (1, 1, 1));
}

#[test]
fn a_csv_file_in_gb18030_is_read() {
    let folder = office();
    let text = "姓名,楼号,房号\n郑玉兰,16栋,301\n";
    let file = put(&folder, "花名册.csv", encoding_rs::GB18030.encode(text).0);
    let (code, said, _) = import(&folder, &file, &[]);
    assert_eq!((code, &said["importable"]), (0, &json!(1)));
}

#[test]
fn a_file_that_is_no_roster_says_why() {
    let folder = office();
    let old_or_protected = [&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..], &[0; 600]].concat();
    let missing = folder.path().join("没有.xlsx");
    for (file, expected) in [
        (put(&folder, "1.csv", "你好,世界\n"), "roster_no_heading_row"),
        (
            put(&folder, "2.csv", "姓名,性别,门牌,电话\n"),
            "roster_missing_headings",
        ),
        (
            put(&folder, "3.xlsx", "<html><body><table></table></body></html>"),
            "roster_web_page",
        ),
        (put(&folder, "4.xlsx", &old_or_protected), "roster_old_or_protected"),
        (put(&folder, "5.xlsx", b"PK\x03\x04"), "roster_not_a_workbook"),
        (put(&folder, "6.csv", b"\x89PNG\r\n\x1a\n\0\0"), "roster_not_text"),
        (missing, "roster_unreadable"),
    ] {
        let (code, said, output) = import(&folder, &file, &["--lang", "zh", "--apply"]);
        assert_eq!(
            (code, &said["error"]["code"]),
            (1, &json!(expected)),
            "{}",
            file.display()
        );
        let message = said["error"]["message"].as_str().unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains(message));
    }
}

/// A small workbook with one part exchanged or added.
fn workbook_with(name: &str, write: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    workbook
        .add_worksheet()
        .write_row(0, 0, ["姓名", "楼栋", "门牌"])
        .unwrap();
    let whole = workbook.save_to_buffer().unwrap();
    let mut archive = ZipArchive::new(Cursor::new(whole)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let part = archive.by_index(index).unwrap();
        if part.name().unwrap() != name {
            writer.raw_copy_file(part).unwrap();
        }
    }
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1));
    writer.start_file(name, options).unwrap();
    write(&mut writer);
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_file_that_means_harm_is_refused_within_a_gibibyte() {
    let folder = office();
    let sheet = "xl/worksheets/sheet1.xml";
    let bomb = workbook_with(sheet, |part| {
        part.write_all(b"<worksheet><sheetData>").unwrap();
        let blanks = vec![b' '; 1_000_000];
        for _ in 0..1_000 {
            part.write_all(&blanks).unwrap();
        }
    });
    assert!(bomb.len() < 10_000_000);
    let entities = workbook_with("xl/sharedStrings.xml", |part| {
        part.write_all(b"<!DOCTYPE sst [<!ENTITY a SYSTEM \"file:///etc/hostname\">]><sst><si><t>&a;</t></si></sst>")
            .unwrap();
    });
    let far = workbook_with(sheet, |part| {
        part.write_all(
            b"<worksheet><sheetData><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData></worksheet>",
        )
        .unwrap();
    });
    for (name, bytes, expected) in [
        ("bomb.xlsx", bomb, "roster_too_large"),
        ("entities.xlsx", entities, "roster_entities"),
        ("far.xlsx", far, "roster_far_cell"),
    ] {
        let file = put(&folder, name, bytes);
        let output = Command::new("sh")
            .args([
                "-c",
                "ulimit -v 1048576; exec \"$0\" \"$@\"",
                env!("CARGO_BIN_EXE_menpai"),
            ])
            .args(arguments(&folder, &file, &[]))
            .output()
            .unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(
            (output.status.code(), &said["error"]["code"]),
            (Some(1), &json!(expected))
        );
    }
}
