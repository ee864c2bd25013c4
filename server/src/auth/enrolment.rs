//! How a phone's key is registered. An invitation for one worker, a phone that takes it up and
//! commits itself to its key, six digits on both sides, somebody who compares them: only then is the
//! key registered (docs/adr/0019). No other way leads to a record of a phone, but for a phone that
//! was cloned (`routes::devices`) and one that a file put back from a copy has forgotten.

use std::net::IpAddr;

use actix_web::web;
use menpai_sync_core::ids::{CommunityCode, DeviceId, Hash, hex};
use menpai_sync_core::signature::{PublicKey, Signature};

use super::PhoneSession;
use super::invitation::{Agreed, InvitationCode, commitment};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office::{self, OfficeError};
use crate::store::node::{self, Account, Enrolment, EnrolmentState, Invitation, InvitationId, PhoneDevice, ShownPhone};
use crate::sync::KnownDevice;

/// Why a phone is not registered.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// No invitation has this code now: it never had, is over, or is used; which is not told.
    #[error("there is no such invitation, or no longer")]
    NoInvitation,
    /// Too many wrong codes from there; again after so many seconds.
    #[error("too many wrong codes")]
    TooOften(u64),
    /// The device id is registered with another key.
    #[error("the device is registered with another key")]
    KeyDiffers,
    /// The device is another worker's.
    #[error("the device is another worker's")]
    Another,
    /// The device was stopped: this installation is to come as a new one.
    #[error("the device was stopped")]
    Stopped,
    /// Somebody compared the digits, and they differ; or the invitation was taken back.
    #[error("the office refused it")]
    Refused,
    /// The signature is not its key's.
    #[error("the signature is not by the key that was shown")]
    NotItsKey,
    /// The office could not write.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// The node's own file.
    #[error(transparent)]
    Node(#[from] rusqlite::Error),
}

impl From<EnrolError> for ApiError {
    fn from(error: EnrolError) -> ApiError {
        match error {
            EnrolError::NoInvitation => ApiError::NoInvitation,
            EnrolError::TooOften(seconds) => ApiError::TooManyRequests(seconds),
            EnrolError::KeyDiffers => ApiError::DeviceKeyDiffers,
            EnrolError::Another => ApiError::WrongDevice,
            EnrolError::Stopped => ApiError::DeviceStopped,
            EnrolError::Refused => ApiError::EnrolmentRefused,
            EnrolError::NotItsKey => ApiError::unreadable("signature"),
            EnrolError::Office(error) => error.into(),
            EnrolError::Node(error) => ApiError::internal(error),
        }
    }
}

/// Once a phone has begun, somebody has at least so long to compare.
const TO_COMPARE_MS: i64 = 5 * 60 * 1000;
/// Longest name of a device, as the kind file says.
const MAX_NAME_CHARS: usize = 50;

/// A phone as it presents itself.
#[derive(Debug, Clone)]
pub struct Phone {
    /// Its id.
    pub device: DeviceId,
    /// Public half of its key.
    pub public_key: PublicKey,
    /// What its holder calls it.
    pub name: String,
    /// The device that it was, before it was restored or cloned.
    pub replaces: Option<DeviceId>,
}

/// Registers the phone's key, unless it is registered: then key and account must be the same.
/// When this returns, the community's log has the phone's `device` record. Blocks.
///
/// # Errors
/// [`EnrolError`].
pub fn register_phone(home: &Home, account: &Account, mut phone: Phone) -> Result<(), EnrolError> {
    phone.name = device_name(&phone.name);
    let wanted = PhoneDevice {
        device: phone.device,
        account: account.name.clone(),
        community: account.community,
        public_key: *phone.public_key.as_bytes(),
        name: phone.name.clone(),
        recorded: false,
    };
    let store = home.node_store();
    let known = store.read(|connection| node::find_phone_device(connection, phone.device))?;
    if may_register(known.as_ref(), &wanted)? == Registration::Done {
        return Ok(());
    }
    if let Some(before) = phone.replaces {
        let before = store.read(|connection| node::find_phone_device(connection, before))?;
        phone.replaces = before
            .filter(|before| before.account == account.name)
            .map(|before| before.device);
    }
    if known.is_none() {
        store.write(|transaction| node::insert_phone_device(transaction, &wanted, clock::now_ms()))?;
    }
    // The row stands first: if the record fails now, the next attempt writes it.
    office::records::write_phone_device(home, &phone, account)?;
    store.write(|transaction| node::mark_phone_device_recorded(transaction, phone.device))?;
    Ok(())
}

/// Writes the `device` record of a phone that this node registered and the community's log does
/// not have: the file was put back from a copy that is older than the phone.
///
/// # Errors
/// [`ApiError::UnknownCommunity`], or internal.
pub async fn make_known(home: &web::Data<Home>, session: &PhoneSession) -> ApiResult<()> {
    let (device, name, home) = (session.device, session.account.clone(), home.clone());
    let done = web::block(move || {
        let (known, account) = home.node_store().read(|connection| {
            let known = node::find_phone_device(connection, device)?;
            Ok((known, node::find_account(connection, &name)?))
        })?;
        let (Some(known), Some(account)) = (known, account) else {
            return Ok(());
        };
        let phone = Phone {
            device,
            public_key: point(&known.public_key)?,
            name: known.name,
            replaces: None,
        };
        Ok::<_, EnrolError>(office::records::write_phone_device(&home, &phone, &account)?)
    });
    Ok(done.await??)
}

/// Whose phone a code is for, before anything is used up.
///
/// # Errors
/// [`EnrolError::NoInvitation`], [`EnrolError::TooOften`].
pub fn look(home: &Home, code: &InvitationCode, from: IpAddr) -> Result<Invitation, EnrolError> {
    let now_ms = clock::now_ms();
    home.invitations.may_try(from, now_ms)?;
    let found = home
        .node_store()
        .read(|connection| node::find_invitation(connection, code.hash()))?;
    let holds = |invitation: &Invitation| match invitation.expires_ms {
        Some(expires_ms) => now_ms < expires_ms,
        None => home.invitations.standing_hold(),
    };
    found.filter(holds).ok_or_else(|| {
        home.invitations.was_wrong(from, now_ms);
        EnrolError::NoInvitation
    })
}

/// A phone takes an invitation up: what it committed itself to is kept, and it gets the home's random
/// number. The same again is answered the same.
///
/// # Errors
/// [`EnrolError`].
pub fn begin(
    home: &Home,
    code: &InvitationCode,
    device: DeviceId,
    commitment: Hash,
    from: IpAddr,
) -> Result<(Invitation, Enrolment), EnrolError> {
    let invitation = look(home, code, from)?;
    let account = &invitation.account;
    let known = home
        .node_store()
        .read(|connection| node::find_phone_device(connection, device))?;
    if known.is_some_and(|known| known.account != account.name) {
        return Err(EnrolError::Another);
    }
    let community = home.communities.get(account.community).map_err(OfficeError::from)?;
    let community = community.ok_or(OfficeError::UnknownCommunity(account.community))?;
    let stopped = |known: &KnownDevice| known.facts.revoked_ms.is_some();
    if community.directory().device(device).is_some_and(stopped) {
        return Err(EnrolError::Stopped);
    }
    let new = Enrolment {
        commitment,
        invitation: invitation.id,
        nonce: clock::random(),
        state: EnrolmentState::Begun,
        device,
        shown: None,
    };
    let now_ms = clock::now_ms();
    let kept = home.node_store().write(|transaction| {
        let before = node::enrolments_of(transaction, &invitation.id)?;
        if let Some(same) = before.iter().find(|one| one.commitment == commitment) {
            return Ok(Some(same.clone()));
        }
        if invitation.expires_ms.is_some() && !before.is_empty() {
            return Ok(None);
        }
        node::insert_enrolment(transaction, &new, now_ms, now_ms + TO_COMPARE_MS)?;
        Ok(Some(new.clone()))
    })?;
    // Somebody else has used it: to the one who comes now it is none.
    let kept = kept
        .filter(|kept| kept.device == device)
        .ok_or(EnrolError::NoInvitation)?;
    Ok((invitation, kept))
}

/// What a phone shows of itself.
#[derive(Debug, Clone)]
pub struct Showing {
    /// Itself.
    pub phone: Phone,
    /// Its random number.
    pub nonce: [u8; 32],
    /// Over [`Agreed::message`], by its key.
    pub signature: Signature,
}

/// How a phone's enrolment stands.
#[derive(Debug)]
pub enum Stands {
    /// Somebody at the desk is to compare the digits.
    Shown,
    /// It is this account's phone.
    Confirmed(Box<Account>),
}

/// A phone shows its key, and asks how it stands: again and again, with the same.
///
/// # Errors
/// [`EnrolError`].
pub fn show(home: &Home, showing: Showing) -> Result<Stands, EnrolError> {
    let Showing {
        mut phone,
        nonce,
        signature,
    } = showing;
    phone.name = device_name(&phone.name);
    let committed = commitment(phone.device, &phone.public_key, &nonce);
    let store = home.node_store();
    let found = store.read(|connection| {
        let Some(enrolment) = node::find_enrolment(connection, committed)? else {
            return Ok(None);
        };
        let invitation = node::get_invitation(connection, &enrolment.invitation)?;
        Ok(invitation.map(|invitation| (invitation, enrolment)))
    })?;
    let (invitation, enrolment) = found.ok_or(EnrolError::NoInvitation)?;
    let account = invitation.account;
    match enrolment.state {
        EnrolmentState::Confirmed => return Ok(Stands::Confirmed(Box::new(account))),
        EnrolmentState::Refused => return Err(EnrolError::Refused),
        EnrolmentState::Begun | EnrolmentState::Shown => {}
    }
    if invitation
        .expires_ms
        .is_some_and(|expires_ms| expires_ms <= clock::now_ms())
    {
        return Err(EnrolError::NoInvitation);
    }
    if enrolment.state == EnrolmentState::Shown {
        return Ok(Stands::Shown);
    }
    let home_key = home.receipt_key.public_key();
    let agreed = Agreed {
        community: account.community,
        code_hash: invitation.code_hash,
        device: phone.device,
        public_key: &phone.public_key,
        phone_nonce: &nonce,
        home_nonce: &enrolment.nonce,
        home_key: &home_key,
    };
    phone
        .public_key
        .verify(&agreed.message(), &signature)
        .map_err(|_| EnrolError::NotItsKey)?;
    let shown = ShownPhone {
        public_key: *phone.public_key.as_bytes(),
        name: phone.name.clone(),
        replaces: phone.replaces,
        comparison: agreed.comparison(),
    };
    store.write(|transaction| node::show_enrolment(transaction, committed, &shown))?;
    if invitation.expires_ms.is_some() {
        return Ok(Stands::Shown);
    }
    register_phone(home, &account, phone)?;
    store.write(|transaction| node::confirm_enrolment(transaction, committed))?;
    Ok(Stands::Confirmed(Box::new(account)))
}

/// Registers the phone whose digits somebody compared, and found the same.
///
/// # Errors
/// [`EnrolError`]; [`EnrolError::NoInvitation`] where nobody waits with these digits any more.
pub fn confirm(
    home: &Home,
    community: CommunityCode,
    id: &InvitationId,
    comparison: &str,
) -> Result<DeviceId, EnrolError> {
    let store = home.node_store();
    let found = store.read(|connection| {
        let invitation = node::get_invitation(connection, id)?;
        let enrolment = node::enrolments_of(connection, id)?.pop();
        Ok(invitation.zip(enrolment))
    })?;
    let now_ms = clock::now_ms();
    let holds = |invitation: &Invitation| {
        invitation.account.community == community && invitation.expires_ms.is_some_and(|end| now_ms < end)
    };
    let (invitation, enrolment) = found
        .filter(|(invitation, _)| holds(invitation))
        .ok_or(EnrolError::NoInvitation)?;
    let shown = enrolment.shown.filter(|shown| shown.comparison == comparison);
    let shown = shown.ok_or(EnrolError::NoInvitation)?;
    if enrolment.state == EnrolmentState::Confirmed {
        return Ok(enrolment.device);
    }
    if enrolment.state != EnrolmentState::Shown {
        return Err(EnrolError::NoInvitation);
    }
    let phone = Phone {
        device: enrolment.device,
        public_key: point(&shown.public_key)?,
        name: shown.name,
        replaces: shown.replaces.filter(|before| *before != enrolment.device),
    };
    register_phone(home, &invitation.account, phone)?;
    store.write(|transaction| node::confirm_enrolment(transaction, enrolment.commitment))?;
    Ok(enrolment.device)
}

#[derive(Debug, PartialEq, Eq)]
enum Registration {
    Needed,
    Done,
}

fn may_register(known: Option<&PhoneDevice>, wanted: &PhoneDevice) -> Result<Registration, EnrolError> {
    match known {
        None => Ok(Registration::Needed),
        Some(known) if known.public_key != wanted.public_key => Err(EnrolError::KeyDiffers),
        Some(known) if known.account != wanted.account => Err(EnrolError::Another),
        Some(known) if known.recorded => Ok(Registration::Done),
        Some(_) => Ok(Registration::Needed),
    }
}

fn point(bytes: &[u8; 65]) -> Result<PublicKey, EnrolError> {
    hex(bytes).parse().map_err(|_| EnrolError::NotItsKey)
}

/// Fit for the record: one line, not too long, never empty.
fn device_name(text: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    match line.trim() {
        "" => "手机".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(account: &str, key: u8, recorded: bool) -> PhoneDevice {
        PhoneDevice {
            device: DeviceId::from_bytes([1; 16]),
            account: account.to_owned(),
            community: "410102002005".parse().unwrap(),
            public_key: [key; 65],
            name: String::new(),
            recorded,
        }
    }

    #[test]
    fn a_device_keeps_its_key_and_its_account() {
        let wanted = phone("liu", 4, false);
        assert_eq!(may_register(None, &wanted).unwrap(), Registration::Needed);
        assert_eq!(
            may_register(Some(&phone("liu", 4, true)), &wanted).unwrap(),
            Registration::Done
        );
        assert_eq!(
            may_register(Some(&phone("liu", 4, false)), &wanted).unwrap(),
            Registration::Needed
        );
        assert!(matches!(
            may_register(Some(&phone("liu", 5, true)), &wanted),
            Err(EnrolError::KeyDiffers)
        ));
        assert!(matches!(
            may_register(Some(&phone("chen", 4, true)), &wanted),
            Err(EnrolError::Another)
        ));
    }

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(device_name(" \n"), "手机");
        assert_eq!(device_name("a\nb"), "ab");
        assert_eq!(device_name(&"长".repeat(99)).chars().count(), 50);
    }
}
