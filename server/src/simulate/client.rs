//! The HTTP side of a simulated phone: three calls, one connection pool for the fleet. An
//! answer that is no answer is a [`Failure`]; nothing here decides what to do about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use menpai_sync_core::ids::DeviceId;
use menpai_sync_core::part::Part;
use menpai_sync_core::phone::{Enrolment, HomeFacts, NamedCommunity, NamedDevice, NamedWorker};
use menpai_sync_core::signature::PublicKey;
use menpai_sync_core::wire::{MAX_ANSWER_INFLATED, SliceRefusal};
use serde::Deserialize;
use serde_json::json;
use ureq::Body;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::logins::Login;
use crate::tls;

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
    /// It holds no certificate.
    #[error("{}: not a certificate", .0.display())]
    Certificate(PathBuf),
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

/// What signing in answers.
#[derive(Debug, Deserialize)]
pub struct SignedIn {
    token: String,
    worker: NamedWorker,
    community: NamedCommunity,
    home: HomeFacts,
}

impl SignedIn {
    /// What a phone keeps of it.
    #[must_use]
    pub fn enrolment(self, device: NamedDevice) -> Enrolment {
        Enrolment {
            token: Some(self.token),
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
            Some(path) => vec![authority(path)?],
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

    /// Signs in and registers the device's key.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn sign_in(&self, login: &Login, device: DeviceId, key: &PublicKey, name: &str) -> Result<SignedIn, Failure> {
        let body = json!({
            "account": login.account, "password": login.password,
            "device": {"id": device, "public_key": key, "name": name},
        });
        let answered = self.post(
            "/api/v1/sessions",
            "application/json",
            None,
            body.to_string().as_bytes(),
        )?;
        serde_json::from_slice(&answered.body).map_err(|error| Failure::Unreachable(format!("session: {error}")))
    }

    /// One round trip.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn sync(&self, token: &str, body: &[u8]) -> Result<Answered, Failure> {
        self.post("/api/v1/sync", "application/gzip", Some(token), body)
    }

    /// The snapshots of some parts, of all if none is named; as the app does, without what was overtaken.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn snapshots(&self, token: &str, parts: &[Part]) -> Result<Answered, Failure> {
        let started = Instant::now();
        let mut request = self
            .agent
            .get(format!("{}/api/v1/snapshots", self.url))
            .header("Accept-Language", "en")
            .header("Authorization", format!("Bearer {token}"))
            .query("leave_out", "overtaken");
        if !parts.is_empty() {
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            request = request.query("parts", parts.join(","));
        }
        let response = request
            .call()
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        understood(response, started, MOST_SNAPSHOT_BYTES)
    }

    fn post(&self, path: &str, content: &str, token: Option<&str>, body: &[u8]) -> Result<Answered, Failure> {
        let started = Instant::now();
        let mut request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Content-Type", content)
            .header("Accept-Language", "en");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let response = request
            .send(body)
            .map_err(|error| Failure::Unreachable(error.to_string()))?;
        understood(response, started, MOST_ANSWER_BYTES)
    }
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

fn authority(path: &Path) -> Result<Certificate<'static>, ClientError> {
    let pem = std::fs::read(path).map_err(|source| ClientError::File {
        path: path.to_owned(),
        source,
    })?;
    Certificate::from_pem(&pem).map_err(|_| ClientError::Certificate(path.to_owned()))
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
        let failure = client.sync("t", b"").unwrap_err();
        assert!(failure.may_pass());
        assert_eq!(failure.code(), "unreachable");
    }
}
