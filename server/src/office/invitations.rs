//! Invitations: made for one worker by somebody who may, shown once, and confirmed or ended by the
//! office. Each of these is a line of the audit log.

use menpai_sync_core::ids::{CommunityCode, DeviceId, WorkerId};

use super::OfficeError;
use crate::auth::enrolment::{self, EnrolError};
use crate::auth::invitation::{INVITATION_MS, InvitationCode};
use crate::clock;
use crate::home::Home;
use crate::store::community::audit::Seen;
use crate::store::node::{self, Account, Invitation, InvitationId};

/// An invitation as it is shown, once.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its name.
    pub id: InvitationId,
    /// What a phone scans, or its holder types.
    pub code: InvitationCode,
    /// When it ends, milliseconds UTC.
    pub expires_ms: i64,
}

/// Invites a phone of this account; an invitation before it that nobody used ends.
///
/// # Errors
/// [`EnrolError`].
pub fn invite(home: &Home, account: &Account, by: WorkerId) -> Result<Made, EnrolError> {
    let now_ms = clock::now_ms();
    let made = Made {
        id: clock::random(),
        code: InvitationCode::new_random(),
        expires_ms: now_ms + INVITATION_MS,
    };
    // Written down first: what nobody may say was never done.
    note(home, account.community, by, "invite", account.worker.to_string())?;
    keep(home, account, by, made.id, &made.code, Some(made.expires_ms))?;
    Ok(made)
}

/// A standing invitation, in the place of an earlier one: for the phones of a demo, and of tests. It
/// holds only where a home is served as a demo.
///
/// # Errors
/// SQLite's.
pub fn stand(home: &Home, account: &Account) -> rusqlite::Result<InvitationCode> {
    let code = InvitationCode::new_random();
    keep(home, account, account.worker, clock::random(), &code, None)?;
    Ok(code)
}

fn keep(
    home: &Home,
    account: &Account,
    by: WorkerId,
    id: InvitationId,
    code: &InvitationCode,
    expires_ms: Option<i64>,
) -> rusqlite::Result<()> {
    let invitation = Invitation {
        id,
        code_hash: code.hash(),
        account: account.clone(),
        issued_by: by,
        expires_ms,
    };
    home.node_store()
        .write(|transaction| node::insert_invitation(transaction, &invitation, clock::now_ms()))
}

/// Somebody compared the digits and found them the same: the phone is enrolled when this returns.
///
/// # Errors
/// [`EnrolError`].
pub fn confirm(
    home: &Home,
    community: CommunityCode,
    by: WorkerId,
    id: &InvitationId,
    comparison: &str,
) -> Result<DeviceId, EnrolError> {
    let device = enrolment::confirm(home, community, id, comparison)?;
    note(home, community, by, "enrol", device.to_string())?;
    Ok(device)
}

/// Ends an invitation; a phone that came with it is refused.
///
/// # Errors
/// [`EnrolError::NoInvitation`] where there is none of this name here.
pub fn end(home: &Home, community: CommunityCode, by: WorkerId, id: &InvitationId) -> Result<(), EnrolError> {
    let found = home
        .node_store()
        .read(|connection| node::get_invitation(connection, id))?;
    let found = found.filter(|invitation| invitation.account.community == community);
    let invitation = found.ok_or(EnrolError::NoInvitation)?;
    note(
        home,
        community,
        by,
        "end_invitation",
        invitation.account.worker.to_string(),
    )?;
    home.node_store()
        .write(|transaction| node::end_invitation(transaction, id, clock::now_ms()))?;
    Ok(())
}

/// The account of a worker of a community.
///
/// # Errors
/// SQLite's.
pub fn account_of(home: &Home, community: CommunityCode, worker: WorkerId) -> rusqlite::Result<Option<Account>> {
    let accounts = home
        .node_store()
        .read(|connection| node::list_accounts(connection, community))?;
    Ok(accounts.into_iter().find(|account| account.worker == worker))
}

fn note(home: &Home, code: CommunityCode, by: WorkerId, action: &str, about: String) -> Result<(), OfficeError> {
    let community = home.communities.get(code)?.ok_or(OfficeError::UnknownCommunity(code))?;
    let seen = Seen {
        worker: by,
        action: action.to_owned(),
        place: Some(about),
        about: Vec::new(),
    };
    Ok(community.note_seen(seen, clock::now_ms())?)
}
