//! What a document shows, as bytes to be kept beside it: its entities as rows, whole. Reading them
//! takes a moment where loading the document takes a tenth of a second on a fast machine; but no
//! change can be derived from them. Bytes that are anything else are refused.

use std::collections::BTreeMap;

use super::rows::{Row, new_row};
use crate::entry::Scalar;
use crate::ids::{DeviceId, EntityId, Hash};
use crate::packed::{Input, put_bytes, put_signed, put_unsigned};
use crate::part::Part;
use crate::registry::{FieldValue, Provenance};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const TEXT: u8 = 4;

/// Each thing by the number of those that came before it.
struct Numbers<T> {
    known: BTreeMap<T, u64>,
    /// In their order, as bytes.
    written: Vec<u8>,
}

impl<T: Ord + Clone> Numbers<T> {
    fn new() -> Numbers<T> {
        Numbers {
            known: BTreeMap::new(),
            written: Vec::new(),
        }
    }

    fn of(&mut self, thing: &T, write: impl FnOnce(&mut Vec<u8>)) -> u64 {
        if let Some(number) = self.known.get(thing) {
            return *number;
        }
        let number = self.known.len() as u64;
        self.known.insert(thing.clone(), number);
        write(&mut self.written);
        number
    }

    fn finish(self) -> Vec<u8> {
        let mut table = Vec::new();
        put_unsigned(&mut table, self.known.len() as u64);
        table.extend(self.written);
        table
    }
}

/// Writes rows: names, who wrote, then row by row.
pub(super) fn write(rows: &[(EntityId, Row)]) -> Vec<u8> {
    let mut names: Numbers<String> = Numbers::new();
    let mut authors: Numbers<Provenance> = Numbers::new();
    let mut name = |text: &String| names.of(text, |written| put_bytes(written, text.as_bytes()));
    let mut written = Vec::new();
    for (id, row) in rows {
        written.extend_from_slice(id.as_bytes());
        put_unsigned(&mut written, name(&row.entity_type));
        put_unsigned(&mut written, row.fields.len() as u64);
        for (field, values) in &row.fields {
            put_unsigned(&mut written, name(field));
            put_unsigned(&mut written, values.len() as u64);
            for FieldValue { value, by } in values {
                put_unsigned(&mut written, authors.of(by, |written| put_author(written, by)));
                put_value(&mut written, value);
            }
        }
    }
    [names.finish(), authors.finish(), written].concat()
}

/// The rows of a part again; `None` if this is not what [`write`] writes.
pub(super) fn read(shown: &[u8], part: Part) -> Option<Vec<(EntityId, Row)>> {
    let mut input = Input(shown);
    let names = (0..input.length()?).map(|_| input.text());
    let names: Vec<&str> = names.collect::<Option<_>>()?;
    let authors = (0..input.length()?).map(|_| author(&mut input));
    let authors: Vec<Provenance> = authors.collect::<Option<_>>()?;
    let mut rows = Vec::new();
    while !input.0.is_empty() {
        let id = EntityId::from_bytes(input.array()?);
        let mut row = new_row(names.get(input.number()?)?, part);
        for _ in 0..input.length()? {
            let field = *names.get(input.number()?)?;
            let values = (0..input.length()?).map(|_| {
                let by = *authors.get(input.number()?)?;
                let value = value(&mut input)?;
                Some(FieldValue { value, by })
            });
            let values: Vec<FieldValue> = values.collect::<Option<_>>()?;
            row.fields.insert(field.to_owned(), values);
        }
        rows.push((id, row));
    }
    Some(rows)
}

fn put_author(written: &mut Vec<u8>, by: &Provenance) {
    let device = by.device.as_ref().map_or(&[][..], |device| device.as_bytes());
    put_bytes(written, device);
    put_signed(written, by.unix_seconds);
    written.extend_from_slice(&by.change.0);
}

fn author(input: &mut Input<'_>) -> Option<Provenance> {
    let device = match input.bytes()? {
        [] => None,
        device => Some(DeviceId::from_bytes(device.try_into().ok()?)),
    };
    Some(Provenance {
        device,
        unix_seconds: input.signed()?,
        change: Hash(input.array()?),
    })
}

fn put_value(written: &mut Vec<u8>, value: &Scalar) {
    match value {
        Scalar::Null => written.push(NULL),
        Scalar::Boolean(false) => written.push(FALSE),
        Scalar::Boolean(true) => written.push(TRUE),
        Scalar::Integer(number) => {
            written.push(INTEGER);
            written.extend_from_slice(&number.to_le_bytes());
        }
        Scalar::Text(text) => {
            written.push(TEXT);
            put_bytes(written, text.as_bytes());
        }
    }
}

fn value(input: &mut Input<'_>) -> Option<Scalar> {
    Some(match input.array()? {
        [NULL] => Scalar::Null,
        [FALSE] => Scalar::Boolean(false),
        [TRUE] => Scalar::Boolean(true),
        [INTEGER] => Scalar::Integer(i64::from_le_bytes(input.array()?)),
        [TEXT] => Scalar::Text(input.text()?.to_owned()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kinds::Class;

    fn part() -> Part {
        Part {
            grid: None,
            class: Class::Open,
        }
    }

    fn scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            Just(Scalar::Null),
            any::<bool>().prop_map(Scalar::Boolean),
            any::<i64>().prop_map(Scalar::Integer),
            ".{0,12}".prop_map(Scalar::Text),
        ]
    }

    fn field_value() -> impl Strategy<Value = FieldValue> {
        let by = (any::<Option<[u8; 16]>>(), -1i64 << 40..1i64 << 40, any::<[u8; 32]>());
        (scalar(), by).prop_map(|(value, (device, unix_seconds, change))| FieldValue {
            value,
            by: Provenance {
                device: device.map(DeviceId::from_bytes),
                unix_seconds,
                change: Hash(change),
            },
        })
    }

    fn row() -> impl Strategy<Value = Row> {
        let values = prop::collection::vec(field_value(), 0..3);
        let fields = prop::collection::btree_map("[a-d]", values, 0..4);
        ("[a-d]", fields).prop_map(|(entity_type, fields)| Row {
            entity_type,
            part: part(),
            fields,
        })
    }

    fn rows() -> impl Strategy<Value = Vec<(EntityId, Row)>> {
        prop::collection::vec((any::<[u8; 16]>().prop_map(EntityId::from_bytes), row()), 0..5)
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in rows()) {
            prop_assert_eq!(read(&write(&rows), part()), Some(rows));
        }

        #[test]
        fn anything_else_is_refused_or_read_and_never_panics(
            rows in rows(), at in any::<prop::sample::Index>(), byte in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..80)
        ) {
            let _ = read(&bytes, part());
            let mut written = write(&rows);
            let at = at.index(written.len());
            written[at] = byte;
            let _ = read(&written, part());
            let _ = read(&written[..at], part());
        }
    }
}
