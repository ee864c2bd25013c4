//! What must hold when all is quiet. Each difference is named with its place.

use std::collections::BTreeMap;

use menpai_server::jobs::rebuild::{digests, rebuild};
use menpai_server::jobs::verify::verify;
use menpai_sync_core::ids::{EntryId, Hash};
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{OwnState, Phone};
use menpai_sync_core::replica::Replica;

use super::phone::TestPhone;
use super::schedule::World;
use super::{Differs, forget, kinds, twins};

pub(super) fn check(world: &mut World) -> Result<(), Differs> {
    let home = digests(world.home.community()).map_err(store)?;
    for (number, phone) in world.phones.iter().enumerate() {
        same(&format!("phone {number}"), &phone.phone, &home, world)?;
        same(&format!("phone {number} opened again"), &phone.reopened(), &home, world)?;
        nothing_missing(number, phone, world)?;
    }
    whole_log(world, &home)?;
    forget::check(world)?;
    nothing_blocks(world)?;

    let report = verify(world.home.community()).map_err(store)?;
    if let Some(finding) = report.findings.first() {
        return Err(Differs(format!("verify: {finding}")));
    }
    let rebuilt = rebuild(world.home.community()).map_err(store)?;
    if !rebuilt.is_equal() || rebuilt.after != home {
        return Err(Differs(format!("rebuild: {:?} became {:?}", home, rebuilt.after)));
    }
    world.home.reopen();
    if digests(world.home.community()).map_err(store)? != home {
        return Err(Differs(
            "the home shows something else after it was opened again".to_owned(),
        ));
    }
    count(world);
    twins::check(world)
}

/// The phone shows, of every part it may see, exactly what the home's tables show.
fn same(who: &str, phone: &Phone, home: &BTreeMap<Part, Hash>, world: &World) -> Result<(), Differs> {
    if phone.only_here() != 0 {
        return Err(Differs(format!("{who}: {} entries only here", phone.only_here())));
    }
    let replica = phone
        .replica()
        .ok_or_else(|| Differs(format!("{who}: not signed in")))?;
    let nothing = Hash::of(b"");
    for part in replica.cursor().keys() {
        let expected = home.get(part).copied().unwrap_or(nothing);
        if replica.digest(*part) != expected {
            return Err(Differs(format!("{who}: digest of {part} differs")));
        }
        let heads = world.home.community().heads(*part).map_err(store)?;
        if sorted(replica.heads(*part)) != sorted(heads) {
            return Err(Differs(format!("{who}: heads of {part} differ")));
        }
    }
    Ok(())
}

/// What the home acknowledged is in its log, with the verdict that the phone shows.
fn nothing_missing(number: usize, phone: &TestPhone, world: &World) -> Result<(), Differs> {
    let verdicts = verdicts(world)?;
    for own in phone.phone.own_entries() {
        let at_home = verdicts.get(&own.entry.id).map(String::as_str);
        let expected = match own.state {
            OwnState::OnPhone => continue,
            OwnState::Merged => "merged",
            OwnState::Held(_) => "held",
            OwnState::Waiting(_) => "waiting",
            OwnState::Released(_) => "released",
            OwnState::SetAside(_) => "set_aside",
        };
        // What became of an entry after another device brought it, that device is told.
        if at_home == Some("merged") && phone.others.contains(&own.entry.id) {
            continue;
        }
        if at_home != Some(expected) {
            let (seq, kind) = (own.seq, &own.entry.kind);
            return Err(Differs(format!(
                "phone {number}: entry {seq} ({kind}) is {expected} here and {at_home:?} at home"
            )));
        }
    }
    match phone.acknowledged.iter().find(|id| !verdicts.contains_key(id)) {
        Some(id) => Err(Differs(format!(
            "phone {number}: {id} was acknowledged and is not in the log"
        ))),
        None => Ok(()),
    }
}

/// The last verdict of every entry, whichever device brought it.
fn verdicts(world: &World) -> Result<BTreeMap<EntryId, String>, Differs> {
    world
        .home
        .community()
        .query(|connection| {
            let mut statement = connection.prepare(
                "SELECT e.id, l.verdict FROM entry e
                   JOIN log_line l ON l.lsn = (SELECT max(lsn) FROM log_line WHERE entry = e.number)
                  WHERE e.id IS NOT NULL",
            )?;
            let rows = statement.query_map([], |row| Ok((EntryId::from_bytes(row.get(0)?), row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .map_err(store)
}

/// The made-time that the home fixed for an entry.
pub(super) fn made_ms(world: &World, entry: EntryId) -> Result<Option<i64>, Differs> {
    world
        .home
        .community()
        .query(|connection| {
            let mut statement = connection.prepare(
                "SELECT l.made_ms FROM log_line l JOIN entry e ON e.number = l.entry WHERE e.id = ?1 ORDER BY l.lsn DESC",
            )?;
            let mut rows = statement.query_map([entry.as_bytes()], |row| row.get(0))?;
            Ok(rows.next().transpose()?)
        })
        .map_err(store)
}

/// What is held for want of another held edit wants one that is held still; and no entity is
/// marked as held that an edit that counts has made.
fn nothing_blocks(world: &World) -> Result<(), Differs> {
    let count = |sql: &'static str| {
        let read = |connection: &rusqlite::Connection| Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?);
        world.home.community().query(read).map_err(store)
    };
    let blocked = count(
        "SELECT count(*) FROM held_entry h WHERE h.verdict = 'held' AND h.needs IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM entry e JOIN held_entry maker ON maker.entry = e.number
             WHERE e.id = h.needs AND maker.verdict IN ('held', 'set_aside', 'waiting'))",
    )?;
    let marked = count(
        "SELECT count(*) FROM entity e WHERE e.held AND EXISTS
           (SELECT 1 FROM registry_value v WHERE v.entity = e.number)",
    )?;
    match (blocked, marked) {
        (0, 0) => Ok(()),
        _ => Err(Differs(format!(
            "{blocked} entries wait for what counts, {marked} entities are hidden"
        ))),
    }
}

/// A replica made of nothing but the log's lines and entries shows the same again.
fn whole_log(world: &World, home: &BTreeMap<Part, Hash>) -> Result<(), Differs> {
    use menpai_server::store::community::{BodyCodec, entries, epochs, erased, lines};
    let community = world.home.community();
    let mut replica = Replica::empty(community.identity().code, kinds::builtin());
    let applied = community
        .query(|connection| {
            let mut codec = BodyCodec::new()?;
            let mut all = Vec::new();
            for line in lines::after(connection, 0, 1_000_000)? {
                let bytes = match entries::get(connection, &mut codec, line.entry)?.bytes {
                    Some(bytes) => Some(bytes),
                    None => erased::remains(connection, line.entry)?.and_then(|remains| remains.entry),
                };
                all.extend(bytes.map(|bytes| (line.envelope, bytes)));
            }
            Ok((epochs::bases(connection)?, all))
        })
        .map_err(store)?;
    let (bases, applied) = applied;
    for (part, base) in bases {
        let loaded = replica.load_document(part, base.epoch, &base.bytes);
        loaded.map_err(|error| Differs(format!("the document of an epoch: {error}")))?;
    }
    for (envelope, bytes) in applied {
        replica
            .apply(&envelope, &bytes)
            .map_err(|error| Differs(format!("replay: {error}")))?;
    }
    match home.iter().find(|(part, digest)| replica.digest(**part) != **digest) {
        Some((part, _)) => Err(Differs(format!("a replay of the log shows another {part}"))),
        None => Ok(()),
    }
}

fn count(world: &mut World) {
    for phone in &world.phones {
        let held = phone
            .phone
            .own_entries()
            .filter(|own| matches!(own.state, OwnState::Held(_)))
            .count();
        let kinds = kinds::builtin();
        let tells = |kind: &str| kinds.get(kind).is_some_and(|kind| kind.effects.jumps.is_some());
        world.trials.jumps += phone.phone.own_entries().filter(|own| tells(&own.entry.kind)).count();
        world.trials.held += held;
        world.trials.acknowledged += phone.acknowledged.len();
        let rows = phone.phone.replica().into_iter().flat_map(Replica::rows);
        let conflicts = rows
            .map(|(_, row)| row.fields.values().filter(|values| values.len() > 1).count())
            .sum();
        world.trials.conflicts = world.trials.conflicts.max(conflicts);
    }
}

fn sorted(mut hashes: Vec<Hash>) -> Vec<Hash> {
    hashes.sort_unstable();
    hashes
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn store(error: menpai_server::store::community::StoreError) -> Differs {
    Differs(format!("the home's file: {error}"))
}
