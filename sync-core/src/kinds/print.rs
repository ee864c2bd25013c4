//! Prints JSON for committed files: two spaces, keys in alphabetical order whatever
//! serde_json was built with, plain lists on one line, so that the files change only when
//! what they say changes.

use serde_json::Value;

/// The text of a file for `value`, ending in a line break.
pub(super) fn print(value: &Value) -> String {
    let mut out = String::new();
    print_into(value, 0, &mut out);
    out.push('\n');
    out
}

fn print_into(value: &Value, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent + 1);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut keys: Vec<&String> = members.keys().collect();
            keys.sort();
            for (index, key) in keys.into_iter().enumerate() {
                *out += if index == 0 { "{\n" } else { ",\n" };
                *out += &format!("{pad}{}: ", Value::from(key.as_str()));
                print_into(&members[key], indent + 1, out);
            }
            *out += &format!("\n{}}}", "  ".repeat(indent));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                *out += if index == 0 { "[\n" } else { ",\n" };
                *out += &pad;
                print_into(item, indent + 1, out);
            }
            *out += &format!("\n{}]", "  ".repeat(indent));
        }
        Value::Array(items) => {
            *out += &format!(
                "[{}]",
                items.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
            );
        }
        plain => *out += &plain.to_string(),
    }
}
