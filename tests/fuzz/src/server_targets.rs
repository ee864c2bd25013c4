//! The server's decoders: a sync's body as it arrives, its header, its slices, rosters.

use chrono::NaiveDate;
use menpai_roster::read_bytes;
use menpai_server::packet::{CourierKeys, Packet, seal};
use menpai_server::sync::members::{Limits, MemberError, Members};
use menpai_server::sync::{Carried, Slice};
use menpai_sync_core::ids::{DeviceId, Hash};
use menpai_sync_core::signature::Signer;
use menpai_sync_core::wire::{UpHeader, deflate};

/// Small, so that inputs reach them.
const LIMITS: Limits = Limits {
    compressed: 4_096,
    inflated: 16_384,
};
/// A roster's findings are about the file, never more than so many for one byte of it.
const MOST_ROWS_A_BYTE: usize = 1;

/// What the members of a body are, and how reading ended.
type Read = (Vec<Vec<u8>>, Result<bool, MemberError>);

/// Read whole or in pieces a body is the same, and within its limits; of two faults the one that
/// is named may depend on how it arrives. The first byte says
/// how many bytes arrive at once; a text is folded too, since a checksum would stop it.
pub(crate) fn members(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let piece = usize::from(*first) + 1;
    for body in [body.to_vec(), [deflate(body), body.to_vec()].concat()] {
        let whole = read_members(&body, body.len().max(1));
        let in_pieces = read_members(&body, piece);
        assert_eq!((&whole.0, whole.1.ok()), (&in_pieces.0, in_pieces.1.ok()));
        for member in &whole.0 {
            assert!(member.len() <= LIMITS.inflated);
        }
    }
}

fn read_members(body: &[u8], piece: usize) -> Read {
    let mut members = Members::new(LIMITS);
    let mut read = Vec::new();
    for mut piece in body.chunks(piece) {
        while !piece.is_empty() {
            match members.read(&mut piece) {
                Ok(Some(member)) => read.push(member),
                Ok(None) => {}
                Err(error) => return (read, Err(error)),
            }
        }
    }
    (read, Ok(members.between_members()))
}

/// What is read comes out the same when it is written and read again.
pub(crate) fn up_header(bytes: &[u8]) {
    let Ok(header) = serde_json::from_slice::<UpHeader>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&header).unwrap();
    assert_eq!(serde_json::from_slice::<UpHeader>(&written).unwrap(), header);
    for part in header.cursor.keys() {
        if let Ok(part) = part.parse() {
            let _ = header.seen(part);
        }
    }
}

/// A slice that nobody signed is not believed, whatever it says.
pub(crate) fn slice(bytes: &[u8]) {
    let Ok(slice) = Slice::read(bytes.to_vec()) else { return };
    assert!(slice.line.first >= 1);
    let key = Signer::from_bytes(&[9; 32]).unwrap().public_key();
    let code = "410102002005".parse().unwrap();
    let checked = slice.check(code, DeviceId::from_bytes([9; 16]), &key, Hash([0; 32]));
    assert!(checked.is_err());
}

/// A packet opens only as it was sealed. What was sealed is read whatever it is: texts between
/// empty lines are folded here to its members, since a seal would stop all that is thrown.
pub(crate) fn packet(bytes: &[u8]) {
    let keys = CourierKeys::new(vec![courier_key()]).unwrap();
    if let Ok(packet) = Packet::read(bytes)
        && let Ok(content) = packet.open(&keys)
    {
        let sealed = seal(&packet.clear, &courier_key().public_key(), &content).unwrap();
        assert_eq!(Packet::read(&sealed).unwrap().open(&keys).as_ref(), Ok(&content));
        let _ = Carried::read(&content);
    }
    let text = String::from_utf8_lossy(bytes);
    let members = text
        .split("\n\n")
        .map(|member| deflate(format!("{}\n", member.trim_end_matches('\n')).as_bytes()));
    let _ = Carried::read(&members.collect::<Vec<_>>().concat());
}

/// What the seeds of packets are sealed to.
pub(crate) fn courier_key() -> Signer {
    Signer::from_bytes(&[5; 32]).unwrap()
}

pub(crate) fn roster_csv(bytes: &[u8]) {
    roster("roster.csv", bytes);
}

pub(crate) fn roster_xlsx(bytes: &[u8]) {
    roster("roster.xlsx", bytes);
}

/// Rows come from the file, and each is counted once.
fn roster(name: &str, bytes: &[u8]) {
    let today = NaiveDate::from_ymd_opt(2026, 11, 2).unwrap();
    let Ok(roster) = read_bytes(name, bytes, today) else {
        return;
    };
    if name.ends_with("csv") {
        assert!(roster.rows.len() + roster.rejected.len() <= bytes.len() * MOST_ROWS_A_BYTE);
    }
}
