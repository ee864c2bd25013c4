//! The core's decoders: entries, kind files, snapshots.

use std::sync::LazyLock;

use menpai_sync_core::entry::Entry;
use menpai_sync_core::kinds::{Kind, Kinds, json_schema, tables};
use menpai_sync_core::snapshot::{MAX_SNAPSHOT_BYTES, Snapshot};
use menpai_sync_core::wire::deflate;
use serde_json::Value;

/// The kinds that are built in.
pub(crate) static KINDS: LazyLock<Kinds> = LazyLock::new(|| Kinds::builtin().unwrap());

/// The limit of an entry, as the protocol says it.
const MOST_ENTRY_BYTES: usize = 16_384;

/// What is read has what the protocol promises; its body can be checked.
pub(crate) fn entry(bytes: &[u8]) {
    let Ok(entry) = Entry::parse(bytes) else { return };
    assert!(bytes.len() <= MOST_ENTRY_BYTES);
    assert!(!bytes.contains(&b'\n'));
    assert!(std::str::from_utf8(bytes).is_ok());
    let _ = entry.entities();
    let _ = KINDS.check_body(&entry.kind, entry.schema, &entry.body);
    for item in entry.edit.iter().flat_map(|edit| &edit.set) {
        let _ = KINDS.check_value(&item.entity_type, &item.field, &item.value.to_json());
    }
}

/// What is read can be checked against, stored and published.
pub(crate) fn kind_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(kind) = Kind::parse(text) else { return };
    let _ = tables(&kind);
    let _ = json_schema(&kind);
    if let Ok(kinds) = Kinds::from_files([("fuzzed.json", text)]) {
        let _ = kinds.check_body(kind.name.as_str(), kind.schema, &serde_json::Map::new());
    }
}

/// A length is honest, and what is read is within it. The bytes are a header line and the
/// content after it, folded here: a checksum would stop nearly all that is thrown. The document
/// inside is not loaded: it is automerge's, comes from the replica's own home alone, and is
/// loaded guarded.
pub(crate) fn snapshot(bytes: &[u8]) {
    read_snapshot(bytes);
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let content = deflate(&bytes[end + 1..]);
    let Ok(mut header) = serde_json::from_slice::<Value>(&bytes[..end]) else {
        return;
    };
    if let Some(header) = header.as_object_mut() {
        header.insert("content".to_owned(), content.len().into());
    }
    read_snapshot(&[deflate(format!("{header}\n").as_bytes()), content].concat());
}

fn read_snapshot(bytes: &[u8]) {
    let length = Snapshot::length(bytes);
    match Snapshot::read(bytes) {
        Ok(Some((snapshot, used))) => {
            assert!(used <= bytes.len());
            assert_eq!(length.unwrap(), Some(used));
            assert!(snapshot.document.len() + snapshot.lines.len() <= MAX_SNAPSHOT_BYTES);
        }
        Ok(None) => assert!(length.unwrap().is_none_or(|length| length > bytes.len())),
        Err(_) => {}
    }
}
