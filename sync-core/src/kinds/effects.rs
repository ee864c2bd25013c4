//! What merged entries of a kind do beyond being kept: one optional part per effect, each
//! naming the fields it goes by. Nothing here is computed; the views fold over it.
//! The fields named exist and can carry the meaning: `parse` saw to it.

use serde::Deserialize;

use super::name::Name;
use super::visible::Condition;

/// The effects of a kind. `at` names the instant that counts instead of made-time, where
/// the entry gives one.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effects {
    /// Record: marks a door and may close it for coverage.
    pub closes: Option<Closes>,
    /// Record: resets the care clocks of its subject.
    pub resets: Option<Resets>,
    /// Record: opens a matter.
    pub opens: Option<Opens>,
    /// Record: moves a matter that another record opened.
    pub moves: Option<Moves>,
    /// Registry: a plan with care clocks, which `resets` resets.
    pub schedules: Option<Schedules>,
    /// Registry: a task over many doors, with its own dates.
    pub sweeps: Option<Sweeps>,
    /// Office: gives a worker a role.
    pub grants: Option<Grants>,
    /// Office: makes a device known, or revokes it.
    pub enrols: Option<Enrols>,
}

/// The choice in `by` states mark and closed-or-not of the door in `subject`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// A record for which `when` holds is a contact; one for which `in_person` holds too is a
/// contact in person.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// Each record opens one matter at `subject`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// The choice in `by` is the matter's new stage; choices with `ends` end it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// The fields of a plan that the care clocks need.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// Records of `record_kind` made from `starts_on` through `ends_on` count for the doors in
/// `scope` (empty: the whole community).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// `worker`, called `worker_name`, has `role` in `grid` (none: everywhere) from `from` until `until`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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
}

/// `device` belongs to `worker` and signs with `public_key`, until `revoked_at`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
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
