//! What open communities cost in memory: while both documents of their grid are loaded, once they had
//! to let go of them, and a thousand together. The server's own library in a process of its own.

use std::path::Path;
use std::process::Command;

use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::Office;
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{EntityId, GridId};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::Figure;
use crate::workload::{code_of, found_many};

/// The argument that makes the figures program open communities and say what that took.
pub const OPEN_COMMUNITIES: &str = "open-communities";

/// Bytes of documents that all communities of a home may hold.
const USUAL_BUDGET: usize = 1 << 30;
/// Whoever commits keeps its own; all others let theirs go.
const NO_BUDGET: usize = 1;

const SOME: usize = 48;
/// More than one home holds documents of.
const THOUSAND: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct Resident {
    before_kib: u64,
    after_kib: u64,
    open: usize,
}

/// Megabytes of each open community, at work and at rest.
#[must_use]
pub fn measure_memory(folder: &Path) -> Vec<Figure> {
    let data = folder.join("memory");
    let _ = found_many(&data, SOME);
    let each = |budget| {
        let resident = open_many(&data, SOME, budget);
        (resident.after_kib - resident.before_kib) as f64 / 1_024.0 / SOME as f64
    };
    vec![
        Figure::new("memory_mb_per_open_community", each(USUAL_BUDGET), "MB", SOME),
        Figure::new("memory_mb_per_resting_community", each(NO_BUDGET), "MB", SOME),
    ]
}

/// Gigabytes of a home with a thousand open communities: takes minutes and gigabytes of disk.
#[must_use]
pub fn measure_thousand(folder: &Path) -> Vec<Figure> {
    let data = folder.join("thousand");
    let _ = found_many(&data, THOUSAND);
    let resident = open_many(&data, THOUSAND, USUAL_BUDGET);
    assert_eq!(resident.open, THOUSAND);
    let all = resident.after_kib as f64 / (1 << 20) as f64;
    vec![Figure::new("memory_gb_1000_communities", all, "GB", THOUSAND)]
}

fn open_many(data: &Path, count: usize, document_bytes: usize) -> Resident {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([OPEN_COMMUNITIES, &count.to_string(), &document_bytes.to_string()])
        .arg(data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Opens so many communities of a home, writes an edit into both documents of each, and says on
/// stdout what that took.
///
/// # Errors
/// Whatever keeps it from doing so.
pub fn open_communities(count: usize, document_bytes: usize, data: &Path) -> std::io::Result<()> {
    let home = Home::open(data).map_err(std::io::Error::other)?;
    let home = home.with_document_bytes(document_bytes);
    let before_kib = resident_kib()?;
    for number in 1..=count {
        touch(&home, number).map_err(std::io::Error::other)?;
    }
    let after_kib = resident_kib()?;
    let open = home.communities.open_now();
    println!(
        "{}",
        serde_json::to_string(&Resident {
            before_kib,
            after_kib,
            open
        })?
    );
    Ok(())
}

fn touch(home: &Home, number: usize) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let office = Office::of_home(home, code_of(number))?;
    let (person, plan, grid) = office.community.query(|connection| {
        let one = |of_type: &str| {
            connection.query_row(
                "SELECT id, grid FROM entity WHERE type = ?1 ORDER BY number LIMIT 1",
                [of_type],
                |row| Ok((EntityId::from_bytes(row.get(0)?), GridId::from_bytes(row.get(1)?))),
            )
        };
        let ((person, grid), (plan, _)) = (one("person")?, one("care_plan")?);
        Ok((person, plan, grid))
    })?;
    let drafts = [("person", person, Class::Open), ("care_plan", plan, Class::Care)].map(|(of_type, id, class)| {
        let part = Part {
            grid: Some(grid),
            class,
        };
        let edit = Edit {
            base: office.community.heads(part).unwrap_or_default(),
            set: vec![SetItem {
                entity_type: of_type.to_owned(),
                id,
                field: "note".to_owned(),
                value: Scalar::Text("下午在家".to_owned()),
            }],
        };
        let body = Map::from_iter([("source".to_owned(), json!("asked_in_person"))]);
        Draft::edit(
            clock::new_entry_id(),
            1,
            Some(grid),
            office.worker,
            clock::now(),
            edit,
            body,
        )
    });
    office.write(&drafts)?;
    Ok(())
}

fn resident_kib() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| std::io::Error::other("no VmRSS"))
}
