//! Source files as the walls read them: code only, comments and test modules left out.

use std::fmt;
use std::path::{Path, PathBuf};

/// One line that breaks a wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// From 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.text.trim())
    }
}

/// A file of this repository.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// From the repository's root, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl SourceFile {
    /// Whether the whole file is a test or a helper of tests.
    #[must_use]
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.split('/').any(|folder| folder == "tests") || name.contains(".test") || name == "tests.rs"
    }
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files below a folder of the repository with one of these endings, in order of path.
/// What is built or fetched is not source.
#[must_use]
pub fn source_files(folder: &str, endings: &[&str]) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for found in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = found.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["generated", "node_modules", "dist", "target"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                files.push(SourceFile { path, text });
            }
        }
    }
    assert!(!files.is_empty(), "no source in {folder}: a wall around nothing");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The lines of code with their numbers: without line comments, up to the test module.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..)
        .zip(text.lines())
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .map(|(number, line)| (number, without_comment(line)))
        .filter(|(_, line)| !line.trim_start().starts_with('*') && !line.trim_start().starts_with("/*"))
}

/// The line up to `//`, unless that is in a string.
fn without_comment(line: &str) -> &str {
    let bytes = line.as_bytes();
    let mut quote = None;
    let mut index = 0;
    while index < bytes.len() {
        match (quote, bytes[index]) {
            (Some(_), b'\\') => index += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte @ (b'"' | b'`')) => quote = Some(byte),
            (None, b'/') if bytes.get(index + 1) == Some(&b'/') => return &line[..index],
            _ => {}
        }
        index += 1;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tests_are_no_code() {
        let text = "//! about\nlet url = \"http://x\"; // why\n/// doc\n#[cfg(test)]\nmod tests {}\n";
        let code: Vec<(usize, &str)> = code_lines(text).filter(|(_, line)| !line.is_empty()).collect();
        assert_eq!(code, [(2, "let url = \"http://x\"; ")]);
    }
}
