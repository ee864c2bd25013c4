//! Slices become rows: what merges, what is held and why, what waits, what is refused.

use crate::phones::{Office, Phone, grid, new_person, set, text};
use menpai_server::jobs::rebuild::rebuild;
use menpai_server::store::community::identity::Founder;
use menpai_server::sync::{Communities, OfficeDevice, Refusal, Slice, SliceOutcome};
use menpai_sync_core::entry::{MAX_ENTRY_BYTES, Scalar};
use menpai_sync_core::ids::EntityId;
use serde_json::json;

#[test]
fn a_door_check_becomes_a_typed_row_with_exact_values() {
    let mut office = Office::new();
    let building_entry = office.desk.new_id();
    let building = EntityId::made_by(building_entry, 0);
    let door = EntityId::made_by(building_entry, 1);
    office.desk.edit_with_id(
        building_entry,
        Some(grid(1)),
        vec![],
        vec![
            set("place", building, "type", text("building")),
            set("place", building, "name", text("3号楼")),
            set("dwelling", door, "building_id", text(&building.to_string())),
            set("dwelling", door, "unit", text("2")),
            set("dwelling", door, "room", text("302")),
            set("dwelling", door, "floor", Scalar::Integer(3)),
            set("dwelling", door, "use", text("home")),
        ],
    );
    office.write_desk();
    assert_eq!(
        office.one::<Option<String>>("SELECT reason || detail FROM log_line"),
        None
    );
    let mut phone = office.worker_of_grid(1);
    let id = phone.record(
        "door_check",
        Some(grid(1)),
        json!({"dwelling_id": door, "mode": "door", "outcome": "met", "people_present": 2, "guidance_given": true,
               "checked_at": "2026-11-24T09:12:40.123+08:00", "diary": "已查“水电”"}),
    );
    office.taken(&phone, phone.all());
    type Row = (
        String,
        String,
        String,
        String,
        String,
        String,
        i64,
        i64,
        i64,
        String,
        String,
    );
    let row: Row = office
        .community()
        .query(|connection| {
            Ok(connection.query_row(
                "SELECT entry_id, worker_id, worker_name, address, dwelling_id, outcome, people_present, guidance_given,
                        checked_at_ms, diary, made_at FROM door_check",
                [],
                |r| {
                    Ok((
                        r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?, r.get(7)?,
                        r.get(8)?, r.get(9)?, r.get(10)?,
                    ))
                },
            )?)
        })
        .unwrap();
    let made_at = menpai_sync_core::time::Instant {
        unix_ms: phone.clock_ms,
        offset_minutes: 480,
    };
    assert_eq!(
        row,
        (
            id.to_string(),
            phone.worker.to_string(),
            "王小梅".into(),
            "3号楼 2单元 302".into(),
            door.to_string(),
            "met".into(),
            2,
            1,
            1_795_482_760_123,
            "已查“水电”".into(),
            made_at.to_string(),
        )
    );
    assert_eq!(office.one::<i64>("SELECT floor FROM dwelling"), 3);
}

#[test]
fn nested_objects_and_lists_become_columns_and_rows() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    phone.record(
        "care_visit",
        Some(grid(1)),
        json!({"subject_id": EntityId::from_bytes([9; 16]), "mode": "door", "met": "met", "contact_person": "self",
               "health": {"mood": "watch", "watch_for": "睡不好"}, "service_needs": ["meal", "medicine"],
               "items_brought": [{"item": "大米", "quantity": 1, "unit": "袋"}, {"item": "鸡蛋", "quantity": 30}]}),
    );
    office.taken(&phone, phone.all());
    assert_eq!(office.verdicts(&phone), [(1, "merged".into(), None)]);
    assert_eq!(office.one::<String>("SELECT health_mood FROM care_visit"), "watch");
    assert_eq!(office.count("record_care_visit_service_needs"), 2);
    assert_eq!(
        office.one::<i64>("SELECT quantity FROM record_care_visit_items_brought WHERE list_position = 1"),
        30
    );
    assert_eq!(
        office.one::<String>("SELECT part FROM care_visit"),
        format!("{}/care", grid(1))
    );
}

#[test]
fn a_withdrawal_needs_no_body_and_is_no_record_of_its_kind() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let check = phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    phone.retract("door_check", Some(grid(1)), check);
    phone.retract("tea_round", Some(grid(1)), check);
    office.taken(&phone, phone.all());
    let verdicts: Vec<String> = (1..=3).map(|seq| office.reason(&phone, seq)).collect();
    assert_eq!(verdicts, ["merged", "merged", "unknown_kind"]);
    assert_eq!(office.count("door_check"), 1);
    assert_eq!(office.one::<i64>("SELECT retracted FROM door_check"), 1);
    assert_eq!(
        office.one::<String>("SELECT entry_id FROM door_check"),
        check.to_string()
    );
}

#[test]
fn what_may_not_be_merged_is_held_with_its_reason() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let door = EntityId::from_bytes([9; 16]);
    let stranger = Phone::new();
    let good = phone.door_check(grid(1), door);
    let template = String::from_utf8(phone.entries[0].clone()).unwrap();
    let other_id = |phone: &Phone| template.replace(&good.to_string(), &phone.new_id().to_string());
    let expected = [
        "merged",
        "unknown_kind",
        "failed_rule",
        "newer_schema",
        "oversize",
        "unreadable",
        "unreadable",
        "unreadable",
        "same_id_other_bytes",
        "wrong_worker",
        "not_assigned",
        "unknown_entity",
        "merged",
    ];
    phone.record("no_such_kind", Some(grid(1)), json!({}));
    phone.record(
        "door_check",
        Some(grid(1)),
        json!({"mode": "door", "outcome": "absent"}),
    );
    phone.raw(other_id(&phone).replace("\"schema\":1", "\"schema\":99").as_bytes());
    phone.raw(&[b'x'; MAX_ENTRY_BYTES + 1]);
    phone.raw(br#"{"id":"1","id":"2"}"#);
    phone.raw(
        other_id(&phone)
            .replace("\"absent\"", "\"absent\",\"people_present\":9007199254740993")
            .as_bytes(),
    );
    phone.raw(b"\xff\xfe");
    phone.raw(template.replace("absent", "refused").as_bytes());
    phone.raw(
        other_id(&phone)
            .replace(&phone.worker.to_string(), &stranger.worker.to_string())
            .as_bytes(),
    );
    phone.door_check(grid(2), door);
    phone.edit(
        Some(grid(1)),
        vec![],
        vec![set("person", door, "phone", text("13700000001"))],
    );
    phone.door_check(grid(1), door);
    office.taken(&phone, phone.all());
    for (seq, expected) in (1..).zip(expected) {
        assert_eq!(office.reason(&phone, seq), expected, "entry {seq}");
    }
    assert_eq!(office.count("door_check"), 2);
    // Held and oversize alike, every entry of the log is there, and it goes on.
    assert_eq!(office.verdicts(&phone).len(), expected.len());
    phone.door_check(grid(1), door);
    assert_eq!(
        office.taken(&phone, phone.slice(phone.last(), phone.last())).seq,
        phone.last()
    );
}

#[test]
fn a_slice_that_does_not_continue_the_log_is_refused_whole() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let door = EntityId::from_bytes([9; 16]);
    phone.door_check(grid(1), door);
    phone.door_check(grid(1), door);
    office.taken(&phone, phone.slice(1, 1));
    let lines = office.count("log_line");

    let forged = Phone {
        signer: Phone::new().signer,
        ..phone.cloned()
    };
    assert_eq!(
        office.ingest(&phone, forged.slice(2, 2)),
        SliceOutcome::Refused(Refusal::BadSignature)
    );

    let mut clone = phone.cloned();
    clone.entries[0] = phone.entries[1].clone();
    assert_eq!(
        office.ingest(&phone, clone.slice(2, 2)),
        SliceOutcome::Refused(Refusal::BrokenChain)
    );
    assert_eq!(
        office.ingest(&phone, clone.slice(1, 2)),
        SliceOutcome::Refused(Refusal::BrokenChain)
    );
    assert_eq!(
        office.ingest(&phone, clone.slice(1, 1)),
        SliceOutcome::Refused(Refusal::BrokenChain)
    );

    let nobody = Phone {
        entries: phone.entries.clone(),
        ..Phone::new()
    };
    assert_eq!(
        office.ingest(&nobody, nobody.all()),
        SliceOutcome::Refused(Refusal::BadSignature)
    );

    assert_eq!(office.count("log_line"), lines);
    assert_eq!(office.taken(&phone, phone.slice(2, 2)).seq, 2);
}

#[test]
fn an_unreadable_slice_is_refused() {
    let phone = Phone {
        entries: vec![b"{}".to_vec(), b"{}".to_vec()],
        ..Phone::new()
    };
    let good = phone.slice_bytes(1, 2);
    let mut one_short = good.clone();
    one_short.truncate(good.len() - 3);
    let one_more = [&good[..], b"{}\n"].concat();
    let unended = &good[..good.len() - 1];
    for body in [b"".as_slice(), b"\n", b"{}\n", &one_short, &one_more, unended] {
        assert_eq!(Slice::read(body.to_vec()).unwrap_err(), Refusal::Unreadable);
    }
    let many = [
        good.split(|b| *b == b'\n').next().unwrap(),
        b"\n",
        &b"{}\n".repeat(100_000),
    ]
    .concat();
    assert_eq!(Slice::read(many).unwrap_err(), Refusal::TooLarge);
    assert!(Slice::read(good).is_ok());
}

#[test]
fn sending_again_makes_no_new_line() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    for _ in 0..5 {
        phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    }
    office.taken(&phone, phone.slice(1, 3));
    let lines = office.count("log_line");
    office.taken(&phone, phone.slice(1, 3));
    office.taken(&phone, phone.slice(1, 2));
    assert_eq!(office.count("log_line"), lines);
    assert_eq!(office.taken(&phone, phone.slice(2, 5)).seq, 5);
    assert_eq!(office.count("log_line"), lines + 2);
}

#[test]
fn a_new_device_may_send_the_same_entries_again() {
    let mut office = Office::new();
    let mut old = office.worker_of_grid(1);
    old.door_check(grid(1), EntityId::from_bytes([9; 16]));
    office.taken(&old, old.all());
    let mut new = Phone {
        worker: old.worker,
        ..Phone::new()
    };
    office.register(&new);
    new.entries.clone_from(&old.entries);
    new.door_check(grid(1), EntityId::from_bytes([9; 16]));
    let lines = office.count("log_line");
    assert_eq!(office.taken(&new, new.all()).seq, 2);
    assert_eq!(office.count("log_line"), lines + 1);
    assert_eq!(office.count("door_check"), 2);
}

#[test]
fn past_a_gap_records_merge_and_edits_wait_until_it_is_filled() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let door = EntityId::from_bytes([9; 16]);
    let make = phone.new_id();
    let (person, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    phone.door_check(grid(1), door);
    phone.edit(
        Some(grid(1)),
        vec![],
        vec![set("person", person, "phone", text("13700000001"))],
    );
    phone.door_check(grid(1), door);
    phone.edit(
        Some(grid(1)),
        vec![],
        vec![set("person", person, "phone", text("13700000002"))],
    );

    assert_eq!(office.taken(&phone, phone.slice(4, 5)).seq, 0);
    assert_eq!(office.taken(&phone, phone.slice(2, 3)).seq, 0);
    assert_eq!(office.reason(&phone, 2), "merged");
    assert_eq!(office.reason(&phone, 3), "after_gap");
    assert_eq!(office.reason(&phone, 4), "merged");
    assert_eq!(office.reason(&phone, 5), "after_gap");
    assert_eq!(office.count("door_check"), 2);

    assert_eq!(office.taken(&phone, phone.slice(1, 1)).seq, 5);
    assert_eq!(
        office
            .verdicts(&phone)
            .iter()
            .filter(|(_, verdict, _)| verdict == "merged")
            .count(),
        5
    );
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000002");
    assert_eq!(office.count("device_island"), 0);
    // In the order of the device's log, each with a line of its own.
    let order: Vec<u64> = office
        .community()
        .query(|connection| {
            let mut statement = connection.prepare(
                "SELECT e.seq FROM log_line l JOIN entry e ON e.number = l.entry WHERE l.derived IS NOT NULL ORDER BY lsn",
            )?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .unwrap();
    assert_eq!(order, [1, 3, 5]);
}

#[test]
fn a_slice_that_fills_a_gap_and_covers_what_came_before_frees_it_in_log_order() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = phone.new_id();
    let (person, items) = new_person(make, "张桂兰");
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    for number in ["13700000001", "13700000002"] {
        phone.edit(
            Some(grid(1)),
            vec![],
            vec![set("person", person, "phone", text(number))],
        );
    }
    assert_eq!(office.taken(&phone, phone.slice(2, 2)).seq, 0);
    assert_eq!(office.reason(&phone, 2), "after_gap");
    assert_eq!(office.taken(&phone, phone.slice(1, 3)).seq, 3);
    assert_eq!(office.reason(&phone, 2), "merged");
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000002");
    assert_eq!(office.one::<i64>("SELECT count(*) FROM conflict"), 0);
}

#[test]
fn a_gap_filled_with_another_chain_is_refused() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let door = EntityId::from_bytes([9; 16]);
    for _ in 0..3 {
        phone.door_check(grid(1), door);
    }
    office.taken(&phone, phone.slice(3, 3));
    let mut other = phone.cloned();
    other.entries[1] = other.entries[0].clone();
    assert_eq!(
        office.ingest(&phone, other.slice(1, 2)),
        SliceOutcome::Refused(Refusal::BrokenChain)
    );
    assert_eq!(office.taken(&phone, phone.slice(1, 2)).seq, 3);
}

#[test]
fn two_edits_of_one_field_keep_both_values() {
    let mut office = Office::new();
    let make = office.desk.new_id();
    let (person, items) = new_person(make, "张桂兰");
    office.desk.edit_with_id(make, Some(grid(1)), vec![], items);
    office.write_desk();
    let heads = office
        .community()
        .heads(format!("{}/open", grid(1)).parse().unwrap())
        .unwrap();
    assert_eq!(heads.len(), 1);
    let mut one = office.worker_of_grid(1);
    let mut two = office.worker_of_grid(1);
    one.edit(
        Some(grid(1)),
        heads.clone(),
        vec![set("person", person, "phone", text("13700000001"))],
    );
    two.edit(
        Some(grid(1)),
        heads,
        vec![set("person", person, "phone", text("13700000002"))],
    );
    office.taken(&one, one.all());
    office.taken(&two, two.all());
    assert_eq!(office.count("conflict"), 2);
    let values: String = office.one("SELECT group_concat(value, ' ' ORDER BY value) FROM conflict");
    assert_eq!(values, r#""13700000001" "13700000002""#);
    assert_eq!(office.one::<i64>("SELECT count(DISTINCT device) FROM conflict"), 2);

    // The office chooses; its choice is an edit on what it saw.
    let heads = office
        .community()
        .heads(format!("{}/open", grid(1)).parse().unwrap())
        .unwrap();
    assert_eq!(heads.len(), 2);
    office.desk.edit(
        Some(grid(1)),
        heads,
        vec![set("person", person, "phone", text("13700000002"))],
    );
    office.write_desk();
    assert_eq!(office.count("conflict"), 0);
    assert_eq!(office.one::<String>("SELECT phone FROM person"), "13700000002");
}

#[test]
fn an_edit_of_what_only_a_held_edit_makes_is_held_with_it() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    let make = phone.new_id();
    let (person, mut items) = new_person(make, "张桂兰");
    items.push(set("person", person, "no_such_field", text("x")));
    phone.edit_with_id(make, Some(grid(1)), vec![], items);
    phone.edit(
        Some(grid(1)),
        vec![],
        vec![set("person", person, "phone", text("13700000001"))],
    );
    office.taken(&phone, phone.all());
    assert_eq!(office.reason(&phone, 1), "failed_rule");
    assert_eq!(office.reason(&phone, 2), "needs");
    assert_eq!(
        office.one::<String>("SELECT detail FROM log_line WHERE reason = 'needs'"),
        make.to_string()
    );
    assert_eq!(office.count("person"), 0);
}

#[test]
fn what_arrives_after_a_revocation_is_held() {
    let mut office = Office::new();
    let mut phone = office.worker_of_grid(1);
    phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    office.taken(&phone, phone.slice(1, 1));
    let now = menpai_sync_core::time::Instant::utc(menpai_server::clock::now_ms());
    office.desk.record(
        "device",
        None,
        json!({"device": phone.device, "worker": phone.worker, "type": "phone", "name": "丢失的手机",
               "public_key": phone.signer.public_key(), "revoked_at": now, "revoked_because": "lost"}),
    );
    office.write_desk();
    phone.door_check(grid(1), EntityId::from_bytes([9; 16]));
    office.taken(&phone, phone.slice(2, 2));
    assert_eq!(office.reason(&phone, 2), "revoked");
}

#[test]
fn communities_over_the_documents_budget_let_theirs_go_and_read_them_again() {
    let office = Office::new();
    let folder = tempfile::tempdir().unwrap();
    let communities = Communities::new(folder.path(), office.settings.clone()).with_document_bytes(1);
    let mut desks = ["410102002001", "410102002002"].map(|code| {
        let code = code.parse().unwrap();
        let desk = Phone::new();
        let founder = Founder {
            device: desk.device,
            worker: desk.worker,
            public_key: desk.signer.public_key(),
        };
        (communities.create(code, founder).unwrap(), desk)
    });
    for round in 0..5 {
        for (community, desk) in &mut desks {
            let id = desk.new_id();
            let (_, items) = new_person(id, &format!("甲{round}"));
            desk.edit_with_id(id, Some(grid(1)), vec![], items);
            let office = OfficeDevice {
                device: desk.device,
                key: desk.signer.clone(),
            };
            community
                .write_as_office(&office, std::mem::take(&mut desk.entries))
                .unwrap();
        }
    }
    for (community, _) in &desks {
        let merged = "SELECT count(*) FROM log_line WHERE verdict = 'merged' AND derived IS NOT NULL";
        let merged: i64 = community
            .query(|connection| Ok(connection.query_row(merged, [], |row| row.get(0))?))
            .unwrap();
        assert_eq!(merged, 5);
        assert!(rebuild(community).unwrap().is_equal());
    }
}
