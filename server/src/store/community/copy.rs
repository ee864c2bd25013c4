//! A consistent copy of a database while others write to it: SQLite's online backup, in one
//! step and therefore of one moment. The copy is one file, without a write-ahead log.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{StoreError, check, identity};

/// Copies a database into a file, which should be empty.
///
/// # Errors
/// SQLite's.
pub fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut copy = Connection::open(to)?;
    {
        let backup = Backup::new(from, &mut copy)?;
        while backup.step(-1)? != StepResult::Done {
            // Only another process could be in the way, and the data folder has a lock.
            std::thread::yield_now();
        }
    }
    copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    copy.close().map_err(|(_, error)| error)
}

/// Copies a community's file, and says in the copy that it is one.
///
/// # Errors
/// SQLite's.
pub fn copy_community(from: &Connection, to: &Path, now_ms: i64) -> rusqlite::Result<()> {
    copy(from, to)?;
    let copy = Connection::open(to)?;
    identity::mark_copy(&copy, now_ms)?;
    copy.close().map_err(|(_, error)| error)
}

/// What keeps a copy of a community from being served; empty where all is well. Its signed
/// head must be the end of its log.
///
/// # Errors
/// [`StoreError`] where it cannot be read at all.
pub fn findings(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = super::open_reader(path)?;
    let mut findings = check::sqlite(&connection)?;
    let Some(me) = identity::read(&connection)? else {
        findings.push("it is nobody's".to_owned());
        return Ok(findings);
    };
    let last: u64 = connection.query_row("SELECT coalesce(max(lsn), 0) FROM log_line", [], |row| row.get(0))?;
    match identity::head(&connection)? {
        Some((head, signature)) => {
            let message = head.message(me.code, me.log);
            if head.lsn != last || me.receipt_key.verify(&message, &signature).is_err() {
                findings.push(format!("its head at line {last} is not signed by the home"));
            }
        }
        None if last > 0 => findings.push("it has lines and no head".to_owned()),
        None => {}
    }
    Ok(findings)
}
