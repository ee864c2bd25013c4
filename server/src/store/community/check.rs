//! SQLite's own checks of a file, and that what its log and its records refer to is there.

use rusqlite::Connection;

use super::StoreError;

/// Table, column and the table that has its number: what every entry's rows refer to, without
/// foreign keys.
const REFERENCES: [(&str, &str, &str); 6] = [
    ("log_line", "entry", "entry"),
    ("log_line", "part", "part"),
    ("merged_entry", "entry", "entry"),
    ("merged_entry", "kind", "kind"),
    ("merged_entry", "worker", "worker"),
    ("sealed_number", "entry", "merged_entry"),
];

/// What `integrity_check` and `foreign_key_check` find, and rows that refer to nothing; empty
/// where all is well.
///
/// # Errors
/// [`StoreError`].
pub fn sqlite(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut findings: Vec<String> = connection
        .prepare("PRAGMA integrity_check")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    findings.retain(|finding| finding != "ok");
    let finding = |table: &str, parent: &str| format!("a row of {table} refers to nothing in {parent}");
    let mut dangling = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = dangling.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        findings.push(finding(&table, &parent));
    }
    let records: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'record_*'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let of_records = records.iter().map(|table| (table.as_str(), "entry", "merged_entry"));
    for (table, column, parent) in REFERENCES.into_iter().chain(of_records) {
        let number = if parent == "merged_entry" { "entry" } else { "number" };
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT {number} FROM {parent})");
        let count: usize = connection.query_row(&sql, [], |row| row.get(0))?;
        findings.extend((0..count).map(|_| finding(table, parent)));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use menpai_sync_core::kinds::Kinds;

    use super::super::empty_in_memory;
    use super::super::projection::Projection;
    use super::*;

    #[test]
    fn a_row_that_refers_to_nothing_is_found_in_every_table() {
        let projection = Projection::new(Arc::new(Kinds::builtin().unwrap()));
        let connection = empty_in_memory(&projection).unwrap();
        assert_eq!(sqlite(&connection).unwrap(), Vec::<String>::new());
        connection
            .execute_batch(
                "INSERT INTO log_line (lsn, entry, part, verdict, received_ms, offset_ms, made_ms)
                 VALUES (1, 7, 8, 'merged', 0, 0, 0);
                 INSERT INTO merged_entry (entry, lsn, kind, worker, made_ms, made_at_ms, made_at_offset_minutes)
                 VALUES (7, 1, 1, 9, 0, 0, 480);
                 INSERT INTO sealed_number (entry, subject) VALUES (6, zeroblob(16));
                 INSERT INTO record_door_check (entry) VALUES (5);",
            )
            .unwrap();
        let found = sqlite(&connection).unwrap();
        let expected = [
            "a row of log_line refers to nothing in entry",
            "a row of log_line refers to nothing in part",
            "a row of merged_entry refers to nothing in entry",
            "a row of merged_entry refers to nothing in worker",
            "a row of sealed_number refers to nothing in merged_entry",
            "a row of record_door_check refers to nothing in merged_entry",
        ];
        assert_eq!(found, expected);
    }
}
