//! Seeded random bodies: examples that were tampered with, bodies made from the fields of
//! a kind, and nonsense. Never a whole number with a fraction (1.0): JSON Schema calls it
//! an integer, entries refuse it.

use menpai_sync_core::kinds::{Choice, Family, Field, Kind, Members, Shape};
use serde_json::{Map, Value, json};

use super::Example;

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// A random body for a kind.
pub(crate) fn body(kind: &Kind, valid: &[Example], random: &mut Random) -> Map<String, Value> {
    let mut body = if random.one_in(3) {
        object(&kind.fields, kind.family, random)
    } else {
        random.pick(valid).body.clone()
    };
    for _ in 0..random.below(4) {
        tamper(&mut body, &kind.fields, kind.family, random);
    }
    body
}

fn object(fields: &[Field], family: Family, random: &mut Random) -> Map<String, Value> {
    let mut body = Map::new();
    for field in fields {
        let leave_out = if field.required { 30 } else { 2 };
        if !random.one_in(leave_out) {
            put(&mut body, field, family, random);
        }
    }
    body
}

fn tamper(body: &mut Map<String, Value>, fields: &[Field], family: Family, random: &mut Random) {
    let keys: Vec<String> = body.keys().cloned().collect();
    match random.below(8) {
        0 if !keys.is_empty() => {
            body.remove(random.pick(&keys));
        }
        1 if !keys.is_empty() => {
            body.insert(random.pick(&keys).clone(), nonsense(random));
        }
        2 if random.one_in(4) => {
            body.insert(strange_key(random), nonsense(random));
        }
        3 | 4 => {
            let nested = fields
                .iter()
                .filter(|f| matches!(f.shape, Shape::Object { .. } | Shape::List { .. }));
            let nested: Vec<&Field> = nested.filter(|f| body.contains_key(f.name.as_str())).collect();
            if !nested.is_empty() {
                let field = *random.pick(&nested);
                tamper_inside(body.get_mut(field.name.as_str()), field, family, random);
            }
        }
        _ => put(body, random.pick(fields), family, random),
    }
}

fn tamper_inside(value: Option<&mut Value>, field: &Field, family: Family, random: &mut Random) {
    match (&field.shape, value) {
        (Shape::Object { fields }, Some(Value::Object(inner))) => tamper(inner, fields, family, random),
        (Shape::List { max_items, .. }, Some(Value::Array(rows))) if random.one_in(3) => {
            // Full to the brim, or one too many.
            let row = rows.first().cloned().unwrap_or_default();
            rows.resize(*max_items as usize + random.below(2), row);
        }
        (Shape::List { fields, .. }, Some(Value::Array(rows))) => {
            let at = random.below(rows.len());
            if let Some(Value::Object(row)) = rows.get_mut(at) {
                tamper(row, fields, family, random);
            }
        }
        _ => {}
    }
}

fn put(body: &mut Map<String, Value>, field: &Field, family: Family, random: &mut Random) {
    let name = field.name.as_str();
    match (&field.shape, family) {
        (Shape::Set(members), Family::Registry) => {
            for _ in 0..=random.below(3) {
                let value = if random.one_in(20) {
                    nonsense(random)
                } else {
                    random
                        .pick(&[json!(true), json!(true), json!(false), Value::Null])
                        .clone()
                };
                body.insert(format!("{name}:{}", member(members, random)), value);
            }
        }
        _ if family == Family::Registry && random.one_in(8) => {
            body.insert(name.to_owned(), Value::Null);
        }
        _ => {
            let value = value(&field.shape, family, random);
            body.insert(name.to_owned(), value);
        }
    }
}

fn value(shape: &Shape, family: Family, random: &mut Random) -> Value {
    if random.one_in(25) {
        return nonsense(random);
    }
    match shape {
        Shape::Text { max_length, lines, .. } => json!(text(*max_length as usize, *lines, random)),
        Shape::Integer { min, max } => json!(*random.pick(&[*min, *max, min - 1, max + 1, (min + max) / 2, min + 1])),
        Shape::Bool => json!(random.one_in(2)),
        Shape::Choice { choices, .. } => json!(choice(choices, random)),
        Shape::Date { .. } => json!(date(random)),
        Shape::Instant => json!(instant(random)),
        Shape::Ref { .. } => json!(id(random)),
        Shape::Set(members) => (0..random.below(4)).map(|_| json!(member(members, random))).collect(),
        Shape::List { fields, .. } => (0..random.below(4))
            .map(|_| Value::Object(object(fields, family, random)))
            .collect(),
        Shape::Object { fields } => Value::Object(object(fields, family, random)),
    }
}

fn choice(choices: &[Choice], random: &mut Random) -> String {
    if random.one_in(20) {
        "nothing_like_it".into()
    } else {
        random.pick(choices).value.clone()
    }
}

fn member(members: &Members, random: &mut Random) -> String {
    match members {
        Members::Choices(choices) => choice(choices, random),
        Members::Refs { .. } => id(random),
    }
}

fn id(random: &mut Random) -> String {
    let mut id = format!(
        "{:08x}-7d1a-8c44-9b1e-{:012x}",
        random.next() as u32,
        random.next() >> 16
    );
    match random.below(30) {
        0 => id = id.to_uppercase(),
        1 => id = id.replace('-', ""),
        2 => id.push('0'),
        3 => id.replace_range(9..10, "g"),
        4 => id.replace_range(8..10, "0-"),
        5 => id.replace_range(35.., "F"),
        _ => {}
    }
    id
}

fn date(random: &mut Random) -> String {
    let year = *random.pick(&[1899, 1900, 1904, 1996, 2000, 2023, 2024, 2026, 2100, 2199, 2200]);
    let month = *random.pick(&[0, 1, 2, 2, 2, 4, 9, 11, 12, 13]);
    let day = *random.pick(&[0, 1, 9, 15, 28, 29, 30, 31, 32]);
    match random.below(30) {
        0 => format!("{year}-{month}-{day}"),
        1 => format!("{year:04}{month:02}{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}"),
    }
}

fn instant(random: &mut Random) -> String {
    let date = if random.one_in(3) {
        date(random)
    } else {
        "2026-11-24".into()
    };
    let time = *random.pick(&[
        "18:05:00", "18:05:00", "00:00:00", "23:59:59", "24:00:00", "18:60:00", "18:05:60", "8:05:00",
    ]);
    let fraction = *random.pick(&[".000", ".999", ".123", ".123", "", ".12", ".1234"]);
    let offset = *random.pick(&[
        "Z", "+08:00", "+08:00", "-03:30", "+14:59", "+15:00", "", "+0800", "z", "+08:60",
    ]);
    format!("{date}T{time}{fraction}{offset}")
}

fn text(max_length: usize, lines: bool, random: &mut Random) -> String {
    const DIGITS: [&str; 20] = [
        "13800138000",
        "1380013800",
        "12345678901",
        "010-12345678",
        "01012345678",
        "0371-1234567",
        "037112345678",
        "010--1234567",
        "0371123456789",
        "010123456",
        "10-12345678",
        "0-1234567",
        "01-12345678",
        "9901000010010100",
        "990001",
        "99000",
        "990100001001",
        "door_check",
        "Door",
        "１３８００１３８０００",
    ];
    match random.below(12) {
        0 => "门".repeat(max_length),
        1 => "a".repeat(max_length + 1),
        2 => (*random.pick(&["", " ", "\u{3000}", "\u{a0} ", "\n", "\t", " x "])).into(),
        3 => (*random.pick(&[
            "a\nb",
            "a\tb",
            "\u{7f}x",
            "x\u{85}",
            "\u{0}",
            "x\u{feff}",
            "👵🏻",
            "a\u{2028}b",
            "\u{2003}",
        ]))
        .into(),
        4..=7 => (*random.pick(&DIGITS)).into(),
        8 => key(random),
        _ if lines => "说楼道灯坏了。\n答应转告。".into(),
        _ => "柳岸路18号院".into(),
    }
}

fn key(random: &mut Random) -> String {
    let start = *random.pick(&["04", "04", "04", "02", "0"]);
    let digits = *random.pick(&["a", "0", "f", "F", "g"]);
    format!("{start}{}", digits.repeat(128))
}

fn strange_key(random: &mut Random) -> String {
    (*random.pick(&[
        "x",
        "",
        "name:x",
        "care_categories",
        "care_categories:",
        "a/b~c",
        ":",
        "responsible:x",
        "Outcome",
        "_type",
    ]))
    .into()
}

fn nonsense(random: &mut Random) -> Value {
    let pool = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("x"),
        json!("1"),
        json!([]),
        json!([1]),
        json!(["x", "x"]),
        json!([{}]),
        json!({}),
        json!({"x": 1}),
        json!([[]]),
    ];
    random.pick(&pool).clone()
}
