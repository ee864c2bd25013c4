//! Tells the rows below the headings apart: people, the headings once more, totals, and the
//! remarks of who filled in the sheet. In doubt a row is a person, so that it is checked and
//! told about; a row is left out only if it names nobody and no door.

use crate::column::Column;
use crate::headings::Headings;
use crate::normalise;
use crate::table::{Cell, RawRow};

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Says nothing in the columns of a roster.
    Blank,
    /// The headings once more.
    Headings,
    /// A total or a remark.
    NotAPerson,
    /// Somebody, or who should be somebody.
    Person,
}

/// What a row is, by its own cells: to be asked before merged cells are filled down.
pub(crate) fn line(row: &RawRow, headings: &Headings) -> Line {
    if !headings.any_content(row) {
        return Line::Blank;
    }
    if headings.is_repeated_in(row) {
        return Line::Headings;
    }
    let own = |column: Column| {
        headings
            .positions(column)
            .iter()
            .find_map(|position| normalise::text(row.cells.get(*position)?))
            .map(|text| normalise::compact(&text))
    };
    let names_somebody = own(Column::Name).is_some_and(|name| !says_total(&name) && !is_count(&name));
    let names_door = [Column::Door, Column::Address]
        .into_iter()
        .filter_map(own)
        .any(|door| !says_total(&door) && !is_count(&door) && !says_remark(&door));
    if names_somebody || names_door {
        return Line::Person;
    }
    // A total stands anywhere but among the notes.
    let notes = headings.positions(Column::Note);
    let mut texts = row
        .cells
        .iter()
        .enumerate()
        .filter(|(position, _)| !notes.contains(position))
        .filter_map(|(_, cell)| normalise::text(cell))
        .map(|text| normalise::compact(&text))
        .peekable();
    let begins_with_remark = texts.peek().is_some_and(|text| says_remark(text));
    if begins_with_remark || texts.any(|text| says_total(&text)) {
        Line::NotAPerson
    } else {
        Line::Person
    }
}

/// Whether a cell that came with a date format stood where words should.
pub(crate) fn is_date(cell: &Cell) -> bool {
    matches!(cell, Cell::Date(_))
}

/// 合计, 小计：12户, 16号楼小计, 本页合计.
fn says_total(text: &str) -> bool {
    const WORDS: &[&str] = &["合计", "小计", "总计", "共计", "累计", "总人数", "总户数"];
    WORDS.iter().any(|word| text.starts_with(word) || text.ends_with(word))
        || (text.starts_with('共') && text.ends_with(['人', '户']))
}

/// 12, 12人, 共12户: how many, not who.
fn is_count(text: &str) -> bool {
    let digits = text.trim_end_matches(['人', '户']);
    let has_word = digits.len() < text.len();
    (has_word || digits.len() <= 2) && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// 填表人：…, 制表日期：…, 注：…
fn says_remark(text: &str) -> bool {
    const WORDS: &str = "填表 制表 填报 审核 登记人 负责人 联系人 经办 录入 统计 打印 单位 日期 备注 说明 注 社区盖章 盖章 网格长 网格员 书记 第 共";
    WORDS.split(' ').any(|word| {
        text.strip_prefix(word).is_some_and(|rest| {
            let colon = rest.find([':', '：']);
            colon.is_some_and(|position| position <= "单位负责人".len()) || (word == "第" && rest.contains('页'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headings;
    use crate::table::Table;

    fn row(number: u32, texts: &[&str]) -> RawRow {
        RawRow {
            number,
            cells: texts
                .iter()
                .map(|text| {
                    if text.is_empty() {
                        Cell::Empty
                    } else {
                        Cell::Text((*text).into())
                    }
                })
                .collect(),
        }
    }

    fn lines(texts: &[&str]) -> Line {
        let table = Table {
            rows: vec![row(1, &["序号", "楼栋", "门牌", "姓名", "备注"])],
            ..Table::default()
        };
        let headings = headings::find(&table).unwrap().unwrap();
        line(&row(2, texts), &headings)
    }

    fn all_are(expected: Line, rows: &[[&str; 5]]) {
        for texts in rows {
            assert_eq!(lines(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn totals_and_remarks_are_no_people() {
        let nobody = [
            ["", "合计", "", "", ""],
            ["合计", "3", "6", "6", ""],
            ["", "16号楼", "小计", "12人", ""],
            ["", "16号楼小计", "", "12", ""],
            ["", "", "", "总计：120", ""],
            ["", "共120人", "", "", ""],
            ["", "填表人：郑玉兰  审核人：", "", "", ""],
            ["制表日期：2026年11月1日", "", "", "", "章"],
            ["", "注：以上为11月数据", "", "", ""],
            ["", "第1页 共3页", "", "", ""],
        ];
        all_are(Line::NotAPerson, &nobody);
        assert_eq!(lines(&["序号", "楼栋", "门牌", "姓名", "备注"]), Line::Headings);
        assert_eq!(lines(&["7", "", "", "", ""]), Line::Blank);
    }

    #[test]
    fn in_doubt_a_row_is_a_person() {
        let somebody = [
            ["", "2号楼", "301", "", ""],
            ["", "2号楼", "", "郑玉兰", ""],
            ["", "2号楼", "", "", "合计两人"],
            ["", "", "12", "", ""],
            ["", "2号楼", "301", "郑玉兰", "合计"],
            ["", "", "", "郑玉兰", ""],
            ["", "第2栋", "", "", ""],
        ];
        all_are(Line::Person, &somebody);
    }
}
