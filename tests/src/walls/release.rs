//! The release's wall: what tests break on purpose cannot be broken in a build that serves
//! anybody.

use super::source::{Found, SourceFile, code_lines};

/// The one file of the server that may know the crate behind the fail points.
const FAIL_POINTS: &str = "server/src/fail_points.rs";
/// What keeps that file's inside out of releases.
const GUARD: &str = "#[cfg(all(feature = \"fail-points\", debug_assertions))]";

/// Lines that use the crate elsewhere, or arm a place from inside the server.
#[must_use]
pub fn fail_crate_in(file: &SourceFile) -> Vec<Found> {
    if file.path == FAIL_POINTS {
        return Vec::new();
    }
    code_lines(&file.text)
        .filter(|(_, line)| line.contains("use fail::") || line.contains(" fail::") || line.contains("fail_point!"))
        .map(|(line, text)| Found {
            line,
            text: text.to_owned(),
        })
        .collect()
}

/// Modules of the file that use the crate without the guard on the line before.
#[must_use]
pub fn unguarded_modules(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let ends = lines.iter().enumerate().filter(|(_, line)| **line == "}");
    let mut start = 0;
    let mut found = Vec::new();
    for (end, _) in ends {
        let block = &lines[start..end];
        let uses = block
            .iter()
            .any(|line| line.contains("use fail::") || line.contains("fail_point!("));
        if uses && !block.contains(&GUARD) {
            found.push(block.join("\n"));
        }
        start = end + 1;
    }
    found
}

/// Commands that build a release with features of their own.
#[must_use]
pub fn releases_with_features(file: &SourceFile) -> Vec<Found> {
    let is_server = |line: &str| !line.contains("menpai-fuzz");
    let asks = |line: &str| line.contains("fail-points") || line.contains("--all-features");
    let lines = (1..).zip(file.text.lines());
    lines
        .filter(|(_, line)| line.contains("--release") && is_server(line) && asks(line))
        .map(|(line, text)| Found {
            line,
            text: text.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_crate_elsewhere_is_found() {
        let line = "    fail::fail_point!(\"committed\");";
        assert_eq!(fail_crate_in(&file("server/src/sync/writer.rs", line)).len(), 1);
        assert!(fail_crate_in(&file(FAIL_POINTS, line)).is_empty());
        let ours = "    fail_points::at(\"committed\")?;";
        assert!(fail_crate_in(&file("server/src/sync/writer.rs", ours)).is_empty());
    }

    #[test]
    fn a_module_without_its_guard_is_found() {
        let module = "mod armed {\n    use fail::fail_point;\n}\n";
        assert_eq!(unguarded_modules(module).len(), 1);
        assert!(unguarded_modules(&format!("{GUARD}\n{module}")).is_empty());
    }

    #[test]
    fn a_release_with_the_feature_is_found() {
        let line = "cargo build --release --all-features -p menpai-server";
        assert_eq!(releases_with_features(&file("Makefile", line)).len(), 1);
        let without = "cargo build --release --quiet -p menpai-server";
        assert!(releases_with_features(&file("Makefile", without)).is_empty());
    }
}
