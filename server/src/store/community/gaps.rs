//! What of a device's log is known to exist and is not here: before entries that arrived past a
//! gap, and after the last one where the device has said that it has more.

use std::collections::HashMap;

use menpai_sync_core::ids::{DeviceId, Seq};
use rusqlite::{Connection, named_params};

use super::StoreError;

/// Entries `first` to `last` of a device are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first one.
    pub first: Seq,
    /// The last one.
    pub last: Seq,
    /// Home's clock when it was first known, milliseconds UTC.
    pub since_ms: i64,
}

/// The gaps of every device that has one, in order.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &Connection) -> Result<HashMap<DeviceId, Vec<Gap>>, StoreError> {
    let mut gaps: HashMap<DeviceId, Vec<Gap>> = HashMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT d.device, d.number, d.seq, i.first, i.last,
                (SELECT min(l.received_ms) FROM entry e JOIN log_line l ON l.entry = e.number
                  WHERE e.device = d.number AND e.seq BETWEEN i.first AND i.last)
           FROM device_log d LEFT JOIN device_island i ON i.device = d.number
          ORDER BY d.number, i.first",
    )?;
    let mut rows = statement.query([])?;
    let mut ends: Vec<(DeviceId, i64, Seq)> = Vec::new();
    while let Some(row) = rows.next()? {
        let device = DeviceId::from_bytes(row.get(0)?);
        let number: i64 = row.get(1)?;
        if ends.last().is_none_or(|(_, last, _)| *last != number) {
            ends.push((device, number, row.get(2)?));
        }
        let (Some((_, _, end)), Some(first)) = (ends.last_mut(), row.get::<_, Option<Seq>>(3)?) else {
            continue;
        };
        if first > *end + 1 {
            gaps.entry(device).or_default().push(Gap {
                first: *end + 1,
                last: first - 1,
                since_ms: row.get::<_, Option<i64>>(5)?.unwrap_or_default(),
            });
        }
        *end = row.get::<_, Seq>(4)?.max(*end);
    }
    let mut said = connection
        .prepare_cached("SELECT max(last), min(at_ms) FROM device_contact WHERE device = :device AND last > :end")?;
    for (device, number, end) in ends {
        let mut rows = said.query(named_params! {":device": number, ":end": end})?;
        if let Some(row) = rows.next()?
            && let Some(last) = row.get::<_, Option<Seq>>(0)?
        {
            gaps.entry(device).or_default().push(Gap {
                first: end + 1,
                last,
                since_ms: row.get(1)?,
            });
        }
    }
    Ok(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrations::{Migration, migrate};

    #[test]
    fn what_is_missing_between_and_after_what_arrived_is_named_with_since_when() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = Migration {
            name: "0001_log.sql",
            sql: include_str!("../../../migrations/community/0001_log.sql"),
        };
        migrate(&mut connection, &[first]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO device_log (number, device, seq, h) VALUES
                    (1, zeroblob(16), 13, zeroblob(32)), (2, x'01010101010101010101010101010101', 5, zeroblob(32));
                 INSERT INTO device_island (device, first, last, previous, h, signature) VALUES
                    (1, 18, 20, zeroblob(32), zeroblob(32), zeroblob(64)),
                    (1, 22, 22, zeroblob(32), zeroblob(32), zeroblob(64));
                 INSERT INTO part (number, name) VALUES (1, 'community/open');
                 INSERT INTO entry (number, device, seq, body, dictionary) VALUES
                    (1, 1, 18, x'00', 0), (2, 1, 20, x'00', 0), (3, 1, 22, x'00', 0);
                 INSERT INTO log_line (lsn, entry, part, verdict, received_ms, offset_ms, made_ms) VALUES
                    (1, 1, 1, 'merged', 700, 0, 0), (2, 2, 1, 'merged', 600, 0, 0), (3, 3, 1, 'merged', 800, 0, 0);
                 INSERT INTO device_contact (device, last, at_ms) VALUES
                    (1, 20, 500), (1, 24, 900), (1, 25, 950), (2, 5, 100);",
            )
            .unwrap();
        let gaps = all(&connection).unwrap();
        let known: Vec<_> = gaps[&DeviceId::from_bytes([0; 16])]
            .iter()
            .map(|gap| (gap.first, gap.last, gap.since_ms))
            .collect();
        assert_eq!(known, [(14, 17, 600), (21, 21, 800), (23, 25, 900)]);
        assert_eq!(gaps.len(), 1, "a log that is whole has none");
    }
}
