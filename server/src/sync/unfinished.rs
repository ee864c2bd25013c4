//! Beginnings of slices whose end has not come: a connection broke, or stands still. In memory
//! only, and not believed: the signature of the slice that continues one is over all of it.
//! Losing one costs its device nothing but sending it again, so that little is kept.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use menpai_sync_core::ids::{DeviceId, Seq};
use menpai_sync_core::wire::{MAX_SLICE_INFLATED, SaidSliceLine};

/// Most bytes for all devices of a community; the oldest are let go of.
const MOST_BYTES: usize = 8 * MAX_SLICE_INFLATED;

/// Whole lines of entries, as they were inflated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// Seq of its first entry.
    pub first: Seq,
    lines: Vec<u8>,
}

impl Beginning {
    /// What of a slice is here: as many entries as are whole. `None` if that is none.
    #[must_use]
    pub fn read(slice: &[u8]) -> Option<Beginning> {
        let newline = slice.iter().position(|byte| *byte == b'\n')?;
        let line: SaidSliceLine = serde_json::from_slice(&slice[..newline]).ok()?;
        let entries = &slice[newline + 1..];
        let end = entries.iter().rposition(|byte| *byte == b'\n')? + 1;
        Some(Beginning {
            first: line.first,
            lines: entries[..end].to_vec(),
        })
    }

    /// Seq of its last entry.
    #[must_use]
    pub fn last(&self) -> Seq {
        let count = self.lines.iter().filter(|byte| **byte == b'\n').count();
        self.first.saturating_add(count as u64).saturating_sub(1)
    }

    /// The lines before entry `seq`, if it continues these or is among them.
    #[must_use]
    pub fn before(&self, seq: Seq) -> Option<&[u8]> {
        let count = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        let mut ends = (1..).zip(&self.lines).filter(|(_, byte)| **byte == b'\n');
        let end = match count.checked_sub(1) {
            Some(last) => ends.nth(last)?.0,
            None => 0,
        };
        Some(&self.lines[..end])
    }
}

/// The beginnings that a community keeps, one of a device.
#[derive(Debug, Default)]
pub struct Unfinished {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<DeviceId, (u64, Beginning)>,
    added: u64,
}

impl Unfinished {
    /// Keeps what has come of a device's slice, with an earlier beginning that it continues.
    pub fn keep(&self, device: DeviceId, mut beginning: Beginning) {
        let mut kept = self.lock();
        if let Some((_, earlier)) = kept.of.remove(&device)
            && let Some(lines) = earlier.before(beginning.first)
            && lines.len() + beginning.lines.len() <= MAX_SLICE_INFLATED
        {
            beginning = Beginning {
                first: earlier.first,
                lines: [lines, &beginning.lines].concat(),
            };
        }
        kept.added += 1;
        let number = kept.added;
        kept.of.insert(device, (number, beginning));
        while kept.of.values().map(|(_, kept)| kept.lines.len()).sum::<usize>() > MOST_BYTES {
            let oldest = kept.of.iter().min_by_key(|(_, (number, _))| *number);
            let Some(device) = oldest.map(|(device, _)| *device) else {
                break;
            };
            kept.of.remove(&device);
        }
    }

    /// How far what is kept of a device reaches, if it continues what the home has up to `seq`.
    #[must_use]
    pub fn reaches(&self, device: DeviceId, seq: Seq) -> Option<Seq> {
        let kept = self.lock();
        let (_, beginning) = kept.of.get(&device)?;
        let last = beginning.last();
        (beginning.first <= seq + 1 && last > seq).then_some(last)
    }

    /// Gives away what is kept of a device.
    #[must_use]
    pub fn take(&self, device: DeviceId) -> Option<Beginning> {
        self.lock().of.remove(&device).map(|(_, beginning)| beginning)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(first: Seq, entries: &str) -> Vec<u8> {
        let signature = "00".repeat(64);
        format!("{{\"first\":{first},\"signature\":\"{signature}\"}}\n{entries}").into_bytes()
    }

    fn device(number: u8) -> DeviceId {
        DeviceId::from_bytes([number; 16])
    }

    #[test]
    fn only_whole_entries_are_a_beginning() {
        let whole = slice(5, "{1}\n{2}\n{3}\n");
        let begins = whole.len() - 12;
        for end in 0..=whole.len() {
            let entries = end.saturating_sub(begins) / 4;
            let read = Beginning::read(&whole[..end]);
            let last = read.map_or(4, |beginning| beginning.last());
            assert_eq!(last, 4 + entries as u64, "{end}");
        }
        assert_eq!(Beginning::read(b"{\"receipt\":{}}\n{}\n"), None);
    }

    #[test]
    fn one_that_continues_another_is_joined_with_it() {
        let unfinished = Unfinished::default();
        let keep = |bytes: &[u8]| unfinished.keep(device(1), Beginning::read(bytes).unwrap());
        keep(&slice(5, "{5}\n{6}\n{7"));
        assert_eq!(unfinished.reaches(device(1), 4), Some(6));
        assert_eq!(unfinished.reaches(device(1), 3), None, "there is a gap before it");
        assert_eq!(unfinished.reaches(device(1), 6), None, "the home has it");
        assert_eq!(unfinished.reaches(device(2), 4), None);
        keep(&slice(7, "{7}\n{8}\n"));
        // More of the same slice; then one that was sent from earlier on.
        keep(&slice(7, "{7}\n{8}\n{9}\n"));
        assert_eq!(unfinished.reaches(device(1), 4), Some(9));
        keep(&slice(6, "{six}\n"));
        let beginning = unfinished.take(device(1)).unwrap();
        assert_eq!((beginning.first, beginning.last()), (5, 6));
        assert_eq!(beginning.before(7), Some(&b"{5}\n{six}\n"[..]));
        assert_eq!(beginning.before(6), Some(&b"{5}\n"[..]));
        assert_eq!(beginning.before(5), Some(&b""[..]));
        assert_eq!((beginning.before(4), beginning.before(8)), (None, None));
        assert_eq!(unfinished.take(device(1)), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let unfinished = Unfinished::default();
        let long = "x".repeat(MAX_SLICE_INFLATED - 1);
        for number in 0..20 {
            unfinished.keep(
                device(number),
                Beginning::read(&slice(1, &format!("{long}\n"))).unwrap(),
            );
        }
        let kept: Vec<u8> = (0..20)
            .filter(|number| unfinished.reaches(device(*number), 0).is_some())
            .collect();
        assert_eq!(kept, (12..20).collect::<Vec<u8>>());
    }
}
