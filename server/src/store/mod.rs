//! All SQL of the server lives below this module and in `server/migrations/`.
//! A community's file is `community`; node matters are `node`. Functions that write take
//! a transaction, functions that read take a connection.

pub mod community;
pub mod connection;
pub mod database_key;
pub mod migrations;
pub mod node;
pub mod review;
pub(crate) mod rewriting;
pub mod roster;
