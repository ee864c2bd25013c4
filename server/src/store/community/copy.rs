//! A consistent copy of a database while others write to it: SQLite's online backup, in one
//! step and therefore of one moment. The copy is one file, without a write-ahead log, encrypted as the
//! database is.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{StoreError, check, identity};
use crate::store::connection::{self, OpenError};
use crate::store::database_key::DatabaseKey;

/// Copies a database into a file, which should be empty. The key is the database's.
///
/// # Errors
/// [`OpenError`]; SQLite's.
pub fn copy(from: &Connection, to: &Path, key: Option<&DatabaseKey>) -> Result<(), OpenError> {
    let mut copy = open(to, key)?;
    {
        let backup = Backup::new(from, &mut copy)?;
        while backup.step(-1)? != StepResult::Done {
            // Only another process could be in the way, and the data folder has a lock.
            std::thread::yield_now();
        }
    }
    copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    Ok(copy.close().map_err(|(_, error)| error)?)
}

/// Copies a community's file, and says in the copy that it is one.
///
/// # Errors
/// [`OpenError`]; SQLite's.
pub fn copy_community(from: &Connection, to: &Path, key: Option<&DatabaseKey>, now_ms: i64) -> Result<(), OpenError> {
    copy(from, to, key)?;
    let copy = open(to, key)?;
    identity::mark_copy(&copy, now_ms)?;
    Ok(copy.close().map_err(|(_, error)| error)?)
}

fn open(path: &Path, key: Option<&DatabaseKey>) -> Result<Connection, OpenError> {
    connection::open(
        path,
        key,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )
}

/// What keeps a copy of a community from being served; empty where all is well. Its signed
/// head must be the end of its log.
///
/// # Errors
/// [`StoreError`] where it cannot be read at all.
pub fn findings(path: &Path, key: Option<&DatabaseKey>) -> Result<Vec<String>, StoreError> {
    let connection = super::open_reader(path, key)?;
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
