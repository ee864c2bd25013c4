//! Lists the kind files of `schemas/kinds/` for `kinds/catalogue.rs`, so that adding a
//! ledger is adding a file. It copies texts; what they say is checked when they are read.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

#[allow(
    clippy::disallowed_methods,
    reason = "a build script reads and writes files; the core does not"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../schemas/kinds");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .ok_or("a kind file's name is not UTF-8")?;
        writeln!(list, "    ({name:?}, {:?}),", std::fs::read_to_string(&path)?)?;
    }
    list.push_str("]\n");
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("kind_files.rs"), list)?;
    Ok(())
}
