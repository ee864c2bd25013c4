//! The walls between the parts, each a function over text that lists what breaks it. The
//! functions' own tests show that each can fail; tests/walls.rs holds the sources against them.

mod core;
mod kinds;
mod release;
mod source;
mod sql;
mod wasm;

pub use core::{direct_dependencies, disallowed_missing, io_in};
pub use kinds::{KindName, kind_names_in, record_kinds};
pub use release::{fail_crate_in, releases_with_features, unguarded_modules};
pub use source::{Found, SourceFile, source_files};
pub use sql::sql_in;
pub use wasm::{imports_of_generated, wasm_imports};
