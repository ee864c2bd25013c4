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
    Decide, Erase, Export, ExportRegistry, InvitePhones, ManageStaff, Organise, ReadPart, RevealIdNumber, Review,
    SeeAudit, SeeDoors, SeeFigures, SeeIdNumbers, SeeRecords, SeeStreet, SeeVisits, Settle,
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
            /// The communities of a street side by side.
            SeeStreet "see_street",
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
            /// Roles, and which phones are stopped.
            ManageStaff "manage_staff",
            /// Let phones of workers in.
            InvitePhones "invite_phones",
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
            Erase | ManageStaff | InvitePhones => changes,
            _ => false,
        }
    }

    /// Whether who may do it lets others in, or gives them rights: a password alone is not enough for that.
    #[must_use]
    pub fn lets_others_in(self) -> bool {
        matches!(self, ManageStaff | InvitePhones)
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
/// Everything in the community.
const SECRETARY: &[Action] = &[
    ReadPart,
    SeeFigures,
    SeeDoors,
    SeeVisits,
    SeeRecords,
    Review,
    Decide,
    Export,
    ExportRegistry,
    Settle,
    Organise,
    ManageStaff,
    InvitePhones,
    Erase,
    SeeAudit,
    SeeIdNumbers,
    RevealIdNumber,
];
const PHONE: &[Action] = &[ReadPart];
const CHIEF: &[Action] = &[ReadPart, InvitePhones];
const FIGURES: &[Action] = &[SeeFigures, SeeDoors];
const STREET: &[Action] = &[SeeFigures, SeeDoors, SeeStreet];

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
        "community_secretary" => (Place::Community, true,  true,  SECRETARY),
        "community_staff"     => (Place::Community, true,  true,  OFFICE),
        "grid_chief"          => (Place::Grid,      true,  true,  CHIEF),
        "deputy_grid_chief"   => (Place::Grid,      true,  true,  PHONE),
        "grid_worker"         => (Place::Grid,      true,  true,  PHONE),
        "volunteer"           => (Place::Grid,      true,  true,  PHONE),
        "building_head"       => (Place::Grid,      false, true,  PHONE),
        "compound_head"       => (Place::Grid,      false, true,  PHONE),
        "safety_volunteer"    => (Place::Grid,      false, true,  PHONE),
        "street_staff"        => (Place::Street,    false, false, STREET),
        "street_leader"       => (Place::Street,    false, false, STREET),
        "inspector"           => (Place::Community, false, false, FIGURES),
        "auditor"             => (Place::Community, false, false, &[SeeFigures, SeeAudit][..]),
        "admin"               => (Place::Community, false, false, &[SeeFigures, ManageStaff, InvitePhones, SeeAudit][..]),
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
    /// One grid's people.
    Grid(GridId),
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

/// Whether this may be done in the whole community, or else in a grid at least. Where, and about whom,
/// is still to be asked.
///
/// # Errors
/// [`Denied`], unless there is such a place.
pub fn authorize_somewhere(actor: Actor<'_>, action: Action) -> Result<Sight, Denied> {
    let own = actor.assignments.iter().filter_map(|assignment| assignment.grid);
    let mut scopes = std::iter::once(Scope::Community).chain(own.map(Scope::Grid));
    scopes
        .find_map(|scope| authorize(actor, action, scope).ok())
        .ok_or(Denied)
}

/// Whether this may be done about somebody with these roles: in the whole community, or else in every
/// place where they have one or are to have one. What their phone shows, it shows of all of them.
///
/// # Errors
/// [`Denied`]; also for somebody without a role, unless it may be done in the whole community.
pub fn authorize_about(actor: Actor<'_>, action: Action, of: &[Assignment]) -> Result<(), Denied> {
    if authorize(actor, action, Scope::Community).is_ok() {
        return Ok(());
    }
    let standing = of
        .iter()
        .filter(|held| held.until_ms.is_none_or(|until| until > actor.now_ms));
    let mut places = standing
        .map(|held| held.grid.map_or(Scope::Community, Scope::Grid))
        .peekable();
    let somewhere = places.peek().is_some();
    let everywhere = places.all(|place| authorize(actor, action, place).is_ok());
    if somewhere && everywhere { Ok(()) } else { Err(Denied) }
}

/// What somebody may do in the whole community or in a grid: what the desk offers.
#[must_use]
pub fn allowed(actor: Actor<'_>) -> Vec<Action> {
    let may = |action: &Action| authorize_somewhere(actor, *action).is_ok();
    ACTIONS.into_iter().filter(may).collect()
}

fn covers(grid: Option<GridId>, rights: Rights, scope: Scope) -> bool {
    match scope {
        // A role of grids is none of the community, wherever its record says that it works.
        Scope::Community => grid.is_none() && rights.place != Place::Grid,
        Scope::Grid(of) => grid.is_none_or(|grid| grid == of),
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

    #[test]
    fn a_chief_lets_in_whoever_works_in_the_own_grid_and_nowhere_else() {
        let chief = [role("grid_chief", Some(GRID))];
        let actor = Actor {
            assignments: &chief,
            now_ms: NOW,
        };
        let about = |of: &[Assignment]| authorize_about(actor, InvitePhones, of).is_ok();
        let here = role("grid_worker", Some(GRID));
        let ended = |of: Assignment| Assignment {
            until_ms: Some(NOW),
            ..of
        };
        let coming = Assignment {
            from_ms: NOW + 1,
            ..role("grid_worker", Some(OTHER))
        };
        assert!(about(std::slice::from_ref(&here)));
        assert!(about(&[here.clone(), ended(role("grid_worker", Some(OTHER)))]));
        for elsewhere in [
            role("grid_worker", Some(OTHER)),
            coming,
            role("community_secretary", None),
        ] {
            assert!(!about(&[here.clone(), elsewhere.clone()]), "{elsewhere:?}");
            assert!(!about(&[elsewhere]));
        }
        assert!(!about(&[]) && !about(&[ended(here.clone())]), "who has no role here");
        // One who is chief of two grids looks after who works in both.
        let both = [role("grid_chief", Some(GRID)), role("grid_chief", Some(OTHER))];
        let actor = Actor {
            assignments: &both,
            now_ms: NOW,
        };
        let of = [here, role("grid_worker", Some(OTHER))];
        assert!(authorize_about(actor, InvitePhones, &of).is_ok());
        assert_eq!(ask(&both, InvitePhones, Scope::Community), Err(Denied));
        assert_eq!(allowed(actor), [ReadPart, InvitePhones]);
        // Without a grid in its record it is still none of the whole community.
        assert_eq!(
            ask(&[role("grid_chief", None)], InvitePhones, Scope::Community),
            Err(Denied)
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
