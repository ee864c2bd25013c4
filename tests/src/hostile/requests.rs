//! Requests that are refused as a whole, headers of HTTP included. Nothing of them is kept, and
//! the answer says what happened and what to do.

use menpai_sync_core::wire::deflate;
use serde_json::{Value, json};

use super::Attacker;

/// One request as it travels.
pub struct RequestCase {
    /// What is wrong.
    pub name: &'static str,
    /// Every byte of it.
    pub make: fn(&mut Attacker) -> Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// Code of the refusal; `None`: HTTP itself refuses, before there is a language or a body.
    pub code: Option<&'static str>,
}

const fn case(
    name: &'static str,
    make: fn(&mut Attacker) -> Vec<u8>,
    status: u16,
    code: Option<&'static str>,
) -> RequestCase {
    RequestCase {
        name,
        make,
        status,
        code,
    }
}

const UNREADABLE: Option<&str> = Some("unreadable_request");

/// The corpus of requests.
pub const REQUESTS: &[RequestCase] = &[
    case("no body", |who| who.http(b""), 400, UNREADABLE),
    case("no gzip", |who| who.http(b"{\"menpai\":1}\n"), 400, UNREADABLE),
    case(
        "a header cut in the middle",
        |who| {
            let body = who.body(&[]);
            who.http(&body[..body.len() / 2])
        },
        400,
        UNREADABLE,
    ),
    case(
        "a header bomb of 64 MiB",
        |who| who.http(&deflate(&vec![b' '; 64 << 20])),
        413,
        Some("too_large"),
    ),
    case(
        "a header 30,000 deep",
        |who| lines(who, &[b"[".repeat(30_000)]),
        400,
        UNREADABLE,
    ),
    case(
        "a header of two lines",
        |who| {
            let line = who.header().to_string().into_bytes();
            lines(who, &[line.clone(), line])
        },
        400,
        UNREADABLE,
    ),
    case(
        "a cursor of 100,000 parts",
        |who| {
            let parts: serde_json::Map<String, Value> =
                (0..100_000).map(|n| (format!("{n:08}/open"), json!(n))).collect();
            with(who, "cursor", &json!(parts).to_string())
        },
        413,
        Some("too_large"),
    ),
    case(
        "a protocol of 400 digits",
        |who| with(who, "menpai", &"9".repeat(400)),
        400,
        UNREADABLE,
    ),
    case(
        "protocol 3",
        |who| with(who, "menpai", "3"),
        426,
        Some("protocol_not_supported"),
    ),
    case("a last below nothing", |who| with(who, "last", "-1"), 400, UNREADABLE),
    case("a last of 1e999", |who| with(who, "last", "1e999"), 400, UNREADABLE),
    case(
        "a clock in the year 99999",
        |who| with(who, "clock", r#""99999-01-01T00:00:00.000Z""#),
        400,
        UNREADABLE,
    ),
    case(
        "a lone surrogate",
        |who| with(who, "log", r#""\ud800""#),
        400,
        UNREADABLE,
    ),
    case(
        "invalid UTF-8",
        |who| lines(who, &[b"{\"menpai\":1,\"log\":\"\xff\"}".to_vec()]),
        400,
        UNREADABLE,
    ),
    case(
        "duplicate keys",
        |who| {
            lines(
                who,
                &[br#"{"menpai":1,"last":0,"last":0,"clock":"2026-11-02T09:00:00.000Z"}"#.to_vec()],
            )
        },
        400,
        UNREADABLE,
    ),
    case(
        "another's device",
        |who| with(who, "device", r#""01010101-0101-4101-8101-010101010101""#),
        403,
        Some("wrong_device"),
    ),
    case(
        "a community that is not here",
        |who| with(who, "community", r#""999999999999""#),
        404,
        Some("unknown_community"),
    ),
    case(
        "no signature",
        |who| {
            let text = who.http(&who.body(&[]));
            drop_line(&text, b"Authorization")
        },
        401,
        Some("not_signed_in"),
    ),
    case(
        "a signature of 20,000 letters",
        |who| {
            http(&format!(
                "{}Content-Length: 0\r\n",
                who.http_head()
                    .replace("Menpai ", &format!("Menpai {}", "x".repeat(20_000)))
            ))
        },
        401,
        Some("not_signed_in"),
    ),
    case(
        "200 headers",
        |who| {
            http(&format!(
                "{}{}Content-Length: 0\r\n",
                who.http_head(),
                "X-A: b\r\n".repeat(200)
            ))
        },
        400,
        None,
    ),
    case(
        "one header of 4 MiB",
        |who| {
            http(&format!(
                "{}X-A: {}\r\nContent-Length: 0\r\n",
                who.http_head(),
                "b".repeat(4 << 20)
            ))
        },
        400,
        None,
    ),
    case(
        "two lengths",
        |who| {
            http(&format!(
                "{}Content-Length: 1\r\nContent-Length: 2\r\n",
                who.http_head()
            ))
        },
        400,
        None,
    ),
    case(
        "a length that is no number",
        |who| http(&format!("{}Content-Length: -5\r\n", who.http_head())),
        400,
        None,
    ),
    case(
        "a chunk that is no chunk",
        |who| {
            [
                http(&format!("{}Transfer-Encoding: chunked\r\n", who.http_head())),
                b"zzzz\r\n".to_vec(),
            ]
            .concat()
        },
        400,
        None,
    ),
];

fn http(head: &str) -> Vec<u8> {
    format!("{head}\r\n").into_bytes()
}

fn lines(who: &Attacker, lines: &[Vec<u8>]) -> Vec<u8> {
    let mut text = lines.join(&b'\n');
    text.push(b'\n');
    who.http(&deflate(&text))
}

/// An honest header but for one member, which may be anything.
fn with(who: &Attacker, member: &str, value: &str) -> Vec<u8> {
    let mut header = who.header();
    header[member] = json!("@@");
    let line = header.to_string().replace("\"@@\"", value);
    lines(who, &[line.into_bytes()])
}

fn drop_line(text: &[u8], name: &[u8]) -> Vec<u8> {
    let start = text.windows(name.len()).position(|window| window == name).unwrap();
    let length = text[start..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    [&text[..start], &text[start + length..]].concat()
}
