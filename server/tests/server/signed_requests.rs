//! Requests of phones are signed: whatever was answered already, is somebody else's, is for another
//! address, of another time or was changed on its way is refused, and leaves nothing. An honest phone
//! with a wrong clock is told the home's, and gets in with its next request.

use menpai_server::auth::signed_request::{PhoneSigner, first_member};
use menpai_server::clock;
use menpai_server::jobs::verify::verify;
use menpai_sync_core::ids::EntityId;
use serde_json::json;

use crate::phones::{Phone, grid};
use crate::served::{Answer, Served, body, header};
use crate::support::authorise;

const PATH: &str = "/api/v1/sync";

struct Asking {
    served: Served,
    phone: Phone,
    signer: PhoneSigner,
}

impl Asking {
    /// A phone with a record that only it has.
    fn new() -> Asking {
        let served = Served::new();
        let (mut phone, signer) = served.sign_in("liu", 1);
        phone.door_check(grid(1), EntityId::from_bytes([5; 16]));
        Asking { served, phone, signer }
    }

    fn body(&self) -> Vec<u8> {
        body(&header(&self.phone), &[self.phone.slice_bytes(1, 1)])
    }

    fn send_to(&self, path: &str, signed: &str, bytes: &[u8]) -> Answer {
        let headers = [("Content-Type", "application/gzip"), ("Authorization", signed)];
        self.served.send("POST", path, &headers, bytes)
    }

    fn stored(&self) -> i64 {
        let count = |connection: &rusqlite::Connection| {
            let entries = "SELECT count(*) FROM record_door_check";
            Ok(connection.query_row(entries, [], |row| row.get::<_, i64>(0))?)
        };
        self.served.community().query(count).unwrap()
    }

    fn refused(&self, what: &str, answer: &Answer, expected: (u16, &str)) {
        assert_eq!((answer.status, answer.code().as_str()), expected, "{what}");
        assert_eq!(self.stored(), 0, "{what}");
    }
}

#[test]
fn what_was_changed_or_is_for_somebody_or_something_else_is_not_taken() {
    let asking = Asking::new();
    let (other, other_signer) = asking.served.sign_in("chen", 1);
    let bytes = asking.body();
    let header_only = first_member(&bytes).to_vec();
    let signed = || authorise(&asking.signer, "POST", PATH, Some(&header_only));
    let not_known = (401, "not_signed_in");

    asking.refused(
        "another address",
        &asking.send_to("/api/v1/sync?a=b", &signed(), &bytes),
        not_known,
    );
    let elsewhere = authorise(&asking.signer, "POST", "/api/v1/courier", Some(&header_only));
    asking.refused(
        "signed for another",
        &asking.send_to(PATH, &elsewhere, &bytes),
        not_known,
    );
    let method = authorise(&asking.signer, "GET", PATH, Some(&header_only));
    asking.refused("another method", &asking.send_to(PATH, &method, &bytes), not_known);
    let neighbour = PhoneSigner {
        community: "410102002006".parse().unwrap(),
        ..asking.signer.clone()
    };
    let community = authorise(&neighbour, "POST", PATH, Some(&header_only));
    asking.refused(
        "another community",
        &asking.send_to(PATH, &community, &bytes),
        not_known,
    );
    // Another's id over one's own key, and one's own id over another's.
    for (device, key) in [(other.device, &asking.signer), (asking.phone.device, &other_signer)] {
        let mixed = PhoneSigner { device, ..key.clone() };
        let mixed = authorise(&mixed, "POST", PATH, Some(&header_only));
        asking.refused("another device", &asking.send_to(PATH, &mixed, &bytes), not_known);
    }
    let never = authorise(&Phone::new().request_signer(), "POST", PATH, Some(&header_only));
    asking.refused(
        "a phone that nobody registered",
        &asking.send_to(PATH, &never, &bytes),
        not_known,
    );
    // Each part of what it says, altered: device, time, number, content, signature.
    for part in 0..5 {
        let text = signed();
        let mut parts: Vec<String> = text["Menpai ".len()..].split('.').map(str::to_owned).collect();
        let first = parts[part].remove(0);
        parts[part].insert(
            0,
            if first == '1' {
                '2'
            } else if first == 'A' {
                'B'
            } else {
                'A'
            },
        );
        let altered = format!("Menpai {}", parts.join("."));
        let answer = asking.send_to(PATH, &altered, &bytes);
        assert_eq!((answer.status, asking.stored()), (401, 0), "{part}");
    }
    // The header with another clock, whose made-times would be others.
    let mut lies = header(&asking.phone);
    lies["clock"] = json!("2020-01-01T00:00:00.000+08:00");
    let lying = body(&lies, &[asking.phone.slice_bytes(1, 1)]);
    asking.refused(
        "another header",
        &asking.send_to(PATH, &signed(), &lying),
        (400, "unreadable_request"),
    );
    // A slice that was changed is not its phone's.
    let mut slice = asking.phone.slice_bytes(1, 1);
    let at = slice.len() - 10;
    slice[at] ^= 1;
    let changed = [header_only.clone(), menpai_sync_core::wire::deflate(&slice)].concat();
    let answer = asking.send_to(PATH, &signed(), &changed);
    assert_eq!(answer.header()["refused"]["code"], "bad_signature");
    assert_eq!(asking.stored(), 0);

    assert!(verify(&asking.served.community()).unwrap().is_clean());
    assert_eq!(
        asking.send_to(PATH, &signed(), &bytes).status,
        200,
        "none of it stood in the way"
    );
    assert_eq!(asking.stored(), 1);
}

#[test]
fn a_request_counts_once_and_in_any_order() {
    let asking = Asking::new();
    let bytes = asking.body();
    let (early, late) = {
        let (phone, now_ms) = (&asking.signer, clock::now_ms());
        let member = Some(first_member(&bytes));
        let [early, late] = [[1; 8], [2; 8]].map(|nonce| phone.authorise("POST", PATH, member, now_ms, nonce));
        (early, late)
    };
    // They overtake each other on their way: both are honest.
    for signed in [&late, &early] {
        assert_eq!(asking.send_to(PATH, signed, &bytes).status, 200);
    }
    for signed in [&late, &early, &late] {
        let again = asking.send_to(PATH, signed, &bytes);
        assert_eq!((again.status, again.code().as_str()), (409, "request_repeated"));
    }
    assert_eq!(asking.stored(), 1);
}

#[test]
fn a_clock_that_is_a_year_off_costs_one_more_request() {
    let asking = Asking::new();
    let bytes = asking.body();
    let member = Some(first_member(&bytes));
    let year_ms = 365 * 24 * 3_600_000;
    for off_ms in [-year_ms, year_ms, -6 * 60_000, 6 * 60_000] {
        let at = |time_ms: i64| asking.signer.authorise("POST", PATH, member, time_ms, clock::random());
        let answer = asking.send_to(PATH, &at(clock::now_ms() + off_ms), &bytes);
        assert_eq!((answer.status, answer.code().as_str()), (401, "clock_off"), "{off_ms}");
        let home_ms = answer.json()["details"]["now_ms"].as_i64().unwrap();
        assert_eq!(asking.send_to(PATH, &at(home_ms), &bytes).status, 200, "{off_ms}");
    }
    assert_eq!(asking.stored(), 1, "and the work has come in");
}
