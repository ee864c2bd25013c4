//! Beginnings of slices whose connection broke, beside what came of the log on other ways.

use crate::phones::{Office, Phone, grid};
use menpai_server::sync::unfinished::Beginning;
use menpai_server::sync::{Dating, Refusal, Slice, SliceOutcome};
use menpai_sync_core::ids::EntityId;

/// A slice from `sent` on, of one that begins at `begins`.
fn rest(phone: &Phone, begins: u64, sent: u64, last: u64) -> Slice {
    let bytes = String::from_utf8(phone.brief_slice_bytes(sent, last)).unwrap();
    let begins = format!(r#"{{"begins":{begins},"#);
    Slice::read(bytes.replacen('{', &begins, 1).into_bytes()).unwrap()
}

#[test]
fn a_slice_goes_on_from_where_its_phone_says_that_it_begins() {
    // The phone was told of two entries here and a third one kept. Then a courier brings one more, or
    // two, and what is kept reaches back before all of it.
    for brought in [2, 3, 4] {
        let mut office = Office::new();
        let mut phone = office.worker_of_grid(1);
        for _ in 0..4 {
            phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
        }
        let broken = Beginning::read(&phone.brief_slice_bytes(1, 3)).unwrap();
        office.taken(&phone, phone.slice(1, brought));
        office.community().unfinished().keep(phone.device, broken);
        let whole = office.community().with_beginning(phone.device, rest(&phone, 3, 4, 4));
        assert_eq!((whole.line.first, whole.last()), (3, 4), "{brought} are here");
        let outcome = office.ingest(&phone, whole);
        let SliceOutcome::Taken { end, dating, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((end.seq, dating == Dating::Earlier), (4, brought != 2));
        assert_eq!(office.count("door_check"), 4);
    }
}

#[test]
fn what_is_kept_may_be_gone_if_a_courier_brought_it() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    for _ in 0..4 {
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    }
    office.taken(&phone, phone.slice(1, 2));
    let sent = || office.community().with_beginning(phone.device, rest(&phone, 3, 4, 4));
    assert_eq!(sent().line.begins(), 3);
    assert_eq!(
        office.ingest(&phone, sent()),
        SliceOutcome::Refused(Refusal::PreviousUnknown)
    );
    office.taken(&phone, phone.slice(3, 3));
    let outcome = office.ingest(&phone, sent());
    // The receipt is from the third entry on, which did not come with this.
    assert!(
        matches!(
            outcome,
            SliceOutcome::Taken {
                dating: Dating::Earlier,
                ..
            }
        ),
        "{outcome:?}"
    );
}
