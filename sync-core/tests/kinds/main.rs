//! Kinds: the files that are committed, what the checker says of bodies, and what is made of
//! kinds: drafts, tables, JSON Schemas.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests read the committed files and may panic; the core does neither"
)]

mod support;

mod builtin;
mod check;
mod draft;
mod examples;
mod parse;
mod schema_agrees;
mod tables;
