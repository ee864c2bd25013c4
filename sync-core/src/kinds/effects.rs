//! What merged entries of a kind do beyond being kept: one optional part per effect, each
//! naming the fields it goes by. Nothing here is computed; the views fold over it.
//! The fields named exist and can carry the meaning: `parse` saw to it.

use serde_json::Value;

use super::name::Name;
use super::visible::Condition;
use crate::json::{FromJson, JsonError, Members, json_object};

/// The effects of a kind. `at` names the instant that counts instead of made-time, where
/// the entry gives one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effects {
    /// Record: marks a door and may close it for coverage.
    pub closes: Option<Closes>,
    /// Record: resets the care clocks of its subject.
    pub resets: Option<Resets>,
    /// Record: opens a matter.
    pub opens: Option<Opens>,
    /// Record: moves a matter that another record opened.
    pub moves: Option<Moves>,
    /// Record: says that the device's clock was set.
    pub jumps: Option<Jumps>,
    /// Record: a number that only the home can read.
    pub seals: Option<Seals>,
    /// Registry: a plan with care clocks, which `resets` resets.
    pub schedules: Option<Schedules>,
    /// Registry: a task over many doors, with its own dates.
    pub sweeps: Option<Sweeps>,
    /// Registry: duplicates of the type are merged by alias.
    pub merges: Option<Merges>,
    /// Office: two entities look alike and are not the same.
    pub distinguishes: Option<Distinguishes>,
    /// Office: a page of the visits that the home finds due on a day.
    pub lists: Option<Lists>,
    /// Office: closes the days of a period: what comes later is late.
    pub closes_period: Option<ClosesPeriod>,
    /// Office: gives a worker a role.
    pub grants: Option<Grants>,
    /// Office: makes a device known, or revokes it.
    pub enrols: Option<Enrols>,
    /// Office: begins a new epoch of a registry document.
    pub rotates: Option<Rotates>,
    /// Office: somebody or something was erased.
    pub erases: Option<Erases>,
    /// Office: what was recorded in another grid about something that is this one's now.
    pub hands_over: Option<HandsOver>,
    /// Registry: may be erased, and is with what it belongs to.
    pub erasable: bool,
    /// Registry: is part of something else.
    pub belongs: Option<Belongs>,
}

/// The choice in `by` states mark and closed-or-not of the door in `subject`.
#[derive(Debug, Clone, PartialEq)]
pub struct Closes {
    /// The door.
    pub subject: Name,
    /// The outcome; each choice has `mark` and `closes`.
    pub by: Name,
    /// The campaign it counts for as well.
    pub campaign: Option<Name>,
    /// When it was, if not at made-time.
    pub at: Option<Name>,
}

json_object! { Closes { subject, by, campaign, at } }

/// A record for which `when` holds is a contact; one for which `in_person` holds too is a
/// contact in person.
#[derive(Debug, Clone, PartialEq)]
pub struct Resets {
    /// Whose clocks.
    pub subject: Name,
    /// When it counts at all.
    pub when: Condition,
    /// When it counts as in person.
    pub in_person: Condition,
    /// When it was, if not at made-time.
    pub at: Option<Name>,
}

json_object! { Resets { subject, when, in_person, at } }

/// Each record opens one matter at `subject`.
#[derive(Debug, Clone, PartialEq)]
pub struct Opens {
    /// Where, or about whom.
    pub subject: Name,
    /// How bad.
    pub severity: Option<Name>,
    /// Until when it should end.
    pub due: Option<Name>,
    /// When it was found, if not at made-time.
    pub at: Option<Name>,
}

json_object! { Opens { subject, severity, due, at } }

/// The choice in `by` is the matter's new stage; choices with `ends` end it.
#[derive(Debug, Clone, PartialEq)]
pub struct Moves {
    /// The record that opened the matter.
    pub opened_by: Name,
    /// The stage; each choice has `ends`.
    pub by: Name,
    /// A new date until when it should end.
    pub due: Option<Name>,
    /// When it was, if not at made-time.
    pub at: Option<Name>,
}

json_object! { Moves { opened_by, by, due, at } }

/// The device's clock was moved by `by_ms`: just before the entry, or some time `since_contact`.
#[derive(Debug, Clone, PartialEq)]
pub struct Jumps {
    /// New reading minus the one it should have shown, milliseconds.
    pub by_ms: Name,
    /// Whether it only came out at a contact.
    pub since_contact: Name,
}

json_object! { Jumps { by_ms, since_contact } }

/// `number` is the number of `subject`'s identity document, sealed to the home; what may be seen of it is in
/// the subject's field `last_four`.
#[derive(Debug, Clone, PartialEq)]
pub struct Seals {
    /// Whose.
    pub subject: Name,
    /// What was sealed (a text with the rule `sealed`).
    pub number: Name,
    /// The registry field of the subject that holds its last four characters.
    pub last_four: Name,
}

json_object! { Seals { subject, number, last_four } }

/// The fields of a plan that the care clocks need.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedules {
    /// Whose clocks.
    pub subject: Name,
    /// Days between contacts of any kind.
    pub interval_days: Name,
    /// Days between contacts in person.
    pub in_person_every_days: Name,
    /// Workers responsible (a set).
    pub responsible: Name,
    /// First day.
    pub starts_on: Name,
    /// Last day.
    pub ends_on: Name,
    /// Nothing is due until then.
    pub paused_until: Name,
    /// One more contact is due from …
    pub extra_from: Name,
    /// … until.
    pub extra_until: Name,
    /// A contact is due within a day of it.
    pub major_change_on: Name,
}

json_object! {
    Schedules { subject, interval_days, in_person_every_days, responsible, starts_on, ends_on, paused_until, extra_from, extra_until, major_change_on }
}

/// Records of `record_kind` made from `starts_on` through `ends_on` count for the doors in
/// `scope` (empty: the whole community).
#[derive(Debug, Clone, PartialEq)]
pub struct Sweeps {
    /// What people call it.
    pub name: Name,
    /// The kind of record that counts; it has the effect `closes`.
    pub record_kind: Name,
    /// Grids and places (a set).
    pub scope: Name,
    /// First day.
    pub starts_on: Name,
    /// Last day.
    pub ends_on: Name,
}

json_object! { Sweeps { name, record_kind, scope, starts_on, ends_on } }

/// Whoever `subject` names in each row of `visits` is due on `day`, as far as the home knew it
/// at the line `known_through`. Each `page` has the whole list's `due` and `overdue`.
#[derive(Debug, Clone, PartialEq)]
pub struct Lists {
    /// For which day.
    pub day: Name,
    /// The last line that was known.
    pub known_through: Name,
    /// Which page, from 1.
    pub page: Name,
    /// How many are due that day.
    pub due: Name,
    /// How many are late.
    pub overdue: Name,
    /// One row for each visit (a list).
    pub visits: Name,
    /// Whose visit it is, in a row.
    pub subject: Name,
}

json_object! { Lists { day, known_through, page, due, overdue, visits, subject } }

/// The days `from` through `until` are closed, in the record's grid or (without one) everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosesPeriod {
    /// First day.
    pub from: Name,
    /// Last day.
    pub until: Name,
}

json_object! { ClosesPeriod { from, until } }

/// What has another entity of its type in `into` was merged into that one, and stands for
/// nothing itself. Entities that agree in all fields of one list in `same` may be duplicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Merges {
    /// What it was merged into.
    pub into: Name,
    same: Value,
}

json_object! { Merges { into; same } }

impl Merges {
    /// The lists of fields in which duplicates agree.
    pub fn same(&self) -> impl Iterator<Item = Vec<&str>> {
        let lists = self.same.as_array().map_or(&[][..], Vec::as_slice);
        lists.iter().map(|fields| {
            let fields = fields.as_array().map_or(&[][..], Vec::as_slice);
            fields.iter().filter_map(Value::as_str).collect()
        })
    }
}

/// What `one` and `other` name are two, however alike they look.
#[derive(Debug, Clone, PartialEq)]
pub struct Distinguishes {
    /// The one.
    pub one: Name,
    /// The other.
    pub other: Name,
}

json_object! { Distinguishes { one, other } }

/// `worker`, called `worker_name`, has `role` in `grid` (none: everywhere) from `from` until `until`, where
/// it ended for `end_reason`.
#[derive(Debug, Clone, PartialEq)]
pub struct Grants {
    /// Who.
    pub worker: Name,
    /// What people call the worker.
    pub worker_name: Name,
    /// Which role (a choice; the only roles there are, beside `office`).
    pub role: Name,
    /// Where.
    pub grid: Name,
    /// First instant.
    pub from: Name,
    /// First instant after.
    pub until: Name,
    /// Why it ended (a choice): after an end that is not `ordinary`, nothing that arrives counts.
    pub end_reason: Name,
}

json_object! { Grants { worker, worker_name, role, grid, from, until, end_reason } }

/// `device` belongs to `worker` and signs with `public_key`, until `revoked_at`.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrols {
    /// Which installation.
    pub device: Name,
    /// Whose.
    pub worker: Name,
    /// Its public key.
    pub public_key: Name,
    /// From when on nothing of it merges.
    pub revoked_at: Name,
}

json_object! { Enrols { device, worker, public_key, revoked_at } }

/// The document of `part` goes on as `epoch`, which starts with `heads`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotates {
    /// Which document.
    pub part: Name,
    /// The new epoch.
    pub epoch: Name,
    /// The hash of its second change.
    pub heads: Name,
}

json_object! { Rotates { part, epoch, heads } }

/// Whatever has an id with this hash was erased.
#[derive(Debug, Clone, PartialEq)]
pub struct Erases {
    /// The hash of its id.
    pub subject: Name,
}

json_object! { Erases { subject } }

/// Each row of `said` is a `record` of the grid `from`, as far as it counts, and what its line says
/// of it. Where things moved, `doors` says how many doors did.
#[derive(Debug, Clone, PartialEq)]
pub struct HandsOver {
    /// The grid that it was recorded in.
    pub from: Name,
    /// How many doors moved with it.
    pub doors: Name,
    /// One row for each record (a list).
    pub said: Name,
    /// What the record is about, in a row.
    pub subject: Name,
    /// Whose log the record is in.
    pub device: Name,
    /// Its made-time, milliseconds UTC.
    pub made: Name,
    /// What counts of it: an entry with fewer fields (a text).
    pub record: Name,
}

json_object! { HandsOver { from, doors, said, subject, device, made, record } }

/// An entity of this type is part of what `to` refers to, and moves with it. What can be erased is
/// made in the same grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Belongs {
    /// A reference.
    pub to: Name,
}

json_object! { Belongs { to } }

/// An effect that goes by no field.
struct Plain;

impl FromJson for Plain {
    fn from_json(value: Value) -> Result<Plain, JsonError> {
        Members::of(value)?.end().map(|()| Plain)
    }
}

impl FromJson for Effects {
    fn from_json(value: Value) -> Result<Effects, JsonError> {
        let mut stated = Members::of(value)?;
        let effects = Effects {
            closes: stated.take("closes")?,
            resets: stated.take("resets")?,
            opens: stated.take("opens")?,
            moves: stated.take("moves")?,
            jumps: stated.take("jumps")?,
            seals: stated.take("seals")?,
            schedules: stated.take("schedules")?,
            sweeps: stated.take("sweeps")?,
            merges: stated.take("merges")?,
            distinguishes: stated.take("distinguishes")?,
            lists: stated.take("lists")?,
            closes_period: stated.take("closes_period")?,
            grants: stated.take("grants")?,
            enrols: stated.take("enrols")?,
            rotates: stated.take("rotates")?,
            erases: stated.take("erases")?,
            hands_over: stated.take("hands_over")?,
            belongs: stated.take("belongs")?,
            erasable: stated.take::<Option<Plain>>("erasable")?.is_some(),
        };
        stated.end()?;
        Ok(effects)
    }
}
