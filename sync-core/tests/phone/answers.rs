//! What is believed of an answer: signed by the own home, verified by the caller, and the answer
//! to what was asked last.

use super::home::Home;
use super::{Device, street};
use menpai_sync_core::phone::ReceiveError;
use menpai_sync_core::signature::{Signer, ToVerify};

#[test]
fn an_answer_is_believed_only_from_the_own_home() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    let request = device.request();
    let stranger = Signer::from_bytes(&[66; 32]).unwrap();
    let forged = home.answer(device.phone.log_head().unwrap().0, &request, &stranger);
    assert!(matches!(
        device.phone.verify_and_receive(&forged),
        Err(ReceiveError::Receipt(_))
    ));
    assert_eq!(device.phone.only_here(), 1);
    for garbage in [
        &b"<html>portal</html>"[..],
        &forged[..forged.len() / 2],
        &menpai_sync_core::wire::deflate(b"{}\n"),
    ] {
        assert!(device.phone.verify_and_receive(garbage).is_err());
        assert_eq!(device.phone.only_here(), 1);
    }
    // The home has it; sending again is harmless.
    assert_eq!(device.sync(&mut home), 1);
    assert_eq!(device.phone.replica().unwrap().records().count(), 1);
}

#[test]
fn a_yes_counts_for_the_answer_it_was_found_in() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    let id = device.phone.log_head().unwrap().0;
    let key = home.key.clone();
    let stranger = Signer::from_bytes(&[66; 32]).unwrap();
    let request = device.request();
    let forged = home.answer(id, &request, &stranger);
    let answer = home.answer(id, &request, &key);

    assert!(!device.phone.to_verify(&forged).unwrap().unwrap().fits());
    let yes = device.phone.to_verify(&answer).unwrap().unwrap();
    assert!(yes.fits());
    for (body, verified) in [(&forged, None), (&forged, Some(&yes)), (&answer, None)] {
        let received = device.phone.receive(body, verified);
        assert!(matches!(received, Err(ReceiveError::Receipt(_))));
        assert_eq!(device.phone.only_here(), 1);
    }
    let received = device.phone.receive(&answer, Some(&yes)).unwrap();
    assert_eq!(received.sent, 1);
    assert!(matches!(
        device.phone.receive(&answer, Some(&yes)),
        Err(ReceiveError::Unasked)
    ));
}

#[test]
fn a_phone_that_dies_between_verifying_and_believing_asks_again() {
    let mut home = Home::new();
    let (first, ..) = street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    device.sync(&mut home);
    device.check_door(first, "met");
    let id = device.phone.log_head().unwrap().0;
    let key = home.key.clone();
    let request = device.request();
    let answer = home.answer(id, &request, &key);
    let yes = device.phone.to_verify(&answer).unwrap().filter(ToVerify::fits);
    device.reopen();
    assert!(matches!(
        device.phone.receive(&answer, yes.as_ref()),
        Err(ReceiveError::Unasked)
    ));
    assert_eq!(device.phone.only_here(), 1);
    assert_eq!(device.sync(&mut home), 1);
}

#[test]
fn nothing_is_to_be_verified_where_nothing_was_sent() {
    let mut home = Home::new();
    street(&mut home);
    let mut device = Device::enrolled(&home, 1);
    let request = device.request();
    let key = home.key.clone();
    let answer = home.answer(device.phone.log_head().unwrap().0, &request, &key);
    assert_eq!(device.phone.to_verify(&answer).unwrap(), None);
    device.phone.receive(&answer, None).unwrap();
    assert!(device.phone.replica().unwrap().rows().count() > 0);
}
