//! What every answer passes through: `errors` gives refusals their sentences, `headers`
//! tells browsers what this site never does, `time_limit` ends what takes too long, `unread` whoever
//! sends without end. Whoever does not read is the matter of `connections`.

pub mod errors;
pub mod headers;
pub(crate) mod holding;
mod language;
pub mod time_limit;
pub mod unread;

pub use language::Language;
