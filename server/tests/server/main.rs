//! The server as a library, as an app and as a program, one module for each matter. One test
//! program, so that the server is linked once; nextest still runs each test in a process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

// What tests stand on.
mod core_phones;
mod desk_world;
mod listening;
mod passkeys;
mod phones;
mod served;
mod support;

// The tests.
mod accounts;
mod audit;
mod canaries;
mod courier;
mod demo;
mod desk;
mod desk_browser;
mod desk_chain;
mod desk_coverage;
mod desk_decisions;
mod desk_duplicates;
mod desk_erasures;
mod desk_events;
mod desk_export;
mod desk_held;
mod desk_morning;
mod desk_settlements;
mod desk_staff;
mod desk_street;
mod divisions;
mod enrolment;
mod epochs;
mod erasure;
mod fail_points;
mod grids;
mod held_http;
mod honest_time;
mod id_numbers;
mod import;
mod import_cli;
mod leases;
mod limits;
mod night;
mod office_begins;
mod openapi;
mod refill;
mod rights;
mod second_factor;
mod serve;
mod sign_in;
mod signed_requests;
mod snapshots_http;
mod snapshots_overtaken;
mod store_held;
mod store_ingest;
mod store_rebuild;
mod sync_http;
mod unfinished;
