//! Rosters: turns workbooks and CSV files into typed, checked rows with findings, and makes
//! a demonstration roster. It knows files and columns, not the registry, SQL or the network.
//! Files come from strangers: nothing in one panics, is guessed silently or grows without
//! bound, and no id number leaves this crate.

pub mod demo;

mod check;
mod codes;
mod column;
mod duplicates;
mod error;
mod findings;
mod heading_words;
mod headings;
mod limits;
mod lines;
mod normalise;
mod parse;
mod plain;
mod reading;
mod registry;
mod rejected;
mod row;
mod source;
mod table;
mod words;

pub use codes::{CareCategory, RelationToHead, Sex};
pub use column::Column;
pub use error::{RosterError, TooLarge};
pub use findings::{Message, Notice, NoticeCode, Rejection, RejectionCode};
pub use limits::{MAX_FILE_BYTES, MAX_INFLATED_BYTES, MAX_ROWS};
pub use parse::building::building as building_name;
pub use parse::number::whole as whole_number;
pub use plain::{PlainRow, read_plain};
pub use reading::{read, read_bytes};
pub use rejected::{RejectedRow, WriteRejectedError, write_rejected};
pub use row::{CarePlan, DwellingUse, NO_UNIT, Roster, Row, SheetRead, UnreadSheet};
