//! A phone as the home sees it: a device with a key and a log that it sends in signed slices.
//! What it knows of the community is looked up elsewhere.

use menpai_sync_core::device_log::{LogHead, slice_message};
use menpai_sync_core::entry::Draft;
use menpai_sync_core::ids::{DeviceId, Hash};
use menpai_sync_core::signature::Signer;
use menpai_sync_core::wire::SliceLine;

use super::{Member, MonthError};
use crate::clock;
use crate::data_folder::new_secret_key;
use crate::home::Home;
use crate::office::{Office, OfficeError, records};
use crate::store::node::{self, PhoneDevice};
use crate::sync::{Community, Contact, Slice, SliceOutcome};

/// One phone.
pub(super) struct Phone {
    pub(super) device: DeviceId,
    name: String,
    key: Signer,
    head: LogHead,
    unsent: Vec<Vec<u8>>,
    /// The phone's clock minus the true one.
    pub(super) clock_ms: i64,
}

impl Phone {
    /// Registers a new phone, as signing in does.
    pub(super) fn enrol(home: &Home, community: &Community, member: &Member, name: &str) -> Result<Phone, MonthError> {
        let code = community.identity().code;
        let key = Signer::from_bytes(&new_secret_key()).map_err(|_| OfficeError::Key)?;
        let device = clock::new_device_id();
        let phone = Phone {
            device,
            name: name.to_owned(),
            head: LogHead::empty(code, device),
            key,
            unsent: Vec::new(),
            clock_ms: 0,
        };
        let point = menpai_sync_core::ids::unhex(&phone.key.public_key().to_string());
        let row = PhoneDevice {
            device,
            account: member.account.clone(),
            community: code,
            public_key: point.and_then(|bytes| bytes.try_into().ok()).ok_or(OfficeError::Key)?,
            name: name.to_owned(),
            recorded: true,
        };
        let office = Office::of_home(home, code)?;
        let body = records::phone_device(device, member.worker, &phone.key.public_key(), name);
        office.write(&[office.record(records::DEVICE, None, body)])?;
        home.node_store()
            .write(|transaction| node::insert_phone_device(transaction, &row, clock::now_ms()))?;
        Ok(phone)
    }

    /// The office revokes it: what it sends from now on is held.
    pub(super) fn revoke(&self, home: &Home, community: &Community, member: &Member) -> Result<(), MonthError> {
        let office = Office::of_home(home, community.identity().code)?;
        let mut body = records::phone_device(self.device, member.worker, &self.key.public_key(), &self.name);
        body.insert("revoked_at".to_owned(), serde_json::json!(clock::now()));
        body.insert("revoked_because".to_owned(), "lost".into());
        office.write(&[office.record(records::DEVICE, None, body)])?;
        Ok(())
    }

    /// Saves an entry on the phone.
    pub(super) fn save(&mut self, draft: &Draft) -> Result<(), MonthError> {
        self.unsent.push(draft.make()?.bytes);
        Ok(())
    }

    /// One round trip at `at_ms`, also with nothing to send.
    pub(super) fn send(&mut self, community: &Community, at_ms: i64) -> Result<(), MonthError> {
        let entries = std::mem::take(&mut self.unsent);
        let previous = self.head;
        self.head = entries.iter().fold(previous, |head, bytes| head.after(Hash::of(bytes)));
        let contact = Contact {
            received_ms: at_ms,
            offset_ms: -self.clock_ms,
            last: Some(self.head.seq),
        };
        if entries.is_empty() {
            community.note_contact(self.device, contact);
        } else {
            let message = slice_message(community.identity().code, self.device, self.head);
            let line = SliceLine {
                first: previous.seq + 1,
                last: self.head.seq,
                previous: previous.h,
                signature: self.key.sign(&message),
            };
            let mut body = serde_json::to_vec(&line).unwrap_or_default();
            body.push(b'\n');
            for entry in entries {
                body.extend_from_slice(&entry);
                body.push(b'\n');
            }
            let slice = Slice::read(body).map_err(|refusal| MonthError::Refused(refusal.to_string()))?;
            if let SliceOutcome::Refused(refusal) = community.ingest(self.device, slice, contact)? {
                return Err(MonthError::Refused(refusal.to_string()));
            }
        }
        Ok(())
    }
}
