//! Entries that can be attributed, because their slice is rightly signed, and cannot be used:
//! each is kept and held, never refused.

use std::fmt::Write as _;

use menpai_sync_core::verdict::Reason;

use super::Attacker;

/// One entry, and why it is held.
pub struct EntryCase {
    /// What is wrong.
    pub name: &'static str,
    /// Its bytes.
    pub make: fn(&mut Attacker) -> Vec<u8>,
    /// The verdict's reason.
    pub reason: Reason,
}

const fn case(name: &'static str, make: fn(&mut Attacker) -> Vec<u8>, reason: Reason) -> EntryCase {
    EntryCase { name, make, reason }
}

/// The corpus of entries.
pub const ENTRIES: &[EntryCase] = &[
    case("no JSON", |_| b"unreadable".to_vec(), Reason::Unreadable),
    case("an empty line", |_| Vec::new(), Reason::Unreadable),
    case(
        "JSON 10,000 deep",
        |_| [b"[".repeat(8_000), b"]".repeat(8_000)].concat(),
        Reason::Unreadable,
    ),
    case(
        "a body 9 deep",
        |who| {
            who.record(&format!("{}1{}", r#"{"a":"#.repeat(9), "}".repeat(9)))
                .into_bytes()
        },
        Reason::Unreadable,
    ),
    case(
        "a number of 400 digits",
        |who| who.record(&format!(r#"{{"n":{}}}"#, "9".repeat(400))).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "a number of 2^53",
        |who| who.record(r#"{"n":9007199254740992}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "a number of 2^53 + 1",
        |who| who.record(r#"{"n":9007199254740993}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "a number of -2^53",
        |who| who.record(r#"{"n":-9007199254740992}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "1e999",
        |who| who.record(r#"{"n":1e999}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "a float",
        |who| who.record(r#"{"n":1.5}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "a lone surrogate",
        |who| who.record(r#"{"note":"\ud800"}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "invalid UTF-8",
        |who| {
            who.record(r#"{"note":"~"}"#)
                .replace('~', "\u{1}")
                .into_bytes()
                .iter()
                .map(|byte| if *byte == 1 { 0xff } else { *byte })
                .collect()
        },
        Reason::Unreadable,
    ),
    case(
        "a raw NUL",
        |who| who.record("{\"note\":\"a\0b\"}").into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "an escaped NUL",
        |who| who.record(r#"{"note":"a\u0000b"}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "duplicate keys",
        |who| who.record(r#"{"mode":"door","mode":"phone"}"#).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "text that is not NFC",
        |who| who.record("{\"diary\":\"e\u{301}\"}").into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "16,385 bytes",
        |who| padded(&who.record(r#"{"diary":"~"}"#), 16_385),
        Reason::Oversize,
    ),
    case(
        "400,000 bytes",
        |who| padded(&who.record(r#"{"diary":"~"}"#), 400_000),
        Reason::Oversize,
    ),
    case(
        "a base of 7,000 hashes",
        |who| who.edit(&hashes(7_000), &set_of(PHONE, 1)).into_bytes(),
        Reason::Oversize,
    ),
    case(
        "a base of 65 hashes",
        |who| who.edit(&hashes(65), &set_of(PHONE, 1)).into_bytes(),
        Reason::Unreadable,
    ),
    case(
        "a set of 257 items",
        |who| who.edit("[]", &set_of(UNKNOWN, 257)).into_bytes(),
        Reason::Oversize,
    ),
    case(
        "150 things of a type nobody knows",
        |who| who.edit("[]", &set_of(UNKNOWN, 150)).into_bytes(),
        Reason::UnknownKind,
    ),
    case(
        "a kind nobody knows",
        |who| who.record("{}").replace("door_check", "no_such_kind").into_bytes(),
        Reason::UnknownKind,
    ),
    case(
        "a schema of the year 4000",
        |who| {
            who.record("{}")
                .replace(r#""schema":1"#, r#""schema":4000000000"#)
                .into_bytes()
        },
        Reason::NewerSchema,
    ),
    case(
        "another worker's name",
        |who| {
            who.record("{}")
                .replace(&who.worker.to_string(), "01010101-0101-4101-8101-010101010101")
                .into_bytes()
        },
        Reason::WrongWorker,
    ),
];

/// Fills the text of an entry until it has so many bytes.
fn padded(entry: &str, bytes: usize) -> Vec<u8> {
    entry.replace('~', &"x".repeat(bytes + 1 - entry.len())).into_bytes()
}

fn hashes(count: usize) -> String {
    let mut text = "[".to_owned();
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        write!(text, "{comma}\"{number:064x}\"").unwrap();
    }
    text + "]"
}

const PHONE: &str = r#"{"type":"person","id":"01010101-0101-4101-8101-010101010101","field":"phone","value":"1"}"#;
const UNKNOWN: &str = r#"{"type":"t","id":"01010101-0101-4101-8101-010101010101","field":"f","value":1}"#;

/// The `set` of an edit: one item so many times.
fn set_of(item: &str, times: usize) -> String {
    format!("[{}]", vec![item; times].join(","))
}
