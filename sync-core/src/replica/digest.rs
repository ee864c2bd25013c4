//! The digest of a part and its sum (docs/protocol.md section 9): hashes that two replicas share
//! exactly when they show the same records and values. Who has not got all records can still tell
//! the sum, once he is told that of the others.

use std::collections::HashSet;

use super::{Held, Replica};
use crate::entry::Scalar;
use crate::ids::{EntityId, EntryId, Hash};
use crate::part::Part;

/// The lines of a digest, collected in any order.
#[derive(Debug, Clone, Default)]
pub struct DigestLines(Vec<String>);

impl DigestLines {
    /// Adds a line, without its newline.
    pub fn push(&mut self, line: String) {
        self.0.push(line);
    }

    /// The digest over the sorted lines.
    #[must_use]
    pub fn digest(mut self) -> Hash {
        self.0.sort_unstable();
        let mut bytes = Vec::new();
        for line in &self.0 {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        Hash::of(&bytes)
    }

    /// The sum of the lines' hashes.
    #[must_use]
    pub fn sum(&self) -> Hash {
        let hashes = self.0.iter().map(|line| Hash::of(line.as_bytes()));
        hashes.fold(Hash::ZERO, Hash::plus)
    }

    /// The lines without these.
    #[must_use]
    pub fn without(mut self, gone: &HashSet<String>) -> DigestLines {
        self.0.retain(|line| !gone.contains(line));
        self
    }
}

/// The line of a merged record.
#[must_use]
pub fn record_line(entry: EntryId, hash: Hash) -> String {
    format!("record {entry} {hash}")
}

/// The line of one visible value.
#[must_use]
pub fn value_line(entity_type: &str, entity: EntityId, field: &str, value: &Scalar) -> String {
    format!("value {entity_type} {entity} {field} {}", value.to_json())
}

impl Replica {
    /// The digest of what is held of a part.
    #[must_use]
    pub fn digest(&self, part: Part) -> Hash {
        self.lines_of(part).digest()
    }

    /// The sum of a part, what its snapshot left out included.
    #[must_use]
    pub fn sum(&self, part: Part) -> Hash {
        let left_out = self.left_out(part).map_or(Hash::ZERO, |left_out| left_out.sum);
        self.lines_of(part).sum().plus(left_out)
    }

    fn lines_of(&self, part: Part) -> DigestLines {
        let mut lines = DigestLines::default();
        for record in self.records.values().filter(|record| record.part == part) {
            lines.push(record_line(record.entry.id, record.hash));
        }
        for (id, row) in self.documents.get(&part).and_then(Held::rows).unwrap_or_default() {
            for (field, values) in &row.fields {
                for value in values {
                    lines.push(value_line(&row.entity_type, id, field, &value.value));
                }
            }
        }
        lines
    }
}
