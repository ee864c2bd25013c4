//! Slices that are refused one by one: the request is answered, nothing of the slice is kept,
//! the device still has it.

use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::ids::Hash;
use menpai_sync_core::wire::deflate;

use super::Attacker;

/// A body whose refused slice is known.
pub struct SliceCase {
    /// What is wrong.
    pub name: &'static str,
    /// The body's bytes.
    pub make: fn(&mut Attacker) -> Vec<u8>,
    /// Number of the refused slice.
    pub slice: usize,
    /// Its code.
    pub code: &'static str,
}

const fn case(name: &'static str, make: fn(&mut Attacker) -> Vec<u8>, slice: usize, code: &'static str) -> SliceCase {
    SliceCase {
        name,
        make,
        slice,
        code,
    }
}

/// The corpus of slices. None of them may change the attacker's log.
pub const SLICES: &[SliceCase] = &[
    case(
        "no gzip",
        |who| [who.body(&[]), b"not gzip at all".to_vec()].concat(),
        1,
        "unreadable_slice",
    ),
    case(
        "gzip cut in the middle",
        |who| {
            let body = honest_body(who);
            body[..body.len() - 9].to_vec()
        },
        1,
        "unreadable_slice",
    ),
    case(
        "a wrong checksum",
        |who| {
            let mut body = honest_body(who);
            let at = body.len() - 6;
            body[at] ^= 1;
            body
        },
        1,
        "unreadable_slice",
    ),
    case(
        "a bomb of 64 MiB",
        |who| [who.body(&[]), deflate(&vec![b' '; 64 << 20])].concat(),
        1,
        "slice_too_large",
    ),
    case(
        "noise of 200,000 bytes",
        |who| {
            let noise: Vec<u8> = (0..200_000).map(|_| who.dice.throw().to_le_bytes()[0]).collect();
            [who.body(&[]), deflate(&noise)].concat()
        },
        1,
        "slice_too_large",
    ),
    case(
        "a base of 100,000 hashes",
        |who| {
            let base = format!("[{}]", vec![format!("\"{}\"", "0".repeat(64)); 100_000].join(","));
            let edit = who.edit(&base, "[]").into_bytes();
            signed(who, &[edit])
        },
        1,
        "slice_too_large",
    ),
    case(
        "4,097 entries",
        |who| signed(who, &vec![b"{}".to_vec(); 4_097]),
        1,
        "slice_too_large",
    ),
    case("no line at all", |who| who.body(&[Vec::new()]), 1, "unreadable_slice"),
    case(
        "a first line 100,000 deep",
        |who| who.body(&[[b"[".repeat(100_000), b"\n{}\n".to_vec()].concat()]),
        1,
        "unreadable_slice",
    ),
    case("no entry", |who| signed(who, &[]), 1, "unreadable_slice"),
    case(
        "a count that lies",
        |who| edited(who, r#""last":1"#, r#""last":3"#),
        1,
        "unreadable_slice",
    ),
    case(
        "a first of 0",
        |who| edited(who, r#""first":1"#, r#""first":0"#),
        1,
        "unreadable_slice",
    ),
    case(
        "numbers beyond 2^63",
        |who| {
            edited(
                who,
                r#""first":1,"last":1"#,
                r#""first":9223372036854775808,"last":9223372036854775808"#,
            )
        },
        1,
        "unreadable_slice",
    ),
    case(
        "a seq of 400 digits",
        |who| edited(who, r#""last":1"#, &format!(r#""last":{}"#, "9".repeat(400))),
        1,
        "unreadable_slice",
    ),
    case(
        "duplicate keys",
        |who| edited(who, r#"{"first":1"#, r#"{"first":1,"first":1"#),
        1,
        "unreadable_slice",
    ),
    case(
        "somebody else's signature",
        |who| {
            let theirs = menpai_sync_core::signature::Signer::from_bytes(&[7; 32]).unwrap();
            let own = std::mem::replace(&mut who.key, theirs);
            let body = signed(who, &[b"{}".to_vec()]);
            who.key = own;
            body
        },
        1,
        "bad_signature",
    ),
    case(
        "entries changed after signing",
        |who| edited(who, "\n{}", "\n[]"),
        1,
        "bad_signature",
    ),
    case(
        "a chain of its own",
        |who| {
            let elsewhere = LogHead {
                seq: who.head.seq,
                h: Hash([9; 32]),
            };
            let (slice, _) = who.slice(elsewhere, &[b"{}".to_vec()]);
            who.body(&[slice])
        },
        1,
        "broken_chain",
    ),
    case(
        "a chain of its own, left out",
        |who| {
            let elsewhere = LogHead {
                seq: who.head.seq,
                h: Hash([9; 32]),
            };
            without_previous(who, elsewhere)
        },
        1,
        "previous_unknown",
    ),
    case(
        "a chain left out after a gap",
        |who| {
            let further = who.head.after(Hash::of(b"not sent"));
            without_previous(who, further)
        },
        1,
        "previous_unknown",
    ),
    case(
        "a chain left out at the end of all numbers",
        |who| {
            let last = LogHead {
                seq: i64::MAX as u64 - 1,
                h: who.head.h,
            };
            without_previous(who, last)
        },
        1,
        "previous_unknown",
    ),
    case(
        "20,000 slices, none readable",
        |who| {
            let mut body = who.body(&[]);
            let member = deflate(b"{}\n");
            (0..20_000).for_each(|_| body.extend_from_slice(&member));
            body
        },
        1,
        "unreadable_slice",
    ),
];

fn honest_body(who: &mut Attacker) -> Vec<u8> {
    let entry = who.record("{}").into_bytes();
    signed(who, &[entry])
}

fn signed(who: &Attacker, entries: &[Vec<u8>]) -> Vec<u8> {
    let (slice, _) = who.slice(who.head, entries);
    who.body(&[slice])
}

/// A slice of one entry that leaves out the chain before it.
fn without_previous(who: &Attacker, head: LogHead) -> Vec<u8> {
    let (slice, _) = who.slice(head, &[b"{}".to_vec()]);
    let text = String::from_utf8(slice).unwrap();
    let previous = format!(r#""previous":"{}","#, head.h);
    assert!(text.contains(&previous), "{text}");
    who.body(&[text.replacen(&previous, "", 1).into_bytes()])
}

/// A slice of one entry, rightly signed, then changed.
fn edited(who: &Attacker, from: &str, to: &str) -> Vec<u8> {
    let (slice, _) = who.slice(who.head, &[b"{}".to_vec()]);
    let text = String::from_utf8(slice).unwrap();
    assert!(text.contains(from), "{text}");
    who.body(&[text.replacen(from, to, 1).into_bytes()])
}
