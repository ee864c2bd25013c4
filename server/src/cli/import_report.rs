//! What `menpai import roster` says: one line of JSON for programs (docs/roster.md), or a
//! page for people.

use std::path::Path;

use serde::Serialize;

use super::language::Language;
use crate::office::import::{Counts, Finding, ImportReport, ReadSheet};

/// More findings than fit a screen are for --json.
const SHOWN: usize = 50;

#[derive(Serialize)]
struct Report<'a> {
    rows: usize,
    importable: usize,
    rejected: Vec<Found<'a>>,
    create: &'a Counts,
    changed: usize,
    unchanged: usize,
    applied: bool,
    entries: usize,
    held: usize,
    notices: Vec<Found<'a>>,
    sheets: &'a [ReadSheet],
    unread_sheets: Vec<Unread<'a>>,
    rejected_file: Option<&'a Path>,
}

#[derive(Serialize)]
struct Found<'a> {
    sheet: &'a str,
    row: u32,
    column: &'a str,
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Unread<'a> {
    sheet: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Failed<'a> {
    error: Reason<'a>,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'a str,
    message: &'a str,
}

/// The report in one line of JSON.
pub(super) fn json(
    report: &ImportReport,
    rejected_file: Option<&Path>,
    language: Language,
) -> serde_json::Result<String> {
    serde_json::to_string(&Report {
        rows: report.rows,
        importable: report.importable,
        rejected: found(&report.rejected, language),
        create: &report.create,
        changed: report.changed,
        unchanged: report.unchanged,
        applied: report.applied,
        entries: report.entries,
        held: report.held,
        notices: found(&report.notices, language),
        sheets: &report.sheets,
        unread_sheets: report
            .unread_sheets
            .iter()
            .map(|unread| Unread {
                sheet: &unread.sheet,
                message: language.of(&unread.zh, &unread.en),
            })
            .collect(),
        rejected_file,
    })
}

/// Why the file was not read, in one line of JSON.
pub(super) fn failed_json(code: &str, message: &str) -> serde_json::Result<String> {
    serde_json::to_string(&Failed {
        error: Reason { code, message },
    })
}

fn found(findings: &[Finding], language: Language) -> Vec<Found<'_>> {
    findings
        .iter()
        .map(|finding| Found {
            sheet: &finding.sheet,
            row: finding.row,
            column: &finding.column,
            code: &finding.code,
            message: language.of(&finding.zh, &finding.en),
        })
        .collect()
}

/// The report on a page.
pub(super) fn print(report: &ImportReport, rejected_file: Option<&Path>, language: Language) {
    let say = |zh: &'static str, en: &'static str| language.of(zh, en);
    println!(
        "{} {}  {} {}  {} {}",
        say("行数", "rows"),
        report.rows,
        say("可导入", "importable"),
        report.importable,
        say("未通过", "rejected"),
        report.rows - report.importable
    );
    print_findings(&report.rejected, language);
    if !report.notices.is_empty() {
        println!("{}", say("请留意:", "Please look at:"));
        print_findings(&report.notices, language);
    }
    for read in report.sheets.iter().filter(|read| !read.unknown_headings.is_empty()) {
        let headings = read.unknown_headings.join("、");
        let gap = if read.sheet.is_empty() { "" } else { " " };
        println!("{}{gap}{}: {headings}", say("未读的列", "columns not read"), read.sheet);
    }
    for unread in &report.unread_sheets {
        let message = language.of(&unread.zh, &unread.en);
        println!("{} {}: {message}", say("未读工作表", "sheet not read"), unread.sheet);
    }
    println!(
        "{}",
        if report.applied {
            say("新建:", "created:")
        } else {
            say("将新建:", "would create:")
        }
    );
    let create = &report.create;
    for (zh, en, count) in [
        ("网格", "grids", create.grid),
        ("小区/院", "compounds", create.compound),
        ("楼栋", "buildings", create.building),
        ("门牌", "doors", create.dwelling),
        ("户", "households", create.household),
        ("人", "persons", create.person),
        ("探访计划", "care plans", create.care_plan),
    ] {
        println!("  {count:>6}  {}", say(zh, en));
    }
    println!(
        "{} {}  {} {}",
        say("改动已有内容的行", "rows that change something"),
        report.changed,
        say("没有新内容的行", "rows that say nothing new"),
        report.unchanged
    );
    if report.applied {
        println!("{} {}", say("写入条目", "entries written"), report.entries);
        if report.held > 0 {
            println!("{} {}", say("其中暂存", "of these held"), report.held);
        }
    } else {
        println!(
            "{}",
            say(
                "未写入任何内容。加 --apply 导入。",
                "Nothing was written; --apply imports."
            )
        );
    }
    if let Some(file) = rejected_file {
        println!(
            "{} {}",
            say("未导入的行和原因在", "rejected rows and reasons are in"),
            file.display()
        );
    }
}

fn print_findings(findings: &[Finding], language: Language) {
    for finding in findings.iter().take(SHOWN) {
        let message = language.of(&finding.zh, &finding.en);
        let sheet = if finding.sheet.is_empty() { "" } else { " " };
        let (row, column) = (finding.row, &finding.column);
        match language {
            Language::Zh => println!("  {}{sheet}第 {row} 行 {column}: {message}", finding.sheet),
            Language::En => println!("  {}{sheet}row {row} {column}: {message}", finding.sheet),
        }
    }
    if let more @ 1.. = findings.len().saturating_sub(SHOWN) {
        match language {
            Language::Zh => println!("  …… 还有 {more} 条,见 --json"),
            Language::En => println!("  … and {more} more; see --json"),
        }
    }
}
