//! What calls itself a packet. Nothing of it is kept, and the courier hears what is wrong; of what
//! is sealed no more than that it does not fit.

use menpai_sync_core::ids::DeviceId;
use menpai_sync_core::wire::{MAX_SLICES, deflate};

use super::Attacker;

/// One delivery as it travels.
pub struct PacketCase {
    /// What is wrong.
    pub name: &'static str,
    /// Every byte of it.
    pub make: fn(&mut Attacker) -> Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// Code of the refusal.
    pub code: &'static str,
}

const fn case(name: &'static str, make: fn(&mut Attacker) -> Vec<u8>, code: &'static str) -> PacketCase {
    PacketCase {
        name,
        make,
        status: 422,
        code,
    }
}

const fn request(
    name: &'static str,
    make: fn(&mut Attacker) -> Vec<u8>,
    status: u16,
    code: &'static str,
) -> PacketCase {
    PacketCase {
        name,
        make,
        status,
        code,
    }
}

const UNREADABLE: &str = "packet_unreadable";
const REFUSED: &str = "packet_refused";

/// The corpus of packets.
pub const PACKETS: &[PacketCase] = &[
    request("no body", |who| who.courier(b""), 400, "unreadable_request"),
    request(
        "a line 500 deep",
        |who| who.courier(&[b"[".repeat(500), b"\n".to_vec()].concat()),
        400,
        "unreadable_request",
    ),
    request(
        "a hand-over in the year 99999",
        |who| {
            who.courier(
                b"{\"menpai\":2,\"clock\":\"2026-11-02T09:00:00.000Z\",\"handed\":\"99999-01-01T00:00:00.000Z\"}\n",
            )
        },
        400,
        "unreadable_request",
    ),
    request(
        "more than a sync may bring",
        |who| who.deliver(&vec![b'{'; 1_200_000]),
        413,
        "too_large",
    ),
    case("no packet", |who| who.deliver(b""), UNREADABLE),
    case("a line without end", |who| who.deliver(&[b'{'; 5_000]), UNREADABLE),
    case(
        "a line 300 deep",
        |who| who.deliver(&[b"[".repeat(300), b"\n".to_vec()].concat()),
        UNREADABLE,
    ),
    case(
        "a line and nothing sealed",
        |who| {
            let line = serde_json::to_string(&who.clear()).unwrap();
            who.deliver(format!("{line}\n").as_bytes())
        },
        UNREADABLE,
    ),
    case(
        "a key that is no point",
        |who| {
            let line = serde_json::to_string(&who.clear()).unwrap();
            who.deliver(&[format!("{line}\n").as_bytes(), &[4; 200]].concat())
        },
        UNREADABLE,
    ),
    case(
        "another's line before what is sealed",
        |who| {
            let mut packet = sealed(who, &[b"1".to_vec()]);
            let at = packet.iter().position(|byte| *byte == b'\n').unwrap();
            let mut clear = who.clear();
            clear.device = DeviceId::from_bytes([1; 16]);
            packet.splice(..at, serde_json::to_vec(&clear).unwrap());
            who.deliver(&packet)
        },
        UNREADABLE,
    ),
    case(
        "another community's",
        |who| {
            let mut clear = who.clear();
            clear.community = "999999999999".parse().unwrap();
            let packet = who.seal(&clear, &who.body(&[]));
            who.deliver(&packet)
        },
        "packet_elsewhere",
    ),
    case(
        "a bomb of 64 MiB sealed",
        |who| content(who, &deflate(&vec![b' '; 64 << 20])),
        REFUSED,
    ),
    case("no gzip sealed", |who| content(who, b"{\"menpai\":2}\n"), REFUSED),
    case("a header and no slice", |who| content(who, &who.body(&[])), REFUSED),
    case(
        "a slice bomb",
        |who| content(who, &[who.body(&[]), deflate(&vec![b'\n'; 64 << 20])].concat()),
        REFUSED,
    ),
    case(
        "more slices than a sync has",
        |who| {
            let mut slices = Vec::new();
            let mut head = who.head;
            for _ in 0..=MAX_SLICES {
                let (slice, end) = who.slice(head, &[b"1".to_vec()]);
                slices.push(slice);
                head = end;
            }
            content(who, &who.body(&slices))
        },
        REFUSED,
    ),
    case(
        "slices that do not follow each other",
        |who| {
            let (slice, _) = who.slice(who.head, &[b"1".to_vec()]);
            content(who, &who.body(&[slice.clone(), slice]))
        },
        REFUSED,
    ),
    case(
        "a slice cut in the middle",
        |who| {
            let (slice, _) = who.slice(who.head, &[b"1".to_vec()]);
            let body = who.body(&[slice]);
            content(who, &body[..body.len() - 9])
        },
        REFUSED,
    ),
    case(
        "a slice of another's log",
        |who| {
            let mut clear = who.clear();
            clear.device = DeviceId::from_bytes([1; 16]);
            let (slice, _) = who.slice(who.head, &[b"1".to_vec()]);
            let packet = who.seal(&clear, &who.body(&[slice]));
            who.deliver(&packet)
        },
        REFUSED,
    ),
];

fn sealed(who: &Attacker, entries: &[Vec<u8>]) -> Vec<u8> {
    let (slice, _) = who.slice(who.head, entries);
    who.seal(&who.clear(), &who.body(&[slice]))
}

fn content(who: &Attacker, content: &[u8]) -> Vec<u8> {
    who.deliver(&who.seal(&who.clear(), content))
}
