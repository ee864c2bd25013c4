//! 更正 on the phone: an own record is said anew, the chain stays visible, and only the last
//! word counts; what is corrected twice or withdrawn is not corrected again.

use menpai_sync_core::phone::{Rung, Saved};
use serde_json::{Map, Value, json};

use super::Device;
use super::home::Home;
use super::today::{elder, march, phone};

fn body(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(body) => body,
        _ => panic!("a body is an object"),
    }
}

fn correct(
    device: &mut Device,
    record: menpai_sync_core::ids::EntryId,
    answers: Value,
    random: u8,
) -> Result<menpai_sync_core::ids::EntryId, String> {
    match device.phone.correct(record, body(answers), march(20), [random; 10]) {
        Saved::Entry { entry, writes, .. } => {
            device.keep(writes);
            Ok(entry)
        }
        Saved::Problems(problems) => Err(problems[0].code.clone()),
    }
}

#[test]
fn a_chain_of_three_counts_by_its_last_word_and_shows_what_was() {
    let mut home = Home::new();
    let elder = elder(&mut home, "302", "郁青禾");
    let mut device = phone(&mut home);
    let check = |outcome: &str| json!({"dwelling_id": elder.dwelling, "mode": "door", "outcome": outcome});
    let first = device.record("door_check", check("absent"), march(20));
    let second = correct(&mut device, first, check("refused"), 2).unwrap();
    let third = correct(&mut device, second, check("empty"), 3).unwrap();
    assert_eq!(
        correct(&mut device, first, check("met"), 4),
        Err("withdrawn".to_owned())
    );

    let shows = |device: &Device, rung| {
        let card = device.phone.door(elder.dwelling, march(20)).unwrap();
        assert_eq!(card.state.mark, Some("empty"));
        let rows: Vec<_> = card
            .records
            .iter()
            .map(|row| {
                (
                    row.entry,
                    row.corrected,
                    row.corrects.as_ref().map(|was| was.summary.zh.clone()),
                )
            })
            .collect();
        let row = |entry| rows.iter().find(|(id, ..)| *id == entry).unwrap();
        assert_eq!((row(first).1, row(second).1, row(third).1), (true, true, false));
        let was = |entry| row(entry).2.clone().unwrap_or_default();
        assert!(was(third).contains("拒访") && was(second).contains("无人"), "{rows:?}");
        assert!(card.records.iter().all(|row| row.rung == rung));
    };
    shows(&device, Rung::OnPhone);
    device.sync(&mut home);
    shows(&device, Rung::Merged);
}

#[test]
fn what_was_withdrawn_or_is_not_ones_own_is_not_corrected() {
    let mut home = Home::new();
    let elder = elder(&mut home, "302", "郁青禾");
    let mut device = phone(&mut home);
    let check = json!({"dwelling_id": elder.dwelling, "mode": "door", "outcome": "absent"});
    let record = device.record("door_check", check.clone(), march(20));
    let withdrawal = device.retract(record, march(20));
    assert_eq!(
        correct(&mut device, record, check.clone(), 8),
        Err("withdrawn".to_owned())
    );
    assert_eq!(
        correct(&mut device, withdrawal, check.clone(), 9),
        Err("not_own_record".to_owned())
    );
    let nobodys = menpai_sync_core::ids::EntryId::from_bytes([9; 16]);
    assert_eq!(
        correct(&mut device, nobodys, check, 10),
        Err("not_own_record".to_owned())
    );
}
