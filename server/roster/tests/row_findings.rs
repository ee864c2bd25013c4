//! Every reason for which a row is rejected, and every notice, by a row that causes it.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::read_csv;
use menpai_roster::{Column, DwellingUse, NoticeCode, RejectionCode, Roster, Row, Sex};

const HEADINGS: &str = "网格,小区/院,楼栋,单元,门牌,姓名,性别,身份证号,出生日期,电话,与户主关系,人员类别,备注";

/// An id number of an unassigned region: a woman, born on 1 March 1950.
const ID_1950_WOMAN: &str = "990001195003010027";

fn sheet(rows: &[&str]) -> Roster {
    read_csv(&format!("{HEADINGS}\n{}\n", rows.join("\n"))).unwrap()
}

fn only_row(row: &str) -> Row {
    let sheet = sheet(&[row]);
    assert_eq!(sheet.rejected, [], "{row}");
    assert_eq!(sheet.rows.len(), 1);
    sheet.rows.into_iter().next().unwrap()
}

/// The code and column of each finding about one row, which must not be among the rows.
fn rejections(row: &str) -> Vec<(RejectionCode, Column)> {
    let sheet = sheet(&[row]);
    assert_eq!(sheet.rows, [], "{row}");
    sheet
        .rejected
        .iter()
        .map(|rejection| {
            assert_eq!(rejection.row, 2);
            assert!(!rejection.message.zh.is_empty() && !rejection.message.en.is_empty());
            (rejection.code, rejection.column)
        })
        .collect()
}

#[test]
fn a_full_row_is_read_in_every_column() {
    let row = only_row(&format!(
        "第1网格,协作路3号院,2号楼,1单元,301室,郑玉兰,女,{ID_1950_WOMAN},1950年3月1日,\
         154 0000 1234,户主,独居、行动不便,每2天探访；听力不好"
    ));
    assert_eq!(row.number, 2);
    assert_eq!(row.grid.as_deref(), Some("第1网格"));
    assert_eq!(row.compound.as_deref(), Some("协作路3号院"));
    assert_eq!((row.building.as_str(), row.unit.as_str()), ("2号楼", "1"));
    assert_eq!((row.door.as_str(), row.floor), ("301", Some(3)));
    assert_eq!(row.sex, Some(Sex::Female));
    assert_eq!(row.birth_date.unwrap().to_string(), "1950-03-01");
    assert_eq!(row.phone.as_deref(), Some("15400001234"));
    assert_eq!(row.relation_to_head.unwrap().code(), "02");
    let values: Vec<_> = row.care_categories.iter().map(|one| one.value()).collect();
    assert_eq!(values, ["living_alone", "limited_mobility"]);
    assert_eq!(row.care_plan.unwrap().interval_days, 2);
    assert_eq!(row.note.as_deref(), Some("每2天探访；听力不好"));
    assert!(row.id_number.is_some());
}

#[test]
fn only_name_building_and_door_are_required() {
    let row = only_row(",,2号楼,,门面3,郑玉兰,,,,,,,");
    assert_eq!(row.unit, "无");
    assert_eq!(row.floor, None);
    assert_eq!(row.dwelling_use, Some(DwellingUse::Shop));
    assert_eq!((row.sex, row.birth_date, row.phone), (None, None, None));
    assert_eq!((row.relation_to_head, row.care_plan), (None, None));
    assert!(row.care_categories.is_empty() && row.note.is_none() && row.id_number.is_none());
}

#[test]
fn an_id_number_fills_birth_date_and_sex_and_is_not_kept() {
    let row = only_row(&format!(",,2号楼,,301,郑玉兰,,{ID_1950_WOMAN},,,,,"));
    assert_eq!(row.birth_date.unwrap().to_string(), "1950-03-01");
    assert_eq!(row.sex, Some(Sex::Female));
    let json = serde_json::to_string(&row).unwrap();
    assert!(!json.contains(ID_1950_WOMAN) && !json.contains("0027"));
    // 未知 is no statement that the number could contradict.
    let row = only_row(&format!(",,2号楼,,301,郑玉兰,未知,{ID_1950_WOMAN},,,,,"));
    assert_eq!(row.sex, Some(Sex::Female));
}

#[test]
fn each_fault_is_rejected_with_its_code_in_its_column() {
    use RejectionCode as Code;
    for (row, code, column) in [
        (",,,,301,郑玉兰,,,,,,,", Code::MissingBuilding, Column::Building),
        (",,2号楼,,,郑玉兰,,,,,,,", Code::MissingDoor, Column::Door),
        (",,2号楼,,301,　,,,,,,,", Code::MissingName, Column::Name),
        (
            ",,2号楼,,301,郑玉兰,,990001195003010028,,,,,",
            Code::IdChecksum,
            Column::IdNumber,
        ),
        (
            ",,2号楼,,301,郑玉兰,,990001195002300028,,,,,",
            Code::IdChecksum,
            Column::IdNumber,
        ),
        (
            ",,2号楼,,301,郑玉兰,,99000119500301002,,,,,",
            Code::IdChecksum,
            Column::IdNumber,
        ),
        (
            ",,2号楼,,301,郑玉兰,,990001195003010027,1950-03-02,,,,",
            Code::IdBirthMismatch,
            Column::BirthDate,
        ),
        (
            ",,2号楼,,301,郑玉兰,男,990001195003010027,,,,,",
            Code::IdSexMismatch,
            Column::Sex,
        ),
        (",,2号楼,,301,郑玉兰,,,1950-02-30,,,,", Code::BadDate, Column::BirthDate),
        (
            ",,2号楼,,301,郑玉兰,,,2026-11-02,,,,",
            Code::AgeOutOfRange,
            Column::BirthDate,
        ),
        (
            ",,2号楼,,301,郑玉兰,,,1900-01-01,,,,",
            Code::AgeOutOfRange,
            Column::BirthDate,
        ),
        (",,2号楼,,301,郑玉兰,,,43.5.2,,,,", Code::BadDate, Column::BirthDate),
        (",,2号楼,,301,郑玉兰,Q,,,,,,", Code::UnknownSex, Column::Sex),
        (
            ",,2号楼,,301,郑玉兰,,4.10E+17,,,,,",
            Code::IdPrecision,
            Column::IdNumber,
        ),
        (",,2号楼,,301,空户,,,,,,,", Code::MissingName, Column::Name),
        (",,2号楼,,301,郑玉兰、孙三,,,,,,,", Code::MissingName, Column::Name),
        (",,2号楼,,2-301,郑玉兰,,,,,,,", Code::MissingDoor, Column::Door),
        (",,2号楼,,3O1,郑玉兰,,,,,,,", Code::MissingDoor, Column::Door),
        (
            ",,2号楼,,301,郑玉兰,,,,,,留守,",
            Code::UnknownCategory,
            Column::CareCategories,
        ),
        (",,2号楼,,301,郑玉兰,,,,12345678901,,,", Code::BadPhone, Column::Phone),
        (
            ",,2号楼,,301,郑玉兰,,,,,,外星人,",
            Code::UnknownCategory,
            Column::CareCategories,
        ),
    ] {
        assert_eq!(rejections(row), [(code, column)], "{row}");
    }
    let long = format!(",,2号楼,,301,{},,,,,,,", "玉".repeat(51));
    assert_eq!(rejections(&long), [(Code::TextTooLong, Column::Name)]);
}

#[test]
fn all_faults_of_a_row_are_told_at_once() {
    let codes: Vec<_> = rejections(",,,,301,,Q,123,昨天,12,邻居,外星人,")
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(
        codes,
        [
            RejectionCode::MissingBuilding,
            RejectionCode::MissingName,
            RejectionCode::IdChecksum,
            RejectionCode::BadDate,
            RejectionCode::UnknownSex,
            RejectionCode::BadPhone,
            RejectionCode::UnknownCategory,
        ]
    );
}

#[test]
fn no_message_repeats_an_id_number() {
    let sheet = sheet(&[
        ",,2号楼,,301,郑玉兰,,990001195003010028,,,,,",
        &format!(",,2号楼,,301,郑玉兰,男,{ID_1950_WOMAN},1950-03-02,,,,"),
    ]);
    let json = serde_json::to_string(&sheet).unwrap();
    assert!(!json.contains("9900011950"));
    assert_eq!(sheet.rejected_row_count(), 2);
}

#[test]
fn an_id_number_kept_as_a_number_has_lost_its_end() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["楼栋", "门牌", "姓名", "身份证号"]).unwrap();
    sheet.write_row(1, 0, ["2号楼", "301", "郑玉兰"]).unwrap();
    sheet.write(1, 3, 990_001_195_003_010_028_i64).unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let sheet = menpai_roster::read_bytes("a.xlsx", &bytes, common::today()).unwrap();
    assert_eq!(sheet.rejected[0].code, RejectionCode::IdPrecision);
    assert!(sheet.rejected[0].message.en.contains("number"));
}

#[test]
fn what_nobody_can_see_in_a_cell_changes_nothing() {
    // A number copied out of an address book, a name out of a web page.
    let row = only_row(",,2号楼,,\u{2066}301\u{2069},郑\u{ad}玉兰,,,,\u{202d}15400001234\u{202c},,,");
    assert_eq!((row.door.as_str(), row.name.as_str()), ("301", "郑玉兰"));
    assert_eq!(row.phone.as_deref(), Some("15400001234"));
}

#[test]
fn digits_are_the_standards_unless_the_column_counts_from_zero() {
    let row = |door: u32, sex: &str, id: &str| format!(",,2号楼,,{door},郑玉兰,{sex},{id},,,,,");
    let sexes = |rows: &[&str]| sheet(rows).rows.iter().map(|row| row.sex).collect::<Vec<_>>();
    assert_eq!(
        sexes(&[&row(301, "1", ""), &row(302, "2", "")]),
        [Some(Sex::Male), Some(Sex::Female)]
    );
    assert_eq!(sexes(&[&row(301, "1", "")]), [Some(Sex::Male)]);
    assert_eq!(
        rejections(&row(301, "1", ID_1950_WOMAN)),
        [(RejectionCode::IdSexMismatch, Column::Sex)]
    );
    // A program that counts from 0 wrote this: only an id number tells.
    let counted = sheet(&[&row(301, "0", ""), &row(302, "1", ""), &row(303, "1", ID_1950_WOMAN)]);
    let rejected: Vec<_> = counted
        .rejected
        .iter()
        .map(|rejection| (rejection.row, rejection.code))
        .collect();
    assert_eq!(
        rejected,
        [(2, RejectionCode::UnknownSex), (3, RejectionCode::UnknownSex)]
    );
    assert_eq!(counted.rows[0].sex, Some(Sex::Female));
}

#[test]
fn a_number_read_as_a_day_is_told() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["楼栋", "门牌", "姓名", "出生日期"]).unwrap();
    sheet.write_row(1, 0, ["2号楼", "301", "郑玉兰"]).unwrap();
    // 1 December 2003 without its first 0, or a day of 1985.
    sheet.write(1, 3, 31_201).unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let sheet = menpai_roster::read_bytes("a.xlsx", &bytes, common::today()).unwrap();
    assert_eq!(sheet.rows[0].birth_date.unwrap().to_string(), "1985-06-03");
    let notice = &sheet.notices[0];
    assert_eq!(
        (notice.code, notice.column),
        (NoticeCode::DateFromSerial, Column::BirthDate)
    );
    assert!(notice.message.zh.contains("1985-06-03"));
}

#[test]
fn the_error_of_a_formula_is_nobodys_name_in_a_csv_file_either() {
    assert_eq!(
        rejections(",,2号楼,,301,#N/A,,,,,,,"),
        [(RejectionCode::MissingName, Column::Name)]
    );
    let sheet = sheet(&[",,2号楼,,301,郑玉兰,,,,,,,#REF!"]);
    assert_eq!(
        (sheet.rows[0].note.as_deref(), sheet.notices[0].code),
        (None, NoticeCode::FormulaError)
    );
}

#[test]
fn an_id_number_in_another_column_is_not_kept_there() {
    for (row, column) in [
        (
            format!(",,2号楼,,301,郑玉兰,,,,,,,女儿身份证{ID_1950_WOMAN}。"),
            Column::Note,
        ),
        (format!(",,2号楼,,301,郑玉兰{ID_1950_WOMAN},,,,,,,"), Column::Name),
    ] {
        assert_eq!(rejections(&row), [(RejectionCode::IdMisplaced, column)]);
    }
    // A column off: no message repeats it, even where its check digit is wrong.
    let sheet = sheet(&[
        &format!(",,2号楼,,301,{ID_1950_WOMAN},,,,,,,"),
        ",,2号楼,,990001195003010028,郑玉兰,,,,,,,",
        "合计,990001195003010028,,,,,,,,,,,",
    ]);
    assert_eq!(sheet.rows, []);
    assert!(!serde_json::to_string(&sheet).unwrap().contains("19500301"));
    // A phone number and the number of a meter are none.
    only_row(",,2号楼,,301,郑玉兰,,,,15400001234,,,燃气表 990001195013320028");
}

#[test]
fn the_second_row_of_a_person_is_rejected() {
    use RejectionCode::DuplicatePerson;
    let one = ",,2号楼,1,301,郑玉兰,女,990001195003010027,1950-03-01,15400001234,,,";
    for (other, column) in [
        // The same number, whatever else differs.
        (",,5号楼,2,101,郑玉蓝,女,990001195003010027,,,,,", Column::IdNumber),
        // No number, the same door and name.
        (",,2号楼,1单元,301室,郑玉兰,,,,,,,", Column::Name),
        // No number, another door, but the same birth date.
        (",,5号楼,2,101,郑玉兰,,,1950-03-01,,,,", Column::Name),
    ] {
        let sheet = sheet(&[one, other]);
        assert_eq!(sheet.rows.len(), 1, "{other}");
        assert_eq!(sheet.rows[0].number, 2);
        let rejection = &sheet.rejected[0];
        assert_eq!((rejection.row, rejection.code), (3, DuplicatePerson));
        assert_eq!(rejection.column, column);
        assert!(rejection.message.zh.contains("第 2 行"));
    }
}

#[test]
fn people_who_may_be_two_are_two() {
    let one = ",,2号楼,1,301,郑玉兰,女,990001195003010027,1950-03-01,15400001234,,,";
    for other in [
        // Two different valid numbers.
        ",,2号楼,1,301,郑玉兰,女,990002195003010023,1950-03-01,15400001234,,,",
        // The same name at another door.
        ",,2号楼,1,302,郑玉兰,女,,,15400001234,,,",
        // Grandmother and granddaughter, for all we know.
        ",,2号楼,1,301,郑玉兰,女,,2001-03-01,15400001234,,,",
    ] {
        assert_eq!(sheet(&[one, other]).rows.len(), 2, "{other}");
    }
}

#[test]
fn one_name_at_thousands_of_doors_is_thousands_of_people() {
    // Comparing each with each would take minutes here.
    let rows: Vec<String> = (0..60_000)
        .map(|door| format!(",,2号楼,,{door},郑玉兰,,,,,,,"))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_eq!(sheet(&rows).rows.len(), 60_000);
}

#[test]
fn a_rejected_row_makes_no_duplicate_of_a_good_one() {
    let sheet = sheet(&[
        ",,2号楼,1,301,郑玉兰,女,990001195003010027,,12,,,",
        ",,2号楼,1,301,郑玉兰,女,990001195003010027,,,,,",
    ]);
    assert_eq!(sheet.rows.len(), 1);
    assert_eq!(sheet.rows[0].number, 3);
}

#[test]
fn a_relation_that_is_not_certain_stays_open() {
    let sheet = sheet(&[",,2号楼,,301,郑玉兰,,,,,媳妇,,", ",,2号楼,,302,沈桂琴,,,,,邻居,,"]);
    assert_eq!(sheet.rows.len(), 2);
    assert_eq!(sheet.rows[0].relation_to_head, None);
    let notices: Vec<_> = sheet.notices.iter().map(|one| (one.row, one.code)).collect();
    assert_eq!(
        notices,
        [(2, NoticeCode::UnknownRelation), (3, NoticeCode::UnknownRelation)]
    );
}

#[test]
fn an_old_id_number_is_read_and_told() {
    let sheet = sheet(&[",,2号楼,,301,郑玉兰,,990001500301002,,,,,"]);
    assert_eq!(sheet.rows[0].birth_date.unwrap().to_string(), "1950-03-01");
    assert_eq!(sheet.rows[0].sex, Some(Sex::Female));
    assert_eq!(sheet.notices[0].code, NoticeCode::IdFifteenDigits);
}

#[test]
fn unclear_visits_are_noticed_and_the_row_stays() {
    let sheet = sheet(&[
        ",,2号楼,,301,郑玉兰,,,,,,独居,每周二探访",
        ",,2号楼,,302,沈桂琴,,,,,,高龄,",
        ",,2号楼,,303,沈桂琴,,,1940-01-01,,,高龄,",
    ]);
    assert_eq!(sheet.rows.len(), 3);
    assert_eq!(sheet.rows[0].care_plan, None);
    let notices: Vec<_> = sheet.notices.iter().map(|one| (one.row, one.code)).collect();
    assert_eq!(
        notices,
        [(2, NoticeCode::CarePlanUnclear), (3, NoticeCode::AdvancedAgeNotKept)]
    );
}

#[test]
fn a_formula_error_is_noticed_and_read_as_empty() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["楼栋", "门牌", "姓名", "电话"]).unwrap();
    sheet.write_row(1, 0, ["2号楼", "301", "郑玉兰"]).unwrap();
    let formula = rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!");
    sheet.write(1, 3, formula).unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let sheet = menpai_roster::read_bytes("a.xlsx", &bytes, common::today()).unwrap();
    assert_eq!(sheet.rows.len(), 1);
    assert_eq!(sheet.rows[0].phone, None);
    assert_eq!(sheet.notices[0].code, NoticeCode::FormulaError);
}

#[test]
fn empty_rows_and_remarks_beside_the_table_are_no_people() {
    let sheet = read_csv("花名册\n楼栋,门牌,姓名,血型\n\n2号楼,301,郑玉兰,A\n,,,合计\n").unwrap();
    assert_eq!(sheet.sheets[0].heading_row, 2);
    assert_eq!(sheet.rows.len(), 1);
    assert_eq!(sheet.rows[0].number, 4);
    assert_eq!(sheet.rejected, []);
    assert_eq!(sheet.sheets[0].unknown_headings, ["血型"]);
}
