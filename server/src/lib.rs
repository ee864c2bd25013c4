//! The home server of Menpai communities. This library builds the app; `main.rs` only
//! reads configuration and starts it, so that tests run the same app in-process.
