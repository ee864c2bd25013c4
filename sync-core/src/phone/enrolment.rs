//! Who a phone works for: what it is told when it is enrolled, plus the device's own name and key.

use serde::Serialize;

use super::{Phone, Stored, Write, own_log::OwnLog, store};
use crate::ids::{CommunityCode, DeviceId, LogId, WorkerId};
use crate::json::{deserialize_from_json, json_object};
use crate::replica::Replica;
use crate::signature::PublicKey;

/// Kept on the phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Enrolment {
    /// Who.
    pub worker: NamedWorker,
    /// For which community.
    pub community: NamedCommunity,
    /// Which home.
    pub home: HomeFacts,
    /// On which installation.
    pub device: NamedDevice,
}

json_object! { Enrolment { worker, community, home, device, .. } }

/// A worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedWorker {
    /// Id.
    pub id: WorkerId,
    /// Name.
    pub name: String,
}

json_object! { NamedWorker { id, name, .. } }

/// A community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedCommunity {
    /// Code.
    pub code: CommunityCode,
    /// Name.
    pub name: String,
}

json_object! { NamedCommunity { code, name, .. } }

/// The home, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HomeFacts {
    /// Its log.
    pub log: LogId,
    /// Its receipt key.
    pub public_key: PublicKey,
    /// The key that packets for it are sealed to; homes of before have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub courier_key: Option<PublicKey>,
}

json_object! { HomeFacts { log, public_key, courier_key, .. } }

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedDevice {
    /// Id.
    pub id: DeviceId,
    /// What the desk calls it.
    pub name: String,
    /// The public half of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<PublicKey>,
}

json_object! { NamedDevice { id, public_key; name, .. } }
deserialize_from_json!(NamedWorker, NamedCommunity, HomeFacts);

/// Why an enrolment does not fit what is on the phone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolError {
    /// The phone holds another worker's, device's or community's log.
    #[error("this phone holds the log of another device, worker or community")]
    Another,
}

impl Phone {
    /// Takes up an enrolment. The same worker, device and community may be enrolled again; nothing
    /// of the log changes.
    ///
    /// # Errors
    /// [`EnrolError::Another`] if the phone already belongs to somebody else: handing a
    /// phone over is another procedure, for unsent work must not change hands.
    pub fn enrol(&mut self, enrolment: Enrolment) -> Result<Vec<Write>, EnrolError> {
        if let Some(before) = &self.enrolment
            && (before.worker.id, before.community.code, before.device.id)
                != (enrolment.worker.id, enrolment.community.code, enrolment.device.id)
        {
            return Err(EnrolError::Another);
        }
        let code = enrolment.community.code;
        self.own.get_or_insert_with(|| OwnLog::empty(code, enrolment.device.id));
        let kinds = &self.kinds;
        self.replica.get_or_insert_with(|| Replica::empty(code, kinds.clone()));
        self.asked_courier_key = enrolment.home.courier_key.is_some();
        self.enrolment = Some(enrolment);
        Ok(vec![self.enrolment_write()])
    }

    pub(super) fn enrolment_write(&self) -> Write {
        Write::json(Stored::Meta, store::ENROLMENT, &self.enrolment)
    }
}
