//! What the commands do to an open home, in the server or in the command's own process.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use menpai_roster::Message;
use menpai_sync_core::ids::{CommunityCode, EntityId};
use menpai_sync_core::part::Part;

use super::{Answer, Request};
use crate::clock;
use crate::divisions::{self, NotImported, StreetCode, community_name};
use crate::home::Home;
use crate::jobs::night::{self, Which};
use crate::jobs::{compact, rebuild, verify};
use crate::local_time::LocalTime;
use crate::office::grids::NamedChange;
use crate::office::import::{self, Import, ImportError};
use crate::office::settlement::{self, Quarter};
use crate::office::staff::StaffError;
use crate::office::{Office, chain_labels, erasures, grids, invitations, staff};
use crate::store::community::StoreError;
use crate::store::node;
use crate::store::review::chain::LEVELS;
use crate::sync::Community;

type Failure = Box<dyn std::error::Error>;

/// Does it; a failure is an answer too.
pub(super) fn perform(home: &Home, request: &Request, progress: &mut dyn FnMut(u64, u64)) -> Answer {
    let done = match request {
        Request::FoundCommunity { community } => found(home, *community),
        Request::StreetLevels { street, names } => street_levels(home, street, names),
        Request::AddAccount { community, member } => staff::add(home, *community, member)
            .map(|password| Answer::Password {
                account: member.account.clone(),
                password,
            })
            .map_err(Into::into),
        Request::GiveRole { community, member } => staff::give_role(home, *community, member)
            .map(|()| Answer::RoleGiven)
            .map_err(Into::into),
        Request::ChangePassword { account } => staff::change_password(home, account)
            .map(|password| Answer::Password {
                account: account.clone(),
                password,
            })
            .map_err(Into::into),
        Request::ResetSecondFactor { account } => staff::reset_second_factor(home, account)
            .map(|()| Answer::SecondFactorReset {
                account: account.clone(),
            })
            .map_err(Into::into),
        Request::Invite { account } => invite(home, account),
        Request::ListAccounts { community } => staff::list(home, *community)
            .map(|members| Answer::Accounts { members })
            .map_err(Into::into),
        Request::ImportRoster {
            file,
            community,
            apply,
            today,
        } => {
            let import = Import {
                file,
                community: *community,
                apply: *apply,
                today: *today,
            };
            match import::import_roster(home, &import, progress) {
                Ok(report) => Ok(Answer::Imported(report)),
                Err(ImportError::Roster(error)) => {
                    let Message { zh, en } = error.message();
                    Ok(Answer::NotARoster {
                        code: error.code().to_owned(),
                        zh,
                        en,
                    })
                }
                Err(error) => Err(error.into()),
            }
        }
        Request::ImportDivisions { file } => import_divisions(home, file),
        Request::Verify => for_each_community(home, verify_one),
        Request::Rebuild => for_each_community(home, rebuild_one),
        Request::Erase {
            community,
            entity,
            entity_type,
            basis,
            requested_on,
        } => erase(home, *community, *entity, entity_type, basis, *requested_on),
        Request::ChangeGrids(named) => change_grids(home, named),
        Request::Compact { community, part } => compact(home, *community, *part),
        Request::Settle {
            community,
            quarter,
            note,
        } => settle(home, *community, *quarter, note.as_deref()),
        Request::Nightly { now } => night::run(home, now.unwrap_or_else(clock::now), Which::Yesterday)
            .map(Answer::Night)
            .map_err(Failure::from),
    };
    done.unwrap_or_else(|error| Answer::Failed {
        message: error.to_string(),
    })
}

fn found(home: &Home, community: CommunityCode) -> Result<Answer, Failure> {
    let new = home.communities.get(community)?.is_none();
    Office::found(home, community)?;
    Ok(Answer::Founded {
        name: community_name(home.node_store(), community)?,
        new,
    })
}

fn street_levels(home: &Home, street: &StreetCode, names: &BTreeMap<String, String>) -> Result<Answer, Failure> {
    let level = |word: &str| LEVELS.into_iter().find(|level| level.name() == word);
    let named = names.iter().filter_map(|(word, name)| {
        let name = Some(name.clone()).filter(|name| !name.trim().is_empty());
        Some((level(word)?, name))
    });
    chain_labels::rename(home.node_store(), street, &named.collect())?;
    let labels = chain_labels::labels_of(home.node_store(), street)?;
    let labels = labels
        .into_iter()
        .map(|(level, label)| (level.name().to_owned(), label.zh));
    Ok(Answer::Levels {
        labels: labels.collect(),
    })
}

fn import_divisions(home: &Home, file: &Path) -> Result<Answer, Failure> {
    match divisions::import(home.node_store(), file) {
        Ok(imported) => Ok(Answer::DivisionsImported(imported)),
        Err(NotImported::File(error)) => {
            let Message { zh, en } = error.message();
            let code = error.code().to_owned();
            Ok(Answer::NotARoster { code, zh, en })
        }
        Err(error) => Err(error.into()),
    }
}

fn invite(home: &Home, name: &str) -> Result<Answer, Failure> {
    let found = home
        .node_store()
        .read(|connection| node::find_account(connection, name))?;
    let account = found.ok_or_else(|| StaffError::NoAccount(name.to_owned()))?;
    // The office itself invites: whoever may run commands here.
    let office = Office::of_home(home, account.community)?;
    let made = invitations::invite(home, &account, office.worker)?;
    Ok(Answer::Invited {
        name: account.display_name,
        code: made.code,
        expires: LocalTime::of_community().instant(made.expires_ms),
    })
}

fn settle(home: &Home, community: CommunityCode, quarter: Quarter, note: Option<&str>) -> Result<Answer, Failure> {
    let office = Office::of_home(home, community)?;
    Ok(Answer::Settled {
        new: settlement::settle(&office, quarter, note)?,
    })
}

fn erase(
    home: &Home,
    community: CommunityCode,
    entity: EntityId,
    entity_type: &str,
    basis: &str,
    requested_on: Option<NaiveDate>,
) -> Result<Answer, Failure> {
    let office = Office::of_home(home, community)?;
    let erased = erasures::erase(home, &office, entity, Some(entity_type), basis, requested_on)?;
    Ok(Answer::Erased {
        subjects: erased.subjects,
        entries: erased.entries,
    })
}

fn change_grids(home: &Home, named: &NamedChange) -> Result<Answer, Failure> {
    let office = Office::of_home(home, named.community)?;
    let change = named.find(home, &office)?;
    let (_, moved) = grids::change(&office, change)?;
    Ok(Answer::Moved {
        doors: moved.doors,
        people: moved.people,
        ended: moved.ended,
    })
}

fn compact(home: &Home, community: CommunityCode, part: Option<Part>) -> Result<Answer, Failure> {
    let office = Office::of_home(home, community)?;
    let compacted = compact::compact(&office, part, 0)?;
    let lines = compacted.iter().map(|part| format!("{community} {part}")).collect();
    Ok(Answer::Maintained { lines, clean: true })
}

/// One community's lines, and whether all is as it should be.
type Job = fn(CommunityCode, &Community, &mut Vec<String>) -> Result<bool, StoreError>;

fn for_each_community(home: &Home, job: Job) -> Result<Answer, Failure> {
    let mut lines = Vec::new();
    let mut clean = true;
    for code in home.communities.list()? {
        // One damaged file must not keep the others from being looked at.
        let opened = home.communities.get(code);
        let done = opened.and_then(|found| match found {
            Some(community) => job(code, &community, &mut lines),
            None => Ok(true),
        });
        match done {
            Ok(this_clean) => clean &= this_clean,
            Err(error) => {
                lines.push(format!("{code}: {error}"));
                clean = false;
            }
        }
    }
    Ok(Answer::Maintained { lines, clean })
}

fn verify_one(code: CommunityCode, community: &Community, lines: &mut Vec<String>) -> Result<bool, StoreError> {
    let report = verify::verify(community)?;
    let (entries, devices, found) = (report.entries, report.devices, report.findings.len());
    lines.push(format!(
        "{code}: {} lines, {entries} entries of {devices} devices, findings {found}",
        report.lines
    ));
    if let Some(chain) = report.chain {
        let identity = community.identity();
        let (first, log) = (identity.first_log, identity.log);
        lines.push(format!("{code}: log {first}, chain {chain}"));
        if log != first {
            lines.push(format!("{code}: put back from a copy, the log's id is now {log}"));
        }
    }
    lines.extend(report.findings.iter().map(|finding| format!("{code}: {finding}")));
    lines.extend(
        report
            .digests
            .iter()
            .map(|(part, digest)| format!("{code} {part} {digest}")),
    );
    Ok(report.is_clean())
}

fn rebuild_one(code: CommunityCode, community: &Community, lines: &mut Vec<String>) -> Result<bool, StoreError> {
    let rebuilt = rebuild::rebuild(community)?;
    for (part, after) in &rebuilt.after {
        let same = rebuilt.before.get(part) == Some(after);
        lines.push(format!(
            "{code} {part} {after} {}",
            if same { "same" } else { "was different" }
        ));
    }
    lines.push(format!(
        "{code}: rebuilt, digests {}",
        if rebuilt.is_equal() { "equal" } else { "differ" }
    ));
    Ok(rebuilt.is_equal())
}
