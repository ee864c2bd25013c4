//! Tables from CSV files, parted by commas, or by tabs or semicolons where the first lines
//! have those and no comma. Rows are numbered as a spreadsheet numbers them when it opens the file:
//! blank lines count, line breaks inside quotes do not.

use super::encoding;
use crate::error::{RosterError, TooLarge};
use crate::limits::{MAX_COLUMNS, MAX_ROWS};
use crate::table::{Cell, RawRow, Table};

/// The table in a CSV file.
pub(super) fn table(bytes: &[u8]) -> Result<Table, RosterError> {
    let text = one_line_break(&encoding::decode(bytes)?);
    if super::is_web_page(&text) {
        return Err(RosterError::WebPage);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut inner_line_breaks = 0;
    let mut last_closed = 0;
    let mut last_number = 0;
    while reader.read_record(&mut record).map_err(|_| RosterError::NotText)? {
        inner_line_breaks += record.iter().map(line_breaks).sum::<u64>();
        // The reader now stands behind the record, whose line break it has counted.
        let line = reader.position().line().saturating_sub(1);
        let number =
            u32::try_from(line.saturating_sub(inner_line_breaks)).map_err(|_| RosterError::TooLarge(TooLarge::Rows))?;
        (last_closed, last_number) = (last_number, number);
        if record.len() == 1 && &record[0] == END {
            return Ok(Table {
                rows,
                ..Table::default()
            });
        }
        if let Some(far) = record.iter().skip(MAX_COLUMNS).position(|field| !field.is_empty()) {
            return Err(super::far_cell(number, far + MAX_COLUMNS));
        }
        let cells: Vec<Cell> = record.iter().take(MAX_COLUMNS).map(Cell::of_text).collect();
        if cells.iter().all(|cell| *cell == Cell::Empty) {
            continue;
        }
        if rows.len() == MAX_ROWS {
            return Err(RosterError::TooLarge(TooLarge::Rows));
        }
        rows.push(RawRow { number, cells });
    }
    // A quote that is never closed has taken in everything behind it, the end too.
    Err(RosterError::OpenQuote { row: last_closed + 1 })
}

/// Stands behind the last record while it is read.
const END: &str = "\u{1}end\u{1}";

/// One kind of line break, the last line ended, and the mark behind it.
fn one_line_break(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text + END + "\n"
}

/// Looked for where the headings stand.
fn delimiter(text: &str) -> u8 {
    const HEAD_LINES: usize = 30;
    let stands = |delimiter: char| text.lines().take(HEAD_LINES).any(|line| line.contains(delimiter));
    match [',', '\t', ';'].into_iter().find(|delimiter| stands(*delimiter)) {
        Some('\t') => b'\t',
        Some(';') => b';',
        _ => b',',
    }
}

fn line_breaks(field: &str) -> u64 {
    field.bytes().filter(|byte| *byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers_and_first_cells(text: &str) -> Vec<(u32, String)> {
        table(text.as_bytes())
            .unwrap()
            .rows
            .into_iter()
            .map(|row| match row.cells.into_iter().next() {
                Some(Cell::Text(text)) => (row.number, text),
                _ => (row.number, String::new()),
            })
            .collect()
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
        let expected = vec![
            (1, "a".to_owned()),
            (3, "b\nb".to_owned()),
            (4, "c".to_owned()),
            (7, "d".to_owned()),
        ];
        for ending in ["\n", "\r\n", "\r"] {
            for last in ["", ending] {
                let text = ["a,1", "", "\"b\nb\",2", "c,3", ",", "", "d"].join(ending) + last;
                assert_eq!(numbers_and_first_cells(&text), expected, "{ending:?}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_cell() {
        assert_eq!(numbers_and_first_cells("\u{feff}姓名,楼栋\n"), [(1, "姓名".to_owned())]);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(matches!(table(&[0xff, 0xff, b',']), Err(RosterError::NotText)));
        assert!(matches!(table(b"a\0b"), Err(RosterError::NotText)));
    }

    #[test]
    fn a_quote_that_is_never_closed_loses_no_row_silently() {
        for (text, row) in [
            ("a,1\nb,\"2\nc,3\n", 2),
            ("\"a,1\nb,2", 1),
            ("a,1\n\nb,\"", 2),
            ("a,1\n\"", 2),
        ] {
            assert!(
                matches!(table(text.as_bytes()), Err(RosterError::OpenQuote { row: found }) if found == row),
                "{text}"
            );
        }
        assert_eq!(numbers_and_first_cells("a,1\nb,\"2\n\"").len(), 2);
    }

    #[test]
    fn tabs_and_semicolons_part_cells_where_no_comma_does() {
        for text in ["姓名\t楼栋\n张三\t2号楼", "姓名;楼栋\n张三;2号楼"] {
            let table = table(text.as_bytes()).unwrap();
            assert_eq!(table.rows[1].cells[1], Cell::Text("2号楼".into()), "{text}");
        }
    }
}
