//! The core's wall: few dependencies, and no IO, clock or randomness of its own.

use super::source::{Found, code_lines};

/// The names under `[dependencies]` of a manifest, sorted.
#[must_use]
pub fn direct_dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if line.starts_with('[') {
            // Those of one target and `[dependencies.name]` count too.
            inside = line == "[dependencies]" || (line.starts_with("[target.") && line.ends_with(".dependencies]"));
            if let Some(name) = line.strip_prefix("[dependencies.") {
                names.push(name.trim_end_matches(']').to_owned());
            }
        } else if inside {
            let end = line.find(['.', '=', ' ']).unwrap_or(line.len());
            names.push(line[..end].to_owned());
        }
    }
    names.sort();
    names
}

/// What must not be called in the core, as it would be written.
const IO: [&str; 18] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::io::stdin",
    "std::io::stdout",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "thread::spawn",
    "thread::sleep",
    "getrandom",
    "rand::",
    "Uuid::now_v7",
    "Uuid::new_v4",
    "println!",
    "eprintln!",
];

/// Lines of code that do IO, read a clock or throw dice.
#[must_use]
pub fn io_in(text: &str) -> Vec<Found> {
    code_lines(text)
        .filter(|(_, line)| IO.iter().any(|word| line.contains(word)))
        .map(|(line, text)| Found {
            line,
            text: text.to_owned(),
        })
        .collect()
}

/// What clippy must be told to refuse in the core.
const DISALLOWED: [&str; 10] = [
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::env::var",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::write",
    "std::fs::File",
    "std::net::TcpStream",
];

/// Paths that a clippy.toml does not refuse and must.
#[must_use]
pub fn disallowed_missing(clippy: &str) -> Vec<&'static str> {
    let refused: String = clippy
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    DISALLOWED
        .into_iter()
        .filter(|path| !refused.contains(&format!("path = \"{path}\"")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_depend_is_seen() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\n# why\nserde.workspace = true\nuuid = \"1\"\n\
                        [dependencies.tokio]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n\
                        [dev-dependencies]\nproptest = \"1\"\n";
        assert_eq!(direct_dependencies(manifest), ["libc", "serde", "tokio", "uuid"]);
    }

    #[test]
    fn io_is_found_and_talk_of_it_is_not() {
        for violating in [
            "let now = std::time::Instant::now();",
            "std::fs::read(path)?",
            "println!(\"x\");",
        ] {
            assert_eq!(io_in(violating).len(), 1, "{violating}");
        }
        assert!(io_in("/// Callers use std::fs; the core has no println!").is_empty());
    }

    #[test]
    fn a_lint_that_is_gone_is_missed() {
        assert_eq!(
            disallowed_missing("# path = \"std::fs::write\"").len(),
            DISALLOWED.len()
        );
        let all: String = DISALLOWED
            .iter()
            .map(|path| format!("{{ path = \"{path}\" }},\n"))
            .collect();
        assert!(disallowed_missing(&all).is_empty());
    }
}
