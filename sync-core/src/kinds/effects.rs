//! What merged entries of a kind do beyond being kept: one optional part per effect, each
//! naming the fields it goes by. Nothing here is computed; the views fold over it.
//! The fields named exist and can carry the meaning: `parse` saw to it. Read by hand: ten
//! derived readers would be a fiftieth of the core that phones download.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::name::Name;
use super::visible::Condition;

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

/// The device's clock was moved by `by_ms`: just before the entry, or some time `since_contact`.
#[derive(Debug, Clone, PartialEq)]
pub struct Jumps {
    /// New reading minus the one it should have shown, milliseconds.
    pub by_ms: Name,
    /// Whether it only came out at a contact.
    pub since_contact: Name,
}

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

/// The days `from` through `until` are closed, in the record's grid or (without one) everywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosesPeriod {
    /// First day.
    pub from: Name,
    /// Last day.
    pub until: Name,
}

/// What has another entity of its type in `into` was merged into that one, and stands for
/// nothing itself. Entities that agree in all fields of one list in `same` may be duplicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Merges {
    /// What it was merged into.
    pub into: Name,
    same: Value,
}

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

/// `worker`, called `worker_name`, has `role` in `grid` (none: everywhere) from `from` until `until`.
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
}

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

/// Whatever has an id with this hash was erased.
#[derive(Debug, Clone, PartialEq)]
pub struct Erases {
    /// The hash of its id.
    pub subject: Name,
}

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

/// An entity of this type is part of what `to` refers to, and moves with it. What can be erased is
/// made in the same grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Belongs {
    /// A reference.
    pub to: Name,
}

impl<'de> Deserialize<'de> for Effects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Effects, D::Error> {
        let mut effects = Effects::default();
        for (effect, fields) in Map::deserialize(deserializer)? {
            let Value::Object(fields) = fields else {
                return Err(D::Error::custom(format_args!("{effect} is an object")));
            };
            let mut fields = Fields(fields);
            effects
                .read(&effect, &mut fields)
                .and_then(|()| fields.end())
                .map_err(|fault| D::Error::custom(format_args!("{effect}: {fault}")))?;
        }
        Ok(effects)
    }
}

impl Effects {
    fn read(&mut self, effect: &str, fields: &mut Fields) -> Result<(), String> {
        match effect {
            "closes" => {
                self.closes = Some(Closes {
                    subject: fields.name("subject")?,
                    by: fields.name("by")?,
                    campaign: fields.optional("campaign")?,
                    at: fields.optional("at")?,
                });
            }
            "resets" => {
                self.resets = Some(Resets {
                    subject: fields.name("subject")?,
                    when: fields.condition("when")?,
                    in_person: fields.condition("in_person")?,
                    at: fields.optional("at")?,
                });
            }
            "opens" => {
                self.opens = Some(Opens {
                    subject: fields.name("subject")?,
                    severity: fields.optional("severity")?,
                    due: fields.optional("due")?,
                    at: fields.optional("at")?,
                });
            }
            "moves" => {
                self.moves = Some(Moves {
                    opened_by: fields.name("opened_by")?,
                    by: fields.name("by")?,
                    due: fields.optional("due")?,
                    at: fields.optional("at")?,
                });
            }
            "jumps" => {
                self.jumps = Some(Jumps {
                    by_ms: fields.name("by_ms")?,
                    since_contact: fields.name("since_contact")?,
                });
            }
            "schedules" => {
                self.schedules = Some(Schedules {
                    subject: fields.name("subject")?,
                    interval_days: fields.name("interval_days")?,
                    in_person_every_days: fields.name("in_person_every_days")?,
                    responsible: fields.name("responsible")?,
                    starts_on: fields.name("starts_on")?,
                    ends_on: fields.name("ends_on")?,
                    paused_until: fields.name("paused_until")?,
                    extra_from: fields.name("extra_from")?,
                    extra_until: fields.name("extra_until")?,
                    major_change_on: fields.name("major_change_on")?,
                });
            }
            "sweeps" => {
                self.sweeps = Some(Sweeps {
                    name: fields.name("name")?,
                    record_kind: fields.name("record_kind")?,
                    scope: fields.name("scope")?,
                    starts_on: fields.name("starts_on")?,
                    ends_on: fields.name("ends_on")?,
                });
            }
            "merges" => {
                self.merges = Some(Merges {
                    into: fields.name("into")?,
                    same: fields.0.remove("same").unwrap_or_default(),
                });
            }
            "distinguishes" => {
                self.distinguishes = Some(Distinguishes {
                    one: fields.name("one")?,
                    other: fields.name("other")?,
                });
            }
            "lists" => {
                self.lists = Some(Lists {
                    day: fields.name("day")?,
                    known_through: fields.name("known_through")?,
                    page: fields.name("page")?,
                    due: fields.name("due")?,
                    overdue: fields.name("overdue")?,
                    visits: fields.name("visits")?,
                    subject: fields.name("subject")?,
                });
            }
            "closes_period" => {
                self.closes_period = Some(ClosesPeriod {
                    from: fields.name("from")?,
                    until: fields.name("until")?,
                });
            }
            "grants" => {
                self.grants = Some(Grants {
                    worker: fields.name("worker")?,
                    worker_name: fields.name("worker_name")?,
                    role: fields.name("role")?,
                    grid: fields.name("grid")?,
                    from: fields.name("from")?,
                    until: fields.name("until")?,
                });
            }
            "enrols" => {
                self.enrols = Some(Enrols {
                    device: fields.name("device")?,
                    worker: fields.name("worker")?,
                    public_key: fields.name("public_key")?,
                    revoked_at: fields.name("revoked_at")?,
                });
            }
            "rotates" => {
                self.rotates = Some(Rotates {
                    part: fields.name("part")?,
                    epoch: fields.name("epoch")?,
                    heads: fields.name("heads")?,
                });
            }
            "erases" => {
                self.erases = Some(Erases {
                    subject: fields.name("subject")?,
                });
            }
            "hands_over" => {
                self.hands_over = Some(HandsOver {
                    from: fields.name("from")?,
                    doors: fields.name("doors")?,
                    said: fields.name("said")?,
                    subject: fields.name("subject")?,
                    device: fields.name("device")?,
                    made: fields.name("made")?,
                    record: fields.name("record")?,
                });
            }
            "erasable" => self.erasable = true,
            "belongs" => {
                self.belongs = Some(Belongs { to: fields.name("to")? });
            }
            _ => return Err("there is no such effect".to_owned()),
        }
        Ok(())
    }
}

/// The members of one effect; each is taken once, none may be left.
struct Fields(Map<String, Value>);

impl Fields {
    fn name(&mut self, member: &str) -> Result<Name, String> {
        self.optional(member)?.ok_or_else(|| format!("{member} is missing"))
    }

    fn optional(&mut self, member: &str) -> Result<Option<Name>, String> {
        match self.0.remove(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Name::new(text)
                .map(Some)
                .map_err(|text| format!("not a name: {text:?}")),
            Some(_) => Err(format!("{member} is the name of a field")),
        }
    }

    fn condition(&mut self, member: &str) -> Result<Condition, String> {
        let condition = self.0.remove(member).ok_or_else(|| format!("{member} is missing"))?;
        Condition::read(condition).map_err(str::to_owned)
    }

    fn end(self) -> Result<(), String> {
        match self.0.keys().next() {
            Some(member) => Err(format!("{member} is no member of it")),
            None => Ok(()),
        }
    }
}
