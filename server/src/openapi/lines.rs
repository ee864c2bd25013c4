//! Bodies that are no JSON: NDJSON in gzip members, packets, files. docs/protocol.md says what they are;
//! here stand the schemas of the lines of a sync, one by one, for who writes a client in another language. A test
//! reads a real round trip with them.

use serde_json::{Value, json};
use utoipa::{ToResponse, ToSchema};

/// NDJSON in gzip members (docs/protocol.md section 5): one with an `UpHeader`, perhaps one of
/// receipts (`ReceiptLine`, `SignatureLine`, again and again), then up to 16 slices: a `SliceLine`, then entries,
/// their bytes as they were made.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct UpBody(pub Vec<u8>);

/// NDJSON in gzip members, each an answer by itself (docs/protocol.md section 5): a `DownHeader`, where something
/// was taken a `ReceiptLine` and a `SignatureLine`, then for each line that the phone lacks an `Envelope` and the
/// entry, its bytes as they were made.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct DownBody(pub Vec<u8>);

/// A line of JSON with both clock readings of the courier's phone, then the packet (docs/protocol.md section 18).
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct PacketBody(pub Vec<u8>);

/// Snapshots, one after the other (docs/protocol.md section 14).
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct SnapshotBody(pub Vec<u8>);

/// A document as automerge saves it (docs/protocol.md section 13).
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct DocumentBody(pub Vec<u8>);

/// A file to keep.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct FileBody(pub Vec<u8>);

/// A list as a file, in the format that was asked for.
#[derive(ToResponse)]
#[response(description = "The list, in the format that was asked for")]
pub enum ListFile {
    /// UTF-8 with a byte order mark.
    Csv(#[content("text/csv")] FileBody),
    /// A workbook.
    Xlsx(#[content("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")] FileBody),
}

/// A line of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// First line up.
    UpHeader,
    /// First line of a slice.
    SliceLine,
    /// First line down.
    DownHeader,
    /// What the home vouches for.
    ReceiptLine,
    /// Its signature on the line before.
    SignatureLine,
    /// What the home decided about the entry in the next line.
    Envelope,
}

impl Line {
    /// All of them.
    pub const ALL: [Line; 6] = [
        Line::UpHeader,
        Line::SliceLine,
        Line::DownHeader,
        Line::ReceiptLine,
        Line::SignatureLine,
        Line::Envelope,
    ];

    /// As the document calls it.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    fn schema(self) -> Value {
        let whole = || json!({ "type": "integer", "minimum": 0 });
        let signed = || json!({ "type": "integer" });
        let named = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let start = || json!({ "type": "string", "pattern": "^[0-9a-f]{16}([0-9a-f]{48})?$" });
        let signature = || json!({ "type": "string", "pattern": "^[0-9a-f]{128}$" });
        let cursor = || json!({ "type": "object", "additionalProperties": whole() });
        let (about, required, properties) = match self {
            Line::UpHeader => (
                "First line up; without community and device it is brief, and so is its answer.",
                json!(["menpai", "last", "clock"]),
                json!({
                    "menpai": whole(), "community": named("CommunityCode"), "device": named("Id"), "last": whole(),
                    "clock": named("Instant"), "log": { "type": ["string", "null"] }, "cursor": cursor(),
                    "receipt_from": whole(),
                    "jumps": { "type": "array", "items": {
                        "type": "array", "prefixItems": [whole(), signed()], "items": false, "minItems": 2,
                    } },
                    "wants": { "type": "array", "items": { "type": "string" } },
                }),
            ),
            Line::SliceLine => (
                "First line of a slice.",
                json!(["first", "signature"]),
                json!({ "first": whole(), "last": whole(), "previous": named("Hash"), "signature": signature() }),
            ),
            Line::DownHeader => (
                "First line down.",
                json!(["lsn", "clock", "offset_ms", "received"]),
                json!({
                    "menpai": whole(), "log": named("Id"), "lsn": whole(), "clock": named("Instant"),
                    "offset_ms": signed(), "kept": whole(), "more": { "type": "boolean" }, "cursor": cursor(),
                    "received": { "type": "object", "required": ["seq"], "properties": { "seq": whole(), "h": start() } },
                    "refused": {
                        "type": "object", "required": ["slice", "code", "message", "next"],
                        "properties": {
                            "slice": whole(), "code": { "type": "string" }, "message": { "type": "string" },
                            "next": { "type": "string" },
                        },
                    },
                    "digests": { "type": "object", "additionalProperties": {
                        "type": "object", "required": ["lsn", "digest"],
                        "properties": { "lsn": whole(), "digest": named("Hash"), "sum": named("Hash") },
                    } },
                    "courier_key": named("PublicKey"),
                    "snapshots": { "type": "array", "items": { "type": "string" } },
                    "dated": { "type": "array", "items": {
                        "type": "array", "prefixItems": [whole(), signed(), signed()], "items": false, "minItems": 3,
                    } },
                }),
            ),
            Line::ReceiptLine => (
                "What the home vouches for: entries from first to seq that verdicts does not name are merged. A brief \
                 one leaves out what the device can fill in.",
                json!(["receipt"]),
                json!({ "receipt": { "type": "object", "properties": {
                    "community": named("CommunityCode"), "device": named("Id"), "log": named("Id"), "lsn": whole(),
                    "chain": named("Hash"), "first": whole(), "seq": whole(), "h": named("Hash"),
                    "received": named("Instant"), "offset_ms": signed(),
                    "verdicts": { "type": "array", "items": {
                        "type": "object", "required": ["seq", "verdict"],
                        "properties": { "seq": whole(), "verdict": named("Verdict"), "reason": { "type": "string" } },
                    } },
                } } }),
            ),
            Line::SignatureLine => (
                "The home's signature on the line before.",
                json!(["signature"]),
                json!({ "signature": signature() }),
            ),
            Line::Envelope => (
                "What the home decided about the entry in the next line.",
                json!([
                    "lsn",
                    "part",
                    "device",
                    "seq",
                    "entry",
                    "verdict",
                    "received",
                    "offset_ms",
                    "made_ms"
                ]),
                json!({
                    "lsn": whole(), "part": { "type": "string" }, "device": named("Id"), "seq": whole(),
                    "entry": { "oneOf": [named("Id"), { "type": "null" }] }, "verdict": named("Verdict"),
                    "reason": { "type": "string" }, "detail": { "type": "string" }, "received": named("Instant"),
                    "offset_ms": signed(), "made_ms": signed(),
                    "derived": {
                        "type": "object", "required": ["epoch", "deps", "seq", "hash"],
                        "properties": {
                            "epoch": whole(), "deps": { "type": "array", "items": named("Hash") }, "seq": whole(),
                            "hash": named("Hash"),
                        },
                    },
                }),
            ),
        };
        json!({ "type": "object", "description": about, "required": required, "properties": properties })
    }
}

/// Adds the lines' schemas, and the words that only they use.
pub(super) fn add(schemas: &mut Value) {
    for line in Line::ALL {
        schemas[line.name()] = line.schema();
    }
}
