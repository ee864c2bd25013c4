//! What each role may do, on one page, and the one function that decides: [`authorize`]. Roles
//! are the office's records of one community (`assignment`); what the table does not say is
//! refused, an unknown role has nothing, and a role counts only in its period and its place.
//!
//! What may be *written* is judged entry by entry at its made-time, by the kind's `writers`
//! (`menpai_sync_core::judge`).

use menpai_sync_core::ids::GridId;
use menpai_sync_core::judge::Assignment;
use menpai_sync_core::kinds::Class;
use serde::{Serialize, Serializer};

use Action::{
    Decide, Erase, Export, ExportRegistry, ManageStaff, Organise, ReadPart, RevealIdNumber, Review, SeeAudit, SeeDoors,
    SeeFigures, SeeIdNumbers, SeeRecords, SeeVisits, Settle,
};

/// The actions, each with its word in the API and the audit log: the one list of them. What else is
/// made of it: [`ACTIONS`], and a type for each ([`crate::auth::may`]).
macro_rules! actions {
    ($make:ident) => {
        $make! {
            /// Have a part of the community on a phone: its registry and its records.
            ReadPart "read_part",
            /// Numbers: coverage, the wall, the morning, how much is open.
            SeeFigures "see_figures",
            /// Doors one by one, with what they are called and who lives there.
            SeeDoors "see_doors",
            /// Who is visited, and when.
            SeeVisits "see_visits",
            /// What was recorded, word for word.
            SeeRecords "see_records",
            /// Conflicts, look-alikes and what is held.
            Review "review",
            /// Decide about them.
            Decide "decide",
            /// Take the lists along as files.
            Export "export",
            /// Take registry documents along.
            ExportRegistry "export_registry",
            /// Settle a quarter.
            Settle "settle",
            /// Split, merge and staff grids.
            Organise "organise",
            /// Accounts, invitations and devices.
            ManageStaff "manage_staff",
            /// Erase a person or a household.
            Erase "erase",
            /// Who did and saw what.
            SeeAudit "see_audit",
            /// Whose id number is known, masked: `1101**********002X`.
            SeeIdNumbers "see_id_numbers",
            /// An id number whole, for a reason.
            RevealIdNumber "reveal_id_number",
        }
    };
}
pub(crate) use actions;

macro_rules! define {
    ($($(#[$doc:meta])* $action:ident $word:literal,)*) => {
        /// What somebody may want.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
        #[schema(rename_all = "snake_case")]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        /// Every action, for tests and lists.
        pub const ACTIONS: [Action; [$($word),*].len()] = [$($action),*];

        impl Action {
            /// As the API and the audit log call it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $($action => $word,)*
                }
            }
        }
    };
}
actions!(define);

impl Action {
    /// Whether who does it must have proved who they are a moment ago, where their account can: what
    /// takes data out of the house or cannot be undone, and what gives or takes rights.
    #[must_use]
    pub fn asks_fresh_proof(self, changes: bool) -> bool {
        match self {
            Export | ExportRegistry | RevealIdNumber => true,
            Erase | ManageStaff => changes,
            _ => false,
        }
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a role works in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// One grid; in all of them if its record names none.
    Grid,
    /// The whole community.
    Community,
    /// Each community of a street; it has a record in each.
    Street,
}

/// What one role may.
#[derive(Debug, Clone, Copy)]
pub struct Rights {
    /// What it works in.
    pub place: Place,
    /// Class `care` as well as `open`: health, hardship, visits.
    pub care: bool,
    /// Names of residents in full; masked otherwise.
    pub names: bool,
    /// What it may do.
    pub actions: &'static [Action],
}

const OFFICE: &[Action] = &[
    ReadPart,
    SeeFigures,
    SeeDoors,
    SeeVisits,
    SeeRecords,
    Review,
    Decide,
    Export,
    SeeIdNumbers,
];
const EVERYTHING: &[Action] = &ACTIONS;
const PHONE: &[Action] = &[ReadPart];
const FIGURES: &[Action] = &[SeeFigures, SeeDoors];

/// Every role of the table.
pub const ROLES: [&str; 16] = [
    "community_secretary",
    "community_staff",
    "grid_chief",
    "deputy_grid_chief",
    "grid_worker",
    "volunteer",
    "building_head",
    "compound_head",
    "safety_volunteer",
    "street_staff",
    "street_leader",
    "inspector",
    "auditor",
    "admin",
    "household_contact",
    "partner_org",
];

/// The table.
#[must_use]
#[rustfmt::skip] // A table is read down its columns.
pub fn rights_of(role: &str) -> Option<Rights> {
    let (place, care, names, actions) = match role {
        //                        works in          care   names  may
        "community_secretary" => (Place::Community, true,  true,  EVERYTHING),
        "community_staff"     => (Place::Community, true,  true,  OFFICE),
        "grid_chief"          => (Place::Grid,      true,  true,  PHONE),
        "deputy_grid_chief"   => (Place::Grid,      true,  true,  PHONE),
        "grid_worker"         => (Place::Grid,      true,  true,  PHONE),
        "volunteer"           => (Place::Grid,      true,  true,  PHONE),
        "building_head"       => (Place::Grid,      false, true,  PHONE),
        "compound_head"       => (Place::Grid,      false, true,  PHONE),
        "safety_volunteer"    => (Place::Grid,      false, true,  PHONE),
        "street_staff"        => (Place::Street,    false, false, FIGURES),
        "street_leader"       => (Place::Street,    false, false, FIGURES),
        "inspector"           => (Place::Community, false, false, FIGURES),
        "auditor"             => (Place::Community, false, false, &[SeeFigures, SeeAudit][..]),
        "admin"               => (Place::Community, false, false, &[SeeFigures, ManageStaff, SeeAudit][..]),
        // They are named, and do not sign in.
        "household_contact"   => (Place::Grid,      false, false, &[][..]),
        "partner_org"         => (Place::Community, false, false, &[][..]),
        _ => return None,
    };
    Some(Rights { place, care, names, actions })
}

/// Who asks, in one community, now.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Every role that the community's office gave them, past ones too.
    pub assignments: &'a [Assignment],
    /// Home's clock, milliseconds UTC.
    pub now_ms: i64,
}

/// What it is about, in that community.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it: what the desk shows.
    Community,
    /// One grid's, or the community's own, of one class.
    Part(Option<GridId>, Class),
}

/// How much is seen of what may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Names of residents in full; masked otherwise.
    pub names: bool,
}

/// It is not theirs to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no role allows it")]
pub struct Denied;

/// Whether this may be done there, and how much is seen of it: the most that one role which
/// allows it shows.
///
/// # Errors
/// [`Denied`], unless a current role in that place allows it.
pub fn authorize(actor: Actor<'_>, action: Action, scope: Scope) -> Result<Sight, Denied> {
    let mut sight = None;
    for assignment in actor.assignments {
        let Some(rights) = rights_of(&assignment.role) else {
            continue;
        };
        let allowed = assignment.is_current(actor.now_ms)
            && rights.actions.contains(&action)
            && covers(assignment.grid, rights, scope);
        if allowed {
            let names = rights.names || sight.is_some_and(|sight: Sight| sight.names);
            sight = Some(Sight { names });
        }
    }
    sight.ok_or(Denied)
}

/// What somebody may do in the whole community: what the desk offers.
#[must_use]
pub fn allowed(actor: Actor<'_>) -> Vec<Action> {
    let may = |action: &Action| authorize(actor, *action, Scope::Community).is_ok();
    ACTIONS.into_iter().filter(may).collect()
}

fn covers(grid: Option<GridId>, rights: Rights, scope: Scope) -> bool {
    match scope {
        Scope::Community => grid.is_none(),
        // What is sealed is for the home alone, whatever role a phone's worker has.
        Scope::Part(_, Class::Sealed) => false,
        Scope::Part(_, Class::Care) if !rights.care => false,
        // Whoever works in a grid knows what the whole community shares.
        Scope::Part(None, Class::Open) => true,
        Scope::Part(of, _) => grid.is_none() || grid == of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: GridId = GridId::from_bytes([1; 16]);
    const OTHER: GridId = GridId::from_bytes([2; 16]);
    const NOW: i64 = 1_000;

    fn role(role: &str, grid: Option<GridId>) -> Assignment {
        Assignment {
            role: role.to_owned(),
            grid,
            from_ms: 0,
            until_ms: Some(2_000),
            no_grace: false,
        }
    }

    fn ask(assignments: &[Assignment], action: Action, scope: Scope) -> Result<Sight, Denied> {
        authorize(
            Actor {
                assignments,
                now_ms: NOW,
            },
            action,
            scope,
        )
    }

    #[test]
    fn a_role_counts_in_its_place_and_its_period() {
        let worker = [role("grid_worker", Some(GRID))];
        assert!(ask(&worker, ReadPart, Scope::Part(Some(GRID), Class::Care)).is_ok());
        assert!(ask(&worker, ReadPart, Scope::Part(None, Class::Open)).is_ok());
        for scope in [
            Scope::Part(Some(OTHER), Class::Open),
            Scope::Part(None, Class::Care),
            Scope::Community,
        ] {
            assert_eq!(ask(&worker, ReadPart, scope), Err(Denied), "{scope:?}");
        }
        let late = Actor {
            assignments: &worker,
            now_ms: 2_000,
        };
        assert_eq!(
            authorize(late, ReadPart, Scope::Part(Some(GRID), Class::Open)),
            Err(Denied)
        );
    }

    #[test]
    fn health_is_for_those_who_visit() {
        let head = [role("building_head", Some(GRID))];
        assert!(ask(&head, ReadPart, Scope::Part(Some(GRID), Class::Open)).is_ok());
        assert_eq!(ask(&head, ReadPart, Scope::Part(Some(GRID), Class::Care)), Err(Denied));
    }

    #[test]
    fn nobody_has_a_sealed_part() {
        for name in ROLES {
            for grid in [None, Some(GRID)] {
                let scope = Scope::Part(grid, Class::Sealed);
                assert_eq!(ask(&[role(name, grid)], ReadPart, scope), Err(Denied), "{name}");
            }
        }
    }

    #[test]
    fn several_roles_add_up_and_none_is_lent_to_another_place() {
        let both = [role("building_head", Some(GRID)), role("grid_worker", Some(OTHER))];
        assert_eq!(ask(&both, ReadPart, Scope::Part(Some(GRID), Class::Care)), Err(Denied));
        assert!(ask(&both, ReadPart, Scope::Part(Some(OTHER), Class::Care)).is_ok());
        let watching = [role("inspector", None), role("community_staff", None)];
        assert_eq!(ask(&watching, SeeDoors, Scope::Community), Ok(Sight { names: true }));
        assert_eq!(
            ask(&watching[..1], SeeDoors, Scope::Community),
            Ok(Sight { names: false })
        );
    }

    /// Lists of records, visits and conflicts show every class and every name: whoever has them
    /// must have both. Files hold what the lists show.
    #[test]
    fn whoever_reads_word_for_word_may_read_all_of_it() {
        let wordy = [
            SeeVisits,
            SeeRecords,
            Review,
            Decide,
            Export,
            ExportRegistry,
            Erase,
            Organise,
            SeeIdNumbers,
            RevealIdNumber,
        ];
        for role in ROLES {
            let rights = rights_of(role).unwrap();
            for action in rights.actions {
                assert!(
                    !wordy.contains(action) || (rights.care && rights.names),
                    "{role} {action:?}"
                );
                // Look-alikes are shown with what their id numbers begin and end in.
                assert!(*action != Review || rights.actions.contains(&SeeIdNumbers), "{role}");
                if *action == Export {
                    let lists = [SeeFigures, SeeDoors, SeeVisits, SeeRecords, Review];
                    assert!(lists.iter().all(|list| rights.actions.contains(list)), "{role}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_refused() {
        for unknown in ["", "secretary", "resident", "Community_Secretary"] {
            assert!(
                allowed(Actor {
                    assignments: &[role(unknown, None)],
                    now_ms: NOW
                })
                .is_empty()
            );
        }
        assert!(
            allowed(Actor {
                assignments: &[],
                now_ms: NOW
            })
            .is_empty()
        );
    }
}
