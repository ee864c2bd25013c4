//! How much of a file is read at most. A community has some thousands of people; whatever
//! exceeds these figures is a mistake or an attack, and is refused before it costs memory.

/// Size of the file itself.
pub const MAX_FILE_BYTES: u64 = 50_000_000;

/// Size of everything in a workbook when unpacked, and of all texts taken out of its cells.
pub const MAX_INFLATED_BYTES: u64 = 200_000_000;

/// Rows with content, all sheets together.
pub const MAX_ROWS: usize = 100_000;

/// Columns that are looked at, counted from the left.
pub(crate) const MAX_COLUMNS: usize = 256;

/// Cells, empty ones included: spreadsheets store a cell for every border and colour.
pub(crate) const MAX_CELLS: u64 = 20_000_000;

/// Sheets in one workbook. Several may point at the same part of the file, so that the size
/// of the file does not bound the work.
pub(crate) const MAX_SHEETS: usize = 50;

/// Parts in the archive that a workbook is.
pub(crate) const MAX_PARTS: usize = 2_000;

/// Cells with content: a hundred thousand rows of forty columns.
pub(crate) const MAX_FILLED_CELLS: u64 = 4_000_000;

/// Texts that a workbook's table of texts may announce. The reader reserves memory for as
/// many as the file claims to have.
pub(crate) const MAX_ANNOUNCED_TEXTS: u64 = 5_000_000;

/// Tags in a workbook's table of texts, four for a plain text.
pub(crate) const MAX_TEXT_TAGS: u64 = 10_000_000;

/// Tags in a workbook's styles. A spreadsheet program takes 65,490 styles for cells, and
/// workbooks that were copied together for years come near it.
pub(crate) const MAX_STYLE_TAGS: u64 = 500_000;

/// Bytes of one value in the styles, the name of a font or a number format. The reader
/// copies them into every style that uses them.
pub(crate) const MAX_STYLE_VALUE_BYTES: usize = 500;

/// Merged ranges of one sheet.
pub(crate) const MAX_MERGED: usize = 100_000;
