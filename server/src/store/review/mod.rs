//! What the desk reads: lines with their entries, open conflicts with who wrote what, counts,
//! and the names that ids stand for. Reads only; a connection is one community's, so
//! another community's data cannot appear.

pub mod aliases;
pub mod ancestry;
pub mod campaigns;
pub mod chain;
pub mod conflicts;
pub mod counts;
pub mod coverage;
pub mod decided;
pub mod devices;
pub mod duplicates;
pub mod erasable;
pub mod id_numbers;
pub mod late;
pub mod lines;
pub mod moves;
pub mod places;
pub mod plans;
pub mod register;
pub mod returns;
pub mod silence;
pub mod statements;
