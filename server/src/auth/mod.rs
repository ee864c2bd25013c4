//! Who is asking. `sign_in` checks a password, `second_factor` and `passkeys` what an account has beside
//! it, `limits` slows guessing, `invitation` and `enrolment` decide which key a phone may register, `signed_request` is what it
//! signs, `admit` is the door of every route: `PhoneSession`, `DeskSession` and `May` are whom it
//! let in. What a signed-in person may do, `rights::authorize` decides.

pub mod admit;
pub mod browser;
pub mod ceremonies;
mod desk_session;
pub mod enrolment;
pub mod first_password;
pub mod invitation;
mod invited;
pub mod limits;
pub mod may;
pub mod one_time_code;
pub mod origin;
pub mod passkeys;
mod password;
mod phone_session;
pub mod replays;
pub mod second_factor;
mod sign_in;
pub mod signed_request;
pub mod token;

pub use desk_session::{DESK_SESSION_HOURS, DeskSession, cookie, ended_cookie};
pub use invited::Invitations;
pub use limits::SignInLimits;
pub use may::May;
pub use password::{PasswordError, Passwords, hash_password, new_password};
pub use phone_session::PhoneSession;
pub use sign_in::{Credentials, address_of, check_password, sign_in, sign_in_at_desk};
