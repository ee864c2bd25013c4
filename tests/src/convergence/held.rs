//! The office decides about held and waiting entries as they stand: it releases, amends or sets
//! aside one thrown with dice. What the home refuses must be refused for a reason that is true.

use menpai_server::store::community::{BodyCodec, StoreError};
use menpai_server::store::review::lines::{self, ReviewLine};
use menpai_server::sync::{HeldRefusal, Ruling, Wish};
use menpai_sync_core::verdict::Verdict;
use serde_json::{Map, Value, json};

use super::Trial;
use super::world::World;

impl World {
    /// One decision at the desk.
    pub(super) fn decide_held(&mut self) -> Result<(), String> {
        let mut open = self.standing().map_err(|error| error.to_string())?;
        open.sort_by_key(|line| line.lsn);
        let Some(line) = self.dice.pick(&open).cloned() else {
            return Ok(());
        };
        let wish = match (self.dice.below(10), &line.entry) {
            (0..2, _) => Wish::SetAside,
            (2..5, Some(entry)) => match &entry.edit {
                Some(edit) => Wish::AmendEdit(edit.set.clone()),
                None => Wish::AmendRecord(amended(&entry.body)),
            },
            _ => Wish::Release,
        };
        let decision = json!({
            "held_device": line.device, "held_seq": line.seq,
            "decision": match wish { Wish::Release => "release", Wish::SetAside => "set_aside", _ => "amend" },
        });
        let ruling = Ruling {
            record: self.office.record("held_decision", decision),
            device: line.device,
            seq: line.seq,
            wish,
            seen: self.office.base(&self.home, line.part),
            edit_body: Map::from_iter([("source".to_owned(), Value::from("held_release"))]),
            edit_schema: 1,
            worker: self.office.worker(),
            at: self.office.at(),
        };
        let ruled = self.home.community().rule(&self.office.device(), ruling);
        match ruled.map_err(|error| error.to_string())? {
            Ok(ruled) => {
                match ruled.verdict {
                    Verdict::SetAside => self.trials.note(Trial::SetAside),
                    _ => self.trials.add(Trial::Released, 1 + ruled.freed),
                }
                Ok(())
            }
            Err(HeldRefusal::Decided(Verdict::SetAside)) => Ok(()),
            Err(HeldRefusal::Decided(_) | HeldRefusal::NotHere) => Err(format!(
                "entry {} of {} was listed as held and is not",
                line.seq, line.device
            )),
            Err(_) => Ok(()),
        }
    }

    fn standing(&self) -> Result<Vec<ReviewLine>, StoreError> {
        self.home.community().query(|connection| {
            let mut codec = BodyCodec::new()?;
            let mut all = Vec::new();
            for verdict in [Verdict::Held, Verdict::Waiting, Verdict::SetAside] {
                all.extend(lines::standing_at(connection, &mut codec, verdict, 1_000)?);
            }
            Ok(all)
        })
    }
}

/// What the simulator's phones answer wrongly, put right.
fn amended(body: &Map<String, Value>) -> Map<String, Value> {
    let mut body = body.clone();
    if let Some(people) = body.get_mut("people_present") {
        *people = Value::from(2);
    }
    body
}
