//! What others are told of an erasure: phones of version 1 in words that they can read, readers of the
//! log what still counts.

use menpai_server::clock;
use menpai_server::export::entries;
use menpai_server::store::community::device_logs;
use menpai_server::sync::answer::{Asked, answer};
use menpai_server::sync::{Dating, Taken};
use menpai_sync_core::wire::inflate_member;
use serde_json::json;

use super::world::{CANARY, world};

#[test]
fn an_older_phone_is_told_of_it_in_words_that_it_can_read() {
    let world = world();
    world.erase(world.person).unwrap();
    let device = world.phone.device;
    let community = world.office.community();
    let log = community.query(|connection| device_logs::find(connection, device));
    let taken = Some(Taken::after(None, 1, log.unwrap().unwrap().head, Dating::Earlier));
    let told = |menpai: u32| {
        let header = json!({"menpai": menpai, "last": 6, "clock": clock::now()});
        let asked = Asked {
            device,
            header: &serde_json::from_value(header).unwrap(),
            now_ms: clock::now_ms(),
            offset_ms: 0,
            taken,
            refused: None,
        };
        let (text, _) = inflate_member(&answer(community, asked).unwrap(), 1 << 20).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert!(told(2).contains(r#"{"seq":3,"verdict":"held","reason":"erased"}"#));
    assert!(told(1).contains(r#"{"seq":3,"verdict":"held"}"#));
    assert!(!told(1).contains(r#""reason":"erased""#));
}

#[test]
fn what_still_counts_of_an_erased_record_is_exported() {
    let world = world();
    world.erase(world.person).unwrap();
    let exported = world.office.community().query(|connection| {
        let mut log = Vec::new();
        entries::write(connection, &mut log).unwrap();
        Ok(String::from_utf8(log).unwrap())
    });
    let exported = exported.unwrap();
    let remains: Vec<&str> = exported
        .lines()
        .filter(|line| line.contains(r#"},"entry":null,"remains":{"id":"#))
        .collect();
    assert_eq!(remains.len(), 1, "the door check that closes the door");
    assert!(remains[0].contains(&world.door.to_string()) && !remains[0].contains(CANARY));
}
