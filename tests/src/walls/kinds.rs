//! Record kinds are data: their names stand in kind files, not in code. What code needs to know
//! of a kind, the kind file says through its effects.

use serde_json::Value;

use super::source::{Found, SourceFile, code_lines};

/// The name of a kind whose entries are statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindName(pub String);

/// The names of the kinds of records and office records.
#[must_use]
pub fn record_kinds(kind_files: &[SourceFile]) -> Vec<KindName> {
    kind_files
        .iter()
        .map(|file| serde_json::from_str::<Value>(&file.text).unwrap())
        .filter(|kind| matches!(kind["family"].as_str(), Some("record" | "office")))
        .map(|kind| KindName(kind["kind"].as_str().unwrap().to_owned()))
        .collect()
}

/// Words that are names of kinds and of other things as well, members of requests above all:
/// they count only on lines that speak of kinds.
const COMMON_WORDS: [&str; 1] = ["device"];

/// Lines of code that name a kind in a string.
#[must_use]
pub fn kind_names_in(text: &str, kinds: &[KindName]) -> Vec<Found> {
    code_lines(text)
        .filter(|(_, line)| kinds.iter().any(|kind| names(line, kind)))
        .map(|(line, text)| Found {
            line,
            text: text.to_owned(),
        })
        .collect()
}

fn names(line: &str, KindName(kind): &KindName) -> bool {
    let quoted = ['"', '\'', '`']
        .iter()
        .any(|quote| line.contains(&format!("{quote}{kind}{quote}")));
    let lower = line.to_lowercase();
    quoted
        && (!COMMON_WORDS.contains(&kind.as_str())
            || lower.contains("kind")
            || lower.contains(&format!("const {kind}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<KindName> {
        ["door_check", "device"].map(|name| KindName(name.to_owned())).to_vec()
    }

    #[test]
    fn a_kind_named_in_code_is_found() {
        for violating in [
            "if entry.kind == \"door_check\" {",
            "const rows = all.filter((row) => row.kind === 'door_check');",
            "let kind = kinds.get(\"device\"); // a kind",
            "pub const DEVICE: &str = \"device\";",
        ] {
            assert_eq!(kind_names_in(violating, &kinds()).len(), 1, "{violating}");
        }
    }

    #[test]
    fn other_words_pass() {
        for harmless in [
            "// like \"door_check\"",
            "json!({\"device\": id})",
            "let door_check_count = 0;",
        ] {
            assert!(kind_names_in(harmless, &kinds()).is_empty(), "{harmless}");
        }
    }
}
