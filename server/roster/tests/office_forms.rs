//! Rosters in the forms in which offices keep them: each is written as a real file here and
//! has to give the same people as the plain form.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{read_csv, today};
use std::os::unix::fs::PermissionsExt;

use menpai_roster::{NoticeCode, RejectedRow, RejectionCode, Roster, Row, Sex, read, read_bytes, write_rejected};
use rust_xlsxwriter::{Format, Workbook, Worksheet};

fn saved(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    fill(&mut workbook);
    workbook.save_to_buffer().unwrap()
}

fn write_rows(sheet: &mut Worksheet, first: u32, rows: &[&[&str]]) {
    for (cells, row) in rows.iter().zip(first..) {
        for (text, column) in cells.iter().zip(0..).filter(|(text, _)| !text.is_empty()) {
            sheet.write(row, column, *text).unwrap();
        }
    }
}

fn roster(fill: impl FnOnce(&mut Workbook)) -> Roster {
    read_bytes("a.xlsx", &saved(fill), today()).unwrap()
}

fn doors(roster: &Roster) -> Vec<String> {
    let line = |row: &Row| format!("{} {} {} {}", row.name, row.building, row.unit, row.door);
    roster.rows.iter().map(line).collect()
}

#[test]
fn titles_dates_and_totals_around_the_table_are_no_people() {
    let roster = roster(|workbook| {
        let sheet = workbook.add_worksheet();
        sheet
            .merge_range(0, 0, 0, 4, "建设路街道协作路社区居民花名册", &Format::new())
            .unwrap();
        write_rows(
            sheet,
            1,
            &[
                &["制表日期：2026年10月30日"],
                &[],
                &["序号", "房号", "住户姓名", "楼号", "联系电话\n(手机)"],
                &["1", "301", "郑玉兰", "16号楼", "15400001234"],
                &[],
                &["", "", "1人", "16号楼小计"],
                &["序号", "房号", "住户姓名", "楼号", "联系电话\n(手机)"],
                &["2", "302", "沈桂琴", "十六号楼", ""],
                &["合计", "", "2人"],
                &["填表人：", "", "", "审核人："],
            ],
        );
    });
    assert_eq!(roster.rejected, []);
    assert_eq!(doors(&roster), ["郑玉兰 16号楼 无 301", "沈桂琴 16号楼 无 302"]);
    assert_eq!((roster.rows[0].number, roster.rows[1].number), (5, 9));
    let told: Vec<_> = roster.notices.iter().map(|notice| (notice.row, notice.code)).collect();
    let no_person = NoticeCode::NotAPerson;
    assert_eq!(told, [(7, no_person), (10, no_person), (11, no_person)]);
}

#[test]
fn merged_cells_are_filled_down_and_blank_ones_are_not() {
    let roster = roster(|workbook| {
        let sheet = workbook.add_worksheet();
        write_rows(
            sheet,
            0,
            &[
                &["楼栋", "单元", "门牌", "姓名", "电话", "序号"],
                &["", "", "", "郑玉兰", "", "1"],
                &["", "", "", "郑小兰", "", "2"],
                &["", "", "302", "沈桂琴", "", "3"],
                &["", "", "", "", "", "4"],
                &["", "2", "101", "孙三", "", "5"],
            ],
        );
        let plain = Format::new();
        sheet.merge_range(1, 0, 4, 0, "16栋", &plain).unwrap();
        sheet.merge_range(1, 1, 4, 1, "二单元", &plain).unwrap();
        sheet.merge_range(1, 2, 2, 2, "301", &plain).unwrap();
        sheet.merge_range(1, 4, 2, 4, "15400001234", &plain).unwrap();
    });
    assert_eq!(
        doors(&roster),
        ["郑玉兰 16号楼 2 301", "郑小兰 16号楼 2 301", "沈桂琴 16号楼 2 302"]
    );
    // One phone for two people is only the first one's for certain.
    assert_eq!(roster.rows[1].phone, None);
    // The cell below the merged ones is blank, and stays so.
    assert_eq!(
        roster
            .rejected
            .iter()
            .map(|one| (one.row, one.code))
            .collect::<Vec<_>>(),
        [(6, RejectionCode::MissingBuilding)]
    );
}

#[test]
fn every_visible_sheet_with_headings_is_read() {
    let roster = roster(|workbook| {
        let headings: &[&str] = &["楼栋", "门牌", "姓名"];
        write_rows(
            workbook.add_worksheet().set_name("第1网格").unwrap(),
            0,
            &[headings, &["1号楼", "101", "郑玉兰"]],
        );
        write_rows(
            workbook.add_worksheet().set_name("第2网格").unwrap(),
            0,
            &[
                &["第2网格花名册"],
                headings,
                &["2号楼", "201", "沈桂琴"],
                &["1号楼", "101", "郑玉兰"],
            ],
        );
        write_rows(
            workbook.add_worksheet().set_name("说明").unwrap(),
            0,
            &[&["请按要求填写"]],
        );
        let old = workbook.add_worksheet().set_name("旧表").unwrap();
        write_rows(old, 0, &[headings, &["3号楼", "301", "孙三"]]);
        old.set_hidden(true);
    });
    assert_eq!(doors(&roster), ["郑玉兰 1号楼 无 101", "沈桂琴 2号楼 无 201"]);
    assert_eq!(roster.rows[0].grid.as_deref(), Some("第1网格"));
    assert_eq!((roster.rows[1].sheet, roster.rows[1].number), (1, 3));
    assert_eq!(roster.rejected.len(), 1);
    let duplicate = &roster.rejected[0];
    assert_eq!((duplicate.sheet.as_str(), duplicate.row), ("第2网格", 4));
    assert!(duplicate.message.zh.contains("第1网格") && duplicate.message.zh.contains("第 2 行"));
    let unread: Vec<_> = roster.unread_sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    assert_eq!(unread, ["旧表", "说明"]);
}

#[test]
fn a_sheet_about_something_else_hides_no_roster() {
    let roster = roster(|workbook| {
        write_rows(
            workbook.add_worksheet(),
            0,
            &[&["楼栋", "单元", "门牌", "面积"], &["1号楼", "1", "101", "60"]],
        );
        write_rows(
            workbook.add_worksheet(),
            0,
            &[&["楼栋", "门牌", "姓名"], &["1号楼", "101", "郑玉兰"]],
        );
    });
    assert_eq!(roster.rows.len(), 1);
    assert!(roster.unread_sheets[0].message.zh.contains("姓名"));
}

#[test]
fn numbers_and_dates_are_read_as_the_spreadsheet_shows_them() {
    let date = Format::new().set_num_format("yyyy/m/d");
    let roster = roster(|workbook| {
        let sheet = workbook.add_worksheet();
        write_rows(sheet, 0, &[&["姓名", "楼栋", "门牌", "电话", "出生日期", "性别"]]);
        for (name, row) in ["郑玉兰", "沈桂琴", "孙三", "李四方"].iter().zip(1..) {
            sheet.write(row, 0, *name).unwrap();
            sheet.write(row, 1, 16).unwrap();
            sheet.write(row, 2, 300 + row).unwrap();
            sheet.write(row, 3, 15_400_001_230_i64 + i64::from(row)).unwrap();
            sheet.write(row, 5, 2).unwrap();
        }
        sheet.write(1, 4, 15_828).unwrap();
        sheet.write_with_format(2, 4, 15_828, &date).unwrap();
        sheet.write(3, 4, 19_430_502).unwrap();
        sheet.write(4, 4, 1943.5).unwrap();
    });
    for (row, number) in roster.rows.iter().zip(1..) {
        assert_eq!(row.birth_date.unwrap().to_string(), "1943-05-02");
        assert_eq!((row.building.as_str(), row.sex), ("16号楼", Some(Sex::Female)));
        assert_eq!(row.door, format!("30{number}"));
        assert_eq!(row.phone.as_deref(), Some(format!("1540000123{number}").as_str()));
    }
    assert_eq!(roster.rows.len(), 3);
    assert_eq!(roster.rejected[0].code, RejectionCode::BadDate);
}

#[test]
fn a_door_that_became_a_date_is_told_not_read() {
    let date = Format::new().set_num_format("m月d日");
    let roster = roster(|workbook| {
        let sheet = workbook.add_worksheet();
        write_rows(sheet, 0, &[&["姓名", "楼栋", "门牌"], &["郑玉兰", "16号楼", ""]]);
        sheet.write_with_format(1, 2, 46_082, &date).unwrap();
    });
    assert_eq!(roster.rejected[0].code, RejectionCode::MissingDoor);
    assert!(roster.rejected[0].message.zh.contains("日期"));
}

#[test]
fn one_address_column_stands_for_the_split_ones() {
    let roster = read_csv(
        "姓名,现住址,网格\n\
         郑玉兰,桐柏路61号院16号楼2单元301室,第1网格\n\
         沈桂琴,桐柏路61号院16-2-302,第1网格\n\
         孙三,桐柏路61号院,第1网格\n\
         李四方,桐柏路61号院16号楼2单元3O1,第1网格\n",
    )
    .unwrap();
    assert_eq!(doors(&roster), ["郑玉兰 16号楼 2 301", "沈桂琴 16号楼 2 302"]);
    assert_eq!(roster.rows[0].compound.as_deref(), Some("桐柏路61号院"));
    let codes: Vec<_> = roster
        .rejected
        .iter()
        .map(|one| (one.row, one.column.heading(), one.code))
        .collect();
    assert_eq!(
        codes,
        [
            (4, "地址", RejectionCode::MissingBuilding),
            (5, "地址", RejectionCode::MissingDoor)
        ]
    );
    assert!(roster.rejected[0].message.zh.contains("桐柏路61号院"));
}

#[test]
fn a_door_cell_may_say_the_unit_too() {
    let roster = read_csv(
        "姓名,楼栋,单元,门牌\n\
         郑玉兰,16栋,,2单元301室\n\
         沈桂琴,16栋,,16-2-302\n\
         孙三,16栋,2,2-303\n\
         李四方,16栋,无,3-1\n\
         王小五,16栋,3,2单元301室\n\
         周小六,,,16-2-304\n",
    )
    .unwrap();
    assert_eq!(
        doors(&roster),
        [
            "郑玉兰 16号楼 2 301",
            "沈桂琴 16号楼 2 302",
            "孙三 16号楼 2 303",
            "李四方 16号楼 无 3-1",
            "周小六 16号楼 2 304"
        ]
    );
    assert_eq!(
        (roster.rejected[0].row, roster.rejected[0].code),
        (6, RejectionCode::MissingDoor)
    );
    assert!(roster.rejected[0].message.zh.contains("2单元301室"));
}

#[test]
fn digits_for_sexes_are_taken_only_where_they_are_the_standards() {
    let read = |sexes: [&str; 3]| {
        let [one, two, three] = sexes;
        read_csv(&format!(
            "姓名,楼栋,门牌,性别\n郑玉兰,1号楼,1,{one}\n沈桂琴,1号楼,2,{two}\n孙三,1号楼,3,{three}\n"
        ))
        .unwrap()
    };
    let sexes: Vec<_> = read(["1", "2", "M"]).rows.iter().map(|row| row.sex).collect();
    assert_eq!(sexes, [Some(Sex::Male), Some(Sex::Female), Some(Sex::Male)]);
    // Here 1 may well be a woman.
    let counted_from_0 = read(["0", "1", "女"]);
    assert_eq!((counted_from_0.rows.len(), counted_from_0.rejected.len()), (1, 2));
}

#[test]
fn one_heading_twice_is_one_column_unless_a_row_contradicts_itself() {
    let roster = read_csv(
        "姓名,楼栋,门牌,电话,联系电话,姓名\n\
         郑玉兰,1号楼,101,15400001234,0371-61234567,\n\
         沈桂琴,1号楼,102,15400001235,15400001235,沈桂琴\n\
         孙三,1号楼,103,,,孙小三\n",
    )
    .unwrap();
    assert_eq!(roster.rows.len(), 2);
    assert_eq!(roster.rows[0].second_phone.as_deref(), Some("0371-61234567"));
    assert_eq!(roster.rows[1].second_phone, None);
    assert_eq!(
        (roster.rejected[0].row, roster.rejected[0].code),
        (4, RejectionCode::MissingName)
    );
}

#[test]
fn what_nobody_knows_is_not_known_and_no_fault() {
    let roster = read_csv(
        "姓名,楼栋,门牌,性别,身份证号,出生日期,电话,与户主关系,类别\n张　三,1号楼,101,不详,不详,未知,暂无,无,无\n",
    )
    .unwrap();
    let row = &roster.rows[0];
    assert_eq!((row.name.as_str(), row.sex), ("张三", Some(Sex::Unknown)));
    assert!(row.birth_date.is_none() && row.phone.is_none() && row.relation_to_head.is_none());
    assert!(row.id_number.is_none() && row.care_categories.is_empty());
}

#[test]
fn an_id_number_is_read_through_signs_blanks_and_widths() {
    for id in [
        "'990001195003010027",
        "９９０００１ 19500301 0027",
        "99000119500301 0027",
    ] {
        let roster = read_csv(&format!("姓名,楼栋,门牌,身份证号\n郑玉兰,1号楼,101,{id}\n")).unwrap();
        assert!(roster.rows[0].id_number.is_some(), "{id}");
    }
    let roster = read_csv("姓名,楼栋,门牌,身份证号\n郑玉兰,1号楼,101,99000219800506005x\n").unwrap();
    assert_eq!(roster.rejected_row_count() + roster.rows.len(), 1);
}

#[test]
fn csv_files_of_chinese_programs_are_read() {
    let text = "姓名,楼栋,门牌,备注\n郑玉兰,16号楼,301,\"听力不好,\n请敲门\"\n沈桂琴,16号楼,302,\n";
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        encoding_rs::GB18030.encode(text).0.into_owned(),
    ] {
        let roster = read_bytes("a.csv", &bytes, today()).unwrap();
        assert_eq!(roster.rows.len(), 2);
        // Records, not lines.
        assert_eq!(roster.rows[1].number, 3);
        assert_eq!(roster.rows[0].note.as_deref(), Some("听力不好, 请敲门"));
    }
}

#[test]
fn rejected_rows_come_back_in_a_workbook_that_can_be_mended_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("花名册.xlsx");
    let bytes = saved(|workbook| {
        let sheet = workbook.add_worksheet().set_name("一号院").unwrap();
        write_rows(
            sheet,
            0,
            &[
                &["协作路社区"],
                &["楼栋", "门牌", "姓名", "电话", "血型"],
                &["", "101", "郑玉兰", "15400001234", "A"],
                &["", "102", "沈桂琴", "12", "=B"],
            ],
        );
        sheet.merge_range(2, 0, 3, 0, "16栋", &Format::new()).unwrap();
    });
    std::fs::write(&input, bytes).unwrap();
    let first = read(&input, today()).unwrap();
    let rows: Vec<RejectedRow> = first
        .rejected
        .iter()
        .map(|one| RejectedRow {
            sheet: one.sheet.clone(),
            row: one.row,
            reasons: one.message.zh.clone(),
        })
        .collect();
    let output = folder.path().join("花名册.rejected.xlsx");
    write_rejected(&input, &rows, &output).unwrap();
    let again = read(&output, today()).unwrap();
    assert_eq!(again.sheets[0].name, "一号院");
    assert_eq!(again.sheets[0].unknown_headings, ["血型", "原行号", "未导入原因"]);
    // The merged building has come along.
    let faults: Vec<_> = again.rejected.iter().map(|one| (one.row, one.code)).collect();
    assert_eq!(faults, [(2, RejectionCode::BadPhone)]);
    // Who may read the roster's folder may not read its people.
    let mode = std::fs::metadata(&output).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Nobody's mended rows are written over.
    assert!(write_rejected(&input, &rows, &output).is_err());
}

#[test]
fn a_number_under_a_date_format_that_is_no_day_stays_a_number() {
    let date = Format::new().set_num_format("yyyy/m/d");
    let roster = roster(|workbook| {
        let sheet = workbook.add_worksheet();
        write_rows(
            sheet,
            0,
            &[
                &["姓名", "楼栋", "门牌", "电话", "出生日期"],
                &["郑玉兰", "1号楼", "101"],
            ],
        );
        sheet.write_with_format(1, 3, 15_400_001_234_i64, &date).unwrap();
        sheet.write_with_format(1, 4, 19_430_502, &date).unwrap();
    });
    assert_eq!(roster.rejected, []);
    assert_eq!(roster.rows[0].phone.as_deref(), Some("15400001234"));
    assert_eq!(roster.rows[0].birth_date.unwrap().to_string(), "1943-05-02");
}

#[test]
fn a_workbook_that_counts_from_1904_gives_the_days_it_shows() {
    let workbook = saved(|workbook| {
        let sheet = workbook.add_worksheet();
        write_rows(
            sheet,
            0,
            &[
                &["姓名", "楼栋", "门牌", "出生日期"],
                &["郑玉兰", "1号楼", "101"],
                &["孙三", "1号楼", "102"],
            ],
        );
        sheet.write(1, 3, 14_366).unwrap();
        sheet
            .write_with_format(2, 3, 14_366, &Format::new().set_num_format("yyyy-mm-dd"))
            .unwrap();
    });
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut content).unwrap();
        if name == "xl/workbook.xml" {
            let text = String::from_utf8(content).unwrap();
            assert!(text.contains("<workbookPr "));
            content = text.replace("<workbookPr ", "<workbookPr date1904=\"1\" ").into_bytes();
        }
        writer
            .start_file(&name, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(&mut writer, &content).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("a.xlsx");
    std::fs::write(&input, writer.finish().unwrap().into_inner()).unwrap();
    let again = folder.path().join("again.xlsx");
    let rejected: Vec<RejectedRow> = (2..=3)
        .map(|row| RejectedRow {
            sheet: "Sheet1".to_owned(),
            row,
            reasons: "试".to_owned(),
        })
        .collect();
    write_rejected(&input, &rejected, &again).unwrap();
    // The workbook of rejected rows counts from 1900 and gives the same days.
    for file in [input, again] {
        let roster = read(&file, today()).unwrap();
        let days: Vec<_> = roster
            .rows
            .iter()
            .map(|row| row.birth_date.unwrap().to_string())
            .collect();
        assert_eq!(days, ["1943-05-02", "1943-05-02"], "{}", file.display());
    }
}

#[test]
fn a_building_cell_may_say_compound_and_unit_too() {
    let roster = read_csv(
        "姓名,楼栋单元,单元,门牌\n\
         郑玉兰,61号院16号楼2单元,,301\n\
         沈桂琴,16栋2单元,2单元,302\n\
         孙三,16栋2单元,3单元,303\n\
         李四方,16栋2单元,,304、305\n",
    )
    .unwrap();
    assert_eq!(doors(&roster), ["郑玉兰 16号楼 2 301", "沈桂琴 16号楼 2 302"]);
    assert_eq!(roster.rows[0].compound.as_deref(), Some("61号院"));
    let faults: Vec<_> = roster.rejected.iter().map(|one| (one.row, one.code)).collect();
    assert_eq!(
        faults,
        [(4, RejectionCode::MissingDoor), (5, RejectionCode::MissingDoor)]
    );
}
