//! Rosters: turns workbooks and CSV files into typed, checked rows with findings, and makes
//! a demonstration roster. It knows files and columns, not the registry, SQL or the network.
//! Files come from strangers: nothing in one panics, is guessed silently or grows without
//! bound, and no id number leaves this crate.

pub mod demo;

mod check;
mod codes;
mod duplicates;
mod error;
mod findings;
mod headings;
mod limits;
mod normalise;
mod parse;
mod reading;
mod registry;
mod row;
mod source;
mod table;
mod words;

pub use codes::{CareCategory, RelationToHead, Sex};
pub use error::{RosterError, TooLarge};
pub use findings::{Message, Notice, NoticeCode, Rejection, RejectionCode};
pub use headings::Column;
pub use limits::{MAX_FILE_BYTES, MAX_INFLATED_BYTES, MAX_ROWS};
pub use reading::{read, read_bytes};
pub use row::{CarePlan, DwellingUse, NO_UNIT, Row, Sheet};
