//! Record kinds are data: this module reads the kind files of `schemas/kinds/` and says
//! what follows from them. It knows no kind by name. Checking needs no clock, so a
//! verdict stays what it was; only drafts are held against a day.
//!
//! | question | answer |
//! |---|---|
//! | which kinds are there | [`Kinds::builtin`], [`Kinds::get`], [`Kinds::iter`] |
//! | may this body be merged | [`Kinds::check_body`] |
//! | may this field be set to that | [`Kinds::check_value`], [`Kinds::check_entity`] |
//! | what does the form still lack | [`Kinds::check_draft`], [`Kinds::tidy`] |
//! | which tables and columns | [`tables`] |
//! | the same for outsiders | [`json_schema`], [`generate_all`] |
//! | is this a citizen id number | [`citizen_id`] |

pub mod citizen_id;

mod catalogue;
mod check;
mod columns;
mod draft;
mod effects;
mod field;
mod json_schema;
mod kind;
mod name;
mod parse;
mod print;
mod problem;
mod rule;
mod text;
mod value;
mod visible;

pub use catalogue::{Kinds, KindsError};
pub use check::{BodyError, ValueError};
pub use columns::{Cell, Column, SqlType, Stored, Table, tables};
pub use draft::Draft;
pub use effects::{
    Belongs, Closes, ClosesPeriod, Distinguishes, Effects, Enrols, Erases, Grants, HandsOver, Lists, Merges, Moves,
    Opens, Resets, Rotates, Schedules, Seals, Sweeps,
};
pub use field::{Choice, Field, Mark, Members, Shape, Targets};
pub use json_schema::{generate_all, json_schema};
pub use kind::{Class, Family, Kind, Retention, Review, Step};
pub use name::{Labels, Language, Name};
pub use parse::{AttributeFault, ConditionFault, KindFileError};
pub use problem::{Code, Problem};
pub use rule::Rule;
pub use visible::{Condition, Scalar, Test};
