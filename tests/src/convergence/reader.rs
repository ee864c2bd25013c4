//! A second server that reads: from what the home exports (docs/protocol.md section 13) and the
//! head that it signs it makes a replica of its own, now and then what is new. It follows the home
//! into another life of its log, and begins again where something was erased or moved. It never takes a
//! line of a life for another one than it took before.

use std::collections::{BTreeMap, BTreeSet};

use menpai_server::export::{entries, registry};
use menpai_server::jobs::rebuild::digests;
use menpai_server::store::community::{BodyCodec, StoreError, identity};
use menpai_sync_core::community_log::{ChainHead, Envelope};
use menpai_sync_core::entry::Entry;
use menpai_sync_core::ids::{Hash, LogId};
use menpai_sync_core::part::Part;
use menpai_sync_core::registry::next_epoch;
use menpai_sync_core::replica::{Replica, record_line, value_line};
use menpai_sync_core::verdict::Verdict;
use serde_json::Value;

use super::home::Home;
use super::{Trial, Trials, apps};

/// Lines of a difference that are named.
const MOST_NAMED: usize = 4;
/// Lines of the log that are shown beside it, and how much of each.
const MOST_LINES: usize = 12;
const LINE_LENGTH: usize = 900;

/// One that has read something.
#[derive(Default)]
pub(super) struct Reader {
    life: Option<LogId>,
    /// The chain after every line that it has read.
    chain: Vec<Hash>,
    replica: Option<Replica>,
}

/// What the home gives at one moment.
struct Given {
    log: String,
    identity: identity::Identity,
    parent: Option<Parent>,
    head: ChainHead,
    signed: bool,
}

/// The life before this one, and where it was left.
struct Parent {
    life: LogId,
    end: ChainHead,
}

/// One line of the export, cut out of its text.
struct Line<'a> {
    envelope: &'a str,
    entry: &'a str,
    /// What remains of an erased record.
    remains: Option<&'a str>,
    hash: Hash,
}

impl Reader {
    /// What it shows; `None`: it has read nothing.
    pub(super) fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// Reads what is new, and compares what it shows with what the home shows.
    pub(super) fn read(&mut self, home: &Home, trials: &mut Trials) -> Result<(), String> {
        let given = given(home)?;
        if !given.signed {
            return Err("the head is not signed by the home".to_owned());
        }
        let lines: Vec<Line<'_>> = given
            .log
            .lines()
            .map(cut)
            .collect::<Option<_>>()
            .ok_or("not an export")?;
        let known = self.follow(&given, &lines, trials)?;
        if known < lines.len() {
            trials.note(Trial::ReadOn);
        }
        let mut from = known;
        if self.replica.is_none() || lines[known..].iter().any(|line| begins_anew(line.entry)) {
            trials.note(Trial::ReadAnew);
            self.replica = Some(anew(home, &lines)?);
            from = 0;
        }
        let replica = self.replica.as_mut().ok_or("no replica")?;
        for line in &lines[from..] {
            apply(replica, line)?;
        }
        compare(replica, home)
    }

    /// Checks the chain over every line, as far as it has read it against what it has read; says
    /// how many lines it knew.
    fn follow(&mut self, given: &Given, lines: &[Line<'_>], trials: &mut Trials) -> Result<usize, String> {
        let mut head = ChainHead::empty(given.identity.code, given.identity.first_log);
        let mut chain = Vec::with_capacity(lines.len());
        for line in lines {
            head = head.after(line.envelope.as_bytes(), line.hash);
            chain.push(head.h);
        }
        if head != given.head {
            return Err(format!("{} lines do not give the signed head", lines.len()));
        }
        let same = self
            .chain
            .iter()
            .zip(&chain)
            .take_while(|(one, other)| one == other)
            .count();
        let life = given.identity.log;
        if same < self.chain.len() {
            // Only where the home was put back from a copy, and only after the end of that copy.
            let parent = given.parent.as_ref().ok_or("lines of the first life changed")?;
            let ours = self
                .life
                .filter(|ours| *ours != life)
                .ok_or("lines of one life changed")?;
            let end = usize::try_from(parent.end.lsn).map_err(|error| error.to_string())?;
            if parent.life == ours && same < end {
                return Err(format!("line {} of the life before changed", same + 1));
            }
            trials.note(Trial::ReadAnotherLife);
            self.replica = None;
        }
        if let Some(Parent { end, .. }) = &given.parent
            && end.lsn > 0
            && usize::try_from(end.lsn).ok().and_then(|end| chain.get(end - 1)) != Some(&end.h)
        {
            return Err("the life before did not end where this one says".to_owned());
        }
        (self.life, self.chain) = (Some(life), chain);
        Ok(same)
    }
}

fn given(home: &Home) -> Result<Given, String> {
    let community = home.community();
    let given = community.query(|connection| {
        let mut log = Vec::new();
        entries::write(connection, &mut log).map_err(|_| StoreError::Other("no export"))?;
        let identity = identity::read(connection)?;
        let parent = connection.query_row("SELECT parent_log, parent_lsn, parent_h FROM log_identity", [], |row| {
            let life: Option<[u8; 16]> = row.get(0)?;
            Ok(match life {
                Some(life) => Some(Parent {
                    life: LogId::from_bytes(life),
                    end: ChainHead {
                        lsn: row.get(1)?,
                        h: Hash(row.get(2)?),
                    },
                }),
                None => None,
            })
        })?;
        Ok((log, identity, parent, identity::head(connection)?))
    });
    let (log, identity, parent, head) = given.map_err(|error| error.to_string())?;
    let identity = identity.ok_or("nobody's file")?;
    let (head, signature) = head.ok_or("no head")?;
    // The key is known from elsewhere: nobody asks the one who signs.
    let key = home.receipt_key().public_key();
    let signed = key
        .verify(&head.message(identity.code, identity.log), &signature)
        .is_ok();
    Ok(Given {
        log: String::from_utf8(log).map_err(|error| error.to_string())?,
        identity,
        parent,
        head,
        signed,
    })
}

/// Cuts a line as protocol.md section 13 says.
fn cut(line: &str) -> Option<Line<'_>> {
    const BETWEEN: &str = r#"},"entry":"#;
    const HASH: &str = r#","sha256":""#;
    let (rest, hash) = line.strip_suffix("\"}")?.rsplit_once(HASH)?;
    let rest = rest.strip_prefix(r#"{"envelope":"#)?;
    let at = rest.find(BETWEEN)?;
    let (envelope, entry) = (&rest[..=at], &rest[at + BETWEEN.len()..]);
    Some(Line {
        envelope,
        entry,
        remains: entry.strip_prefix(r#"null,"remains":"#),
        hash: hash.parse().ok()?,
    })
}

/// A replica that has the documents to which no lines lead any more.
fn anew(home: &Home, lines: &[Line<'_>]) -> Result<Replica, String> {
    let kinds = apps::builtin();
    let mut replica = Replica::empty(home.code, kinds.clone());
    let mut epochs: BTreeMap<Part, u64> = BTreeMap::new();
    for line in lines {
        let entry = Entry::parse(line.entry.as_bytes()).ok();
        if let Some(next) = entry.and_then(|entry| next_epoch(&entry, &kinds)) {
            epochs.insert(next.part, next.epoch);
        }
    }
    for (part, epoch) in epochs {
        let document = home.community().query(|connection| {
            let mut codec = BodyCodec::new()?;
            registry::of_part(connection, &mut codec, home.code, part)
        });
        let document = document.map_err(|error| error.to_string())?;
        let document = document.ok_or("a part of a later epoch without its document")?;
        let loaded = replica.load_document(part, epoch, &document.bytes);
        loaded.map_err(|error| error.to_string())?;
    }
    Ok(replica)
}

/// Whether no lines lead on: something was erased, or moved to another grid.
fn begins_anew(entry: &str) -> bool {
    let kinds = apps::builtin();
    let Ok(entry) = Entry::parse(entry.as_bytes()) else {
        return false;
    };
    let erases = kinds.get(&entry.kind).is_some_and(|kind| kind.effects.erases.is_some());
    let reason = entry.body.get("reason").and_then(Value::as_str);
    erases || next_epoch(&entry, &kinds).is_some() && reason == Some("moved")
}

fn apply(replica: &mut Replica, line: &Line<'_>) -> Result<(), String> {
    let envelope: Envelope = serde_json::from_str(line.envelope).map_err(|error| error.to_string())?;
    let entry = line.remains.unwrap_or(line.entry);
    if envelope.verdict != Verdict::Merged || entry == "null" {
        return Ok(());
    }
    let applied = replica.apply(&envelope, entry.as_bytes());
    applied.map(drop).map_err(|error| error.to_string())
}

/// What one of two replicas shows of a part and the other does not.
pub(super) fn difference(one: &Replica, other: &Replica, part: Part) -> String {
    let shown = |replica: &Replica| -> BTreeSet<String> {
        let records = replica.records().filter(|record| record.part == part);
        let mut lines: BTreeSet<String> = records
            .map(|record| format!("{} {}", record.entry.kind, record_line(record.entry.id, record.hash)))
            .collect();
        for (document, (id, of)) in (replica.document(part).into_iter())
            .flat_map(|document| document.entities().map(move |entity| (document, entity)))
        {
            for (field, values) in document.all_values(id) {
                lines.extend(values.iter().map(|value| value_line(of, id, &field, &value.value)));
            }
        }
        lines
    };
    let (one, other) = (shown(one), shown(other));
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| -> String {
        these
            .difference(those)
            .take(MOST_NAMED)
            .fold(String::new(), |all, line| all + "\n  " + line)
    };
    format!("here:{}\nat home:{}", only(&one, &other), only(&other, &one))
}

/// The lines of the home's log that say something of this, newest last.
pub(super) fn lines_with(home: &Home, text: &str) -> String {
    let log = given(home).map(|given| given.log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(text)).collect();
    let newest = &lines[lines.len().saturating_sub(MOST_LINES)..];
    newest.iter().fold(String::new(), |all, line| {
        all + "\n  " + &line.chars().take(LINE_LENGTH).collect::<String>()
    })
}

/// Digests and heads of every part.
fn compare(replica: &Replica, home: &Home) -> Result<(), String> {
    for (part, digest) in digests(home.community()).map_err(|error| error.to_string())? {
        if replica.digest(part) != digest {
            let anew = given(home).and_then(|given| {
                let lines: Vec<Line<'_>> = given.log.lines().filter_map(cut).collect();
                let mut replica = anew(home, &lines)?;
                lines.iter().try_for_each(|line| apply(&mut replica, line))?;
                Ok(replica)
            });
            let differs = anew.map(|anew| difference(replica, &anew, part));
            return Err(format!("digest of {part} differs, {differs:?}"));
        }
        let mut heads = home.community().heads(part).map_err(|error| error.to_string())?;
        let mut here = replica.heads(part);
        heads.sort_unstable();
        here.sort_unstable();
        if here != heads {
            return Err(format!("heads of {part} differ"));
        }
    }
    Ok(())
}
