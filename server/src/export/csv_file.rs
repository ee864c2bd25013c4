//! CSV: UTF-8 with a byte order mark, CRLF, quoted where needed. A text that a spreadsheet
//! would take for a formula gets an apostrophe in front, which spreadsheets do not show.

use std::fs::File;
use std::io::{BufWriter, Write};

use super::{Cell, ExportError, looks_like_formula};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

pub(super) struct CsvFile(csv::Writer<BufWriter<File>>);

impl CsvFile {
    pub(super) fn begin(file: File, headings: &[String]) -> Result<CsvFile, ExportError> {
        let mut file = BufWriter::new(file);
        file.write_all(BYTE_ORDER_MARK)?;
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(file);
        writer.write_record(headings.iter().map(|heading| harmless(heading)))?;
        Ok(CsvFile(writer))
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), ExportError> {
        Ok(self.0.write_record(cells.iter().map(written))?)
    }

    pub(super) fn finish(self) -> Result<File, ExportError> {
        let buffered = self.0.into_inner().map_err(csv::IntoInnerError::into_error)?;
        Ok(buffered.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => harmless(text),
        Cell::Integer(number) => number.to_string(),
        Cell::Date(day) => day.to_string(),
        Cell::DateTime(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

fn harmless(text: &str) -> String {
    if looks_like_formula(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
