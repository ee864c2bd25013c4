//! Beginnings of slices whose connection broke, beside what came of the log on other ways.

use crate::phones::{Office, grid};
use menpai_server::sync::Slice;
use menpai_server::sync::unfinished::Beginning;
use menpai_sync_core::ids::EntityId;

#[test]
fn what_a_courier_brought_since_is_no_part_of_what_goes_on() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    for _ in 0..4 {
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    }
    office.taken(&phone, phone.slice(1, 2));
    // The phone is told how far its log is here, and takes the receipt to be of what it sends next.
    for sent in [3, 4] {
        let broken = Beginning::read(&phone.brief_slice_bytes(1, 3)).unwrap();
        office.community().unfinished().keep(phone.device, broken);
        let rest = Slice::read(phone.brief_slice_bytes(sent, 4)).unwrap();
        let whole = office.community().with_beginning(phone.device, rest);
        assert_eq!((whole.line.first, whole.last()), (3, 4), "sent from {sent} on");
    }
    let rest = Slice::read(phone.brief_slice_bytes(3, 4)).unwrap();
    office.taken(&phone, office.community().with_beginning(phone.device, rest));
    assert_eq!(office.count("door_check"), 4);
}
