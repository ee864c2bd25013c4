//! Readers of single cells: text in, value out. Each knows one column's notation, nothing of
//! rows and sheets, and returns nothing rather than a guess.

pub(crate) mod address;
pub(crate) mod building;
pub(crate) mod care_plan;
pub(crate) mod date;
pub(crate) mod door;
pub(crate) mod number;
pub(crate) mod phone;
