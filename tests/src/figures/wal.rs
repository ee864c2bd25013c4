//! How often a database was committed to, seen from outside: in its write-ahead log the last
//! frame of each commit says how large the database then is, the others say 0.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// The commits that `work` makes to an open database.
pub(super) fn commits(database: &Path, work: impl FnOnce()) -> usize {
    // From the log's beginning: it may not begin again meanwhile, which a full one does.
    let connection = Connection::open(database).unwrap();
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0, "somebody still reads {}", database.display());
    // While somebody reads, what is written cannot be checkpointed away.
    connection
        .execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1")
        .unwrap();
    work();
    let count = read(&std::fs::read(log_of(database)).unwrap());
    connection.execute_batch("COMMIT").unwrap();
    assert!(count > 0, "nothing was committed");
    count
}

fn log_of(database: &Path) -> PathBuf {
    let mut path = database.to_owned().into_os_string();
    path.push("-wal");
    path.into()
}

fn read(log: &[u8]) -> usize {
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = FRAME_HEADER_BYTES + number(8) as usize;
    let salt = (number(16), number(20));
    (HEADER_BYTES..)
        .step_by(frame)
        .take_while(|at| at + frame <= log.len() && (number(at + 8), number(at + 12)) == salt)
        .filter(|at| number(at + 4) != 0)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_is_counted_once_however_much_it_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sqlite");
        let writer = Connection::open(&path).unwrap();
        let wal = "PRAGMA journal_mode = wal";
        writer.query_row(wal, [], |_| Ok(())).unwrap();
        writer.execute_batch("CREATE TABLE t (a BLOB)").unwrap();
        let counted = commits(&path, || {
            for _ in 0..7 {
                writer
                    .execute_batch("BEGIN; INSERT INTO t VALUES (zeroblob(9000)), (zeroblob(9000)); COMMIT")
                    .unwrap();
            }
            writer.execute_batch("BEGIN; SELECT count(*) FROM t; COMMIT").unwrap();
        });
        assert_eq!(counted, 7);
    }
}
