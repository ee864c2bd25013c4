//! What every answer passes through: `errors` gives refusals their sentences, `headers`
//! tells browsers what this site never does.

pub mod errors;
pub mod headers;
mod language;

pub use language::Language;
