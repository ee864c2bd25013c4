//! Who works in a community: accounts and the roles they have. An account is a name and a
//! password of this node; what its holder may do is the office's `assignment` records. A
//! password is made here, said once and kept as a hash only.

use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{CommunityCode, GridId, WorkerId};
use menpai_sync_core::kinds::{Choice, Kinds, Shape};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{Office, OfficeError, grids, records};
use crate::auth::first_password::FIRST_PASSWORD_MS;
use crate::auth::{PasswordError, hash_password, new_password};
use crate::clock;
use crate::home::Home;
use crate::rights::{Place, rights_of};
use crate::store::community::StoreError;
use crate::store::community::audit::{self, Seen};
use crate::store::node::{self, Account};

/// Somebody who is to work here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewMember {
    /// What they type to sign in: letters, digits, `.`, `-`, `_`.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// A role of `schemas/kinds/assignment.json`.
    pub role: String,
    /// Names or codes of grids; none for roles of the whole community.
    pub grids: Vec<String>,
}

/// One account with its roles.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// The account's name.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// Role and grid, in words: `grid_worker 第1网格`.
    pub roles: Vec<String>,
}

/// Why somebody could not be added.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// The node's own file.
    #[error(transparent)]
    Node(#[from] rusqlite::Error),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Not a name for an account.
    #[error("an account is 1 to 32 letters, digits, dots, dashes or underscores; {0:?} is none")]
    BadAccount(String),
    /// Nobody's name.
    #[error("a person has a name of 1 to 50 characters")]
    BadName,
    /// There is one already.
    #[error("there is an account {0} already; `menpai account password {0}` gives it a new password")]
    AccountExists(String),
    /// There is none.
    #[error("there is no account {0}; `menpai account list` shows those there are")]
    NoAccount(String),
    /// Not a role.
    #[error("there is no role {role}; there are: {roles}")]
    NoRole {
        /// What was given.
        role: String,
        /// What there is.
        roles: String,
    },
    /// Whoever opened the account could be them there, too.
    #[error("who works in another community too gets a password from `menpai account`")]
    WorksElsewhere,
    /// Not all communities could be looked at.
    #[error(transparent)]
    Folder(#[from] std::io::Error),
    /// A role of a grid needs one.
    #[error("role {0} works in a grid: name it with --grid")]
    GridMissing(String),
    /// A role of the whole community has none.
    #[error("role {0} is for the whole community: leave --grid out")]
    GridTooMany(String),
    /// Not a grid of this community.
    #[error("there is no grid {grid}; there are: {grids}")]
    NoGrid {
        /// What was given.
        grid: String,
        /// What there is.
        grids: String,
    },
}

impl From<StoreError> for StaffError {
    fn from(error: StoreError) -> StaffError {
        StaffError::Office(error.into())
    }
}

/// Adds an account with its roles and returns its password, which nobody can read again.
///
/// # Errors
/// [`StaffError`]; then there is no new account.
pub fn add(home: &Home, code: CommunityCode, member: &NewMember) -> Result<String, StaffError> {
    let office = Office::of_home(home, code)?;
    check_names(member)?;
    let role = known_role(office.community.kinds(), &member.role)?;
    let grids = grids_of(&office, member)?;
    let exists = home
        .node_store()
        .read(|connection| node::find_account(connection, &member.account))?
        .is_some();
    if exists {
        return Err(StaffError::AccountExists(member.account.clone()));
    }
    let worker = clock::new_worker_id();
    let password = new_password();
    let account = Account {
        name: member.account.clone(),
        password_hash: hash_password(&password)?,
        worker,
        display_name: member.name.trim().to_owned(),
        community: code,
    };
    // The roles first: an account without them would sign in and see nothing, roles without
    // an account are nobody's.
    office.write(&assignments(&office, worker, &account.display_name, &role, &grids))?;
    // Somebody may have added the same name meanwhile; its password stays theirs.
    let added = home.node_store().write(|transaction| {
        let free = node::find_account(transaction, &account.name)?.is_none();
        if free {
            node::insert_account(transaction, &account, clock::now_ms())?;
        }
        Ok(free)
    })?;
    if !added {
        return Err(StaffError::AccountExists(account.name));
    }
    Ok(password)
}

/// Gives whoever has an account a role in a community, which need not be the account's own: a street's staff has
/// one in each. One that they have there already is not given twice.
///
/// # Errors
/// [`StaffError`]; then there is no new role.
pub fn give_role(home: &Home, code: CommunityCode, member: &NewMember) -> Result<(), StaffError> {
    let office = Office::of_home(home, code)?;
    let role = known_role(office.community.kinds(), &member.role)?;
    let mut grids = grids_of(&office, member)?;
    let found = home
        .node_store()
        .read(|connection| node::find_account(connection, &member.account))?;
    let account = found.ok_or_else(|| StaffError::NoAccount(member.account.clone()))?;
    let (directory, now_ms) = (office.community.directory(), clock::now_ms());
    let has = |grid: Option<GridId>| {
        let held = directory.assignments(account.worker).iter();
        let mut held = held.filter(|held| held.is_current(now_ms));
        held.any(|held| held.role == role && held.grid == grid)
    };
    let everywhere = grids.is_empty() && has(None);
    grids.retain(|grid| !has(Some(*grid)));
    if everywhere || (grids.is_empty() && works_in_a_grid(&role)) {
        return Ok(());
    }
    office.write(&assignments(
        &office,
        account.worker,
        &account.display_name,
        &role,
        &grids,
    ))?;
    Ok(())
}

/// A password of the office, said once.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What its holder types.
    pub account: String,
    /// The password.
    pub password: String,
    /// Until when it serves, milliseconds UTC.
    pub until_ms: i64,
}

/// Gives somebody who has a role here an account, or a new password where there is one, with which an own password
/// is set within some days. Sessions of the account end; the audit log says so. Not to somebody who has a role or an
/// account in another community: an office would let itself in there.
///
/// # Errors
/// [`StaffError`]; then nothing has changed.
pub fn open_account(
    home: &Home,
    code: CommunityCode,
    by: WorkerId,
    member: &NewMember,
    worker: WorkerId,
) -> Result<Opened, StaffError> {
    let office = Office::of_home(home, code)?;
    let found = home
        .node_store()
        .read(|connection| node::find_account_of(connection, worker))?;
    if found.as_ref().is_some_and(|found| found.community != code) || works_elsewhere(home, code, worker)? {
        return Err(StaffError::WorksElsewhere);
    }
    let name = found.as_ref().map_or(&member.account, |found| &found.name).clone();
    if found.is_none() {
        check_names(member)?;
    }
    let is_taken = |connection: &Connection| -> rusqlite::Result<bool> {
        // Theirs it stays.
        Ok(node::find_account(connection, &name)?.is_some_and(|taken| taken.worker != worker))
    };
    if home.node_store().read(is_taken)? {
        return Err(StaffError::AccountExists(name));
    }
    let (password, now_ms) = (new_password(), clock::now_ms());
    let account = Account {
        name: name.clone(),
        password_hash: hash_password(&password)?,
        worker,
        display_name: member.name.trim().to_owned(),
        community: code,
    };
    let until_ms = now_ms + FIRST_PASSWORD_MS;
    let seen = Seen {
        worker: by,
        action: "open_account".to_owned(),
        place: Some(audit::of_worker(worker)),
        about: Vec::new(),
    };
    // Said first: what is not written down is not done.
    office.community.note_seen(seen, now_ms)?;
    let done = home.node_store().write(|transaction| {
        if is_taken(transaction)? {
            return Ok(false);
        }
        node::insert_account(transaction, &account, now_ms)?;
        node::set_first_password(transaction, &name, until_ms)?;
        node::forget_browsers(transaction, &name)?;
        node::delete_sessions_of(transaction, &name)?;
        Ok(true)
    })?;
    if !done {
        return Err(StaffError::AccountExists(name));
    }
    home.session_ends.send_modify(|ended| *ended += 1);
    Ok(Opened {
        account: name,
        password,
        until_ms,
    })
}

/// Whether somebody has or is to have a role in another community of this home.
fn works_elsewhere(home: &Home, here: CommunityCode, worker: WorkerId) -> Result<bool, StaffError> {
    let now_ms = clock::now_ms();
    for code in home.communities.list()?.into_iter().filter(|code| *code != here) {
        let Some(community) = home.communities.get(code)? else {
            continue;
        };
        let directory = community.directory();
        let mut roles = directory.assignments(worker).iter();
        if roles.any(|role| role.until_ms.is_none_or(|until| until > now_ms)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives an account a new password and ends its sessions.
///
/// # Errors
/// [`StaffError`].
pub fn change_password(home: &Home, name: &str) -> Result<String, StaffError> {
    let password = new_password();
    let hash = hash_password(&password)?;
    let found = home.node_store().write(|transaction| {
        let Some(account) = node::find_account(transaction, name)? else {
            return Ok(false);
        };
        let account = Account {
            password_hash: hash,
            ..account
        };
        node::insert_account(transaction, &account, clock::now_ms())?;
        node::forget_browsers(transaction, name)?;
        node::delete_sessions_of(transaction, name)?;
        Ok(true)
    })?;
    if !found {
        return Err(StaffError::NoAccount(name.to_owned()));
    }
    home.session_ends.send_modify(|ended| *ended += 1);
    Ok(password)
}

/// Takes away what an account has beside its password, and ends its sessions: for whoever has lost
/// phone and recovery codes. The community's audit log says so.
///
/// # Errors
/// [`StaffError`]; then nothing is taken away.
pub fn reset_second_factor(home: &Home, name: &str) -> Result<(), StaffError> {
    let account = home
        .node_store()
        .read(|connection| node::find_account(connection, name))?
        .ok_or_else(|| StaffError::NoAccount(name.to_owned()))?;
    let office = Office::of_home(home, account.community)?;
    let seen = Seen {
        worker: office.worker,
        action: "reset_second_factor".to_owned(),
        place: Some(audit::of_worker(account.worker)),
        about: Vec::new(),
    };
    // Said first: what is not written down is not done.
    office.community.note_seen(seen, clock::now_ms())?;
    home.node_store().write(|transaction| {
        node::reset_second_factors(transaction, name)?;
        node::delete_sessions_of(transaction, name)
    })?;
    home.session_ends.send_modify(|ended| *ended += 1);
    Ok(())
}

/// The accounts of a community, the desk's first.
///
/// # Errors
/// [`StaffError`].
pub fn list(home: &Home, code: CommunityCode) -> Result<Vec<Member>, StaffError> {
    let office = Office::of_home(home, code)?;
    let grids = office.community.query(grids::all)?;
    let directory = office.community.directory();
    let accounts = home
        .node_store()
        .read(|connection| node::list_accounts(connection, code))?;
    Ok(accounts
        .into_iter()
        .map(|account| Member {
            roles: directory
                .assignments(account.worker)
                .iter()
                .map(|assignment| {
                    let grid = assignment
                        .grid
                        .and_then(|id| grids.iter().find(|grid| grid.id == id))
                        .map(|grid| format!(" {}", grid.name));
                    format!("{}{}", assignment.role, grid.unwrap_or_default())
                })
                .collect(),
            account: account.name,
            name: account.display_name,
        })
        .collect())
}

fn grids_of(office: &Office, member: &NewMember) -> Result<Vec<GridId>, StaffError> {
    match (works_in_a_grid(&member.role), member.grids.is_empty()) {
        (false, true) => return Ok(Vec::new()),
        (false, false) => return Err(StaffError::GridTooMany(member.role.clone())),
        (true, true) => return Err(StaffError::GridMissing(member.role.clone())),
        (true, false) => {}
    }
    let known = office.community.query(grids::all)?;
    member
        .grids
        .iter()
        .map(|wanted| {
            let found = known.iter().find(|grid| grid.name == *wanted || grid.code == *wanted);
            found.map(|grid| grid.id).ok_or_else(|| StaffError::NoGrid {
                grid: wanted.clone(),
                grids: join(known.iter().map(|grid| grid.name.as_str())),
            })
        })
        .collect()
}

fn assignments(office: &Office, worker: WorkerId, name: &str, role: &str, grids: &[GridId]) -> Vec<Draft> {
    let everywhere = [None];
    let grids: Vec<Option<GridId>> = grids.iter().copied().map(Some).collect();
    let places = if grids.is_empty() { &everywhere[..] } else { &grids };
    places
        .iter()
        .map(|grid| {
            let body = records::assignment(worker, name, role, *grid, clock::now());
            office.record(records::ASSIGNMENT, None, body)
        })
        .collect()
}

fn check_names(member: &NewMember) -> Result<(), StaffError> {
    let account = member.account.as_str();
    let fits = (1..=32).contains(&account.len())
        && account
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if !fits {
        return Err(StaffError::BadAccount(account.to_owned()));
    }
    let name = member.name.trim();
    if name.is_empty() || name.chars().count() > 50 || name.chars().any(char::is_control) {
        return Err(StaffError::BadName);
    }
    Ok(())
}

fn known_role(kinds: &Kinds, role: &str) -> Result<String, StaffError> {
    let choices = roles(kinds);
    match choices.iter().find(|choice| choice.value == role) {
        Some(choice) => Ok(choice.value.clone()),
        None => Err(StaffError::NoRole {
            role: role.to_owned(),
            roles: join(choices.iter().map(|choice| choice.value.as_str())),
        }),
    }
}

/// The roles that the kind which grants them knows.
fn roles(kinds: &Kinds) -> Vec<Choice> {
    let granting = kinds.iter().find_map(|kind| {
        let grants = kind.effects.grants.as_ref()?;
        kind.field(grants.role.as_str())
    });
    match granting.map(|field| &field.shape) {
        Some(Shape::Choice { choices, .. }) => choices.clone(),
        _ => Vec::new(),
    }
}

fn works_in_a_grid(role: &str) -> bool {
    rights_of(role).is_some_and(|rights| rights.place == Place::Grid)
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}
