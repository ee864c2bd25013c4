//! Who may register a key. Today: whoever knows the account's password, once per device id.
//! Enrolment proper (a supervisor's code, a comparison number, an approval at the desk) comes
//! between [`may_register`] and the record, and nowhere else.

use actix_web::web;
use menpai_sync_core::ids::{DeviceId, hex, unhex};
use menpai_sync_core::signature::PublicKey;

use super::PhoneSession;
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::office;
use crate::store::node::{self, Account, PhoneDevice};

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
/// When this returns, the community's log has the phone's `device` record.
///
/// # Errors
/// [`ApiError::DeviceKeyDiffers`], [`ApiError::WrongDevice`] for another account's phone.
pub async fn register_phone(home: &web::Data<Home>, account: &Account, mut phone: Phone) -> ApiResult<()> {
    phone.name = device_name(&phone.name);
    let wanted = PhoneDevice {
        device: phone.device,
        account: account.name.clone(),
        community: account.community,
        public_key: point(&phone.public_key)?,
        name: phone.name.clone(),
        recorded: false,
    };
    let device = phone.device;
    let known = home
        .node(move |node| node.read(|connection| node::find_phone_device(connection, device)))
        .await?;
    if may_register(known.as_ref(), &wanted)? == Registration::Done {
        return Ok(());
    }
    let is_new = known.is_none();
    if is_new {
        home.node(move |node| {
            node.write(|transaction| node::insert_phone_device(transaction, &wanted, clock::now_ms()))
        })
        .await?;
    }
    // The row stands first: if the record fails now, the next sign-in writes it.
    office::records::write_phone_device(home, &phone, account).await?;
    home.node(move |node| node.write(|transaction| node::mark_phone_device_recorded(transaction, device)))
        .await
}

/// Writes the `device` record of a phone that this node registered and the community's log does
/// not have: the file was put back from a copy that is older than the phone.
///
/// # Errors
/// [`ApiError::UnknownCommunity`], or internal.
pub async fn make_known(home: &web::Data<Home>, session: &PhoneSession) -> ApiResult<()> {
    let (device, name) = (session.device, session.account.clone());
    let (known, account) = home
        .node(move |node| {
            node.read(|connection| {
                let known = node::find_phone_device(connection, device)?;
                Ok((known, node::find_account(connection, &name)?))
            })
        })
        .await?;
    let (Some(known), Some(account)) = (known, account) else {
        return Ok(());
    };
    let phone = Phone {
        device,
        public_key: hex(&known.public_key).parse().map_err(ApiError::internal)?,
        name: known.name,
        replaces: None,
    };
    office::records::write_phone_device(home, &phone, &account).await
}

#[derive(Debug, PartialEq, Eq)]
enum Registration {
    Needed,
    Done,
}

fn may_register(known: Option<&PhoneDevice>, wanted: &PhoneDevice) -> ApiResult<Registration> {
    match known {
        None => Ok(Registration::Needed),
        Some(known) if known.public_key != wanted.public_key => Err(ApiError::DeviceKeyDiffers),
        Some(known) if known.account != wanted.account => Err(ApiError::WrongDevice),
        Some(known) if known.recorded => Ok(Registration::Done),
        Some(_) => Ok(Registration::Needed),
    }
}

fn point(key: &PublicKey) -> ApiResult<[u8; 65]> {
    unhex(&key.to_string())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| ApiError::internal("a public key has 65 bytes"))
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
            Err(ApiError::DeviceKeyDiffers)
        ));
        assert!(matches!(
            may_register(Some(&phone("chen", 4, true)), &wanted),
            Err(ApiError::WrongDevice)
        ));
    }

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(device_name(" \n"), "手机");
        assert_eq!(device_name("a\nb"), "ab");
        assert_eq!(device_name(&"长".repeat(99)).chars().count(), 50);
    }
}
