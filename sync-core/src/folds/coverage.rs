//! Coverage of doors: each door counts once, however many checks it got. A closing check
//! closes it; nobody home and a refusal leave it open; a later try does not open it again.
//! A door nobody has stated anything about is *not visited* only if every phone that could
//! have says so; while one is silent it is *not yet heard from*.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{Stated, text};
use crate::entry::{Entry, Scalar};
use crate::ids::EntityId;
use crate::kinds::{Choice, Kind, Mark, Shape, Sweeps};
use crate::time::read_day;

/// What one record says about one door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorStatement {
    /// The door.
    pub dwelling: EntityId,
    /// When, and which record.
    pub stated: Stated,
    /// The outcome, as the kind's choice is called.
    pub outcome: String,
    /// Its mark on the door matrix.
    pub mark: Option<Mark>,
    /// Whether it closes the door.
    pub closes: bool,
    /// The campaign that the record names.
    pub campaign: Option<EntityId>,
}

impl DoorStatement {
    /// What the fields of a record say; `None` if its kind closes no doors, or the record is a
    /// withdrawal and says nothing.
    #[must_use]
    pub fn read(kind: &Kind, body: &Map<String, Value>, stated: Stated) -> Option<DoorStatement> {
        let closes = kind.effects.closes.as_ref()?;
        let choice = outcome(kind, text(body, &closes.by)?)?;
        Some(DoorStatement {
            dwelling: text(body, &closes.subject)?.parse().ok()?,
            stated,
            outcome: choice.value.clone(),
            mark: choice.mark,
            closes: choice.closes.unwrap_or(false),
            campaign: closes
                .campaign
                .as_ref()
                .and_then(|campaign| text(body, campaign)?.parse().ok()),
        })
    }

    /// The same of an entry at hand.
    #[must_use]
    pub fn of(kind: &Kind, entry: &Entry, made_ms: i64) -> Option<DoorStatement> {
        let closes = kind.effects.closes.as_ref()?;
        DoorStatement::read(kind, &entry.body, Stated::by(entry, made_ms, closes.at.as_ref()))
    }
}

/// The choice that an outcome of a closing kind is.
#[must_use]
pub fn outcome<'k>(kind: &'k Kind, value: &str) -> Option<&'k Choice> {
    let closes = kind.effects.closes.as_ref()?;
    let Shape::Choice { choices, .. } = &kind.field(closes.by.as_str())?.shape else {
        return None;
    };
    choices.iter().find(|choice| choice.value == value)
}

/// A sweep over many doors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// The registry entity.
    pub id: EntityId,
    /// What people call it.
    pub name: String,
    /// The kind of record that counts.
    pub record_kind: String,
    /// Grids and places; empty: the whole community.
    pub scope: BTreeSet<EntityId>,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day.
    pub ends_on: NaiveDate,
}

impl Campaign {
    /// A campaign from its registry fields; `None` while a field it needs is missing.
    #[must_use]
    pub fn read(
        id: EntityId,
        sweeps: &Sweeps,
        scope: BTreeSet<EntityId>,
        field: impl Fn(&str) -> Option<Scalar>,
    ) -> Option<Campaign> {
        let words = |name: &str| field(name).and_then(|value| value.as_text().map(str::to_owned));
        Some(Campaign {
            id,
            name: words(sweeps.name.as_str())?,
            record_kind: words(sweeps.record_kind.as_str())?,
            scope,
            starts_on: read_day(&words(sweeps.starts_on.as_str())?)?,
            ends_on: read_day(&words(sweeps.ends_on.as_str())?)?,
        })
    }

    /// Whether it runs on a day.
    #[must_use]
    pub fn runs_on(&self, day: NaiveDate) -> bool {
        (self.starts_on..=self.ends_on).contains(&day)
    }

    /// Whether a door in these places (grid, compound, building, the door itself) is in scope.
    #[must_use]
    pub fn covers(&self, places: impl IntoIterator<Item = EntityId>) -> bool {
        self.scope.is_empty() || places.into_iter().any(|place| self.scope.contains(&place))
    }
}

/// Which statements count.
#[derive(Debug, Clone, Copy)]
pub enum CoverageWindow<'c> {
    /// Whatever was ever stated.
    Everything,
    /// What names the campaign, or names none and falls on its days.
    Campaign {
        /// Which.
        campaign: &'c Campaign,
        /// Where clocks are that much ahead of UTC.
        offset_minutes: i32,
    },
}

impl CoverageWindow<'_> {
    /// Whether a statement counts here.
    #[must_use]
    pub fn counts(&self, statement: &DoorStatement) -> bool {
        match self {
            CoverageWindow::Everything => true,
            CoverageWindow::Campaign {
                campaign,
                offset_minutes,
            } => match statement.campaign {
                Some(named) => named == campaign.id,
                None => campaign.runs_on(statement.stated.day(*offset_minutes)),
            },
        }
    }
}

/// What is known of one door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorFold {
    /// The last statement: it gives the mark.
    pub last: DoorStatement,
    /// Some statement closed it.
    pub closed: bool,
    /// How many statements there are.
    pub statements: usize,
}

/// Folds statements into doors. Withdrawn records are the caller's to leave out
/// ([`super::withdrawn`]).
#[must_use]
pub fn fold_doors(
    statements: impl IntoIterator<Item = DoorStatement>,
    window: CoverageWindow<'_>,
) -> HashMap<EntityId, DoorFold> {
    let mut doors: HashMap<EntityId, DoorFold> = HashMap::new();
    for statement in statements {
        if !window.counts(&statement) {
            continue;
        }
        match doors.entry(statement.dwelling) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(DoorFold {
                    closed: statement.closes,
                    last: statement,
                    statements: 1,
                });
            }
            std::collections::hash_map::Entry::Occupied(door) => {
                let door = door.into_mut();
                door.closed |= statement.closes;
                door.statements += 1;
                if statement.stated > door.last.stated {
                    door.last = statement;
                }
            }
        }
    }
    doors
}

/// Where a door stands: one of four, which never share a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Done for coverage.
    Closed,
    /// Somebody was there; it is not done.
    VisitedOpen,
    /// Nobody was there, as far as every phone that could have been says.
    NotVisited,
    /// Nobody was there that we know of, and a phone that could have been is silent.
    NotHeardFrom,
}

impl Standing {
    /// `silent`: some phone of a worker assigned to the door has not been heard since the cut-off.
    #[must_use]
    pub fn of(door: Option<&DoorFold>, silent: bool) -> Standing {
        match door {
            Some(door) if door.closed => Standing::Closed,
            Some(_) => Standing::VisitedOpen,
            None if silent => Standing::NotHeardFrom,
            None => Standing::NotVisited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EntryId;

    fn entity(n: u8) -> EntityId {
        EntityId::from_bytes([n; 16])
    }

    fn says(door: u8, at_ms: i64, entry: u8, closes: bool, campaign: Option<u8>) -> DoorStatement {
        DoorStatement {
            dwelling: entity(door),
            stated: Stated {
                at_ms,
                entry: EntryId::from_bytes([entry; 16]),
            },
            outcome: String::new(),
            mark: Some(if closes { Mark::Checked } else { Mark::Absent }),
            closes,
            campaign: campaign.map(entity),
        }
    }

    #[test]
    fn a_door_counts_once_and_stays_closed_in_any_order_of_arrival() {
        let mut statements = vec![
            says(1, 20, 2, true, None),
            says(1, 10, 1, false, None),
            says(1, 30, 3, false, None),
            says(2, 30, 4, false, None),
        ];
        let there = fold_doors(statements.clone(), CoverageWindow::Everything);
        statements.reverse();
        assert_eq!(fold_doors(statements, CoverageWindow::Everything), there);
        assert!(there[&entity(1)].closed);
        assert_eq!(there[&entity(1)].last.stated.at_ms, 30);
        assert_eq!(there[&entity(1)].statements, 3);
        assert_eq!(Standing::of(there.get(&entity(2)), true), Standing::VisitedOpen);
        assert_eq!(Standing::of(there.get(&entity(3)), true), Standing::NotHeardFrom);
        assert_eq!(Standing::of(there.get(&entity(3)), false), Standing::NotVisited);
    }

    #[test]
    fn a_campaign_counts_what_names_it_and_what_falls_on_its_days() {
        let day: NaiveDate = "2026-03-18".parse().unwrap();
        let campaign = Campaign {
            id: entity(9),
            name: "拉网排查".into(),
            record_kind: "door_check".into(),
            scope: BTreeSet::new(),
            starts_on: day,
            ends_on: day,
        };
        // 2026-03-18 00:30 and 2026-03-19 00:30 in China.
        let (on, after) = (1_773_765_000_000, 1_773_851_400_000);
        let window = CoverageWindow::Campaign {
            campaign: &campaign,
            offset_minutes: 480,
        };
        let doors = fold_doors(
            [
                says(1, on, 1, true, None),
                says(2, after, 2, true, None),
                says(3, after, 3, true, Some(9)),
                says(4, on, 4, true, Some(8)),
            ],
            window,
        );
        let mut counted: Vec<_> = doors.into_keys().collect();
        counted.sort_unstable();
        assert_eq!(counted, [entity(1), entity(3)]);
    }

    #[test]
    fn an_empty_scope_is_the_whole_community() {
        let mut campaign = Campaign {
            id: entity(9),
            name: String::new(),
            record_kind: String::new(),
            scope: BTreeSet::new(),
            starts_on: NaiveDate::MIN,
            ends_on: NaiveDate::MAX,
        };
        assert!(campaign.covers([entity(1)]));
        campaign.scope.insert(entity(2));
        assert!(campaign.covers([entity(1), entity(2)]));
        assert!(!campaign.covers([entity(1)]));
    }
}
