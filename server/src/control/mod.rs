//! One writer, many commands: a command that finds a server running hands its work over a
//! socket in the data folder (one line of JSON up, lines of JSON down); without a server it
//! opens the folder itself. The socket is 0600: whoever may use it may read the folder too.

mod listener;
mod work;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use menpai_sync_core::ids::{CommunityCode, EntityId};
use menpai_sync_core::part::Part;
use menpai_sync_core::time::Instant;
use serde::{Deserialize, Serialize};

use crate::auth::invitation::InvitationCode;
use crate::data_folder::{DataFolderError, NODE_FILE};
use crate::divisions::{Imported, StreetCode};
use crate::home::{Home, HomeError};
use crate::jobs::night::NightReport;
use crate::office::grids::NamedChange;
use crate::office::import::ImportReport;
use crate::office::settlement::Quarter;
use crate::office::staff::{Member, NewMember};

pub use listener::Listener;

/// Name of the socket in the data folder.
const SOCKET: &str = "control.sock";

/// Work on an open home.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Request {
    /// Begin a community, if it is not here yet.
    FoundCommunity {
        /// Which.
        community: CommunityCode,
    },
    /// Rename levels of a street's responsibility chain, by their words in the API; an empty name brings the
    /// usual one back.
    StreetLevels {
        /// Which street.
        street: StreetCode,
        /// The new names.
        names: BTreeMap<String, String>,
    },
    /// Add an account with its roles.
    AddAccount {
        /// Where.
        community: CommunityCode,
        /// Who.
        member: NewMember,
    },
    /// Give an account a role in a community.
    GiveRole {
        /// Where.
        community: CommunityCode,
        /// Whose, and which; the account's name stays.
        member: NewMember,
    },
    /// Give an account a new password.
    ChangePassword {
        /// Whose.
        account: String,
    },
    /// Take away what an account has beside its password.
    ResetSecondFactor {
        /// Whose.
        account: String,
    },
    /// Invite a phone of an account.
    Invite {
        /// Whose.
        account: String,
    },
    /// List the accounts of a community.
    ListAccounts {
        /// Which.
        community: CommunityCode,
    },
    /// Import a roster, or show what that would do.
    ImportRoster {
        /// The file; absolute, both sides are on one machine.
        file: PathBuf,
        /// Into which community.
        community: CommunityCode,
        /// Write, or only show.
        apply: bool,
        /// The day on which ages are judged; without it, today.
        today: Option<NaiveDate>,
    },
    /// Keep the names of a table of division codes.
    ImportDivisions {
        /// The file; absolute, both sides are on one machine.
        file: PathBuf,
    },
    /// Check every community.
    Verify,
    /// Make derived tables again.
    Rebuild,
    /// Erase a person or a household.
    Erase {
        /// Where.
        community: CommunityCode,
        /// Whom.
        entity: EntityId,
        /// The registry type that it must have.
        entity_type: String,
        /// On which ground.
        basis: String,
        /// The day it was asked for.
        requested_on: Option<NaiveDate>,
    },
    /// Move buildings to another grid, or everything, or say what that would come to.
    ChangeGrids(NamedChange),
    /// Let go of the history of registry documents.
    Compact {
        /// Where.
        community: CommunityCode,
        /// Which document; `None`: all of them.
        part: Option<Part>,
    },
    /// Close a quarter, unless it is closed.
    Settle {
        /// Where.
        community: CommunityCode,
        /// Which.
        quarter: Quarter,
        /// What is kept with it.
        note: Option<String>,
    },
    /// Close the day, unless it is closed.
    Nightly {
        /// As if it were then; `None`: now.
        now: Option<Instant>,
    },
}

/// What comes back, in this order: any number of `Progress`, then one of the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// So much of it is done.
    Progress {
        /// Entries written.
        done: u64,
        /// Entries to write.
        total: u64,
    },
    /// The community is here.
    Founded {
        /// What it is called.
        name: String,
        /// It was not before.
        new: bool,
    },
    /// What the levels are called now.
    Levels {
        /// From the top: the level's word in the API, and its name.
        labels: Vec<(String, String)>,
    },
    /// The account has the role.
    RoleGiven,
    /// An account has this password from now on.
    Password {
        /// Whose.
        account: String,
        /// Said once.
        password: String,
    },
    /// The account has its password and nothing beside it.
    SecondFactorReset {
        /// Whose.
        account: String,
    },
    /// A phone is invited.
    Invited {
        /// Whose.
        name: String,
        /// What is scanned or typed; said once.
        code: InvitationCode,
        /// Until when.
        expires: Instant,
    },
    /// The accounts there are.
    Accounts {
        /// The desk's first.
        members: Vec<Member>,
    },
    /// The roster was read, and written if asked.
    Imported(ImportReport),
    /// The file cannot be read as a roster; nothing was written.
    NotARoster {
        /// Stable code.
        code: String,
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    },
    /// The names of a table of division codes are kept.
    DivisionsImported(Imported),
    /// Communities were checked or rebuilt.
    Maintained {
        /// One line for each finding or community.
        lines: Vec<String>,
        /// Whether all was as it should be.
        clean: bool,
    },
    /// It is erased.
    Erased {
        /// How many entities.
        subjects: usize,
        /// How many entries lost their bodies.
        entries: usize,
    },
    /// It moved, or would.
    Moved {
        /// How many doors in use.
        doors: usize,
        /// How many people.
        people: usize,
        /// How many roles ended.
        ended: usize,
    },
    /// The quarter is closed.
    Settled {
        /// It was not before.
        new: bool,
    },
    /// The night is over.
    Night(NightReport),
    /// It did not work.
    Failed {
        /// Why.
        message: String,
    },
}

impl Answer {
    /// What a command makes of an answer that is not the one it asked for.
    ///
    /// # Errors
    /// Always: why the work failed.
    pub fn unexpected<T>(self) -> Result<T, Box<dyn std::error::Error>> {
        match self {
            Answer::Failed { message } => Err(message.into()),
            other => Err(format!("unexpected answer {other:?}").into()),
        }
    }
}

/// Why a command could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The home cannot be opened.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Nothing lies there: most likely another folder was meant.
    #[error("{0} is no data folder: begin with `menpai community found`, or name another with --data")]
    NoHome(PathBuf),
    /// The running server went away or speaks otherwise.
    #[error("the running server did not answer: {0}")]
    Talk(#[from] std::io::Error),
}

/// Does the work in the running server, or here if none runs. The last answer is returned,
/// the others go to `progress`.
///
/// # Errors
/// [`ControlError`]; failures of the work itself are [`Answer::Failed`].
pub fn perform(data: &Path, request: &Request, progress: &mut dyn FnMut(u64, u64)) -> Result<Answer, ControlError> {
    let begins = matches!(request, Request::FoundCommunity { .. });
    if !begins && !data.join(NODE_FILE).exists() {
        return Err(ControlError::NoHome(data.to_owned()));
    }
    match Home::open(data) {
        Ok(home) => Ok(work::perform(&home, request, progress)),
        Err(error @ HomeError::Folder(DataFolderError::InUse { .. })) => {
            match UnixStream::connect(data.join(SOCKET)) {
                Ok(stream) => Ok(hand_over(&stream, request, progress)?),
                // Something else holds the folder: say who.
                Err(_) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn hand_over(
    mut stream: &UnixStream,
    request: &Request,
    progress: &mut dyn FnMut(u64, u64),
) -> std::io::Result<Answer> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Answer::Progress { done, total } => progress(done, total),
            last => return Ok(last),
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}
