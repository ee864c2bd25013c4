//! Files that are no rosters: damaged, renamed, too large, or made to harm. Each gives an
//! error that says why and what to do; none panics or takes memory without bound.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{Cursor, Write};
use std::path::PathBuf;

use common::{read_csv, today};
use menpai_roster::{Column, RosterError, TooLarge, demo, read, read_bytes};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A folder with one file of these bytes.
fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn demo_workbook() -> Vec<u8> {
    let (_folder, path) = file("demo.xlsx", b"");
    demo::write_xlsx(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, number) in rows.iter().zip(0..) {
        sheet.write_row(number, 0, row.iter().copied()).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

/// The workbook with one part exchanged.
fn with_part(workbook: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let part_name = part.name().unwrap().into_owned();
        writer.start_file(&part_name, SimpleFileOptions::default()).unwrap();
        if part_name == name {
            writer.write_all(content).unwrap();
        } else {
            std::io::copy(&mut part, &mut writer).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn error(name: &str, bytes: &[u8]) -> RosterError {
    read_bytes(name, bytes, today()).expect_err(name)
}

#[test]
fn a_truncated_workbook_is_an_error_wherever_it_ends() {
    let whole = demo_workbook();
    for part in 0..40 {
        let end = whole.len() * part / 40;
        assert!(read_bytes("a.xlsx", &whole[..end], today()).is_err(), "{end}");
    }
    assert!(matches!(
        error("a.xlsx", &whole[..whole.len() / 2]),
        RosterError::NotAWorkbook { .. }
    ));
}

#[test]
fn damage_inside_a_workbook_never_panics() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"], &["2号楼", "301", "郑玉兰"]]);
    let mut damaged = whole.clone();
    for position in (0..whole.len()).step_by(7) {
        damaged[position] ^= 0x55;
        // Unpacked sizes and sums are checked, so most are errors; some bytes mean nothing.
        let _ = read_bytes("a.xlsx", &damaged, today());
        damaged[position] = whole[position];
    }
}

#[test]
fn what_is_renamed_or_garbage_is_told_apart() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    assert!(matches!(error("a.csv", &whole), RosterError::WorkbookNamedCsv));
    assert!(matches!(error("a.pdf", &whole), RosterError::UnknownKind));
    assert!(matches!(error("a", &whole), RosterError::UnknownKind));
    assert!(matches!(
        error("a.xlsx", "楼栋,门牌,姓名\n".as_bytes()),
        RosterError::NotAWorkbook { .. }
    ));
    assert!(matches!(error("a.xlsx", b""), RosterError::NotAWorkbook { .. }));
    assert!(matches!(error("a.csv", b"\x89PNG\r\n\x1a\n\0\0"), RosterError::NotText));
    let old = [&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..], &[0; 600]].concat();
    for name in ["a.xls", "a.xlsx", "a.csv"] {
        assert!(matches!(error(name, &old), RosterError::OldOrProtected));
    }
    let mut document = ZipWriter::new(Cursor::new(Vec::new()));
    document
        .start_file("word/document.xml", SimpleFileOptions::default())
        .unwrap();
    document.write_all(b"<document/>").unwrap();
    let document = document.finish().unwrap().into_inner();
    assert!(matches!(error("a.xlsx", &document), RosterError::NotAWorkbook { .. }));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path().join("a.xlsx"), today()).unwrap_err();
    assert!(matches!(error, RosterError::Unreadable(_)));
}

#[test]
fn a_sheet_without_usable_headings_is_an_error() {
    assert!(matches!(read_csv(""), Err(RosterError::NoHeadingRow)));
    assert!(matches!(read_csv("2号楼,301,郑玉兰\n"), Err(RosterError::NoHeadingRow)));
    let whole = workbook(&[&["1", "2", "3"]]);
    assert!(matches!(error("a.xlsx", &whole), RosterError::NoHeadingRow));
    let lacking = read_csv("姓名,门牌,电话\n").unwrap_err();
    assert!(matches!(&lacking, RosterError::MissingHeadings { missing, .. } if *missing == [Column::Building]));
    assert!(lacking.message().zh.contains("楼栋"));
}

#[test]
fn every_error_says_what_to_do_in_both_languages() {
    for error in [
        RosterError::UnknownKind,
        RosterError::OldOrProtected,
        RosterError::NotAWorkbook { detail: String::new() },
        RosterError::WorkbookNamedCsv,
        RosterError::NotText,
        RosterError::TooLarge(TooLarge::Rows),
        RosterError::NoHeadingRow,
        RosterError::MissingHeadings {
            row: 1,
            missing: vec![Column::Name],
        },
        RosterError::WebPage,
        RosterError::OpenQuote { row: 2 },
        RosterError::Entities { part: String::new() },
        RosterError::FarCell {
            cell: "XFD1048576".into(),
        },
        RosterError::Unreadable(std::io::Error::other("gone")),
    ] {
        let message = error.message();
        assert!(error.code().starts_with("roster_"));
        assert!(message.zh.chars().count() > 15 && message.en.len() > 30, "{message:?}");
    }
}

#[test]
fn more_rows_than_a_community_has_are_refused() {
    let mut text = String::from("楼栋,门牌,姓名\n");
    for number in 0..100_000 {
        text.push_str(&format!("2号楼,{number},郑玉兰\n"));
    }
    assert!(matches!(read_csv(&text), Err(RosterError::TooLarge(TooLarge::Rows))));
}

#[test]
fn a_file_of_too_many_bytes_is_refused() {
    let (_folder, path) = file("a.csv", b"");
    let large = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    large.set_len(60_000_000).unwrap();
    assert!(matches!(
        read(&path, today()),
        Err(RosterError::TooLarge(TooLarge::File))
    ));
}

#[test]
fn a_small_file_that_unpacks_to_much_is_refused() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    let bomb = with_part(&whole, "docProps/app.xml", &vec![b' '; 210_000_000]);
    assert!(bomb.len() < 2_000_000);
    assert!(matches!(
        error("a.xlsx", &bomb),
        RosterError::TooLarge(TooLarge::Inflated)
    ));
}

#[test]
fn a_directory_that_claims_a_false_size_helps_nobody() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    let mut bomb = with_part(&whole, "docProps/app.xml", &vec![b' '; 210_000_000]);
    // Both places in which the archive states the size.
    let size = 210_000_000_u32.to_le_bytes();
    let mut changed = 0;
    for position in 0..bomb.len() - 4 {
        if bomb[position..position + 4] == size {
            bomb[position..position + 4].copy_from_slice(&1_000_u32.to_le_bytes());
            changed += 1;
        }
    }
    assert_eq!(changed, 2);
    assert!(matches!(
        error("a.xlsx", &bomb),
        RosterError::TooLarge(TooLarge::Inflated) | RosterError::NotAWorkbook { .. }
    ));
}

#[test]
fn a_false_number_of_texts_reserves_no_memory() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    let bomb = with_part(
        &whole,
        "xl/sharedStrings.xml",
        br#"<sst count="1" uniqueCount="99999999999999"><si><t>x</t></si></sst>"#,
    );
    assert!(matches!(
        error("a.xlsx", &bomb),
        RosterError::TooLarge(TooLarge::Structure)
    ));
}

#[test]
fn a_long_name_copied_into_every_style_is_refused() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    let name = "x".repeat(1_000_000);
    let styles = format!(
        "<styleSheet><fonts><font><name val=\"{name}\"/></font></fonts><cellXfs>{}</cellXfs></styleSheet>",
        "<xf fontId=\"0\"/>".repeat(50_000)
    );
    let bomb = with_part(&whole, "xl/styles.xml", styles.as_bytes());
    assert!(bomb.len() < 100_000);
    assert!(matches!(
        error("a.xlsx", &bomb),
        RosterError::TooLarge(TooLarge::Structure)
    ));
}

fn sheet_xml(rows: &str) -> Vec<u8> {
    format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
         <sheetData>{rows}</sheetData></worksheet>"
    )
    .into_bytes()
}

const SHEET_PART: &str = "xl/worksheets/sheet1.xml";

#[test]
fn one_long_text_in_every_cell_is_refused() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    let text = "x".repeat(1_000_000);
    let texts = format!("<sst uniqueCount=\"1\"><si><t>{text}</t></si></sst>");
    let whole = with_part(&whole, "xl/sharedStrings.xml", texts.as_bytes());
    let mut rows = String::new();
    for row in 1..=1_000 {
        rows.push_str(&format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>"));
    }
    let bomb = with_part(&whole, SHEET_PART, &sheet_xml(&rows));
    assert!(matches!(
        error("a.xlsx", &bomb),
        RosterError::TooLarge(TooLarge::Inflated)
    ));
}

#[test]
fn a_cell_in_the_far_corner_is_named_if_it_holds_anything() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"], &["2号楼", "301", "郑玉兰"]]);
    let with_far = |cell: &str| {
        let rows = format!(
            "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>\
             <c r=\"C1\" t=\"s\"><v>2</v></c></row>\
             <row r=\"2\"><c r=\"A2\" t=\"s\"><v>3</v></c><c r=\"B2\" t=\"s\"><v>4</v></c>\
             <c r=\"C2\" t=\"s\"><v>5</v></c></row>\
             <row r=\"1048576\">{cell}</row>"
        );
        with_part(&whole, SHEET_PART, &sheet_xml(&rows))
    };
    assert!(matches!(
        error("a.xlsx", &with_far("<c r=\"XFD1048576\"><v>1</v></c>")),
        RosterError::FarCell { cell } if cell == "XFD1048576"
    ));
    // A border or a colour only.
    let sheet = read_bytes("a.xlsx", &with_far("<c r=\"XFD1048576\"/>"), today()).unwrap();
    assert_eq!(sheet.rows.len(), 1);
}

#[test]
fn declared_entities_are_refused_wherever_they_stand() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    let declaration = "<?xml version=\"1.0\"?><!DOCTYPE sst [<!ENTITY secret SYSTEM \"file:///etc/hostname\">]>";
    let texts = format!("{declaration}<sst uniqueCount=\"1\"><si><t>&secret;</t></si></sst>");
    let bomb = with_part(&whole, "xl/sharedStrings.xml", texts.as_bytes());
    assert!(matches!(
        error("a.xlsx", &bomb),
        RosterError::Entities { part } if part == "xl/sharedStrings.xml"
    ));
    // Across the border between two reads.
    let far = format!("{}{declaration}<worksheet/>", " ".repeat(16 * 1024 - 25));
    let bomb = with_part(&whole, SHEET_PART, far.as_bytes());
    assert!(matches!(error("a.xlsx", &bomb), RosterError::Entities { .. }));
}

#[test]
fn a_web_page_under_another_name_is_called_one() {
    let page = "\u{feff}\r\n<!DOCTYPE html><html><body><table><tr><td>姓名</td></tr></table></body></html>";
    for name in ["a.xlsx", "a.xls", "a.csv"] {
        assert!(matches!(error(name, page.as_bytes()), RosterError::WebPage), "{name}");
    }
}

#[test]
fn merged_ranges_without_number_or_end_are_refused() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    let mut rows = String::new();
    for row in 2..=20_000 {
        rows.push_str(&format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>"));
    }
    let headings = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>\
                    <c r=\"C1\" t=\"s\"><v>2</v></c></row>";
    let merged = "<mergeCell ref=\"A2:A20000\"/>".repeat(1_000);
    let xml =
        format!("<worksheet><sheetData>{headings}{rows}</sheetData><mergeCells>{merged}</mergeCells></worksheet>");
    let bomb = with_part(&whole, SHEET_PART, xml.as_bytes());
    assert!(matches!(
        error("a.xlsx", &bomb),
        RosterError::TooLarge(TooLarge::Structure)
    ));
}

#[test]
fn what_the_workbook_library_panics_at_is_an_error() {
    let whole = workbook(&[&["楼栋", "门牌", "姓名"]]);
    for dimension in ["C9:A1", "A9:A1", "ZZZZZZZZZ1"] {
        let xml = format!("<worksheet><dimension ref=\"{dimension}\"/><sheetData/></worksheet>");
        let bad = with_part(&whole, SHEET_PART, xml.as_bytes());
        assert!(read_bytes("a.xlsx", &bad, today()).is_err(), "{dimension}");
    }
}

#[test]
fn rejected_rows_come_back_from_a_sheet_whose_name_no_spreadsheet_takes() {
    let rows = workbook(&[&["楼栋", "门牌", "姓名"], &["2号楼", "301", ""]]);
    let name = "协作路社区第一网格第二网格第三网格居民基本情况登记花名册（二〇二六年）";
    let part = format!(
        "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
         xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
         <sheet name=\"{name}\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let (folder, input) = file("roster.xlsx", &with_part(&rows, "xl/workbook.xml", part.as_bytes()));
    let rejected = menpai_roster::RejectedRow {
        sheet: name.to_owned(),
        row: 2,
        reasons: "缺姓名".to_owned(),
    };
    let output = folder.path().join("rejected.xlsx");
    menpai_roster::write_rejected(&input, &[rejected], &output).unwrap();
    let again = read(&output, today()).unwrap();
    assert_eq!(again.rejected.len(), 1);
}
