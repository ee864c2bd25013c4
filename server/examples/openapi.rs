//! Prints `schemas/openapi.json` from the routes: `cargo run -p menpai-server --example openapi`.
//! A test fails while what is committed differs.

fn main() {
    print!("{}", menpai_server::openapi::text());
}
