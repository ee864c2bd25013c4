//! Who is asking. `sign_in` checks a password, `enrolment` decides which key a phone may
//! register, `admit` is the door of every route: `PhoneSession`, `DeskSession` and `May` are whom it
//! let in. What a signed-in person may do, `rights::authorize` decides.

pub mod admit;
mod desk_session;
pub mod enrolment;
mod limits;
pub mod may;
pub mod origin;
mod password;
mod phone_session;
mod sign_in;
pub mod token;

pub use desk_session::{DESK_SESSION_HOURS, DeskSession, cookie, ended_cookie};
pub use limits::SignInLimits;
pub use may::May;
pub use password::{PasswordError, Passwords, hash_password, new_password};
pub use phone_session::{PHONE_SESSION_DAYS, PhoneSession};
pub use sign_in::{Credentials, address_of, sign_in};
