//! Invitations, and the phones that came with them. What is over is kept for a day, so that a desk
//! and a phone that look late are told how it ended.

use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, WorkerId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};

use super::accounts::{Account, community_at};

/// How long what is over is kept.
const KEPT_MS: i64 = 24 * 3600 * 1000;

/// A name for an invitation that lets nobody in.
pub type InvitationId = [u8; 16];

/// One invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its name.
    pub id: InvitationId,
    /// Hash of its code.
    pub code_hash: Hash,
    /// Whose phone it is for.
    pub account: Account,
    /// Who made it.
    pub issued_by: WorkerId,
    /// When it ends, milliseconds UTC; `None`: a standing one of a demo.
    pub expires_ms: Option<i64>,
}

/// How far a phone has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrolmentState {
    /// It has not shown its key.
    Begun,
    /// Somebody is to compare.
    Shown,
    /// Its key is registered.
    Confirmed,
    /// Somebody said no.
    Refused,
}

impl EnrolmentState {
    /// As it is stored and told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EnrolmentState::Begun => "begun",
            EnrolmentState::Shown => "shown",
            EnrolmentState::Confirmed => "confirmed",
            EnrolmentState::Refused => "refused",
        }
    }
}

/// What a phone showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPhone {
    /// Uncompressed point.
    pub public_key: [u8; 65],
    /// What its holder calls it.
    pub name: String,
    /// The device that this installation was until it was stopped.
    pub replaces: Option<DeviceId>,
    /// The six digits.
    pub comparison: String,
}

/// A phone that came with an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// What it committed itself to.
    pub commitment: Hash,
    /// With which invitation.
    pub invitation: InvitationId,
    /// The home's random number for it.
    pub nonce: [u8; 32],
    /// How far it has come.
    pub state: EnrolmentState,
    /// Its id.
    pub device: DeviceId,
    /// The rest, once it has shown it.
    pub shown: Option<ShownPhone>,
}

/// Adds an invitation. Those before it of the same account that are not used end, and what was over
/// long ago is forgotten.
///
/// # Errors
/// SQLite's.
pub fn insert_invitation(transaction: &Transaction<'_>, new: &Invitation, now_ms: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM invitation WHERE expires_ms < :long_ago",
        named_params! { ":long_ago": now_ms - KEPT_MS },
    )?;
    let before = if new.expires_ms.is_some() {
        "UPDATE invitation SET expires_ms = :now WHERE account = :account AND expires_ms > :now"
    } else {
        "DELETE FROM invitation WHERE account = :account AND expires_ms IS NULL AND issued_ms <= :now"
    };
    transaction.execute(before, named_params! { ":account": new.account.name, ":now": now_ms })?;
    transaction.execute(
        "INSERT INTO invitation (id, code_hash, account, issued_by, issued_ms, expires_ms)
         VALUES (:id, :code_hash, :account, :issued_by, :now, :expires)",
        named_params! {
            ":id": new.id, ":code_hash": new.code_hash.0, ":account": new.account.name,
            ":issued_by": new.issued_by.as_bytes(), ":now": now_ms, ":expires": new.expires_ms,
        },
    )?;
    Ok(())
}

const INVITATION: &str = "SELECT i.id, i.code_hash, a.name, a.password_hash, a.worker, a.display_name, a.community,
            i.issued_by, i.expires_ms
       FROM invitation i JOIN account a ON a.name = i.account";

/// The invitation with a code of this hash, over or not.
///
/// # Errors
/// SQLite's.
pub fn find_invitation(connection: &Connection, code_hash: Hash) -> rusqlite::Result<Option<Invitation>> {
    connection
        .prepare_cached(&format!("{INVITATION} WHERE i.code_hash = :code_hash"))?
        .query_row(named_params! { ":code_hash": code_hash.0 }, read_invitation)
        .optional()
}

/// The invitation of this name, over or not.
///
/// # Errors
/// SQLite's.
pub fn get_invitation(connection: &Connection, id: &InvitationId) -> rusqlite::Result<Option<Invitation>> {
    connection
        .prepare_cached(&format!("{INVITATION} WHERE i.id = :id"))?
        .query_row(named_params! { ":id": id }, read_invitation)
        .optional()
}

/// The invitations of a community that are not over, and those that ended not long ago.
///
/// # Errors
/// SQLite's.
pub fn list_invitations(
    connection: &Connection,
    community: CommunityCode,
    ended_after_ms: i64,
) -> rusqlite::Result<Vec<Invitation>> {
    connection
        .prepare_cached(&format!(
            "{INVITATION} WHERE a.community = :community AND i.expires_ms > :ended_after ORDER BY i.issued_ms DESC"
        ))?
        .query_map(
            named_params! { ":community": community.as_str(), ":ended_after": ended_after_ms },
            read_invitation,
        )?
        .collect()
}

/// Ends an invitation that is not over; whoever came with it and is not confirmed is refused.
///
/// # Errors
/// SQLite's.
pub fn end_invitation(transaction: &Transaction<'_>, id: &InvitationId, now_ms: i64) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE invitation SET expires_ms = :now WHERE id = :id AND expires_ms > :now",
        named_params! { ":id": id, ":now": now_ms },
    )?;
    transaction.execute(
        "UPDATE enrolment SET state = 'refused' WHERE invitation = :id AND state IN ('begun', 'shown')",
        named_params! { ":id": id },
    )?;
    Ok(())
}

/// Adds a phone that came with an invitation, which then holds at least until `holds_ms`: somebody is
/// to have the time to compare.
///
/// # Errors
/// SQLite's, also where the commitment is known.
pub fn insert_enrolment(
    transaction: &Transaction<'_>,
    new: &Enrolment,
    now_ms: i64,
    holds_ms: i64,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE invitation SET expires_ms = max(expires_ms, :holds) WHERE id = :id AND expires_ms IS NOT NULL",
        named_params! { ":id": new.invitation, ":holds": holds_ms },
    )?;
    transaction.execute(
        "INSERT INTO enrolment (commitment, invitation, nonce, begun_ms, state, device)
         VALUES (:commitment, :invitation, :nonce, :now, 'begun', :device)",
        named_params! {
            ":commitment": new.commitment.0, ":invitation": new.invitation, ":nonce": new.nonce, ":now": now_ms,
            ":device": new.device.as_bytes(),
        },
    )?;
    Ok(())
}

const ENROLMENT: &str =
    "SELECT commitment, invitation, nonce, state, device, public_key, name, replaces, comparison FROM enrolment";

/// The phone that committed itself to this.
///
/// # Errors
/// SQLite's.
pub fn find_enrolment(connection: &Connection, commitment: Hash) -> rusqlite::Result<Option<Enrolment>> {
    connection
        .prepare_cached(&format!("{ENROLMENT} WHERE commitment = :commitment"))?
        .query_row(named_params! { ":commitment": commitment.0 }, read_enrolment)
        .optional()
}

/// The phones that came with an invitation: one, or with a standing one any number.
///
/// # Errors
/// SQLite's.
pub fn enrolments_of(connection: &Connection, id: &InvitationId) -> rusqlite::Result<Vec<Enrolment>> {
    connection
        .prepare_cached(&format!("{ENROLMENT} WHERE invitation = :id"))?
        .query_map(named_params! { ":id": id }, read_enrolment)?
        .collect()
}

/// Keeps what a phone showed, unless it has shown itself before.
///
/// # Errors
/// SQLite's.
pub fn show_enrolment(transaction: &Transaction<'_>, commitment: Hash, phone: &ShownPhone) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE enrolment SET state = 'shown', public_key = :public_key, name = :name, replaces = :replaces,
                comparison = :comparison
          WHERE commitment = :commitment AND state = 'begun'",
        named_params! {
            ":commitment": commitment.0, ":public_key": phone.public_key, ":name": phone.name,
            ":replaces": phone.replaces.as_ref().map(DeviceId::as_bytes), ":comparison": phone.comparison,
        },
    )?;
    Ok(())
}

/// Its key is registered.
///
/// # Errors
/// SQLite's.
pub fn confirm_enrolment(transaction: &Transaction<'_>, commitment: Hash) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE enrolment SET state = 'confirmed' WHERE commitment = :commitment AND state = 'shown'",
        named_params! { ":commitment": commitment.0 },
    )?;
    Ok(())
}

fn read_invitation(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        id: row.get(0)?,
        code_hash: Hash(row.get(1)?),
        account: Account {
            name: row.get(2)?,
            password_hash: row.get(3)?,
            worker: WorkerId::from_bytes(row.get(4)?),
            display_name: row.get(5)?,
            community: community_at(row, 6)?,
        },
        issued_by: WorkerId::from_bytes(row.get(7)?),
        expires_ms: row.get(8)?,
    })
}

fn read_enrolment(row: &Row<'_>) -> rusqlite::Result<Enrolment> {
    let state: String = row.get(3)?;
    let replaces: Option<[u8; 16]> = row.get(7)?;
    let shown = match row.get::<_, Option<[u8; 65]>>(5)? {
        Some(public_key) => Some(ShownPhone {
            public_key,
            name: row.get(6)?,
            replaces: replaces.map(DeviceId::from_bytes),
            comparison: row.get(8)?,
        }),
        None => None,
    };
    Ok(Enrolment {
        commitment: Hash(row.get(0)?),
        invitation: row.get(1)?,
        nonce: row.get(2)?,
        state: match state.as_str() {
            "begun" => EnrolmentState::Begun,
            "shown" => EnrolmentState::Shown,
            "confirmed" => EnrolmentState::Confirmed,
            _ => EnrolmentState::Refused,
        },
        device: DeviceId::from_bytes(row.get(4)?),
        shown,
    })
}
