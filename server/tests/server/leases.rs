//! What a phone opens its records with: the same for each whenever it asks, none for a stopped one.

use menpai_server::auth::signed_request::PhoneSigner;
use menpai_server::office::roles;
use serde_json::Value;

use crate::listening::Answer;
use crate::served::Served;
use crate::support::authorise;

fn ask(served: &Served, signer: &PhoneSigner) -> Answer {
    let signed = authorise(signer, "GET", "/api/v1/lease", None);
    served.send("GET", "/api/v1/lease", &[("Authorization", &signed)], b"")
}

fn lease(answer: &Answer) -> Option<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.head("cache-control"), "no-store");
    let said: Value = answer.json();
    assert_eq!(said["hours"], 72);
    said["lease"].as_str().map(str::to_owned)
}

#[test]
fn each_phone_gets_its_own_and_the_same_again_until_it_is_stopped() {
    let served = Served::new();
    let (_, first) = served.sign_in("liu", 1);
    let (other_phone, other) = served.sign_in("chen", 2);
    let given = lease(&ask(&served, &first)).unwrap();
    assert_eq!(given.len(), 64);
    assert_eq!(lease(&ask(&served, &first)), Some(given.clone()));
    let others = lease(&ask(&served, &other)).unwrap();
    assert_ne!(others, given);

    let unsigned = served.send("GET", "/api/v1/lease", &[], b"");
    assert_eq!((unsigned.status, unsigned.code().as_str()), (401, "not_signed_in"));

    roles::stop_phone(&served.office(), other_phone.device, "lost").unwrap();
    let answer = ask(&served, &other);
    assert_eq!(answer.head("menpai-phone"), "lost");
    assert_eq!(lease(&answer), None);
    assert_eq!(lease(&ask(&served, &first)), Some(given), "nobody else notices");
}
