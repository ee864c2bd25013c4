//! Snapshots without what later records have overtaken: what they leave out, that they never mix
//! with whole ones, and when one is made anew. Months pass by the clock that is handed in.

use crate::phones::{Office, Phone, grid, set, text};
use menpai_server::clock;
use menpai_server::store::community::BodyCodec;
use menpai_server::store::community::digest;
use menpai_server::store::community::parts::Parts;
use menpai_server::store::community::snapshots::Named;
use menpai_sync_core::ids::{EntityId, EntryId, Hash};
use menpai_sync_core::kinds::Class;
use menpai_sync_core::part::Part;
use menpai_sync_core::snapshot::Snapshot;
use menpai_sync_core::time::Instant;
use serde_json::json;

const DAY_MS: i64 = 86_400_000;
const MONTHS_MS: i64 = 100 * DAY_MS;

fn part() -> Part {
    Part {
        grid: Some(grid(1)),
        class: Class::Open,
    }
}

fn door(number: u8) -> EntityId {
    EntityId::from_bytes([number; 16])
}

fn day(unix_ms: i64) -> String {
    let at = Instant {
        unix_ms,
        offset_minutes: 480,
    };
    at.local_date().to_string()
}

/// A worker who found nobody at a door three times, and somebody at another.
struct Grid {
    office: Office,
    phone: Phone,
    checks: Vec<EntryId>,
}

impl Grid {
    fn new() -> Grid {
        let mut office = Office::new();
        let mut phone = office.worker_of_grid(1);
        let mut checks: Vec<EntryId> = (0..3).map(|_| phone.door_check(grid(1), door(1))).collect();
        checks.push(phone.record(
            "door_check",
            Some(grid(1)),
            json!({"dwelling_id": door(2), "mode": "door", "outcome": "met"}),
        ));
        office.taken(&phone, phone.all());
        Grid { office, phone, checks }
    }

    /// Sends what the phone has made since it had so many entries.
    fn send(&self, before: u64) {
        let slice = self.phone.slice(before + 1, self.phone.last());
        self.office.taken(&self.phone, slice);
    }

    fn named(&self, now_ms: i64, leave_out: bool) -> Named {
        let community = self.office.community();
        let named = community.newest_snapshots(self.phone.device, now_ms, Some(&[part()]), leave_out);
        named.unwrap()[0]
    }

    fn snapshot(&self, now_ms: i64, leave_out: bool) -> Snapshot {
        let bytes = self.office.community().snapshot_bytes(&self.named(now_ms, leave_out));
        Snapshot::read(&bytes.unwrap().unwrap()).unwrap().unwrap().0
    }

    /// The checks that a snapshot has, by their places.
    fn checks_in(&self, snapshot: &Snapshot) -> Vec<usize> {
        let text = String::from_utf8_lossy(&snapshot.lines);
        let has = |place: &usize| text.contains(&format!(r#""entry":"{}""#, self.checks[*place]));
        (0..self.checks.len()).filter(has).collect()
    }

    fn sum(&self) -> Hash {
        let sum = self.office.community().query(|connection| {
            let number = Parts::load(connection)?.find(part()).unwrap();
            Ok(digest::lines_of_part(connection, &mut BodyCodec::new()?, number)?.sum())
        });
        sum.unwrap()
    }

    /// The secretary's phone writes a campaign, or moves its days.
    fn order(&mut self, secretary: &mut Phone, id: Option<EntityId>, from_ms: i64, until_ms: i64) -> EntityId {
        let entry = secretary.new_id();
        let campaign = id.unwrap_or_else(|| EntityId::made_by(entry, 0));
        let fields = [
            ("name", "拉网排查".to_owned()),
            ("campaign_kind", "sweep".to_owned()),
            ("record_kind", "door_check".to_owned()),
            ("starts_on", day(from_ms)),
            ("ends_on", day(until_ms)),
        ];
        let set = fields.map(|(field, value)| set("campaign", campaign, field, text(&value)));
        let base = self.office.community().heads(Part {
            grid: None,
            class: Class::Open,
        });
        let before = secretary.last();
        secretary.edit_with_id(entry, None, base.unwrap(), set.into());
        self.office.taken(secretary, secretary.slice(before + 1, before + 1));
        campaign
    }

    fn secretary(&mut self) -> Phone {
        let phone = Phone::new();
        self.office.register(&phone);
        self.office.assign(&phone, "community_secretary", None);
        phone
    }
}

#[test]
fn what_was_overtaken_months_ago_is_left_out_for_who_asks_and_nothing_is_dropped() {
    let grid = Grid::new();
    let (now, later) = (clock::now_ms(), clock::now_ms() + MONTHS_MS);
    let this_month = grid.snapshot(now, true);
    assert_eq!(
        (grid.checks_in(&this_month), this_month.facts.left_out),
        (vec![0, 1, 2, 3], None)
    );

    let lean = grid.snapshot(later, true);
    assert_eq!(grid.checks_in(&lean), [2, 3], "the last of each door stays");
    let left_out = lean.facts.left_out.clone().unwrap();
    let first_of_last_month = day(later)[..8].to_owned() + "01";
    assert!(
        left_out.since < first_of_last_month && left_out.since.ends_with("-01"),
        "{left_out:?}"
    );
    assert_eq!(left_out.campaigns, []);

    let whole = grid.snapshot(later, false);
    assert_eq!((grid.checks_in(&whole), whole.facts.left_out), (vec![0, 1, 2, 3], None));
    assert_ne!(lean.facts.digest, whole.facts.digest);
    let mut replica =
        menpai_sync_core::replica::Replica::empty(whole.facts.community, grid.office.settings.kinds.clone());
    lean.unfold(&mut replica).unwrap();
    assert_ne!(replica.sum(part()), grid.sum());
    replica.begin_with(lean.facts);
    assert_eq!(replica.sum(part()), grid.sum());
}

#[test]
fn the_two_sorts_are_kept_beside_each_other_and_each_is_made_once() {
    let grid = Grid::new();
    let later = clock::now_ms() + MONTHS_MS;
    let (lean, whole) = (grid.named(later, true), grid.named(later, false));
    assert_ne!(lean.id, whole.id);
    assert_eq!((grid.named(later, true), grid.named(later, false)), (lean, whole));
    assert_eq!(grid.office.count("snapshot"), 2);
    let one: String = grid.office.one("SELECT left_out FROM snapshot WHERE leaves_out = 1");
    assert!(one.contains(r#""since":"#), "{one}");
    // Where the month is another one it is made anew, where only days pass it is not.
    let month_later = grid.named(later + 31 * DAY_MS, true);
    assert_ne!(month_later.id, lean.id);
    assert_eq!(grid.office.count("snapshot WHERE leaves_out = 0"), 1);
}

#[test]
fn one_is_made_anew_once_an_old_record_is_withdrawn_or_corrected() {
    let mut grid = Grid::new();
    let later = clock::now_ms() + MONTHS_MS;
    let before = grid.named(later, true);
    let sent = grid.phone.last();
    grid.phone.door_check(crate::phones::grid(1), door(3));
    grid.send(sent);
    assert_eq!(grid.named(later, true), before, "one more check is no reason");

    let sent = grid.phone.last();
    let last = grid.checks[2];
    grid.phone.retract("door_check", Some(crate::phones::grid(1)), last);
    grid.send(sent);
    let lean = grid.snapshot(later, true);
    assert_eq!(
        grid.checks_in(&lean),
        [1, 2, 3],
        "what was the last but one is the last"
    );
    assert_eq!(grid.named(later, true).id, grid.named(later, true).id);
    assert_eq!(grid.sum(), {
        let mut replica =
            menpai_sync_core::replica::Replica::empty(lean.facts.community, grid.office.settings.kinds.clone());
        lean.unfold(&mut replica).unwrap();
        replica.begin_with(lean.facts);
        replica.sum(part())
    });
}

#[test]
fn what_a_campaign_counts_that_runs_or_will_is_never_left_out() {
    let mut grid = Grid::new();
    let mut secretary = grid.secretary();
    let later = clock::now_ms() + MONTHS_MS;
    assert_eq!(grid.checks_in(&grid.snapshot(later, true)), [2, 3]);
    let began = clock::now_ms() - DAY_MS;
    let campaign = grid.order(&mut secretary, None, began, later + DAY_MS);
    let lean = grid.snapshot(later, true);
    assert_eq!((grid.checks_in(&lean), lean.facts.left_out), (vec![0, 1, 2, 3], None));
    // It is over.
    grid.order(&mut secretary, Some(campaign), began, clock::now_ms() + 2 * DAY_MS);
    assert_eq!(grid.checks_in(&grid.snapshot(later + 40 * DAY_MS, true)), [2, 3]);
}

#[test]
fn what_names_a_campaign_goes_when_that_is_over_and_comes_when_it_runs_again() {
    let mut grid = Grid::new();
    let mut secretary = grid.secretary();
    let now = clock::now_ms();
    let campaign = grid.order(&mut secretary, None, now - DAY_MS, now + DAY_MS);
    let sent = grid.phone.last();
    for outcome in ["absent", "absent"] {
        let body = json!({"dwelling_id": door(4), "mode": "door", "outcome": outcome, "campaign_id": campaign});
        let id = grid.phone.record("door_check", Some(crate::phones::grid(1)), body);
        grid.checks.push(id);
    }
    grid.send(sent);
    let later = now + MONTHS_MS;
    let lean = grid.snapshot(later, true);
    assert_eq!(grid.checks_in(&lean), [2, 3, 5]);
    assert_eq!(lean.facts.left_out.unwrap().campaigns, [campaign]);
    grid.order(&mut secretary, Some(campaign), later - DAY_MS, later + DAY_MS);
    assert_eq!(grid.checks_in(&grid.snapshot(later, true)), [2, 3, 4, 5]);
}
