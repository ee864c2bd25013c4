//! Rosters: turns workbooks and CSV files into typed, checked rows with findings, and makes
//! a demonstration roster. It knows files and columns, not the registry, SQL or the network.
//! Files come from strangers: nothing in one panics, is guessed silently or grows without
//! bound, and no id number leaves this crate.

mod check;
mod codes;
mod duplicates;
mod error;
mod findings;
mod headings;
mod identity;
mod limits;
mod normalise;
mod parse;
mod person_kind;
mod reading;
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
