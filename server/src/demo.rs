//! The demo: one community made of the generated roster, with workers, a secretary, a random password
//! and standing invitations: whoever tries it has nobody who compares digits. Made once; an interrupted start is continued by the next one, because
//! every step looks for what is there already.

mod chain;

use std::fs;
use std::io;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use menpai_roster::demo::{COMMUNITY, COMMUNITY_CODE, GRIDS, STREET, roster};
use menpai_sync_core::ids::{CommunityCode, EntityId, GridId, IdError, WorkerId};
use menpai_sync_core::time::Instant;

use crate::auth::{PasswordError, hash_password, new_password};
use crate::clock::{self, Past};
use crate::data_folder::{NODE_FILE, write_private};
use crate::home::{Home, HomeError};
use crate::office::import::{Import, ImportError, ensure_grids, import_roster};
use crate::office::{Office, OfficeError, invitations, records};
use crate::simulate::month::{self, Member, MonthError, Plan};
use crate::store::node::{self, Account};

pub use menpai_roster::demo::SEED;

/// Invented people: two for each grid, then the secretary.
const WORKERS: [[&str; 2]; 4] = [["刘敏", "陈刚"], ["王丽", "赵强"], ["孙洁", "周磊"], ["吴娟", "郑涛"]];
const SECRETARY: &str = "何静";
const OFFICE_NAME: &str = "社区办公室";
/// A line of the file of logins; files of before have passwords for phones.
const HAS_CODES: &str = "the desk has a password, a phone is enrolled with its code";
/// Assignments begin this long ago, so that work of the last weeks can be shown.
const ASSIGNED_BEFORE_MS: i64 = 30 * 86_400_000;
const DAY_MS: i64 = 86_400_000;

/// Why the demo could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The generator's community code.
    #[error(transparent)]
    Code(#[from] IdError),
    /// The roster could not be written.
    #[error(transparent)]
    Roster(#[from] menpai_roster::demo::WriteError),
    /// It could not be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// The node's own file.
    #[error(transparent)]
    Node(#[from] rusqlite::Error),
    /// The folder is no home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The days of work could not be made.
    #[error(transparent)]
    Month(#[from] MonthError),
    /// A password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A file of the data folder.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Someone of the demo.
struct Person {
    account: String,
    name: &'static str,
    /// Number of the grid; `None`: the secretary.
    grid: Option<usize>,
}

/// Writes the demo roster of a seed.
///
/// # Errors
/// [`DemoError::Roster`].
pub fn write_roster(path: &Path, seed: u64) -> Result<(), DemoError> {
    Ok(roster(seed).write_xlsx(path)?)
}

/// Makes a lived-in demo where there is no home yet: the community with so many days of work
/// behind it. It is made beside the folder and takes its name when it is whole, so that one
/// broken off is begun again. Says whether it was made.
///
/// # Errors
/// [`DemoError`]; then there is no folder of that name.
pub fn make_lived_in(data: &Path, days: u32) -> Result<bool, DemoError> {
    if data.join(NODE_FILE).exists() {
        return Ok(false);
    }
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(".making");
    let making = data.with_file_name(name);
    if making.exists() {
        fs::remove_dir_all(&making)?;
    }
    let now_ms = clock::now_ms();
    {
        // The roster is imported on the eve.
        let past = Past::at(now_ms - (i64::from(days) + 1) * DAY_MS);
        let home = Home::open(&making)?;
        ensure(&home)?;
        live(&home, days, &past, now_ms)?;
    }
    if data.exists() {
        // An empty one, or it would be a home's.
        fs::remove_dir(data)?;
    }
    fs::rename(&making, data)?;
    Ok(true)
}

fn live(home: &Home, days: u32, past: &Past, now_ms: i64) -> Result<(), DemoError> {
    let code: CommunityCode = COMMUNITY_CODE.parse()?;
    let accounts = ensure_accounts(home, code)?;
    let grids = ensure_grids(home, code, &GRIDS.map(|(name, _)| name))?;
    let mut plan = Plan {
        community: code,
        members: Vec::new(),
        secretary: (String::new(), clock::new_worker_id()),
        days,
        seed: SEED,
    };
    for (person, worker) in accounts {
        match person.grid.and_then(|grid| grids.get(grid)) {
            Some(grid) => plan.members.push(Member {
                account: person.account,
                worker,
                grid: GridId::from_bytes(*grid.as_bytes()),
            }),
            None => plan.secretary = (person.account, worker),
        }
    }
    let bar = progress_bar("living through it");
    month::live(home, &plan, past, now_ms, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(())
}

/// Makes the demo, or what is missing of it, and returns its logins in words.
///
/// # Errors
/// [`DemoError`]; the next start goes on where this one failed.
pub fn ensure(home: &Home) -> Result<String, DemoError> {
    let code: CommunityCode = COMMUNITY_CODE.parse()?;
    // The roster lies in the folder until it is imported: that is how a start knows.
    let pending = home.folder.path().join("demo-roster.xlsx");
    let unfinished = pending.exists() || home.communities.get(code).map_err(OfficeError::from)?.is_none();
    if unfinished && !pending.exists() {
        let draft = home.folder.path().join(".demo-roster.new.xlsx");
        write_roster(&draft, SEED)?;
        fs::rename(&draft, &pending)?;
    }
    let office = Office::found(home, code)?;
    if unfinished {
        let grids = ensure_grids(home, code, &GRIDS.map(|(name, _)| name))?;
        let accounts = ensure_accounts(home, code)?;
        assign(&office, &grids, &accounts)?;
        import(home, code, &pending)?;
        chain::name(&office, since())?;
        fs::remove_file(&pending)?;
    } else {
        ensure_accounts(home, code)?;
    }
    Ok(fs::read_to_string(home.folder.demo_logins())?)
}

fn people() -> Vec<Person> {
    let mut people = vec![Person {
        account: "secretary".to_owned(),
        name: SECRETARY,
        grid: None,
    }];
    for (grid, names) in WORKERS.iter().enumerate() {
        for (letter, name) in ["a", "b"].into_iter().zip(names) {
            people.push(Person {
                account: format!("grid{}{letter}", grid + 1),
                name,
                grid: Some(grid),
            });
        }
    }
    people
}

/// The accounts, with the worker of each. New passwords and codes where the file of logins is missing
/// or has no codes yet: it is written last, so it never names one that does not work.
fn ensure_accounts(home: &Home, code: CommunityCode) -> Result<Vec<(Person, WorkerId)>, DemoError> {
    let path = home.folder.demo_logins();
    let people = people();
    if !fs::read_to_string(&path).is_ok_and(|text| text.contains(HAS_CODES)) {
        let mut lines = vec![
            format!("# {STREET} {COMMUNITY} {code}: demo logins, random, for this data folder only"),
            format!("# {HAS_CODES}"),
            format!("# {:<12}{:<18}{}", "account", "password or code", "name"),
        ];
        let known = home
            .node_store()
            .read(|connection| node::list_accounts(connection, code))?;
        for person in &people {
            let password = new_password();
            let before = known.iter().find(|account| account.name == person.account);
            let account = Account {
                name: person.account.clone(),
                password_hash: hash_password(&password)?,
                worker: before.map_or_else(clock::new_worker_id, |account| account.worker),
                display_name: person.name.to_owned(),
                community: code,
            };
            home.node_store().write(|transaction| {
                node::insert_account(transaction, &account, clock::now_ms())?;
                node::mark_demo_account(transaction, &account.name)
            })?;
            let opens = match person.grid {
                Some(_) => invitations::stand(home, &account)?.to_string(),
                None => password,
            };
            let duty = person
                .grid
                .map_or_else(|| "社区书记".to_owned(), |grid| format!("网格员 {}", GRIDS[grid].0));
            lines.push(format!("  {:<12}{opens:<18}{} {duty}", person.account, person.name));
        }
        write_private(&path, format!("{}\n", lines.join("\n")).as_bytes())?;
    }
    let known = home
        .node_store()
        .read(|connection| node::list_accounts(connection, code))?;
    Ok(people
        .into_iter()
        .filter_map(|person| {
            let worker = known.iter().find(|account| account.name == person.account)?.worker;
            Some((person, worker))
        })
        .collect())
}

/// Since when they have their roles.
fn since() -> Instant {
    Instant {
        unix_ms: clock::now_ms() - ASSIGNED_BEFORE_MS,
        offset_minutes: 480,
    }
}

/// Gives everybody their role, once.
fn assign(office: &Office, grids: &[EntityId], accounts: &[(Person, WorkerId)]) -> Result<(), DemoError> {
    let directory = office.community.directory();
    let from = since();
    let everybody = accounts
        .iter()
        .map(|(person, worker)| (*worker, person.name, person.grid))
        // What the office itself writes carries a name too.
        .chain([(office.worker, OFFICE_NAME, None)]);
    let mut drafts = Vec::new();
    for (worker, name, grid) in everybody {
        if !directory.assignments(worker).is_empty() {
            continue;
        }
        let role = match grid {
            Some(_) => "grid_worker",
            None if worker == office.worker => "community_staff",
            None => "community_secretary",
        };
        let grid = grid
            .and_then(|grid| grids.get(grid))
            .map(|id| GridId::from_bytes(*id.as_bytes()));
        let body = records::assignment(worker, name, role, grid, from);
        drafts.push(office.record(records::ASSIGNMENT, None, body));
    }
    if !drafts.is_empty() {
        office.write(&drafts)?;
    }
    Ok(())
}

fn import(home: &Home, code: CommunityCode, roster: &Path) -> Result<(), DemoError> {
    let bar = progress_bar("making the demo");
    let import = Import {
        file: roster,
        community: code,
        apply: true,
        today: None,
    };
    import_roster(home, &import, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(())
}

/// Hidden by itself where stderr is no terminal.
fn progress_bar(what: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(&format!("{what} {{bar:40}} {{pos}}/{{len}} {{elapsed}}")) {
        bar.set_style(style);
    }
    bar
}
