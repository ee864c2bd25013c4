//! Why a whole file cannot be read as a roster. Every error says what is wrong and what to do
//! next, in Chinese and English, and has a stable code; nothing of the file was taken over.

use crate::column::Column;
use crate::findings::Message;
use crate::limits::{MAX_FILE_BYTES, MAX_INFLATED_BYTES, MAX_ROWS};

/// A file that is no roster, or none that can be read.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The file cannot be opened or read.
    #[error("The file cannot be read: {0}. Check that it is there and not open elsewhere.")]
    Unreadable(#[from] std::io::Error),
    /// The name has another ending than `.xlsx` or `.csv`.
    #[error("Only .xlsx and .csv files are read. Save the roster as .xlsx and try again.")]
    UnknownKind,
    /// A workbook of the old kind, or one with a password: both come in the same wrapping.
    #[error(
        "This is an old .xls workbook or one with a password. Open it, remove the password, \
         save it as .xlsx and try again."
    )]
    OldOrProtected,
    /// The content is no workbook although the name says so, or only part of one.
    #[error(
        "This is not a workbook, or it is damaged or incomplete ({detail}). Open it in the \
         program it was made with, save it as .xlsx and try again."
    )]
    NotAWorkbook {
        /// What the reader stumbled over.
        detail: String,
    },
    /// The content of a `.csv` file is a workbook.
    #[error("This .csv file is in fact a workbook. Give it its ending .xlsx back and try again.")]
    WorkbookNamedCsv,
    /// The content of a `.csv` file is no text, or in an encoding that is not read.
    #[error(
        "This .csv file is not text in UTF-8, GB18030 or UTF-16. Save it as \"CSV UTF-8\" or as .xlsx and try again."
    )]
    NotText,
    /// A quotation mark in a `.csv` file is never closed.
    #[error(
        "A quotation mark in or behind row {row} of this .csv file is never closed, so that nothing behind it can be \
         told apart. Close or delete it, or save the roster as .xlsx, and try again."
    )]
    OpenQuote {
        /// The first row that it may stand in.
        row: u32,
    },
    /// A web page under the name of a workbook or a CSV file, as some systems export them.
    #[error("This is a web page, not a workbook. Open it in a spreadsheet program, save it as .xlsx and try again.")]
    WebPage,
    /// A part of the workbook declares entities, which no spreadsheet program writes.
    #[error(
        "Part of this workbook ({part}) declares document types or entities, which no spreadsheet program writes. \
         Open it, copy the roster into a new workbook and try again."
    )]
    Entities {
        /// The part.
        part: String,
    },
    /// A cell with content lies outside of what a roster can fill.
    #[error(
        "Cell {cell} has content, far outside of a roster. Delete it, or copy nothing but the roster into a new \
         workbook, and try again."
    )]
    FarCell {
        /// As a spreadsheet calls it.
        cell: String,
    },
    /// More than is read at once.
    #[error(
        "The file is too large: {what}. Split it, for example by grid, or copy nothing but the roster into a new \
         workbook.",
        what = .0.english()
    )]
    TooLarge(TooLarge),
    /// No row holds the headings of a roster.
    #[error(
        "No heading row was found. The first rows need one with at least the headings 楼栋, \
         门牌 and 姓名 (or 地址 and 姓名)."
    )]
    NoHeadingRow,
    /// The heading row lacks a required column.
    #[error(
        "The headings in row {row} lack {missing}. Add the column and try again.",
        missing = list(missing)
    )]
    MissingHeadings {
        /// The heading row.
        row: u32,
        /// What it lacks.
        missing: Vec<Column>,
    },
}

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLarge {
    /// The file itself.
    File,
    /// What the file holds when unpacked.
    Inflated,
    /// Rows with content.
    Rows,
    /// Sheets, parts, cells or styles: more than any roster has.
    Structure,
}

impl TooLarge {
    fn english(self) -> String {
        match self {
            Self::File => format!("it has more than {} MB", megabytes(MAX_FILE_BYTES)),
            Self::Inflated => {
                format!("unpacked it has more than {} MB", megabytes(MAX_INFLATED_BYTES))
            }
            Self::Rows => format!("it has more than {MAX_ROWS} rows"),
            Self::Structure => "it has more sheets, cells or styles than a roster can have".to_owned(),
        }
    }

    fn chinese(self) -> String {
        match self {
            Self::File => format!("超过 {} MB", megabytes(MAX_FILE_BYTES)),
            Self::Inflated => format!("解压后超过 {} MB", megabytes(MAX_INFLATED_BYTES)),
            Self::Rows => format!("超过 {MAX_ROWS} 行"),
            Self::Structure => "工作表、单元格或样式多得不像花名册".to_owned(),
        }
    }
}

impl RosterError {
    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "roster_unreadable",
            Self::UnknownKind => "roster_unknown_kind",
            Self::OldOrProtected => "roster_old_or_protected",
            Self::NotAWorkbook { .. } => "roster_not_a_workbook",
            Self::WorkbookNamedCsv => "roster_workbook_named_csv",
            Self::NotText => "roster_not_text",
            Self::OpenQuote { .. } => "roster_open_quote",
            Self::WebPage => "roster_web_page",
            Self::Entities { .. } => "roster_entities",
            Self::FarCell { .. } => "roster_far_cell",
            Self::TooLarge(_) => "roster_too_large",
            Self::NoHeadingRow => "roster_no_heading_row",
            Self::MissingHeadings { .. } => "roster_missing_headings",
        }
    }

    /// What is wrong and what to do next, for the person who chose the file.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(self.chinese(), self.to_string())
    }

    fn chinese(&self) -> String {
        match self {
            Self::Unreadable(_) => "文件打不开。请确认文件还在、没有被别的程序占用。".to_owned(),
            Self::UnknownKind => "只能读 .xlsx 和 .csv 文件。请把花名册另存为 .xlsx 再试。".to_owned(),
            Self::OldOrProtected => {
                "这是旧版 .xls 工作簿,或者加了密码。请打开后去掉密码,另存为 .xlsx 再试。".to_owned()
            }
            Self::NotAWorkbook { .. } => {
                "这不是工作簿,或者文件损坏、不完整。请用原来的软件打开,另存为 .xlsx 再试。".to_owned()
            }
            Self::WorkbookNamedCsv => "这个 .csv 文件其实是工作簿。请把扩展名改回 .xlsx 再试。".to_owned(),
            Self::NotText => {
                "这个 .csv 文件不是 UTF-8、GB18030 或 UTF-16 编码的文本。请另存为“CSV UTF-8”或 .xlsx 再试。".to_owned()
            }
            Self::OpenQuote { row } => format!(
                "这个 .csv 文件从第 {row} 行起有一个引号没有配对,后面的内容分不清。请补上或删去引号,或另存为 .xlsx 再试。"
            ),
            Self::WebPage => "这其实是网页,不是工作簿。请用表格软件打开,另存为 .xlsx 再试。".to_owned(),
            Self::Entities { part } => format!(
                "工作簿里的 {part} 声明了文档类型或实体,表格软件不会这样写。请打开后把花名册复制到新的工作簿再试。"
            ),
            Self::FarCell { cell } => {
                format!("单元格 {cell} 里有内容,离花名册太远。请删去它,或只把花名册复制到新的工作簿再试。")
            }
            Self::TooLarge(what) => format!(
                "文件太大:{}。请按网格分成几个文件,或只把花名册复制到新的工作簿。",
                what.chinese()
            ),
            Self::NoHeadingRow => {
                "没有找到表头。前几行里要有一行表头,至少写明:楼栋、门牌、姓名(或地址、姓名)。".to_owned()
            }
            Self::MissingHeadings { row, missing } => {
                format!("第 {row} 行的表头缺少:{}。请补上这一列再试。", list(missing))
            }
        }
    }
}

fn list(columns: &[Column]) -> String {
    let headings: Vec<&str> = columns.iter().map(|column| column.heading()).collect();
    headings.join("、")
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
