//! Carries the sealed copies of a home to this machine, over TLS where both sides show a certificate: what is here
//! and whole is not fetched again, what was cut off goes on, and what does not have the hash that the
//! home says is never given its name. Nothing whole that is here is removed or written over: whoever takes the home
//! over does not reach what was carried before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use ureq::Agent;
use ureq::http::header::RANGE;
use ureq::tls::{ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::copies::{HASH_ENDING, SealedFile, hash_of};
use crate::data_folder::write_private;
use crate::tls::{self, read_certificate};

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// For the next byte; the home may have to read files before it says the first.
const WAITING_TIME: Duration = Duration::from_secs(60);
/// Most bytes of the list of copies: some 100,000 files.
const MOST_LIST_BYTES: u64 = 32 << 20;
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
    #[error("{0}: what came has another hash or length than the home says; say it once more")]
    Changed(String),
    /// The home names what is no file of a copy, or no hash.
    #[error("the home names {0:?}, which is no file of a copy with its hash")]
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
    let listed = listed.body_mut().with_config().limit(MOST_LIST_BYTES).read_to_vec();
    let listed = listed.map_err(home)?;
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
    if !file.is_one() {
        return Err(CarryError::Strange(file.path.clone()));
    }
    let path = to.join(&file.path);
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
    let draft = beside(path, &format!("{}.part", file.sha256));
    let mut breaks = 0;
    while length_of(&draft) < file.bytes {
        let before = length_of(&draft);
        let ended = fetch_rest(agent, &format!("{url}/copies/{}", file.path), &draft, file.bytes);
        if length_of(&draft) > before {
            breaks = 0;
            continue;
        }
        breaks += 1;
        match ended {
            // It is shorter by now, or gone.
            Ok(()) | Err(ureq::Error::StatusCode(404 | 416)) => return Err(CarryError::Changed(file.path.clone())),
            Err(source) if !is_break(&source) => {
                let (url, source) = (url.to_owned(), Box::new(source));
                return Err(CarryError::Home { url, source });
            }
            Err(source) if breaks == MOST_BREAKS => {
                let (path, source) = (file.path.clone(), Box::new(source));
                return Err(CarryError::Broken { path, source });
            }
            Err(_) => {}
        }
    }
    if hash_of(&draft).map_err(failed(&draft))? != file.sha256 {
        fs::remove_file(&draft).map_err(failed(&draft))?;
        return Err(CarryError::Changed(file.path.clone()));
    }
    File::open(&draft)
        .and_then(|draft| draft.sync_all())
        .map_err(failed(&draft))?;
    set_aside(path).map_err(failed(path))?;
    fs::rename(&draft, path).map_err(failed(path))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed(folder))
}

/// Gives what has a file's name another, unless it is damaged; a restore passes over it.
fn set_aside(path: &Path) -> io::Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let hash = hash_of(path)?;
    let said = fs::read_to_string(path.with_added_extension(HASH_ENDING)).ok();
    if said.is_none_or(|said| said.starts_with(&hash)) {
        fs::rename(path, beside(path, &format!("{hash}.earlier")))?;
    }
    Ok(())
}

/// A file beside another that is none of the copy's: its name begins with a dot.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{ending}"))
}

/// Whether it may go on in a moment.
fn is_break(error: &ureq::Error) -> bool {
    use ureq::Error::{BodyStalled, ConnectionFailed, HostNotFound, Io, Timeout};
    matches!(
        error,
        Io(_) | Timeout(_) | ConnectionFailed | HostNotFound | BodyStalled
    )
}

/// Appends to a draft what it lacks of so many bytes, as far as it comes.
fn fetch_rest(agent: &Agent, url: &str, draft: &Path, bytes: u64) -> Result<(), ureq::Error> {
    let mut file = OpenOptions::new().append(true).create(true).open(draft)?;
    let mut from = file.metadata()?.len();
    let mut answer = agent.get(url).header(RANGE, format!("bytes={from}-")).call()?;
    if from > 0 && answer.status() != 206 {
        // It is given whole.
        file.set_len(0)?;
        from = 0;
    }
    io::copy(&mut answer.body_mut().as_reader().take(bytes - from), &mut file)?;
    Ok(file.flush()?)
}

fn agent(authority: &Path, own: &Path) -> Result<Agent, CarryError> {
    tls::install_provider();
    let key_file = own.join(KEY);
    let key = fs::read(&key_file)
        .and_then(|pem| PrivateKey::from_pem(&pem).map_err(io::Error::other))
        .map_err(failed(&key_file))?;
    let certificate = |path: &Path| read_certificate(path).map_err(failed(path));
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(vec![certificate(authority)?])))
        .client_cert(Some(ClientCert::new_with_certs(
            &[certificate(&own.join(CERTIFICATE))?],
            key,
        )))
        .build();
    Ok(Agent::config_builder()
        .proxy(None)
        .timeout_connect(Some(CONNECT_TIME))
        .timeout_per_read(Some(WAITING_TIME))
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
