//! What must hold when all is quiet. Each difference is named with its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use menpai_server::jobs::rebuild::{digests, rebuild};
use menpai_server::jobs::verify::verify;
use menpai_sync_core::ids::{EntryId, Hash};
use menpai_sync_core::judge::part_of;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{OwnEntry, OwnState, Phone};
use menpai_sync_core::replica::Replica;

use super::apps::{self, App};
use super::home::Home;
use super::phone::TestPhone;
use super::reader::{self, Reader};
use super::world::World;
use super::{Differs, Trial, Trials, forget, grids, id_numbers, twins};

pub(super) fn check(world: &mut World) -> Result<(), Differs> {
    let home = digests(world.home.community()).map_err(store)?;
    let verdicts = world.home.verdicts();
    phones(world, &home, &verdicts)?;
    nothing_lost(world, &verdicts)?;
    world.read().map_err(Differs)?;
    let mut anew = Reader::default();
    let read = anew.read(&world.home, &mut world.trials);
    read.map_err(|error| Differs(format!("a server that reads it all: {error}")))?;
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
    id_numbers::check(world, &verdicts).map_err(Differs)?;
    count(world, &verdicts);
    id_numbers::count(world, &verdicts);
    grids::count(world).map_err(Differs)?;
    twins::check(world)?;
    world.misses_nothing().map_err(Differs)?;
    updated(world)
}

fn phones(world: &World, home: &BTreeMap<Part, Hash>, verdicts: &BTreeMap<EntryId, String>) -> Result<(), Differs> {
    forget::check(world)?;
    id_numbers::check(world, verdicts).map_err(Differs)?;
    let made_times = world.home.made_times();
    let by_hash = world.home.kept_by_hash();
    for (number, phone) in world.phones.iter().enumerate() {
        let is_older = phone.app == App::Yesterday;
        // One of version 1 knows of no epochs, and goes on in the one that it has.
        let heads = !is_older || !world.parts_began_again;
        let keeps_own = forget::keeps_own(phone, &world.erased);
        let always_today = phone.always_today;
        for (who, phone) in [("", &phone.phone), (" opened again", &phone.reopened())] {
            let named = |what: String| Differs(format!("phone {number}{who}: {what}"));
            if !keeps_own {
                same(phone, heads, home, world).map_err(|Differs(what)| named(what))?;
            }
            forget::shows_nothing(phone, is_older, &world.erased).map_err(named)?;
            if always_today {
                same_times(phone, &made_times, &world.home).map_err(named)?;
            }
        }
        nothing_missing((number, phone), verdicts, &by_hash)?;
    }
    Ok(())
}

/// Once every app is today's, nothing is left of what older ones could not know.
fn updated(world: &mut World) -> Result<(), Differs> {
    if world.phones.iter().all(|phone| phone.app != App::Yesterday) {
        return Ok(());
    }
    for phone in world.phones.iter_mut().filter(|phone| phone.app == App::Yesterday) {
        phone.update(App::Today);
    }
    world.quiet().map_err(Differs)?;
    let home = digests(world.home.community()).map_err(store)?;
    phones(world, &home, &world.home.verdicts()).map_err(|Differs(what)| Differs(format!("updated: {what}")))
}

/// The phone shows, of every part it may see, exactly what the home's tables show.
fn same(phone: &Phone, and_heads: bool, home: &BTreeMap<Part, Hash>, world: &World) -> Result<(), Differs> {
    if phone.only_here() != 0 {
        return Err(Differs(format!("{} entries only here", phone.only_here())));
    }
    let replica = phone.replica().ok_or_else(|| Differs("not signed in".to_owned()))?;
    let nothing = Hash::of(b"");
    for part in replica.cursor().keys() {
        let expected = home.get(part).copied().unwrap_or(nothing);
        if replica.left_out(*part).is_some() {
            let sum = world.home.sum(*part).map_err(store)?;
            if replica.sum(*part) != sum {
                return Err(Differs(format!("sum of {part} differs")));
            }
        } else if replica.digest(*part) != expected {
            let mut anew = Reader::default();
            let read = anew.read(&world.home, &mut Trials::default());
            let difference = anew
                .replica()
                .map(|at_home| reader::difference(replica, at_home, *part));
            let difference = difference.unwrap_or_else(|| format!("{read:?}"));
            let own = phone
                .own_entries()
                .filter(|own| difference.contains(&own.entry.id.to_string()));
            let own = own.map(|own| {
                format!(
                    "\nown {} {:?}{}",
                    own.entry.id,
                    own.state,
                    reader::lines_with(&world.home, &own.entry.id.to_string())
                )
            });
            let difference = format!("{difference}{}", own.collect::<String>());
            return Err(Differs(format!("digest of {part} differs, {difference}")));
        }
        let heads = world.home.community().heads(*part).map_err(store)?;
        if and_heads && sorted(replica.heads(*part)) != sorted(heads) {
            return Err(Differs(format!("heads of {part} differ")));
        }
    }
    Ok(())
}

/// What counts on the phone was made there when it was made at the home.
fn same_times(phone: &Phone, at_home: &HashMap<EntryId, i64>, home: &Home) -> Result<(), String> {
    let mut records = phone.replica().into_iter().flat_map(Replica::records);
    let other = records.find_map(|record| {
        let made_ms = *at_home.get(&record.entry.id)?;
        (made_ms != record.made_ms).then_some((record.entry.id, record.made_ms, made_ms))
    });
    match other {
        Some((id, here, at_home)) => {
            let lines = reader::lines_with(home, &id.to_string());
            Err(format!("{id} was made at {here} here, {at_home} at home{lines}"))
        }
        None => Ok(()),
    }
}

/// What the home acknowledged is in its log, with the verdict that the phone shows.
fn nothing_missing(
    (number, phone): (usize, &TestPhone),
    verdicts: &BTreeMap<EntryId, String>,
    by_hash: &BTreeSet<Hash>,
) -> Result<(), Differs> {
    let mut nameless = BTreeSet::new();
    for own in phone.phone.own_entries() {
        // What was erased came again without its id to a home that was put back: but not what still counts.
        let counts = own.counts_as.is_some_and(|hash| hash != own.hash);
        if !counts && !verdicts.contains_key(&own.entry.id) && by_hash.contains(&own.hash) {
            nameless.insert(own.entry.id);
            continue;
        }
        let at_home = match verdicts.get(&own.entry.id).map(String::as_str) {
            // Version 1 has no words for what the office decided.
            Some("released" | "set_aside") if phone.app == App::Yesterday => Some("held"),
            // Nor does it tell of parts that the phone does not see.
            Some("merged" | "held") if phone.app == App::Yesterday && !sees(phone, own) => continue,
            at_home => at_home,
        };
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
                "phone {number} ({:?}): entry {seq} ({kind}) is {expected} here and {at_home:?} at home",
                phone.app
            )));
        }
    }
    let is_there = |id: &EntryId| verdicts.contains_key(id) || nameless.contains(id);
    match phone.acknowledged.iter().find(|id| !is_there(id)) {
        Some(id) => Err(Differs(format!(
            "phone {number}: {id} was acknowledged and is not in the log"
        ))),
        None => Ok(()),
    }
}

fn sees(phone: &TestPhone, own: &OwnEntry) -> bool {
    let part = part_of(&own.entry, &phone.app.kinds());
    phone
        .phone
        .replica()
        .is_some_and(|replica| replica.cursor().contains_key(&part))
}

/// What phones lost that lost everything is at the home as far as it had acknowledged it; the rest
/// is there only if it had arrived all the same.
fn nothing_lost(world: &World, verdicts: &BTreeMap<EntryId, String>) -> Result<(), Differs> {
    match world.lost.acknowledged.iter().find(|id| !verdicts.contains_key(id)) {
        Some(id) => Err(Differs(format!(
            "{id} was acknowledged to a phone that lost it, and is not in the log"
        ))),
        None => Ok(()),
    }
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

fn count(world: &mut World, verdicts: &BTreeMap<EntryId, String>) {
    let lost = world.lost.only_there.iter().filter(|id| !verdicts.contains_key(id));
    world.trials.add(Trial::LostForEver, lost.count());
    for phone in &mut world.phones {
        for trial in phone.flash.died() {
            world.trials.note(trial);
        }
        let held = phone
            .phone
            .own_entries()
            .filter(|own| matches!(own.state, OwnState::Held(_)))
            .count();
        let kinds = apps::builtin();
        let tells = |kind: &str| kinds.get(kind).is_some_and(|kind| kind.effects.jumps.is_some());
        let jumps = phone.phone.own_entries().filter(|own| tells(&own.entry.kind)).count();
        world.trials.add(Trial::Jumped, jumps);
        world.trials.add(Trial::Held, held);
        world.trials.add(Trial::Acknowledged, phone.acknowledged.len());
        let rows = phone.phone.replica().into_iter().flat_map(Replica::rows);
        let conflicts = rows
            .map(|(_, row)| row.fields.values().filter(|values| values.len() > 1).count())
            .sum();
        world.trials.most(Trial::Conflicting, conflicts);
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
