//! What a day came to, grid by grid, from the merged records known at one moment; and which
//! phones were not heard from. Every figure of the community is the sum over its grids and
//! over what is in no grid.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use chrono::NaiveDate;
use menpai_sync_core::folds::coverage::{CoverageWindow, DoorFold, fold_doors};
use menpai_sync_core::ids::{DeviceId, EntityId, GridId, Lsn, WorkerId};
use menpai_sync_core::kinds::{Kinds, Mark};

use super::records::{DailyReturn, Figures, MOST_NAMED, SilentPhone};
use crate::local_time::LocalTime;
use crate::rights::rights_of;
use crate::store::community::{StoreError, heard};
use crate::store::review::chain::answers_for;
use crate::store::review::places::Places;
use crate::store::review::statements::{self, Wanted};
use crate::store::review::{counts, devices, returns};
use crate::sync::{Directory, Reader};

/// Counts a day; the community's return is under `None`.
///
/// # Errors
/// [`StoreError`].
pub(super) fn count(
    reader: &mut Reader,
    kinds: &Kinds,
    directory: &Directory,
    day: NaiveDate,
    local: LocalTime,
) -> Result<BTreeMap<Option<GridId>, DailyReturn>, StoreError> {
    let range = local.range(day);
    let phones = phones(reader, kinds)?;
    let assigned = assigned(directory, &phones, &range);
    let heard = heard::all(&reader.connection)?;
    let known_through = counts::last_lsn(&reader.connection)?;
    let mut figures = day_figures(reader, kinds, directory, day, local)?;
    // A grid with nothing in it but an assigned worker has a return too.
    for grid in assigned
        .keys()
        .copied()
        .chain(returns::grids(&reader.connection)?.into_iter().map(Some))
    {
        figures.entry(grid).or_default();
    }
    let without_grid = figures.remove(&None).unwrap_or_default();

    let mut all = BTreeMap::new();
    let (mut whole, mut whole_phones) = (without_grid, PhoneCount::default());
    let mut grids_returned = 0;
    for (grid, figures) in &figures {
        let workers = assigned.get(grid).into_iter().flatten().copied();
        let phones = PhoneCount::of(workers, directory, &phones, &heard, range.start, true);
        let returned = phones.phones > phones.silent;
        grids_returned += u64::from(returned);
        whole.add(figures);
        whole_phones.phones += phones.phones;
        whole_phones.silent += phones.silent;
        all.insert(
            *grid,
            a_return(day, known_through, *figures, phones, |this| {
                this.returned = Some(returned);
            }),
        );
    }
    // Who has a task everywhere belongs to no grid's return.
    let everywhere = assigned.get(&None).into_iter().flatten().copied();
    let mut own = PhoneCount::of(everywhere, directory, &phones, &heard, range.start, false);
    own.phones += whole_phones.phones;
    own.silent += whole_phones.silent;
    all.insert(
        None,
        a_return(day, known_through, whole, own, |this| {
            this.grids = Some(figures.len() as u64);
            this.grids_returned = Some(grids_returned);
        }),
    );
    Ok(all)
}

fn a_return(
    day: NaiveDate,
    known_through: Lsn,
    figures: Figures,
    phones: PhoneCount,
    finish: impl FnOnce(&mut DailyReturn),
) -> DailyReturn {
    let mut made = DailyReturn {
        day: day.to_string(),
        known_through,
        returned: None,
        grids: None,
        grids_returned: None,
        figures,
        phones: phones.phones,
        phones_silent: phones.silent,
        not_heard_from: phones.named,
    };
    finish(&mut made);
    made
}

fn day_figures(
    reader: &Reader,
    kinds: &Kinds,
    directory: &Directory,
    day: NaiveDate,
    local: LocalTime,
) -> Result<BTreeMap<Option<GridId>, Figures>, StoreError> {
    let connection = &reader.connection;
    let range = local.range(day);
    let withdrawn = statements::withdrawn_records(connection, |device| directory.is_office(device))?;
    let mut figures: BTreeMap<Option<GridId>, Figures> = BTreeMap::new();

    let places = Places::load(connection, kinds)?;
    let mut grid_of: HashMap<EntityId, Option<GridId>> = HashMap::new();
    for door in &places.doors {
        grid_of.insert(door.id, door.grid);
        figures.entry(door.grid).or_default().doors += 1;
    }
    let wanted = Wanted {
        since_ms: Some(range.start),
        ..Wanted::default()
    };
    let stated = statements::of_doors(connection, kinds, &withdrawn, wanted)?;
    let of_day = stated.into_iter().filter(|one| range.contains(&one.stated.at_ms));
    for (door, fold) in fold_doors(of_day, CoverageWindow::Everything) {
        let grid = grid_of.get(&door).copied().flatten();
        figures.entry(grid).or_default().add_door(&fold);
    }

    let contacts = statements::contacts(connection, kinds, &withdrawn, local.offset_minutes)?;
    for (subject, contacts) in contacts {
        let visits = contacts.iter().filter(|contact| contact.day == day).count();
        if visits > 0 {
            let grid = returns::grid_of(connection, subject)?;
            figures.entry(grid).or_default().visits += visits as u64;
        }
    }
    let opening = returns::opening_kinds(kinds);
    for (grid, opened) in returns::count_by_grid(connection, &opening, &range, 0, &withdrawn)? {
        figures.entry(grid).or_default().incidents += opened;
    }
    Ok(figures)
}

impl Figures {
    fn add_door(&mut self, door: &DoorFold) {
        match door.last.mark {
            Some(Mark::Checked) => self.checked += 1,
            Some(Mark::Absent) => self.absent += 1,
            Some(Mark::Refused) => self.refused += 1,
            Some(Mark::Empty) => self.empty += 1,
            None => {}
        }
        self.closed += u64::from(door.closed);
    }
}

/// The phones in use, by worker.
fn phones(reader: &mut Reader, kinds: &Kinds) -> Result<HashMap<WorkerId, BTreeSet<DeviceId>>, StoreError> {
    let mut phones: HashMap<WorkerId, BTreeSet<DeviceId>> = HashMap::new();
    for (device, known) in devices::all(&reader.connection, &mut reader.codec, kinds)? {
        if let Some(worker) = known.worker.filter(|_| !known.office && !known.revoked) {
            phones.entry(worker).or_default().insert(device);
        }
    }
    Ok(phones)
}

/// Who had a task in which grid on that day; `None`: in all of them. Whoever is only named has none, and who
/// answers for a place below the grid has one only with a phone.
fn assigned(
    directory: &Directory,
    phones: &HashMap<WorkerId, BTreeSet<DeviceId>>,
    day: &Range<i64>,
) -> BTreeMap<Option<GridId>, BTreeSet<WorkerId>> {
    let mut assigned: BTreeMap<Option<GridId>, BTreeSet<WorkerId>> = BTreeMap::new();
    for (worker, _) in directory.names() {
        for assignment in directory.assignments(worker) {
            let does_something = rights_of(&assignment.role).is_none_or(|rights| !rights.actions.is_empty())
                && (answers_for(&assignment.role).is_empty() || phones.contains_key(&worker));
            let that_day = assignment.from_ms < day.end && assignment.until_ms.is_none_or(|until| until > day.start);
            if does_something && that_day {
                assigned.entry(assignment.grid).or_default().insert(worker);
            }
        }
    }
    assigned
}

#[derive(Default)]
struct PhoneCount {
    phones: u64,
    silent: u64,
    named: Vec<SilentPhone>,
}

impl PhoneCount {
    /// A phone is silent without a contact since `since_ms` after which all it had was here.
    /// Where nobody has a phone, `name_phoneless` names who should.
    fn of(
        workers: impl Iterator<Item = WorkerId>,
        directory: &Directory,
        phones: &HashMap<WorkerId, BTreeSet<DeviceId>>,
        heard: &HashMap<DeviceId, heard::Heard>,
        since_ms: i64,
        name_phoneless: bool,
    ) -> PhoneCount {
        let names: HashMap<WorkerId, &str> = directory.names().collect();
        let named = |worker: WorkerId, device: Option<DeviceId>, since_ms: Option<i64>| SilentPhone {
            worker,
            worker_name: names.get(&worker).copied().unwrap_or_default().to_owned(),
            device,
            since: since_ms.map(|at_ms| LocalTime::of_community().instant(at_ms)),
        };
        let workers: Vec<WorkerId> = workers.collect();
        let mut count = PhoneCount::default();
        for worker in &workers {
            for device in phones.get(worker).into_iter().flatten() {
                count.phones += 1;
                let heard = heard.get(device);
                if heard
                    .and_then(|heard| heard.complete_ms)
                    .is_none_or(|at_ms| at_ms < since_ms)
                {
                    count.silent += 1;
                    count
                        .named
                        .push(named(*worker, Some(*device), heard.map(|heard| heard.contact_ms)));
                }
            }
        }
        if count.phones == 0 && name_phoneless {
            count
                .named
                .extend(workers.iter().map(|worker| named(*worker, None, None)));
        }
        // The longest silent first.
        count.named.sort_by_key(|phone| phone.since.map(|since| since.unix_ms));
        count.named.truncate(MOST_NAMED);
        count
    }
}
