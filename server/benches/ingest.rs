//! What ingest costs, in figures to hold against the goals: `cargo bench -p menpai-server`. It asserts nothing about time, only that everything merged.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../tests/server/phones/mod.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod phones;

use std::time::Instant;

use menpai_server::jobs::verify::verify;
use menpai_sync_core::entry::Scalar;
use menpai_sync_core::ids::{EntityId, EntryId};
use phones::{Office, grid, set, text};
use serde_json::json;

const GRIDS: u8 = 4;
const HOUSEHOLDS: usize = 2_400;
const PERSONS: usize = 5_600;
const PHONES: u8 = 8;
const DAYS: usize = 30;
const RECORDS_A_DAY: usize = 88;

fn main() {
    let mut office = Office::new();
    let mut doors = Vec::new();
    for number in 0..HOUSEHOLDS {
        doors.push(household(&mut office, number));
    }
    for number in 0..PERSONS {
        person(&mut office, number, doors[number % doors.len()].1);
    }
    let count = office.desk.entries.len();
    let entries = std::mem::take(&mut office.desk.entries);
    let raw: usize = entries.iter().map(Vec::len).sum();
    let start = (Instant::now(), cpu_ms());
    for piece in entries.chunks(500) {
        office
            .community()
            .write_as_office(&office.device, piece.to_vec())
            .unwrap();
    }
    println!(
        "import: {count} edits ({} B each) in {:.1} s, CPU {:.2} ms each, file {} B each",
        raw / count,
        start.0.elapsed().as_secs_f64(),
        (cpu_ms() - start.1) / count as f64,
        size(&office) / count as u64,
    );
    assert_eq!(office.count("log_line WHERE verdict <> 'merged'"), 0);

    let mut phones: Vec<_> = (0..PHONES)
        .map(|number| office.worker_of_grid(number % GRIDS + 1))
        .collect();
    let before = size(&office);
    let start = (Instant::now(), cpu_ms());
    let mut making = 0.0;
    let mut raw = 0;
    for day in 0..DAYS {
        for (index, phone) in phones.iter_mut().enumerate() {
            let made = cpu_ms();
            let first = phone.last() + 1;
            for number in 0..RECORDS_A_DAY {
                let (door, _) = doors[(day * 977 + number * 31 + index) % doors.len()];
                let in_grid = grid(u8::try_from(index).unwrap() % GRIDS + 1);
                let body =
                    json!({"dwelling_id": door, "mode": "door", "outcome": "met", "people_present": number % 5 + 1});
                phone.record("door_check", Some(in_grid), body);
            }
            raw += phone.entries[usize::try_from(first - 1).unwrap()..]
                .iter()
                .map(Vec::len)
                .sum::<usize>();
            let slice = phone.slice(first, phone.last());
            making += cpu_ms() - made;
            office.taken(phone, slice);
        }
    }
    let records = DAYS * usize::from(PHONES) * RECORDS_A_DAY;
    println!(
        "evenings: {records} records ({} B each) in {} slices, {:.1} s, CPU {:.3} ms each; disk {} B each",
        raw / records,
        DAYS * usize::from(PHONES),
        start.0.elapsed().as_secs_f64(),
        (cpu_ms() - start.1 - making) / records as f64,
        (size(&office) - before) / records as u64,
    );
    assert_eq!(office.count("log_line WHERE verdict <> 'merged'"), 0);

    let mut one = phones.remove(0);
    let (_, person) = doors[0];
    let slices: Vec<_> = (0..50)
        .map(|number| {
            one.edit(
                Some(grid(1)),
                vec![],
                vec![set("household", person, "phone", text(&format!("1370000{number:04}")))],
            );
            one.slice(one.last(), one.last())
        })
        .collect();
    let start = (Instant::now(), cpu_ms());
    for slice in slices {
        office.taken(&one, slice);
    }
    println!(
        "one edit a sync: {:.2} ms, CPU {:.2} ms",
        start.0.elapsed().as_secs_f64() * 20.0,
        (cpu_ms() - start.1) / 50.0
    );

    let start = Instant::now();
    office.reopen();
    println!("reopen: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    assert!(verify(office.community()).unwrap().is_clean());
    println!("verify: {:.1} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    office.community().rebuild().unwrap();
    println!("rebuild: {:.1} s", start.elapsed().as_secs_f64());
    println!("memory now: {} MB", resident_kb() / 1024);
    sizes(&office);
}

fn household(office: &mut Office, number: usize) -> (EntityId, EntityId) {
    let id: EntryId = office.desk.new_id();
    let (door, household) = (EntityId::made_by(id, 0), EntityId::made_by(id, 1));
    let building = EntityId::from_bytes([7; 16]);
    let items = vec![
        set("dwelling", door, "building_id", text(&building.to_string())),
        set("dwelling", door, "unit", text("2")),
        set("dwelling", door, "floor", Scalar::Integer((number % 18) as i64)),
        set("dwelling", door, "room", text(&format!("{}02", number % 18))),
        set("dwelling", door, "use", text("home")),
        set(
            "dwelling",
            door,
            "address_key",
            text(&format!("协作路28号院/3/2/{number}")),
        ),
        set("household", household, "dwelling_id", text(&door.to_string())),
        set("household", household, "phone", text(&format!("1380000{number:04}"))),
    ];
    let in_grid = grid(u8::try_from(number % usize::from(GRIDS)).unwrap() + 1);
    office.desk.edit_with_id(id, Some(in_grid), vec![], items);
    (door, household)
}

fn person(office: &mut Office, number: usize, household: EntityId) {
    let id: EntryId = office.desk.new_id();
    let person = EntityId::made_by(id, 0);
    let items = vec![
        set("person", person, "name", text("张桂兰")),
        set("person", person, "sex", text("2")),
        set("person", person, "birth_date", text("1951-03-08")),
        set("person", person, "phone", text(&format!("1390000{number:04}"))),
        set("person", person, "household_id", text(&household.to_string())),
        set("person", person, "relation_to_head", text("10")),
        set("person", person, "residence_kind", text("registered")),
    ];
    let in_grid = grid(u8::try_from(number % HOUSEHOLDS % usize::from(GRIDS)).unwrap() + 1);
    office.desk.edit_with_id(id, Some(in_grid), vec![], items);
}

fn size(office: &Office) -> u64 {
    let path = office.community().path();
    let wal = path.with_extension("sqlite-wal");
    // What a checkpoint would leave: pages in use, whichever file they are in.
    let other = rusqlite::Connection::open(path).unwrap();
    other
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    assert_eq!(std::fs::metadata(wal).map_or(0, |meta| meta.len()), 0);
    std::fs::metadata(path).unwrap().len()
}

fn sizes(office: &Office) {
    let other = rusqlite::Connection::open(office.community().path()).unwrap();
    let Ok(mut statement) =
        other.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 16")
    else {
        return;
    };
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
        .unwrap();
    for row in rows {
        let (name, bytes) = row.unwrap();
        println!("  {name}: {} KB", bytes / 1024);
    }
}

/// CPU of this process so far.
fn cpu_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks * 10.0
}

fn resident_kb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
