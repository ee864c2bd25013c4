//! Who is asking. `sign_in` checks a password, `enrolment` decides which key a phone may
//! register, `PhoneSession` and `DeskSession` are what handlers take as an argument.
//! What a signed-in person may do is decided elsewhere, by assignment records.

mod desk_session;
pub mod enrolment;
mod limits;
pub mod origin;
mod password;
mod phone_session;
mod sign_in;
pub mod token;

pub use desk_session::{DESK_SESSION_HOURS, DeskSession, cookie, ended_cookie};
pub use limits::SignInLimits;
pub use password::{PasswordError, Passwords, hash_password, new_password};
pub use phone_session::{PHONE_SESSION_DAYS, PhoneSession};
pub use sign_in::{Credentials, sign_in};
