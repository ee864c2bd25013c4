//! Checks a community's file against itself: SQLite's own check, every device's chain and
//! signature, the home's chain and signed head, and the derived tables against a rebuild in
//! memory. Changes nothing; whatever does not fit is a finding, with the place.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::ids::{DeviceId, Hash, Lsn, Seq};
use menpai_sync_core::part::Part;
use menpai_sync_core::replica::Replica;

use crate::store::community::audit::{self, Fault};
use crate::store::community::device_logs::{self, Island, StoredLog};
use crate::store::community::parts::Parts;
use crate::store::community::{StoreError, check, digest, entries, epochs, erased, identity, lines};
use crate::sync::{Community, Reader};

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// SQLite says so.
    Sqlite(String),
    /// An entry of a device's log is missing.
    MissingEntry(DeviceId, Seq),
    /// A device's entries do not give its chain.
    DeviceChain(DeviceId, Seq),
    /// A device's signature does not fit its chain.
    DeviceSignature(DeviceId, Seq),
    /// A line is missing.
    MissingLine(Lsn),
    /// The lines do not give the home's chain.
    HomeChain(Lsn),
    /// The home's signature does not fit its chain.
    HomeSignature(Lsn),
    /// The audit log.
    Audit(Fault),
    /// A merged line gives no state.
    Line(Lsn, String),
    /// The tables of a part show something else than its lines.
    Tables {
        /// Which part.
        part: Part,
        /// As the tables have it.
        tables: Hash,
        /// As the lines have it.
        lines: Hash,
    },
}

/// What was checked and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines of the community log.
    pub lines: Lsn,
    /// The home's chain over them: whoever has the lines comes to the same.
    pub chain: Option<Hash>,
    /// Devices with a log.
    pub devices: usize,
    /// Entries of all devices.
    pub entries: u64,
    /// Digest of each part.
    pub digests: BTreeMap<Part, Hash>,
    /// What does not fit.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether everything fits.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Sqlite(text) => write!(f, "SQLite: {text}"),
            Finding::MissingEntry(device, seq) => write!(f, "device {device}: entry {seq} is missing"),
            Finding::DeviceChain(device, seq) => write!(f, "device {device}: the chain differs at entry {seq}"),
            Finding::DeviceSignature(device, seq) => {
                write!(f, "device {device}: the signature at entry {seq} does not fit")
            }
            Finding::MissingLine(lsn) => write!(f, "line {lsn} is missing"),
            Finding::HomeChain(lsn) => write!(f, "the home's chain differs at line {lsn}"),
            Finding::HomeSignature(lsn) => write!(f, "the home's signature at line {lsn} does not fit"),
            Finding::Audit(Fault::Missing(number)) => write!(f, "audit line {number} is missing"),
            Finding::Audit(Fault::Chain(number)) => write!(f, "the audit log's chain differs at line {number}"),
            Finding::Audit(Fault::Signature(number)) => {
                write!(f, "the home's signature of audit line {number} does not fit")
            }
            Finding::Line(lsn, why) => write!(f, "line {lsn} gives no state: {why}"),
            Finding::Tables { part, tables, lines } => {
                write!(
                    f,
                    "{part}: the tables have digest {tables}, the lines {lines}; run rebuild"
                )
            }
        }
    }
}

/// Checks one community, in one snapshot.
///
/// # Errors
/// [`StoreError`] where the file cannot be read at all.
pub fn verify(community: &Community) -> Result<Report, StoreError> {
    community.read(|reader| {
        let mut report = Report::default();
        report
            .findings
            .extend(check::sqlite(&reader.connection)?.into_iter().map(Finding::Sqlite));
        for log in device_logs::all(&reader.connection)? {
            check_device(community, reader, &log, &mut report)?;
        }
        check_lines(community, reader, &mut report)?;
        let me = community.identity();
        let faults = audit::check(&reader.connection, me.code, &me.receipt_key)?;
        report.findings.extend(faults.into_iter().map(Finding::Audit));
        Ok(report)
    })
}

fn check_device(
    community: &Community,
    reader: &mut Reader,
    log: &StoredLog,
    report: &mut Report,
) -> Result<(), StoreError> {
    let code = community.identity().code;
    report.devices += 1;
    let start = LogHead::empty(code, log.device);
    let end = walk(reader, log, start, log.head.seq, report)?;
    if end.is_some_and(|end| end != log.head) {
        report.findings.push(Finding::DeviceChain(log.device, log.head.seq));
    }
    let directory = community.directory();
    let key = directory.device(log.device).map(|known| &known.public_key);
    let mut signed: Vec<(LogHead, _)> = log
        .signature
        .map(|signature| (log.head, signature))
        .into_iter()
        .collect();
    for Island {
        first,
        last,
        previous,
        h,
        signature,
    } in device_logs::islands(&reader.connection, log.number)?
    {
        let before = LogHead {
            seq: first - 1,
            h: previous,
        };
        let head = LogHead { seq: last, h };
        if walk(reader, log, before, last, report)?.is_some_and(|end| end != head) {
            report.findings.push(Finding::DeviceChain(log.device, last));
        }
        signed.push((head, signature));
    }
    for (head, signature) in signed {
        let fits = key.is_some_and(|key| key.verify(&slice_message(code, log.device, head), &signature).is_ok());
        if !fits {
            report.findings.push(Finding::DeviceSignature(log.device, head.seq));
        }
    }
    Ok(())
}

/// The chain over a device's entries up to `last`; `None` where one is missing.
fn walk(
    reader: &mut Reader,
    log: &StoredLog,
    start: LogHead,
    last: Seq,
    report: &mut Report,
) -> Result<Option<LogHead>, StoreError> {
    let mut head = start;
    let mut missing = None;
    entries::for_each(
        &reader.connection,
        &mut reader.codec,
        log.number,
        start.seq + 1..=last,
        |entry| {
            if entry.seq != head.seq + 1 {
                missing.get_or_insert(head.seq + 1);
            }
            head = LogHead {
                seq: entry.seq - 1,
                h: head.h,
            }
            .after(entry.hash);
            report.entries += 1;
            Ok(())
        },
    )?;
    if head.seq != last {
        missing.get_or_insert(head.seq + 1);
    }
    if let Some(seq) = missing {
        report.findings.push(Finding::MissingEntry(log.device, seq));
        return Ok(None);
    }
    Ok(Some(head))
}

fn check_lines(community: &Community, reader: &mut Reader, report: &mut Report) -> Result<(), StoreError> {
    let me = community.identity();
    let mut head = me.beginning();
    let mut replica = Replica::empty(me.code, Arc::clone(community.kinds()));
    for (part, base) in epochs::bases(&reader.connection)? {
        if let Err(error) = replica.load_document(part, base.epoch, &base.bytes) {
            report.findings.push(Finding::Line(base.lsn, error.to_string()));
        }
    }
    loop {
        let piece = lines::after(&reader.connection, head.lsn, 1_000)?;
        if piece.is_empty() {
            break;
        }
        for line in piece {
            if line.envelope.lsn != head.lsn + 1 {
                report.findings.push(Finding::MissingLine(head.lsn + 1));
                head.lsn = line.envelope.lsn - 1;
            }
            let entry = entries::get(&reader.connection, &mut reader.codec, line.entry)?;
            head = head.after(&line.bytes, entry.hash);
            let bytes = match entry.bytes {
                Some(bytes) => Some(bytes),
                None => erased::remains(&reader.connection, line.entry)?.and_then(|remains| remains.entry),
            };
            if let Some(bytes) = &bytes
                && let Err(error) = replica.apply(&line.envelope, bytes)
            {
                report.findings.push(Finding::Line(head.lsn, error.to_string()));
            }
        }
    }
    report.lines = head.lsn;
    report.chain = Some(head.h);
    match identity::head(&reader.connection)? {
        Some((signed, signature)) => {
            if signed != head {
                report.findings.push(Finding::HomeChain(head.lsn));
            }
            if me
                .receipt_key
                .verify(&signed.message(me.code, me.log), &signature)
                .is_err()
            {
                report.findings.push(Finding::HomeSignature(signed.lsn));
            }
        }
        None if head.lsn > 0 => report.findings.push(Finding::HomeChain(head.lsn)),
        None => {}
    }
    let parts = Parts::load(&reader.connection)?;
    for part in parts.all() {
        let Some(number) = parts.find(part) else { continue };
        let tables = digest::of_part(&reader.connection, &mut reader.codec, number)?;
        let lines = replica.digest(part);
        if tables != lines {
            report.findings.push(Finding::Tables { part, tables, lines });
        }
        report.digests.insert(part, tables);
    }
    Ok(())
}
