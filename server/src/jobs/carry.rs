//! Carries the sealed copies of a home to this machine, over TLS where both sides show a certificate: what is here
//! and whole is not fetched again, what was cut off goes on, and what does not have the hash that the
//! home says is never given its name. Nothing here is removed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use ureq::Agent;
use ureq::http::header::RANGE;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::copies::{HASH_ENDING, SealedFile, hash_of, is_sealed_file};
use crate::data_folder::write_private;
use crate::tls;

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Breaks in a row without a byte in between, after which there is no network.
const MOST_BREAKS: usize = 3;
/// What a machine's own certificate and key are called.
const CERTIFICATE: &str = "machine.pem";
const KEY: &str = "machine-key.pem";

/// Why copies were not carried. What has come stays.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// A file or folder here.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Making a certificate failed.
    #[error("making a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// It holds something else.
    #[error("{}: not a certificate or key in PEM", .0.display())]
    Pem(PathBuf),
    /// The home does not answer, or does not know this machine.
    #[error(
        "{url}: {source}; does it run with --copies, does {CERTIFICATE} lie in its `machines`, is the authority its own?"
    )]
    Home {
        /// Where.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// What answers is no home that hands out copies.
    #[error("{0} does not answer with a list of copies: it is something else")]
    NotAList(String),
    /// The connection broke again and again, or there is no room here.
    #[error("{path}: {source}, again and again; say it once more, it goes on from there")]
    Broken {
        /// Which file.
        path: String,
        /// What broke it the last time.
        source: Box<ureq::Error>,
    },
    /// What came is not what the home says it is.
    #[error("{0}: what came has another hash than the home says; say it once more")]
    Changed(String),
    /// The home names a file that is none of a copy's.
    #[error("the home names {0:?}, which is no file of a copy")]
    Strange(String),
}

/// This machine's own certificate, made at first use: it goes into the folder `machines` of the home.
///
/// # Errors
/// [`CarryError`].
pub fn own_certificate(folder: &Path) -> Result<PathBuf, CarryError> {
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    fs::create_dir_all(folder).map_err(failed(folder))?;
    if !certificate.exists() {
        let pair = KeyPair::generate()?;
        let made = CertificateParams::new(Vec::new())?.self_signed(&pair)?;
        write_private(&key, pair.serialize_pem().as_bytes()).map_err(failed(&key))?;
        write_private(&certificate, made.pem().as_bytes()).map_err(failed(&certificate))?;
    }
    Ok(certificate)
}

/// Fetches what is not here yet; says how many files that were.
///
/// # Errors
/// [`CarryError`].
pub fn carry(url: &str, authority: &Path, to: &Path) -> Result<usize, CarryError> {
    let agent = agent(authority, to)?;
    let url = url.trim_end_matches('/');
    let home = |source| CarryError::Home {
        url: url.to_owned(),
        source: Box::new(source),
    };
    let mut listed = agent.get(format!("{url}/copies")).call().map_err(home)?;
    let listed = listed.body_mut().read_to_vec().map_err(home)?;
    let files: Vec<SealedFile> = serde_json::from_slice(&listed).map_err(|_| CarryError::NotAList(url.to_owned()))?;
    let mut count = 0;
    for file in &files {
        if fetch(&agent, url, file, to)? {
            count += 1;
        }
    }
    Ok(count)
}

/// Fetches a file unless it is here; whether it was not. Its hash is written last: a run that ended before that is
/// made good by the next.
fn fetch(agent: &Agent, url: &str, file: &SealedFile, to: &Path) -> Result<bool, CarryError> {
    let path = to.join(&file.path);
    if !is_sealed_file(&file.path) {
        return Err(CarryError::Strange(file.path.clone()));
    }
    let is_here = path.is_file() && hash_of(&path).map_err(failed(&path))? == file.sha256;
    if !is_here {
        download(agent, url, file, &path)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (hash, line) = (
        path.with_added_extension(HASH_ENDING),
        format!("{}  {name}\n", file.sha256),
    );
    if file.hashed && fs::read_to_string(&hash).ok().as_ref() != Some(&line) {
        write_private(&hash, line.as_bytes()).map_err(failed(&hash))?;
    }
    Ok(!is_here)
}

/// Gives a file its name once all of it has come, with the hash that the home says.
fn download(agent: &Agent, url: &str, file: &SealedFile, path: &Path) -> Result<(), CarryError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let draft = path.with_added_extension(format!("{}.part", file.sha256));
    let mut breaks = 0;
    while length_of(&draft) < file.bytes {
        let before = length_of(&draft);
        let Err(source) = fetch_rest(agent, &format!("{url}/copies/{}", file.path), &draft) else {
            continue;
        };
        let source = Box::new(source);
        if !matches!(
            *source,
            ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::HostNotFound
        ) {
            let url = url.to_owned();
            return Err(CarryError::Home { url, source });
        }
        breaks = if length_of(&draft) > before { 0 } else { breaks + 1 };
        if breaks == MOST_BREAKS {
            let path = file.path.clone();
            return Err(CarryError::Broken { path, source });
        }
    }
    if hash_of(&draft).map_err(failed(&draft))? != file.sha256 {
        fs::remove_file(&draft).map_err(failed(&draft))?;
        return Err(CarryError::Changed(file.path.clone()));
    }
    File::open(&draft)
        .and_then(|draft| draft.sync_all())
        .map_err(failed(&draft))?;
    fs::rename(&draft, path).map_err(failed(path))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed(folder))
}

/// Appends to a draft what it lacks, as far as it comes.
fn fetch_rest(agent: &Agent, url: &str, draft: &Path) -> Result<(), ureq::Error> {
    let mut file = OpenOptions::new().append(true).create(true).open(draft)?;
    let from = file.metadata()?.len();
    let mut answer = agent.get(url).header(RANGE, format!("bytes={from}-")).call()?;
    if from > 0 && answer.status() != 206 {
        // It is given whole.
        file.set_len(0)?;
    }
    io::copy(&mut answer.body_mut().as_reader(), &mut file)?;
    Ok(file.flush()?)
}

fn agent(authority: &Path, own: &Path) -> Result<Agent, CarryError> {
    tls::install_provider();
    let read = |path: &Path| fs::read(path).map_err(failed(path));
    let certificate = |path: &Path| Certificate::from_pem(&read(path)?).map_err(|_| CarryError::Pem(path.to_owned()));
    let key_file = own.join(KEY);
    let key = PrivateKey::from_pem(&read(&key_file)?).map_err(|_| CarryError::Pem(key_file))?;
    let own_certificate = certificate(&own.join(CERTIFICATE))?;
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(vec![certificate(authority)?])))
        .client_cert(Some(ClientCert::new_with_certs(&[own_certificate], key)))
        .build();
    Ok(Agent::config_builder()
        .proxy(None)
        .timeout_connect(Some(CONNECT_TIME))
        .user_agent(concat!("menpai-copies/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .new_agent())
}

fn length_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CarryError {
    move |source| CarryError::File {
        path: path.to_owned(),
        source,
    }
}
