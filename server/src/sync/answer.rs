//! The answer to one sync, read from one snapshot of the file: header, receipt and its signature,
//! then what the device lacks (docs/protocol.md section 5). It is cut into answers that each stand
//! for themselves, so that a broken connection costs one of them.

use std::collections::{BTreeMap, HashMap};

use menpai_sync_core::community_log::ChainHead;
use menpai_sync_core::device_log::LogHead;
use menpai_sync_core::ids::{DeviceId, Lsn, Seq};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::signature::PublicKey;
use menpai_sync_core::time::Instant;
use menpai_sync_core::wire::{
    ANSWER_BUDGET_BYTES, DATED_RECEIPTS, DownHeader, PartDigestAt, Receipt, ReceiptLine, ReceiptVerdict,
    SEVERAL_ANSWERS, SignatureLine, SliceRefusal, UpHeader, deflate, receipt_message, wants,
};

use super::community::{Community, Reader};
use super::dated::dated;
use super::ingest::{Dating, Taken};
use crate::fail_points;
use crate::store::community::epochs::{self, Begun};
use crate::store::community::parts::Parts;
use crate::store::community::pull::{Pull, pull};
use crate::store::community::{StoreError, device_logs, digest, identity, lines, snapshots};

/// A part that a device has nothing of comes as a snapshot if it has more lines than these.
const MOST_FIRST_LINES: usize = 32;
/// Bytes of lines beside the receipt, which has to get through first, and in each answer after it.
const PIECE_BYTES: (usize, usize) = (4_096, 65_536);

/// What the answer is about.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Whose request it is.
    pub device: DeviceId,
    /// Its header.
    pub header: &'a UpHeader,
    /// Home's clock as the request arrived.
    pub now_ms: i64,
    /// Home's clock minus device's, as the request arrived.
    pub offset_ms: i64,
    /// The slices taken.
    pub taken: Option<Taken>,
    /// Why a slice was not taken.
    pub refused: Option<SliceRefusal>,
}

/// Writes the answer: one gzip member.
///
/// # Errors
/// [`StoreError`].
pub fn answer(community: &Community, asked: Asked<'_>) -> Result<Vec<u8>, StoreError> {
    answer_telling(community, asked, None)
}

/// The same; a device that wants the courier key is told it.
///
/// # Errors
/// [`StoreError`].
#[allow(clippy::needless_pass_by_value, reason = "it is asked once")]
pub fn answer_telling(
    community: &Community,
    asked: Asked<'_>,
    courier_key: Option<PublicKey>,
) -> Result<Vec<u8>, StoreError> {
    let courier_key = courier_key.filter(|_| asked.header.wants.iter().any(|want| want == wants::COURIER_KEY));
    let answers = community.read(|reader| write(community, reader, &asked, courier_key.as_ref()))?;
    Ok(answers.iter().flat_map(|lines| deflate(lines)).collect())
}

fn write(
    community: &Community,
    reader: &mut Reader,
    asked: &Asked<'_>,
    courier_key: Option<&PublicKey>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let me = community.identity();
    let device = asked.device;
    let head = identity::head(&reader.connection)?.map_or_else(|| me.beginning(), |(head, _)| head);
    let parts = Parts::load(&reader.connection)?;
    let log = device_logs::find(&reader.connection, device)?;
    let wants = |name| asked.header.wants.iter().any(|want| want == name);
    let mut after = cursor(community, &parts, asked, head.lsn);
    let epochs = epochs::begun(&reader.connection)?;
    // A part that something was erased from or moved from since is left out once: so every device,
    // however old, drops what it has of it, and begins again.
    let visible = after.len();
    after.retain(|part, seen| {
        let begun = parts.find(*part).and_then(|number| epochs.get(&number)?.anew);
        *seen == 0 || begun.is_none_or(|anew| *seen >= anew)
    });
    let by_lines = !asked.header.is_brief() || wants(wants::LINES);
    let begins_again = after.len() < visible;
    let whole = split_off_whole(reader, &parts, &epochs, by_lines, &mut after)?;
    let worker = devices_of_worker(community, reader, device)?;
    // What is held is told with the community's open part, which every device may see; all of
    // it to one that took that part whole.
    let open = after
        .get(&Part {
            grid: None,
            class: Class::Open,
        })
        .copied();
    let held_after = if wants(wants::VERDICTS) { Some(0) } else { open };
    // What the device has to send goes before any long download.
    let sends_next = asked.header.receipt_from.is_some() && asked.header.last > log.map_or(0, |log| log.head.seq);
    let pieces = pull(
        &reader.connection,
        &mut reader.codec,
        &parts,
        &Pull {
            device: log.map(|log| log.number),
            after: &after,
            worker: &worker,
            after_snapshot: wants(wants::VERDICTS),
            held_after,
            head: head.lsn,
            protocol: asked.header.menpai,
            budget_bytes: if sends_next { 0 } else { ANSWER_BUDGET_BYTES },
            piece_bytes: if asked.header.menpai >= SEVERAL_ANSWERS {
                PIECE_BYTES
            } else {
                (usize::MAX, usize::MAX)
            },
        },
    )?;
    let digests = if wants(wants::DIGEST) {
        digests(community, reader, &parts, after.keys().copied(), head.lsn)?
    } else {
        BTreeMap::new()
    };
    let received = match asked.taken {
        // A control of the power cuts: what is said must be what the file has.
        Some(Taken { end, .. }) if fail_points::is_broken("nobody is answered before the commit") => end,
        _ => log.map_or_else(|| LogHead::empty(me.code, device), |log| log.head),
    };
    // What a courier or an unanswered request may have brought its device asks for; what it sent now
    // it gets unasked.
    let brought = || {
        let (first, end) = (asked.header.receipt_from?, log?.head);
        let dating = Dating::Earlier;
        (1..=end.seq).contains(&first).then_some(Taken { first, end, dating })
    };
    let vouched = asked.taken.or_else(brought);
    let (mut vouching, mut told) = (None, Vec::new());
    if let (Some(vouched), Some(log)) = (vouched, log) {
        let said = receipt(community, reader, asked, head, log.number, vouched)?;
        // A courier may have brought more since.
        if vouched.dating > Dating::Plain || log.head.seq > vouched.end.seq {
            told = dated(reader, log.number, &said, asked, log.head.seq)?;
        }
        vouching = Some(said);
    }
    let brief = asked.header.is_brief();
    let last = pieces.len().saturating_sub(1);
    let mut answers: Vec<Vec<u8>> = Vec::with_capacity(pieces.len());
    for (number, piece) in pieces.into_iter().enumerate() {
        let said = DownHeader {
            menpai: Some(asked.header.menpai),
            log: Some(me.log),
            lsn: head.lsn,
            clock: Instant::utc(asked.now_ms),
            offset_ms: asked.offset_ms,
            received: received.into(),
            kept: (asked.header.receipt_from).and_then(|_| community.unfinished().reaches(device, received.seq)),
            refused: asked.refused.clone().filter(|_| number == 0),
            more: Some(piece.more || begins_again),
            courier_key: courier_key.filter(|_| number == 0).cloned(),
            snapshots: whole.keys().copied().collect(),
            cursor: Some(piece.cursor.into_iter().chain(whole.clone()).collect()),
            // They are of what its receiver has then.
            digests: digests.clone().into_iter().filter(|_| number == last).collect(),
            dated: if number == 0 { told.clone() } else { Vec::new() },
        };
        let mut body = Vec::with_capacity(piece.bytes.len() + 2_048);
        if brief {
            // Who asks what arrived may be another phone's clone: it compares the chain itself.
            push(&mut body, &said.brief(asked.header, received, asked.taken.is_some()));
        } else {
            push(&mut body, &said);
        }
        if let Some(receipt) = vouching.as_ref().filter(|_| number == 0) {
            let beside = (received.seq, (Instant::utc(asked.now_ms), asked.offset_ms));
            push_receipt(&mut body, community, receipt, brief.then_some(beside));
        }
        body.extend_from_slice(&piece.bytes);
        answers.push(body);
    }
    Ok(answers)
}

/// What the home vouches for.
fn receipt(
    community: &Community,
    reader: &Reader,
    asked: &Asked<'_>,
    head: ChainHead,
    log: i64,
    Taken { first, end, dating }: Taken,
) -> Result<Receipt, StoreError> {
    let me = community.identity();
    let verdicts = lines::exceptions(&reader.connection, log, first..=end.seq)?;
    let says_when = asked.header.menpai >= DATED_RECEIPTS;
    // Sent again after a lost answer, they had arrived before.
    let before = if dating < Dating::Earlier {
        None
    } else {
        lines::arrival(&reader.connection, log, first..=end.seq)?
    };
    let (received_ms, offset_ms) = before.unwrap_or((asked.now_ms, asked.offset_ms));
    Ok(Receipt {
        community: me.code,
        device: asked.device,
        log: me.log,
        lsn: head.lsn,
        chain: head.h,
        first,
        seq: end.seq,
        h: end.h,
        received: says_when.then(|| Instant::utc(received_ms)),
        offset_ms: says_when.then_some(offset_ms),
        verdicts: verdicts
            .into_iter()
            .map(|(seq, verdict, reason)| ReceiptVerdict {
                seq,
                verdict: verdict.as_spoken(asked.header.menpai),
                reason: reason.and_then(|reason| reason.as_spoken(asked.header.menpai)),
            })
            .collect(),
    })
}

/// The logs here of all devices of the device's worker.
fn devices_of_worker(community: &Community, reader: &Reader, device: DeviceId) -> Result<Vec<i64>, StoreError> {
    let mut numbers = Vec::new();
    for device in community.directory().devices_of_worker(device) {
        numbers.extend(device_logs::find(&reader.connection, device)?.map(|log| log.number));
    }
    Ok(numbers)
}

/// The visible parts, each with the last line this device has seen of it.
fn cursor(community: &Community, parts: &Parts, asked: &Asked<'_>, head: Lsn) -> BTreeMap<Part, Lsn> {
    let visible = community.directory().visible(asked.device, asked.now_ms, parts.all());
    let continues = asked.header.continues(community.identity().log);
    visible
        .into_iter()
        .map(|part| {
            let seen = asked.header.seen(part).filter(|_| continues);
            // A cursor beyond the end is from a log that was longer once: begin again.
            (part, seen.filter(|seen| *seen <= head).unwrap_or(0))
        })
        .collect()
}

/// Takes out the parts that the device is to fetch whole; their cursor stays at 0. From what
/// was erased no lines lead to a part as it is now.
fn split_off_whole(
    reader: &Reader,
    parts: &Parts,
    epochs: &HashMap<i64, Begun>,
    by_lines: bool,
    after: &mut BTreeMap<Part, Lsn>,
) -> Result<BTreeMap<Part, Lsn>, StoreError> {
    let mut whole = BTreeMap::new();
    for (part, seen) in &*after {
        if *seen == 0
            && let Some(number) = parts.find(*part)
        {
            let is_whole = match (epochs.get(&number), by_lines) {
                (Some(_), _) => true,
                (None, true) => false,
                (None, false) => {
                    snapshots::lines_after(&reader.connection, number, 0, MOST_FIRST_LINES + 1)? > MOST_FIRST_LINES
                }
            };
            if is_whole {
                whole.insert(*part, 0);
            }
        }
    }
    after.retain(|part, _| !whole.contains_key(part));
    Ok(whole)
}

fn digests(
    community: &Community,
    reader: &mut Reader,
    parts: &Parts,
    visible: impl Iterator<Item = Part>,
    lsn: Lsn,
) -> Result<BTreeMap<Part, PartDigestAt>, StoreError> {
    let mut digests = BTreeMap::new();
    for part in visible {
        // A part without a line has the digest of nothing.
        let number = parts.find(part).unwrap_or(0);
        let digest = community.digest_at(part, lsn, || {
            digest::lines_of_part(&reader.connection, &mut reader.codec, number)
        })?;
        digests.insert(part, digest);
    }
    Ok(digests)
}

/// The receipt, brief beside a header that says these, and the signature over it in full.
fn push_receipt(body: &mut Vec<u8>, community: &Community, receipt: &Receipt, beside: Option<(Seq, (Instant, i64))>) {
    let mut line = Vec::new();
    let brief = beside.map(|(received, arrived)| receipt.brief(received, arrived));
    push(&mut line, &ReceiptLine { receipt });
    let signature = community.receipt_key().sign(&receipt_message(&line[..line.len() - 1]));
    match brief {
        Some(receipt) => push(body, &ReceiptLine { receipt }),
        None => body.extend_from_slice(&line),
    }
    push(body, &SignatureLine { signature });
}

fn push(body: &mut Vec<u8>, line: &impl serde::Serialize) {
    // Texts and numbers into memory: nothing that can fail.
    let written = serde_json::to_writer(&mut *body, line);
    debug_assert!(written.is_ok());
    body.push(b'\n');
}
