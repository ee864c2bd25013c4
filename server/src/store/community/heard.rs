//! When each device was last heard from, and when the home last had all of it. Noted at
//! every sync, also one without news: that is how silence and nothing-to-say differ.

use std::collections::HashMap;

use menpai_sync_core::ids::DeviceId;
use rusqlite::{Connection, Transaction, named_params};

use super::StoreError;

/// What is known of one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Home's clock at its last contact, milliseconds UTC.
    pub contact_ms: i64,
    /// The same of the last contact after which nothing it said it had was missing here;
    /// `None` if there was none yet. What it recorded until then is known.
    pub complete_ms: Option<i64>,
}

/// Notes a contact; `complete`: all that the device said it had is here.
///
/// # Errors
/// [`StoreError`].
pub fn note(transaction: &Transaction<'_>, device: DeviceId, at_ms: i64, complete: bool) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "INSERT INTO device_heard (device, contact_ms, complete_ms) VALUES (:device, :contact, :complete)
             ON CONFLICT (device) DO UPDATE
                SET contact_ms = max(contact_ms, excluded.contact_ms),
                    complete_ms = nullif(max(ifnull(complete_ms, -1), ifnull(excluded.complete_ms, -1)), -1)",
        )?
        .execute(named_params! {
            ":device": device.as_bytes(), ":contact": at_ms, ":complete": complete.then_some(at_ms),
        })?;
    Ok(())
}

/// Every device that was ever heard from.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &Connection) -> Result<HashMap<DeviceId, Heard>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT device, contact_ms, complete_ms FROM device_heard")?;
    let rows = statement.query_map([], |row| {
        let heard = Heard {
            contact_ms: row.get(1)?,
            complete_ms: row.get(2)?,
        };
        Ok((DeviceId::from_bytes(row.get(0)?), heard))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId::from_bytes([7; 16]);
    const FIRST: &str = include_str!("../../../migrations/community/0001_log.sql");
    const SECOND: &str = include_str!("../../../migrations/community/0002_device_heard.sql");

    #[test]
    fn a_later_contact_that_brought_not_all_moves_only_the_contact() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FIRST).unwrap();
        connection.execute_batch(SECOND).unwrap();
        let transaction = connection.transaction().unwrap();
        assert_eq!(all(&transaction).unwrap(), HashMap::new());
        for (at_ms, complete, expected) in [
            (10, false, None),
            (20, true, Some(20)),
            (30, false, Some(20)),
            (25, true, Some(25)),
        ] {
            note(&transaction, DEVICE, at_ms, complete).unwrap();
            assert_eq!(all(&transaction).unwrap()[&DEVICE].complete_ms, expected, "{at_ms}");
        }
        assert_eq!(all(&transaction).unwrap()[&DEVICE].contact_ms, 30);
    }

    #[test]
    fn a_file_from_before_keeps_what_it_knew_of_contacts() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FIRST).unwrap();
        connection
            .execute_batch(
                "INSERT INTO device_log (number, device, seq, h) VALUES (1, zeroblob(16), 5, zeroblob(32));
                 INSERT INTO device_contact (device, last, at_ms) VALUES (1, 5, 100), (1, 9, 200);",
            )
            .unwrap();
        connection.execute_batch(SECOND).unwrap();
        let heard = all(&connection).unwrap()[&DeviceId::from_bytes([0; 16])];
        assert_eq!((heard.contact_ms, heard.complete_ms), (200, Some(100)));
    }
}
