//! SQLite's own checks of a file.

use rusqlite::Connection;

use super::StoreError;

/// What `integrity_check` and `foreign_key_check` find; empty where all is well.
///
/// # Errors
/// [`StoreError`].
pub fn sqlite(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut findings: Vec<String> = connection
        .prepare("PRAGMA integrity_check")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    findings.retain(|finding| finding != "ok");
    let mut dangling = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = dangling.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        findings.push(format!("a row of {table} refers to nothing in {parent}"));
    }
    Ok(findings)
}
