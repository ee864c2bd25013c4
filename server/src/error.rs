//! The one error type of the HTTP edge (docs/protocol.md section 11): status, stable code,
//! details. What it says to people is in `sentences`, and written by `middleware::errors`, which knows the language.
//! Whatever is not one of the known codes is `internal`: logged once, never told.

mod sentences;

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use menpai_sync_core::kinds::{Labels, Language, Problem};
use serde_json::Value;

use crate::sync::Refusal;

/// What an API handler answers when it does not answer.
#[derive(Debug)]
pub enum ApiError {
    /// No session, or one that has ended.
    NotSignedIn,
    /// A phone's idea of the home's clock is off; this is what it shows, milliseconds UTC.
    ClockOff(i64),
    /// This very request was answered already.
    RequestRepeated,
    /// Account or password is wrong; which of the two is not told.
    WrongCredentials,
    /// Account and password are right; a second factor belongs to them.
    SecondFactorNeeded,
    /// The second factor is wrong, or was used before.
    WrongCode,
    /// The password is the office's: an own one is to be set with it.
    NewPasswordNeeded,
    /// A password that would be guessed.
    WeakPassword,
    /// Whoever may do this has to have a second factor, and this account has none yet.
    SecondFactorMissing,
    /// What is asked for needs a proof of the last minutes.
    FreshProofNeeded,
    /// Passkeys are bound to a name, and the address has none.
    PasskeysNeedName,
    /// The passkey is not known here, or not what was asked for.
    PasskeyRefused,
    /// What was begun is over, or was finished before.
    CeremonyGone,
    /// It is the last second factor of somebody who has to have one.
    LastSecondFactor,
    /// The session belongs to another device or kind of client.
    WrongDevice,
    /// Signed in, but this is not theirs to do or see.
    NotAllowed,
    /// This home has no such community.
    UnknownCommunity,
    /// Nothing is at this address.
    NotFound,
    /// The device id is registered with another public key.
    DeviceKeyDiffers,
    /// No invitation has this code now.
    NoInvitation,
    /// The device was stopped; its installation is to come as a new one.
    DeviceStopped,
    /// The office did not find the digits the same, or took the invitation back.
    EnrolmentRefused,
    /// The request cannot be read; the value says where.
    UnreadableRequest(Value),
    /// A value breaks the rule of its field; the sentence says which.
    ValueNotAllowed(Labels),
    /// What was to be decided has one value by now.
    ConflictGone,
    /// What was to be taken back has been written over since.
    UndoGone,
    /// The two are not as they were when the desk showed them.
    DuplicateGone,
    /// What was to be decided about counts already, or is set aside.
    HeldGone,
    /// What was to move is not as the desk showed it.
    GridsChanged,
    /// A held entry cannot count like this; the sentence says why.
    StillHeld(Labels),
    /// What a courier brought is no packet, or damaged.
    PacketUnreadable,
    /// It is for another community or another home.
    PacketElsewhere,
    /// Its entries do not fit their device.
    PacketRefused(Refusal),
    /// The request is larger than the limit.
    TooLarge,
    /// The client speaks a protocol this server does not.
    ProtocolNotSupported,
    /// Try again after this many seconds.
    TooManyRequests(u64),
    /// There is no room for the request just now; try again after this many seconds.
    Busy(u64),
    /// A download is to go on beyond the end; the value is how long it is.
    RangeNotSatisfiable(usize),
    /// Something of ours failed. Logged, not told.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// Result of an API handler.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// An internal error from anything that can say what failed.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ApiError {
        ApiError::Internal(error.into())
    }

    /// A request that cannot be read, with the place that was wrong.
    #[must_use]
    pub fn unreadable(what: impl Into<String>) -> ApiError {
        ApiError::UnreadableRequest(serde_json::json!({ "what": what.into() }))
    }

    /// A value that breaks the rule of its field, in the kind file's words.
    #[must_use]
    pub fn value_not_allowed(problem: &Problem, label: &Labels) -> ApiError {
        ApiError::ValueNotAllowed(Labels {
            zh: format!("{}。", problem.sentence(Language::Zh, &label.zh)),
            en: format!("{}.", problem.sentence(Language::En, &label.en)),
        })
    }

    /// One of each, for lists of what may be answered.
    #[must_use]
    pub fn one_of_each() -> Vec<ApiError> {
        let label = || Labels {
            zh: String::new(),
            en: String::new(),
        };
        vec![
            ApiError::NotSignedIn,
            ApiError::ClockOff(0),
            ApiError::RequestRepeated,
            ApiError::NoInvitation,
            ApiError::DeviceStopped,
            ApiError::EnrolmentRefused,
            ApiError::WrongCredentials,
            ApiError::WrongDevice,
            ApiError::NotAllowed,
            ApiError::UnknownCommunity,
            ApiError::NotFound,
            ApiError::DeviceKeyDiffers,
            ApiError::unreadable(""),
            ApiError::ValueNotAllowed(label()),
            ApiError::ConflictGone,
            ApiError::UndoGone,
            ApiError::DuplicateGone,
            ApiError::HeldGone,
            ApiError::GridsChanged,
            ApiError::StillHeld(label()),
            ApiError::PacketUnreadable,
            ApiError::PacketElsewhere,
            ApiError::PacketRefused(Refusal::Unreadable),
            ApiError::TooLarge,
            ApiError::ProtocolNotSupported,
            ApiError::TooManyRequests(1),
            ApiError::Busy(1),
            ApiError::SecondFactorNeeded,
            ApiError::WrongCode,
            ApiError::NewPasswordNeeded,
            ApiError::WeakPassword,
            ApiError::SecondFactorMissing,
            ApiError::FreshProofNeeded,
            ApiError::PasskeysNeedName,
            ApiError::PasskeyRefused,
            ApiError::CeremonyGone,
            ApiError::LastSecondFactor,
            ApiError::RangeNotSatisfiable(0),
            ApiError::internal(""),
        ]
    }

    /// The stable code that clients act on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ApiError::NotSignedIn => "not_signed_in",
            ApiError::ClockOff(_) => "clock_off",
            ApiError::RequestRepeated => "request_repeated",
            ApiError::WrongCredentials => "wrong_credentials",
            ApiError::SecondFactorNeeded => "second_factor_needed",
            ApiError::WrongCode => "wrong_code",
            ApiError::NewPasswordNeeded => "new_password_needed",
            ApiError::WeakPassword => "weak_password",
            ApiError::SecondFactorMissing => "second_factor_missing",
            ApiError::FreshProofNeeded => "fresh_proof_needed",
            ApiError::PasskeysNeedName => "passkeys_need_name",
            ApiError::PasskeyRefused => "passkey_refused",
            ApiError::CeremonyGone => "ceremony_gone",
            ApiError::LastSecondFactor => "last_second_factor",
            ApiError::WrongDevice => "wrong_device",
            ApiError::NotAllowed => "not_allowed",
            ApiError::UnknownCommunity => "unknown_community",
            ApiError::NotFound => "not_found",
            ApiError::DeviceKeyDiffers => "device_key_differs",
            ApiError::NoInvitation => "no_invitation",
            ApiError::DeviceStopped => "device_stopped",
            ApiError::EnrolmentRefused => "enrolment_refused",
            ApiError::UnreadableRequest(_) => "unreadable_request",
            ApiError::ValueNotAllowed(_) => "value_not_allowed",
            ApiError::ConflictGone => "conflict_gone",
            ApiError::UndoGone => "undo_gone",
            ApiError::DuplicateGone => "duplicate_gone",
            ApiError::HeldGone => "held_gone",
            ApiError::GridsChanged => "grids_changed",
            ApiError::StillHeld(_) => "still_held",
            ApiError::PacketUnreadable => "packet_unreadable",
            ApiError::PacketElsewhere => "packet_elsewhere",
            ApiError::PacketRefused(_) => "packet_refused",
            ApiError::TooLarge => "too_large",
            ApiError::ProtocolNotSupported => "protocol_not_supported",
            ApiError::TooManyRequests(_) => "too_many_requests",
            ApiError::Busy(_) => "busy",
            ApiError::RangeNotSatisfiable(_) => "range_not_satisfiable",
            ApiError::Internal(_) => "internal",
        }
    }

    /// Facts for the client: never personal values, never the server's insides.
    #[must_use]
    pub fn details(&self) -> Value {
        match self {
            ApiError::UnreadableRequest(details) => details.clone(),
            ApiError::ClockOff(now_ms) => serde_json::json!({ "now_ms": now_ms }),
            ApiError::TooManyRequests(seconds) | ApiError::Busy(seconds) => {
                serde_json::json!({ "retry_after_seconds": seconds })
            }
            ApiError::PacketRefused(refusal) => serde_json::json!({ "refused": refusal.code() }),
            ApiError::RangeNotSatisfiable(length) => serde_json::json!({ "length": length }),
            _ => serde_json::json!({}),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiError::Internal(error) => write!(f, "internal: {error}"),
            known => f.write_str(known.code()),
        }
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            ApiError::NotSignedIn
            | ApiError::ClockOff(_)
            | ApiError::WrongCredentials
            | ApiError::SecondFactorNeeded
            | ApiError::NewPasswordNeeded
            | ApiError::WrongCode => StatusCode::UNAUTHORIZED,
            ApiError::WrongDevice
            | ApiError::NotAllowed
            | ApiError::DeviceStopped
            | ApiError::SecondFactorMissing
            | ApiError::FreshProofNeeded => StatusCode::FORBIDDEN,
            ApiError::UnknownCommunity | ApiError::NotFound | ApiError::NoInvitation => StatusCode::NOT_FOUND,
            ApiError::EnrolmentRefused => StatusCode::GONE,
            ApiError::DeviceKeyDiffers
            | ApiError::RequestRepeated
            | ApiError::ConflictGone
            | ApiError::UndoGone
            | ApiError::DuplicateGone
            | ApiError::HeldGone
            | ApiError::CeremonyGone
            | ApiError::LastSecondFactor
            | ApiError::GridsChanged => StatusCode::CONFLICT,
            ApiError::ValueNotAllowed(_)
            | ApiError::StillHeld(_)
            | ApiError::PasskeysNeedName
            | ApiError::WeakPassword
            | ApiError::PasskeyRefused
            | ApiError::PacketUnreadable
            | ApiError::PacketElsewhere
            | ApiError::PacketRefused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ApiError::UnreadableRequest(_) => StatusCode::BAD_REQUEST,
            ApiError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::ProtocolNotSupported => StatusCode::UPGRADE_REQUIRED,
            ApiError::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            ApiError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            ApiError::RangeNotSatisfiable(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Without a body: the error rides along and `middleware::errors` writes it.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<actix_web::error::BlockingError> for ApiError {
    fn from(error: actix_web::error::BlockingError) -> ApiError {
        ApiError::internal(error)
    }
}
