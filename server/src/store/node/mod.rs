//! `node.sqlite`: accounts, sessions, the keys of devices and what the nights did. One connection behind a lock,
//! WAL and FULL read back at open; a session that was ended stays ended after a power cut.
//! Everything here blocks: callers are on a blocking thread.

mod accounts;
mod devices;
mod nights;
mod open;
mod sessions;

pub use accounts::{Account, find_account, insert_account, list_accounts};
pub use devices::{
    OfficeDeviceRow, PhoneDevice, find_office_device, find_phone_device, insert_office_device, insert_phone_device,
    mark_phone_device_recorded, unrecorded_phone_devices,
};
pub use nights::{NightStep, begin_night_step, end_night_step, night_steps};
pub use open::{NodeStore, NodeStoreError};
pub use sessions::{
    DESK_IDLE_MS, OwnSession, Session, SessionKind, delete_ended_sessions, delete_session, delete_session_of,
    delete_sessions_of, delete_sessions_of_device, find_session, insert_session, list_sessions, touch_session,
};
