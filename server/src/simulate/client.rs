//! The HTTP side of a simulated phone: a few calls, one connection pool for the fleet. An
//! answer that is no answer is a [`Failure`]; nothing here decides what to do about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use menpai_sync_core::ids::{DeviceId, hex, unhex};
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker};
use menpai_sync_core::signature::{PublicKey, Signer};
use menpai_sync_core::wire::{MAX_ANSWER_INFLATED, SliceRefusal};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use ureq::Body;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};

use super::logins::Login;
use crate::auth::invitation::{Agreed, InvitationCode, commitment};
use crate::auth::signed_request::{PhoneSigner, first_member};
use crate::{clock, tls};

/// Longest one request may take, from connecting to the last byte.
const REQUEST_TIME: Duration = Duration::from_secs(60);
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Most bytes of an answer; inflated it may be no more anyway.
const MOST_ANSWER_BYTES: u64 = MAX_ANSWER_INFLATED as u64;
/// Most bytes of all snapshots of one phone.
const MOST_SNAPSHOT_BYTES: u64 = 64 << 20;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The authority's file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nothing to trust.
    #[error("https needs --ca FILE, the authority to trust (tls/authority.pem in the data folder)")]
    NoAuthority,
}

/// Why there is no answer to use.
#[derive(Debug)]
pub enum Failure {
    /// No answer at all: the server is away, or the connection broke.
    Unreachable(String),
    /// The server answered with an error.
    Answer {
        /// HTTP status.
        status: u16,
        /// Its words.
        refusal: SliceRefusal,
        /// When it may be tried again.
        retry_after: Option<Duration>,
    },
}

impl Failure {
    /// A short name to count by.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Failure::Unreachable(_) => "unreachable",
            Failure::Answer { refusal, .. } => &refusal.code,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Failure::Unreachable(_)
                | Failure::Answer {
                    status: 429 | 500..=599,
                    ..
                }
        )
    }
}

/// What an enrolled phone is told.
#[derive(Debug, Deserialize)]
pub struct Enrolled {
    worker: NamedWorker,
    community: NamedCommunity,
    home: HomeFacts,
}

/// What a phone is told that takes an invitation up.
#[derive(Deserialize)]
struct Begins {
    community: NamedCommunity,
    nonce: String,
    home: Key,
}

#[derive(Deserialize)]
struct Key {
    public_key: PublicKey,
}

impl Enrolled {
    /// What a phone keeps of it.
    #[must_use]
    pub fn enrolment(self, device: NamedDevice) -> Enrolment {
        Enrolment {
            worker: self.worker,
            community: self.community,
            home: self.home,
            device,
        }
    }
}

/// An answer, and what it cost.
#[derive(Debug)]
pub struct Answered {
    /// The body.
    pub body: Vec<u8>,
    /// From the first byte up to the last byte down.
    pub took: Duration,
}

/// Talks to one server.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

impl Client {
    /// A client of the server at `url`; over https it trusts the authority in `ca` alone.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Client, ClientError> {
        tls::install_provider();
        let roots = match ca {
            Some(path) => vec![tls::read_certificate(path).map_err(|source| ClientError::File {
                path: path.to_owned(),
                source,
            })?],
            None if url.starts_with("https:") => return Err(ClientError::NoAuthority),
            None => Vec::new(),
        };
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // The server is the one that was named, whatever the environment says.
            .proxy(None)
            .timeout_global(Some(REQUEST_TIME))
            .timeout_connect(Some(CONNECT_TIME))
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .user_agent(concat!("menpai-simulate/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .new_agent();
        Ok(Client {
            agent,
            url: url.trim_end_matches('/').to_owned(),
        })
    }

    /// Where its server is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Enrols a phone with a standing invitation: nobody compares digits.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn enrol(&self, login: &Login, device: DeviceId, key: &Signer, name: &str) -> Result<Enrolled, Failure> {
        let unusable = |what: &str| Failure::Unreachable(format!("enrolment: {what}"));
        let code: InvitationCode = login.code.parse().map_err(|_| unusable("the login has no code"))?;
        let (public_key, nonce) = (key.public_key(), clock::random());
        let begins: Begins = self.tell(
            "begin",
            &json!({"code": code, "device": device, "commitment": commitment(device, &public_key, &nonce)}),
        )?;
        let home_nonce = unhex(&begins.nonce).and_then(|bytes| bytes.try_into().ok());
        let agreed = Agreed {
            community: begins.community.code,
            code_hash: code.hash(),
            device,
            public_key: &public_key,
            phone_nonce: &nonce,
            home_nonce: &home_nonce.ok_or_else(|| unusable("no number of the home's"))?,
            home_key: &begins.home.public_key,
        };
        self.tell(
            "show",
            &json!({
                "device": {"id": device, "public_key": public_key, "name": name},
                "nonce": hex(&nonce), "signature": key.sign(&agreed.message()).to_string(),
            }),
        )
    }

    fn tell<T: DeserializeOwned>(&self, step: &str, body: &serde_json::Value) -> Result<T, Failure> {
        let path = format!("/api/v1/enrolments/{step}");
        let answered = self.post(&path, "application/json", None, body.to_string().as_bytes())?;
        serde_json::from_slice(&answered.body).map_err(|error| Failure::Unreachable(format!("{step}: {error}")))
    }

    /// One round trip.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn sync(&self, by: &PhoneSigner, body: &[u8]) -> Result<Answered, Failure> {
        let path = "/api/v1/sync";
        signed_anew(|| {
            let signed = authorise(by, "POST", path, Some(first_member(body)));
            self.post(path, "application/gzip", Some(signed), body)
        })
    }

    /// The snapshots of some parts, of all if none is named; as the app does, without what was overtaken.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn snapshots(&self, by: &PhoneSigner, parts: &[Part]) -> Result<Answered, Failure> {
        let started = Instant::now();
        let mut path = "/api/v1/snapshots?leave_out=overtaken".to_owned();
        if !parts.is_empty() {
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            path += &format!("&parts={}", parts.join(","));
        }
        signed_anew(|| {
            let request = self
                .agent
                .get(format!("{}{path}", self.url))
                .header("Accept-Language", "en")
                .header("Authorization", authorise(by, "GET", &path, None));
            let response = request
                .call()
                .map_err(|error| Failure::Unreachable(error.to_string()))?;
            understood(response, started, MOST_SNAPSHOT_BYTES)
        })
    }

    fn post(&self, path: &str, content: &str, signed: Option<String>, body: &[u8]) -> Result<Answered, Failure> {
        let started = Instant::now();
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Content-Type", content)
            .header("Accept-Language", "en");
        if let Some(signed) = signed {
            request = request.header("Authorization", signed);
        }
        let response = request
            .send(body)
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        understood(response, started, MOST_ANSWER_BYTES)
    }
}

/// Asks once more, signed anew, where that is all that the server wants: it began after the first was
/// signed, or something on the way sent it twice.
fn signed_anew(ask: impl Fn() -> Result<Answered, Failure>) -> Result<Answered, Failure> {
    match ask() {
        Err(failure) if ["clock_off", "request_repeated"].contains(&failure.code()) => ask(),
        answered => answered,
    }
}

/// A simulated phone knows this machine's clock, which is the server's too.
fn authorise(by: &PhoneSigner, method: &str, address: &str, content: Option<&[u8]>) -> String {
    by.authorise(method, address, content, clock::now_ms(), clock::random())
}

fn understood(mut response: Response<Body>, started: Instant, most_bytes: u64) -> Result<Answered, Failure> {
    let status = response.status();
    let retry_after = response
        .headers()
        .get("Retry-After")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response
        .body_mut()
        .with_config()
        .limit(most_bytes)
        .read_to_vec()
        .map_err(|error| Failure::Unreachable(error.to_string()))?;
    if status.is_success() {
        return Ok(Answered {
            body,
            took: started.elapsed(),
        });
    }
    let refusal = serde_json::from_slice(&body).unwrap_or_else(|_| SliceRefusal {
        slice: 0,
        code: format!("http_{}", status.as_u16()),
        message: status.to_string(),
        next: String::new(),
    });
    Err(Failure::Answer {
        status: status.as_u16(),
        refusal,
        retry_after: retry_after.map(Duration::from_secs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_trusts_nobody_by_itself() {
        assert!(matches!(
            Client::new("https://127.0.0.1:1", None),
            Err(ClientError::NoAuthority)
        ));
    }

    #[test]
    fn a_server_that_is_away_is_a_failure_that_may_pass() {
        // Port 9 (discard) is served by nobody.
        let client = Client::new("http://127.0.0.1:9", None).unwrap();
        let by = PhoneSigner {
            device: DeviceId::from_bytes([1; 16]),
            community: "410102002005".parse().unwrap(),
            key: Signer::from_bytes(&[7; 32]).unwrap(),
        };
        let failure = client.sync(&by, b"").unwrap_err();
        assert!(failure.may_pass());
        assert_eq!(failure.code(), "unreachable");
    }
}
