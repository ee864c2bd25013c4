//! Lists the kind files of `schemas/kinds/` for `kinds/catalogue.rs`, so that adding a
//! ledger is adding a file. It copies texts without the space between members; what they
//! say is checked when they are read.

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
        writeln!(
            list,
            "    ({name:?}, {:?}),",
            without_space(&std::fs::read_to_string(&path)?)
        )?;
    }
    list.push_str("]\n");
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("kind_files.rs"), list)?;
    Ok(())
}

/// JSON without the space outside its strings: it would travel to every phone.
fn without_space(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let mut small = json.to_owned();
    small.retain(|c| {
        let keep = inside || !c.is_ascii_whitespace();
        inside ^= c == '"' && !escaped;
        escaped = inside && c == '\\' && !escaped;
        keep
    });
    small
}
