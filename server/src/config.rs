//! What `menpai serve` was told. Plain http is for this machine alone: a device key or a
//! password in clear text on a network would undo everything else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{NaiveTime, Timelike};

use crate::connections::Turns;
use crate::limits::Limits;
use crate::tls;

/// Where data lies if nothing is said.
pub const DEFAULT_DATA: &str = "data";

/// An address that will not be listened at.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `host:port` nor `:port`.
    #[error("{0:?} is not an address like 127.0.0.1:8080 or :0")]
    Unreadable(String),
    /// Plain http beyond this machine.
    #[error("plain http answers on 127.0.0.1 only, not on {0}; use --https for the network")]
    HttpBeyondLoopback(SocketAddr),
}

/// When nobody is out and the day before is over.
pub const DEFAULT_NIGHTLY: &str = "02:00";

/// When the server closes the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nightly {
    /// At this local time.
    At(NaiveTime),
    /// Never by itself.
    Off,
}

/// A time that is none, or after noon.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time before noon like 02:00, nor `off`: the night closes the day before")]
pub struct NightlyError(String);

/// `HH:MM` before noon, or `off`.
///
/// # Errors
/// [`NightlyError`].
pub fn parse_nightly(text: &str) -> Result<Nightly, NightlyError> {
    if text == "off" {
        return Ok(Nightly::Off);
    }
    NaiveTime::parse_from_str(text, "%H:%M")
        .ok()
        .filter(|at| at.hour() < 12)
        .map(Nightly::At)
        .ok_or_else(|| NightlyError(text.to_owned()))
}

/// For how many hours a phone opens its records without asking the home.
pub const DEFAULT_LEASE_HOURS: u16 = 72;

/// How long a connection without a request stays open.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long slow clients are waited for. A phone at the edge of signal is slow, and so is who
/// wants to hold every connection: both are let go when nothing comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a request's headers, and for a TLS handshake.
    pub headers: Duration,
    /// For the next piece of a sync's body.
    pub piece: Duration,
    /// Where it is their turn: to go on asking, to go on reading.
    pub turns: Turns,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            headers: Duration::from_secs(10),
            piece: Duration::from_secs(60),
            turns: Turns {
                asking: KEEP_ALIVE + Duration::from_secs(10),
                reading: Duration::from_secs(60),
            },
        }
    }
}

impl Patience {
    /// The same for all.
    #[must_use]
    pub const fn of(time: Duration) -> Patience {
        Patience {
            headers: time,
            piece: time,
            turns: Turns {
                asking: time,
                reading: time,
            },
        }
    }
}

/// Settings of a server.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// The data folder.
    pub data: PathBuf,
    /// Plain http, loopback only.
    pub http: SocketAddr,
    /// TLS.
    pub https: SocketAddr,
    /// Own certificate and key; without them, and without `acme`, the home's local authority makes both.
    pub certificate: Option<tls::Files>,
    /// A public authority to ask for a certificate.
    pub acme: Option<tls::Acme>,
    /// Where plain http says where TLS is, and hands out the authority to trust; nothing else.
    pub plain: Option<SocketAddr>,
    /// TLS for machines that carry sealed copies away.
    pub copies: Option<SocketAddr>,
    /// The built web apps.
    pub web: PathBuf,
    /// Make the demo community where there is none, with so many days of work.
    pub demo: Option<u32>,
    /// When the day is closed.
    pub nightly: Nightly,
    /// For how many hours a phone opens its records without asking.
    pub lease_hours: u16,
    /// Whether standing invitations hold, as in a demo.
    pub standing_invitations: bool,
    /// Print the addresses as one line of JSON too.
    pub announce_json: bool,
    /// How long slow clients are waited for.
    pub patience: Patience,
    /// How much may be asked.
    pub limits: Limits,
}

impl ServeConfig {
    /// Whether phones have to be told whom to trust.
    #[must_use]
    pub fn has_local_authority(&self) -> bool {
        self.certificate.is_none() && self.acme.is_none()
    }
}

/// `host:port`, or `:port` for loopback.
///
/// # Errors
/// [`AddressError`]; also for anything but loopback.
pub fn parse_http(text: &str) -> Result<SocketAddr, AddressError> {
    let address = parse(text, "127.0.0.1")?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(AddressError::HttpBeyondLoopback(address))
    }
}

/// `host:port`, or `:port` for every address of this machine.
///
/// # Errors
/// [`AddressError::Unreadable`].
pub fn parse_https(text: &str) -> Result<SocketAddr, AddressError> {
    parse(text, "0.0.0.0")
}

fn parse(text: &str, host: &str) -> Result<SocketAddr, AddressError> {
    let full = if text.starts_with(':') {
        format!("{host}{text}")
    } else {
        text.replace("localhost:", "127.0.0.1:")
    };
    full.parse().map_err(|_| AddressError::Unreadable(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_before_noon_or_off() {
        let at = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).map(Nightly::At);
        assert_eq!(parse_nightly("02:00").ok(), at(2, 0));
        assert_eq!(parse_nightly("11:59").ok(), at(11, 59));
        assert_eq!(parse_nightly("off"), Ok(Nightly::Off));
        for wrong in ["23:30", "12:00", "24:00", "2", ""] {
            assert!(parse_nightly(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        assert_eq!(parse_http(":0").unwrap().to_string(), "127.0.0.1:0");
        assert_eq!(parse_http("localhost:80").unwrap().to_string(), "127.0.0.1:80");
        assert!(parse_http("[::1]:8080").is_ok());
        assert!(matches!(
            parse_http("0.0.0.0:8080"),
            Err(AddressError::HttpBeyondLoopback(_))
        ));
        assert!(matches!(
            parse_http("192.0.2.1:8080"),
            Err(AddressError::HttpBeyondLoopback(_))
        ));
        assert_eq!(parse_https(":0").unwrap().to_string(), "0.0.0.0:0");
        assert!(parse_https("8443").is_err());
    }
}
