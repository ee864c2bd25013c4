//! Division codes from a table of the statistics office: CSV or .xlsx with a column of codes and one of names. A
//! row that says nothing of use is told with its reason and the others are kept; the same table again
//! changes nothing, and what is not in it stays.

use std::collections::HashMap;
use std::path::Path;

use menpai_roster::{PlainRow, RosterError, read_plain};
use serde::{Deserialize, Serialize};

use super::code::{Unit, unfilled};
use crate::store::node::{self, Kept, NodeStore};

const CODE: &[&str] = &["code", "代码", "区划代码", "统计用区划代码", "行政区划代码"];
const NAME: &[&str] = &["name", "名称", "单位名称", "区划名称"];
/// Characters of a division's name; the longest there are have some thirty.
const LONGEST_NAME: usize = 60;

/// What became of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Divisions that were not known.
    pub new: usize,
    /// Divisions that have another name now.
    pub renamed: usize,
    /// Divisions that were known so.
    pub same: usize,
    /// Rows that were left out.
    pub rejected: Vec<ImportedRow>,
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedRow {
    /// The sheet's name; empty for a CSV file.
    pub sheet: String,
    /// As the sheet numbers it.
    pub row: u32,
    /// Why, in Chinese.
    pub zh: String,
    /// And in English.
    pub en: String,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum NotImported {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] RosterError),
    /// It is another table.
    #[error("no row names the columns code and name (代码 and 名称)")]
    NoHeadings,
    /// The node's file.
    #[error(transparent)]
    Node(#[from] rusqlite::Error),
}

/// Keeps the divisions of a table; all of them are there when this returns.
///
/// # Errors
/// [`NotImported`]; then nothing is kept.
pub fn import(node: &NodeStore, file: &Path) -> Result<Imported, NotImported> {
    let rows = read_plain(file, &[CODE, NAME])?.ok_or(NotImported::NoHeadings)?;
    let mut imported = Imported::default();
    let mut divisions: HashMap<String, (String, u32)> = HashMap::new();
    for row in rows {
        let known = match read(&row) {
            Ok((code, name)) => match divisions.get(&code) {
                Some((other, first)) if *other != name => Err((
                    format!("代码 {code} 在第 {first} 行是“{other}”，这里是“{name}”。"),
                    format!("Code {code} is {other} in row {first} and {name} here."),
                )),
                _ => {
                    divisions.insert(code, (name, row.row));
                    Ok(())
                }
            },
            Err(reason) => Err(reason),
        };
        if let Err((zh, en)) = known {
            let (sheet, row) = (row.sheet, row.row);
            imported.rejected.push(ImportedRow { sheet, row, zh, en });
        }
    }
    node.write(|transaction| {
        for (code, (name, _)) in &divisions {
            match node::keep_division(transaction, code, name)? {
                Kept::New => imported.new += 1,
                Kept::Renamed => imported.renamed += 1,
                Kept::Same => imported.same += 1,
            }
        }
        Ok(())
    })?;
    Ok(imported)
}

/// Code and name of a row, or why it has none.
fn read(row: &PlainRow) -> Result<(String, String), (String, String)> {
    let [code, name] = &row.cells[..] else {
        return Err(("读不出来。".to_owned(), "It cannot be read.".to_owned()));
    };
    let code = unfilled(code);
    if Unit::of(code).is_none() {
        return Err((
            format!("“{code}”不是区划代码：省2位、市4位、区县6位、街道9位、社区12位，中间各级不能是零。"),
            format!("{code:?} is no division code: 2, 4, 6, 9 or 12 digits, and no level between them that is zero."),
        ));
    }
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !fits {
        return Err((
            format!("代码 {code} 没有名称，或名称超过 {LONGEST_NAME} 个字。"),
            format!("Code {code} has no name, or one of more than {LONGEST_NAME} characters."),
        ));
    }
    Ok((code.to_owned(), name.clone()))
}
