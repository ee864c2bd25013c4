//! An id number as somebody types it at the door: checked, compared by the caller, sealed by it, and
//! nowhere in what the phone keeps.

use serde_json::json;

use menpai_sync_core::phone::{RecordDraft, Saved};

use super::home::{Home, now};
use super::{Device, street};

const NUMBER: &str = "990001194305020023";

#[test]
fn a_typed_number_says_what_is_in_it_or_what_is_wrong() {
    let mut home = Home::new();
    street(&mut home);
    let device = Device::enrolled(&home, 1);
    let typed = device.phone.typed_id_number(NUMBER, now());
    assert_eq!(
        (typed.error, typed.birth_date.as_deref(), typed.sex),
        (None, Some("1943-05-02"), Some("2"))
    );
    assert!(typed.key.is_some(), "what it is to be sealed to");
    for (text, code) in [
        ("99000119430502002", "length"),
        ("990001430502002", "fifteen_digits"),
        ("99000119430502002Y", "characters"),
        ("990001194302300029", "birth_date"),
        ("990001209905020027", "in_future"),
        ("990001194305020024", "check_character"),
    ] {
        let typed = device.phone.typed_id_number(text, now());
        assert_eq!((typed.error, typed.birth_date), (Some(code), None), "{text}");
    }
}

#[test]
fn only_what_is_sealed_is_recorded() {
    let mut home = Home::new();
    let (_, _, person) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    let body = |sealed: &str| json!({"person_id": person, "id_doc_type": "111", "sealed": sealed});
    let mut record = |body: serde_json::Value| {
        let draft = RecordDraft {
            kind: "id_number".to_owned(),
            grid: None,
            body: body.as_object().unwrap().clone(),
        };
        device.phone.record(draft, now(), [7; 10])
    };
    assert!(matches!(record(body(NUMBER)), Saved::Problems(_)), "no number in clear");
    let Saved::Entry { writes, .. } = record(body(&"A".repeat(132))) else {
        panic!("what is sealed is saved")
    };
    assert_eq!(writes.len(), 1);
}
