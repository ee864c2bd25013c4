//! Writes a demonstration roster the way an office keeps one: a sheet 花名册 with a coloured
//! heading row that stays in view, id numbers and phones as text, door numbers as numbers and
//! birth dates as dates. The same roster as CSV is what a spreadsheet would save of it.

use std::path::Path;

use chrono::Datelike;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::{DemoRoster, Listed, SEED, day, roster};
use crate::column::Column;
use crate::row::NO_UNIT;

/// Why a roster could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The workbook could not be made or stored.
    #[error("the workbook cannot be written: {0}")]
    Workbook(#[from] XlsxError),
    /// The CSV file could not be stored.
    #[error("the CSV file cannot be written: {0}")]
    Csv(#[from] csv::Error),
    /// The file could not be stored.
    #[error("the file cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Writes the demonstration roster with the usual seed as a workbook.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_xlsx(path: impl AsRef<Path>) -> Result<(), WriteError> {
    roster(SEED).write_xlsx(path)
}

/// Name of the sheet.
const SHEET: &str = "花名册";

impl DemoRoster {
    /// Writes the roster as a workbook.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_xlsx(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let mut workbook = Workbook::new();
        let created = day();
        // Without it every run would give other bytes.
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(
            u16::try_from(created.year()).unwrap_or(2026),
            u8::try_from(created.month()).unwrap_or(1),
            u8::try_from(created.day()).unwrap_or(1),
        )?));
        let sheet = workbook.add_worksheet();
        sheet.set_name(SHEET)?;
        write_headings(sheet)?;
        let formats = Formats::new();
        for listed in &self.people {
            for (column, position) in Column::STANDARD.into_iter().zip(0..) {
                write_cell(sheet, listed, column, position, &formats)?;
            }
        }
        let last_row = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        sheet.autofilter(0, 0, last_row, 12)?;
        workbook.save(path)?;
        Ok(())
    }

    /// Writes the roster as a CSV file in UTF-8 with a byte order mark.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let mut bytes = "\u{feff}".as_bytes().to_vec();
        {
            let mut writer = csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .from_writer(&mut bytes);
            writer.write_record(Column::STANDARD.map(Column::heading))?;
            for listed in &self.people {
                writer.write_record(Column::STANDARD.map(|column| listed.text(column)))?;
            }
            writer.flush()?;
        }
        std::fs::write(path, bytes)?;
        Ok(())
    }
}

impl Listed {
    /// What the sheet shows in a column.
    fn text(&self, column: Column) -> String {
        let row = &self.row;
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        match column {
            Column::Grid => optional(&row.grid),
            Column::Compound => optional(&row.compound),
            Column::Building => row.building.clone(),
            Column::Unit if row.unit == NO_UNIT => NO_UNIT.to_owned(),
            Column::Unit => format!("{}单元", row.unit),
            Column::Door => row.door.clone(),
            Column::Name => row.name.clone(),
            Column::Sex if !self.states_sex => String::new(),
            Column::Sex => row.sex.map(|sex| sex.word().to_owned()).unwrap_or_default(),
            Column::IdNumber => optional(&self.id_number),
            Column::BirthDate => match row.birth_date {
                Some(date) if self.states_birth_date => date.to_string(),
                _ => String::new(),
            },
            Column::Phone => optional(&row.phone),
            Column::RelationToHead => row
                .relation_to_head
                .map(|relation| relation.word().to_owned())
                .unwrap_or_default(),
            Column::CareCategories => {
                let words: Vec<_> = row.care_categories.iter().map(|one| one.word()).collect();
                words.join("、")
            }
            Column::Note => optional(&row.note),
            Column::SecondPhone | Column::Address => String::new(),
        }
    }
}

struct Formats {
    plain: Format,
    text: Format,
    date: Format,
}

impl Formats {
    fn new() -> Self {
        let plain = Format::new().set_border(FormatBorder::Thin);
        Self {
            text: plain.clone().set_num_format("@"),
            date: plain.clone().set_num_format("yyyy-mm-dd"),
            plain,
        }
    }
}

fn write_headings(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let format = Format::new()
        .set_bold()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_background_color(Color::RGB(0x00D9_E7F5))
        .set_border(FormatBorder::Thin);
    for (column, position) in Column::STANDARD.into_iter().zip(0..) {
        sheet.write_with_format(0, position, column.heading(), &format)?;
        sheet.set_column_width(position, width(column))?;
    }
    sheet.set_row_height(0, 24)?;
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

fn width(column: Column) -> f64 {
    match column {
        Column::Unit | Column::Sex => 7.0,
        Column::Grid | Column::Building | Column::Door | Column::Name => 9.0,
        Column::RelationToHead | Column::BirthDate => 12.0,
        Column::Compound | Column::Phone | Column::SecondPhone => 15.0,
        Column::IdNumber => 21.0,
        Column::CareCategories => 18.0,
        Column::Note | Column::Address => 36.0,
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    listed: &Listed,
    column: Column,
    position: u16,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let row = listed.row.number - 1;
    let text = listed.text(column);
    match column {
        _ if text.is_empty() => sheet.write_blank(row, position, &formats.plain)?,
        Column::IdNumber | Column::Phone => sheet.write_with_format(row, position, text, &formats.text)?,
        Column::Door if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            let number: u32 = text.parse().unwrap_or_default();
            sheet.write_with_format(row, position, number, &formats.plain)?
        }
        Column::BirthDate => {
            let date = ExcelDateTime::parse_from_str(&text)?;
            sheet.write_with_format(row, position, &date, &formats.date)?
        }
        _ => sheet.write_with_format(row, position, text, &formats.plain)?,
    };
    Ok(())
}
