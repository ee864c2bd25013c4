//! Ids by number: a reversible rewriting of bytes in which every UUID in text is named once
//! and then counted. Entities of protocol 1 cost nothing beside the entry that made them, since
//! their ids are hashes of its id; those of today differ little from each other and compress.
//! Whatever the bytes are, they come back exactly.

use std::collections::{BTreeMap, HashMap};

use super::SnapshotError;
use crate::ids::{EntityId, EntryId};
use crate::packed::{Input, put_bytes, put_signed, put_unsigned};

/// Length of a UUID in text.
const TEXT: usize = 36;

/// An entry that made entities, and how many.
pub type Maker = (EntryId, u8);

/// Rewrites bytes. `makers` are the entries whose entities the bytes may name; those that
/// are not named cost nothing, those that are missing cost 16 bytes an entity.
#[must_use]
pub(super) fn pack(bytes: &[u8], makers: &[Maker]) -> Vec<u8> {
    let found = find(bytes);
    let (rows, numbers) = number(&found, makers);
    let mut packed = Vec::with_capacity(bytes.len() / 2);
    write_table(&mut packed, &rows);
    let mut from = 0;
    let mut previous = 0;
    for (at, id) in found {
        put_bytes(&mut packed, &bytes[from..at]);
        // Every id found was given a number.
        let number = numbers.get(&id).copied().unwrap_or_default();
        put_signed(&mut packed, number - previous);
        previous = number;
        from = at + TEXT;
    }
    put_bytes(&mut packed, &bytes[from..]);
    packed
}

/// The bytes again, at most `limit` of them.
///
/// # Errors
/// [`SnapshotError::Ids`] if this is not what [`pack`] writes, or longer.
pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, SnapshotError> {
    read(Input(packed), limit).ok_or(SnapshotError::Ids)
}

fn read(mut input: Input<'_>, limit: usize) -> Option<Vec<u8>> {
    let ids = read_table(&mut input)?;
    let mut bytes = Vec::with_capacity(limit.min(input.0.len().saturating_mul(4)));
    let mut number: i64 = 0;
    loop {
        bytes.extend_from_slice(input.bytes()?);
        if input.0.is_empty() {
            return Some(bytes).filter(|bytes| bytes.len() <= limit);
        }
        number = number.checked_add(input.signed()?)?;
        let id = ids.get(usize::try_from(number).ok()?)?;
        bytes.extend_from_slice(id.to_string().as_bytes());
        if bytes.len() > limit {
            return None;
        }
    }
}

/// Every UUID in lower-case text, with its place.
fn find(bytes: &[u8]) -> Vec<(usize, EntityId)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(text) = bytes.get(at..at + TEXT) {
        match read_id(text) {
            Some(id) => {
                found.push((at, id));
                at += TEXT;
            }
            None => at += 1,
        }
    }
    found
}

fn read_id(text: &[u8]) -> Option<EntityId> {
    // Most places fail at the first comparison.
    if text[8] != b'-' || text[13] != b'-' || text[18] != b'-' || text[23] != b'-' {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The rows of the table, in order of id, and the number of every id found: a row's own id,
/// then the ids of the entities it made.
fn number(found: &[(usize, EntityId)], makers: &[Maker]) -> (BTreeMap<EntityId, u8>, HashMap<EntityId, i64>) {
    let made: HashMap<EntityId, Maker> = makers
        .iter()
        .flat_map(|(entry, count)| (0..*count).map(move |index| (entry, index)))
        .map(|(entry, index)| {
            (
                EntityId::made_by_in_version_1(*entry, u64::from(index)),
                (*entry, index),
            )
        })
        .collect();
    let mut rows: BTreeMap<EntityId, u8> = BTreeMap::new();
    for (_, id) in found {
        let (row, count) = match made.get(id) {
            Some((entry, index)) => (EntityId::from_bytes(*entry.as_bytes()), index + 1),
            None => (*id, 0),
        };
        let most = rows.entry(row).or_default();
        *most = (*most).max(count);
    }
    let mut numbers = HashMap::new();
    for (next, id) in (0..).zip(every_id(&rows)) {
        numbers.entry(id).or_insert(next);
    }
    (rows, numbers)
}

fn every_id(rows: &BTreeMap<EntityId, u8>) -> impl Iterator<Item = EntityId> {
    rows.iter().flat_map(|(row, count)| {
        let entry = EntryId::from_bytes(*row.as_bytes());
        let made = (0..*count).map(move |index| EntityId::made_by_in_version_1(entry, u64::from(index)));
        std::iter::once(*row).chain(made)
    })
}

/// By columns, so that the times in the ids of one day lie together.
fn write_table(packed: &mut Vec<u8>, rows: &BTreeMap<EntityId, u8>) {
    put_unsigned(packed, rows.len() as u64);
    for range in [0..6, 6..16] {
        for row in rows.keys() {
            packed.extend_from_slice(&row.as_bytes()[range.clone()]);
        }
    }
    packed.extend(rows.values());
}

fn read_table(input: &mut Input<'_>) -> Option<Vec<EntityId>> {
    let count = input.length()?;
    let times = input.take(count.checked_mul(6)?)?;
    let rest = input.take(count.checked_mul(10)?)?;
    let made = input.take(count)?;
    let rows = times.chunks_exact(6).zip(rest.chunks_exact(10)).zip(made);
    let rows: BTreeMap<EntityId, u8> = rows
        .map(|((time, rest), made)| {
            let mut id = [0; 16];
            id[..6].copy_from_slice(time);
            id[6..].copy_from_slice(rest);
            (EntityId::from_bytes(id), *made)
        })
        .collect();
    Some(every_id(&rows).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(number: u8) -> EntryId {
        EntryId::from_clock(1_795_483_957_123 + i64::from(number), [number; 10])
    }

    #[test]
    fn entities_of_version_1_cost_nothing_beside_their_maker() {
        let ids: Vec<String> = (0..3)
            .map(|index| EntityId::made_by_in_version_1(entry(1), index).to_string())
            .collect();
        let text = format!("{}|{}|{}|{}", ids[2], ids[0], ids[1], ids[2]);
        let packed = pack(text.as_bytes(), &[(entry(1), 3), (entry(2), 3)]);
        // One row, three separators, four references.
        assert!(packed.len() < 35, "{}", packed.len());
        assert_eq!(unpack(&packed, text.len()).unwrap(), text.as_bytes());
        // Without the maker every id is spelt out, and nothing is lost.
        let packed = pack(text.as_bytes(), &[]);
        assert!(packed.len() > 48);
        assert_eq!(unpack(&packed, text.len()).unwrap(), text.as_bytes());
    }

    #[test]
    fn damaged_or_longer_than_said_is_refused() {
        let text = format!("a{}b{}", entry(1), entry(2));
        let packed = pack(text.as_bytes(), &[]);
        assert!(unpack(&packed, text.len() - 1).is_err());
        for end in 0..packed.len() {
            // Cut anywhere, it is refused or gives other bytes; it never panics.
            assert_ne!(unpack(&packed[..end], 1 << 20).ok().as_deref(), Some(text.as_bytes()));
        }
        assert!(unpack(&[0xff; 12], 1 << 20).is_err());
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_they_come_back(
            pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0u8..8, 0u64..4), 0..20),
            known in 0u8..8,
        ) {
            let mut bytes = Vec::new();
            for (piece, number, index) in pieces {
                bytes.extend(piece);
                let id = match index {
                    0 => entry(number).to_string(),
                    index => EntityId::made_by_in_version_1(entry(number), index - 1).to_string(),
                };
                bytes.extend(id.as_bytes());
            }
            let makers: Vec<Maker> = (0..known).map(|number| (entry(number), 2)).collect();
            let packed = pack(&bytes, &makers);
            prop_assert_eq!(unpack(&packed, bytes.len()).unwrap(), bytes);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes, 4096);
        }
    }
}
