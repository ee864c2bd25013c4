//! The home server of Menpai communities. This library builds the app; `main.rs` only
//! starts the command line, so that tests run the same app in-process.

pub mod age;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod control;
pub mod data_folder;
pub mod demo;
pub mod divisions;
pub mod erasures;
pub mod error;
pub mod export;
pub mod fail_points;
pub mod home;
pub mod id_numbers;
pub mod jobs;
pub mod limits;
pub mod local_time;
pub mod masking;
pub mod middleware;
pub mod office;
mod open_files;
pub mod openapi;
pub mod packet;
pub mod rights;
pub mod router;
pub mod routes;
pub mod sealing;
pub mod seen_lately;
pub mod serve;
mod signing;
pub mod simulate;
pub mod store;
pub mod sync;
pub mod tls;
