//! `node.sqlite`: accounts, how they sign in, sessions, invitations, the keys of devices,
//! names of divisions, and what the nights did. One connection behind a lock,
//! WAL and FULL read back at open; a session that was ended stays ended after a power cut.
//! Everything here blocks: callers are on a blocking thread.

mod accounts;
mod browsers;
mod chain_labels;
mod devices;
mod divisions;
mod invitations;
mod nights;
mod open;
mod second_factors;
mod sessions;

pub use accounts::{
    Account, find_account, find_account_of, first_password_until, insert_account, is_demo_account, list_accounts,
    mark_demo_account, replace_password, set_first_password,
};
pub use browsers::{forget_browsers, knows_browser, remember_browser};
pub use chain_labels::{chain_labels, set_chain_label};
pub use devices::{
    OfficeDeviceRow, PhoneDevice, find_office_device, find_phone_device, insert_office_device, insert_phone_device,
    mark_phone_device_recorded, unrecorded_phone_devices,
};
pub use divisions::{Kept, division_name, keep_division};
pub use invitations::{
    Enrolment, EnrolmentState, Invitation, InvitationId, ShownPhone, confirm_enrolment, end_invitation, enrolments_of,
    find_enrolment, find_invitation, get_invitation, insert_enrolment, insert_invitation, list_invitations,
    show_enrolment,
};
pub use nights::{NightStep, begin_night_step, end_night_step, night_steps};
pub use open::{NodeStore, NodeStoreError};
pub use second_factors::{
    OneTimeCodeRow, PasskeyRow, SecondFactors, delete_one_time_code, delete_passkey, find_one_time_code, find_passkey,
    insert_passkey, list_passkeys, recovery_codes, reset_second_factors, second_factors, set_one_time_code,
    set_recovery_codes, take_recovery_code, take_step, use_passkey,
};
pub use sessions::{
    DESK_IDLE_MS, OwnSession, Proof, Session, delete_ended_sessions, delete_other_sessions_of, delete_session,
    delete_session_of, delete_sessions_of, delete_weak_sessions_of, find_session, insert_session, list_sessions,
    prove_session, touch_session,
};
