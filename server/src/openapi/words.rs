//! The core's own words, as the API writes them: the core knows nothing of OpenAPI. A test reads real
//! answers with these.

use utoipa::ToSchema;

/// An id: a UUID in lower case.
#[derive(ToSchema)]
#[schema(value_type = String, format = "uuid")]
pub struct Id(pub String);

/// SHA-256, hexadecimal in lower case.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
pub struct Hash(pub String);

/// A P-256 key: an uncompressed point, hexadecimal in lower case.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^04[0-9a-f]{128}$")]
pub struct PublicKey(pub String);

/// RFC 3339 with milliseconds and an offset.
#[derive(ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Instant(pub String);

/// A day, `2026-11-24`.
#[derive(ToSchema)]
#[schema(value_type = String, format = Date)]
pub struct Day(pub String);

/// A quarter, `2026Q3`.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9]{4}Q[1-4]$")]
pub struct Quarter(pub String);

/// A community's 12-digit division code.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[0-9]{12}$")]
pub struct CommunityCode(pub String);

/// The same words in both languages.
#[derive(ToSchema)]
pub struct Labels {
    /// 中文
    pub zh: String,
    /// English
    pub en: String,
}

/// What the home decided about an entry (docs/protocol.md section 7).
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Verdict {
    /// It counts.
    Merged,
    /// Kept, does not count, with a reason.
    Held,
    /// An edit past a gap; judged when the gap is filled.
    Waiting,
    /// Was held or waiting; what it says counts through an entry of the office.
    Released,
    /// Was held or waiting; the office decided that it does not count. Kept.
    SetAside,
}

/// A value of a registry field; nothing clears it.
#[derive(ToSchema)]
#[schema(value_type = serde_json::Value)]
pub struct Scalar(pub serde_json::Value);

/// One field set to one value.
#[derive(ToSchema)]
pub struct SetItem {
    /// The registry type of the entity.
    #[schema(rename = "type")]
    pub entity_type: String,
    /// The entity.
    pub id: Id,
    /// A field, or `field:member` of a set.
    pub field: String,
    /// Text, integer, boolean, or null to clear.
    pub value: Scalar,
}
