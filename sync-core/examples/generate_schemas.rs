//! Rewrites `schemas/json-schema/` from the kind files:
//! `cargo run -p menpai-sync-core --example generate_schemas`.
//! A test fails while what is committed differs from what this would write.

use std::error::Error;
use std::path::Path;

use menpai_sync_core::kinds::{Kinds, generate_all};

#[allow(clippy::disallowed_methods, reason = "an example writes files; the core does not")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/json-schema");
    std::fs::create_dir_all(&folder)?;
    let schemas = generate_all(&Kinds::builtin()?);
    let file = |kind: &str| format!("{kind}.schema.json");
    for old in std::fs::read_dir(&folder)? {
        let old = old?;
        let wanted = |(kind, _): &(String, String)| old.file_name().to_str() == Some(&file(kind));
        if !schemas.iter().any(wanted) {
            std::fs::remove_file(old.path())?;
        }
    }
    for (kind, text) in &schemas {
        std::fs::write(folder.join(file(kind)), text)?;
    }
    println!("{} schemas", schemas.len());
    Ok(())
}
