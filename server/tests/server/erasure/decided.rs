//! A held entry that the office set aside names somebody who is erased: the decision stands, the
//! content goes, from the phones of its worker too.

use menpai_server::clock;
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::jobs::verify::verify;
use menpai_server::office::held::{Decision, ruling};
use menpai_server::sync::Wish;
use menpai_server::sync::answer::{Asked, answer};
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{ANSWER_BUDGET_BYTES, inflate_members};
use serde_json::json;

use super::world::{CANARY, World, world};
use crate::phones::Phone;

#[test]
fn what_the_office_decided_stands_and_the_content_is_told_gone() {
    let mut world = world();
    let mut second = Phone::new();
    second.worker = world.phone.worker;
    world.office.register(&second);
    set_aside(&world, 3);
    assert_eq!(
        last_line(&world, 3),
        ("set_aside".to_owned(), "not_assigned".to_owned())
    );
    assert!(told(&world, &second).contains(CANARY), "its worker may read it");

    world.erase(world.person).unwrap();
    let erased = ("set_aside".to_owned(), "erased".to_owned());
    assert_eq!(last_line(&world, 3), erased);
    let told = told(&world, &second);
    assert!(!told.contains(CANARY));
    let hash = menpai_sync_core::ids::Hash::of(&world.phone.entries[2]);
    assert!(told.contains(&format!("\n{{\"erased\":\"{hash}\"}}\n")), "{told}");
    assert_eq!(verify(world.office.community()).unwrap().findings, []);
    assert!(rebuild(world.office.community()).unwrap().is_equal());
    assert_eq!(last_line(&world, 3), erased);
}

fn set_aside(world: &World, seq: u64) {
    let decision = Decision {
        id: clock::new_entry_id(),
        device: world.phone.device,
        seq,
        wish: Wish::SetAside,
        seen: Vec::new(),
        note: None,
    };
    let (office, community) = (&world.office, world.office.community());
    let ruling = ruling(community, office.desk.worker, clock::now(), &decision).unwrap();
    community.rule(&office.device, ruling).unwrap().unwrap();
}

fn last_line(world: &World, seq: u64) -> (String, String) {
    let verdicts = world.office.verdicts(&world.phone);
    let (_, verdict, reason) = verdicts.into_iter().find(|(at, ..)| *at == seq).unwrap();
    (verdict, reason.unwrap())
}

/// What a phone is answered that asks how its worker's held entries stand.
fn told(world: &World, phone: &Phone) -> String {
    let now = clock::now();
    let header = json!({"menpai": 2, "last": 0, "clock": Instant::utc(now.unix_ms), "wants": ["verdicts", "lines"]});
    let asked = Asked {
        device: phone.device,
        header: &serde_json::from_value(header).unwrap(),
        now_ms: now.unix_ms,
        offset_ms: 0,
        taken: None,
        refused: None,
    };
    let members = answer(world.office.community(), asked).unwrap();
    String::from_utf8(inflate_members(&members, 2 * ANSWER_BUDGET_BYTES).unwrap().concat()).unwrap()
}
