//! Tables from CSV files in UTF-8, with or without a byte order mark. Rows are numbered as a
//! spreadsheet numbers them when it opens the file: blank lines count, line breaks inside
//! quotes do not.

use crate::error::{RosterError, TooLarge};
use crate::limits::{MAX_COLUMNS, MAX_ROWS};
use crate::table::{Cell, RawRow, Table};

/// The table in a CSV file.
pub(super) fn table(bytes: &[u8]) -> Result<Table, RosterError> {
    let text = decode(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut inner_line_breaks = 0;
    while reader.read_record(&mut record).map_err(|_| RosterError::NotUtf8)? {
        inner_line_breaks += record.iter().map(line_breaks).sum::<u64>();
        // The reader now stands behind the record, whose line break it has counted.
        let line = reader.position().line().saturating_sub(1);
        let number =
            u32::try_from(line.saturating_sub(inner_line_breaks)).map_err(|_| RosterError::TooLarge(TooLarge::Rows))?;
        let cells: Vec<Cell> = record.iter().take(MAX_COLUMNS).map(cell).collect();
        if cells.iter().all(|cell| *cell == Cell::Empty) {
            continue;
        }
        if rows.len() == MAX_ROWS {
            return Err(RosterError::TooLarge(TooLarge::Rows));
        }
        rows.push(RawRow { number, cells });
    }
    Ok(Table {
        name: String::new(),
        rows,
    })
}

/// The text of the file with one kind of line break, the last line ended.
fn decode(bytes: &[u8]) -> Result<String, RosterError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| RosterError::NotUtf8)?;
    // A zero byte is in no text; it is in every picture, and in UTF-16.
    if text.contains('\0') {
        return Err(RosterError::NotUtf8);
    }
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn line_breaks(field: &str) -> u64 {
    field.bytes().filter(|byte| *byte == b'\n').count() as u64
}

fn cell(field: &str) -> Cell {
    if field.is_empty() {
        Cell::Empty
    } else {
        Cell::Text(field.to_owned())
    }
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
    fn other_bytes_than_utf8_are_refused() {
        assert!(matches!(
            table(&[0xd0, 0xd5, 0xc3, 0xfb, b',']),
            Err(RosterError::NotUtf8)
        ));
        assert!(matches!(table(b"a\0b"), Err(RosterError::NotUtf8)));
    }
}
