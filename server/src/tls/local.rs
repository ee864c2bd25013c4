//! Certificates for an office without a public name: a local authority (10 years) made at first
//! start, and a leaf (397 days) signed by it. The leaf is made anew 30 days before its end
//! and when the machine's names or addresses changed; the authority stays, so phones trust once.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, Utc};
use menpai_sync_core::ids::Hash;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use serde::{Deserialize, Serialize};

use super::{Files, TlsError};
use crate::data_folder::write_private;

const DAY_MS: i64 = 86_400_000;
const AUTHORITY_DAYS: i64 = 3_652;
/// Browsers refuse leaves of more than 398 days.
const LEAF_DAYS: i64 = 397;
const RENEW_DAYS_BEFORE_END: i64 = 30;

/// What the leaf in the folder was made for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LeafNote {
    names: BTreeSet<String>,
    not_after_ms: i64,
}

/// The authority and leaf of a folder: makes what is missing, and a new leaf where the old one nears
/// its end or the machine is called otherwise by now.
///
/// # Errors
/// [`TlsError`]; then nothing is replaced.
pub(super) fn keep_up(folder: &Path, listen: SocketAddr, now_ms: i64) -> Result<Files, TlsError> {
    let names = names_of_this_machine(listen);
    ensure_authority(folder, now_ms)?;
    if needs_leaf(folder, &names, now_ms) {
        issue_leaf(folder, names, now_ms)?;
    }
    Ok(Files {
        chain: vec![folder.join("leaf.pem"), authority_file(folder)],
        key: folder.join("leaf.key"),
    })
}

/// The certificate that phones and browsers have to trust.
#[must_use]
pub fn authority_file(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

fn ensure_authority(folder: &Path, now_ms: i64) -> Result<(), TlsError> {
    let key_path = folder.join("authority.key");
    if !key_path.exists() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        save(&key_path, &key.serialize_pem())?;
    }
    let path = authority_file(folder);
    if !path.exists() {
        let key = load_key(&key_path)?;
        let mut params = authority_params(&key)?;
        set_days(&mut params, now_ms - DAY_MS, now_ms + AUTHORITY_DAYS * DAY_MS);
        save(&path, &params.self_signed(&key)?.pem())?;
    }
    Ok(())
}

/// The authority's parameters follow from its key alone, so the leaf can be signed without
/// parsing the certificate. The number in its name keeps two homes' authorities apart.
fn authority_params(key: &KeyPair) -> Result<CertificateParams, TlsError> {
    let number = &Hash::of(key.public_key_raw()).to_string()[..8];
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Menpai local authority {number}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    Ok(params)
}

fn needs_leaf(folder: &Path, names: &BTreeSet<String>, now_ms: i64) -> bool {
    let note = fs::read(folder.join("leaf.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<LeafNote>(&bytes).ok());
    note.is_none_or(|note| note.names != *names || note.not_after_ms - now_ms < RENEW_DAYS_BEFORE_END * DAY_MS)
}

fn issue_leaf(folder: &Path, names: BTreeSet<String>, now_ms: i64) -> Result<(), TlsError> {
    let authority_key = load_key(&folder.join("authority.key"))?;
    let issuer = Issuer::new(authority_params(&authority_key)?, authority_key);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "Menpai");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_days(&mut params, now_ms - DAY_MS, now_ms - DAY_MS + LEAF_DAYS * DAY_MS);
    let leaf = params.signed_by(&key, &issuer)?;
    // The note goes last: without it the pair is made again.
    let note_path = folder.join("leaf.json");
    if note_path.exists() {
        fs::remove_file(&note_path).map_err(|source| TlsError::File {
            path: note_path.clone(),
            source,
        })?;
    }
    save(&folder.join("leaf.key"), &key.serialize_pem())?;
    save(&folder.join("leaf.pem"), &leaf.pem())?;
    let note = LeafNote {
        names,
        not_after_ms: now_ms + (LEAF_DAYS - 2) * DAY_MS,
    };
    save(&note_path, &serde_json::to_string(&note).unwrap_or_default())
}

/// localhost, both loopback addresses, the host name, and the address phones in the same
/// network reach: `listen` itself, or the one that routes outward where it is unspecified.
fn names_of_this_machine(listen: SocketAddr) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim().to_ascii_lowercase();
    if !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    {
        names.insert(host);
    }
    let address = if listen.ip().is_unspecified() {
        outward_address()
    } else {
        Some(listen.ip())
    };
    names.extend(address.map(|address| address.to_string()));
    names
}

/// Connecting a UDP socket sends nothing; it only asks which address would be used.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Sets the days of validity: whole days, UTC.
fn set_days(params: &mut CertificateParams, from_ms: i64, until_ms: i64) {
    // rcgen's own date type is not ours to name: it comes out of its constructor only.
    let [from, until] = [from_ms, until_ms].map(|at_ms| {
        let day = DateTime::<Utc>::from_timestamp_millis(at_ms)
            .unwrap_or_default()
            .date_naive();
        let part = |number: u32| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(day.year(), part(day.month()), part(day.day()))
    });
    params.not_before = from;
    params.not_after = until;
}

fn load_key(path: &Path) -> Result<KeyPair, TlsError> {
    let text = fs::read_to_string(path).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(KeyPair::from_pem(&text)?)
}

fn save(path: &Path, text: &str) -> Result<(), TlsError> {
    write_private(path, text.as_bytes()).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_483_957_123;

    fn listen() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[test]
    fn the_leaf_is_kept_until_it_nears_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let leaf = || fs::read(folder.path().join("leaf.pem")).unwrap();
        keep_up(folder.path(), listen(), NOW).unwrap();
        let (first, authority) = (leaf(), fs::read(authority_file(folder.path())).unwrap());
        keep_up(folder.path(), listen(), NOW + 300 * DAY_MS).unwrap();
        assert_eq!(leaf(), first);
        keep_up(folder.path(), listen(), NOW + 370 * DAY_MS).unwrap();
        assert_ne!(leaf(), first);
        assert_eq!(fs::read(authority_file(folder.path())).unwrap(), authority);
    }

    #[test]
    fn a_changed_address_makes_a_new_leaf() {
        let folder = tempfile::tempdir().unwrap();
        keep_up(folder.path(), listen(), NOW).unwrap();
        let first = fs::read(folder.path().join("leaf.pem")).unwrap();
        keep_up(folder.path(), "192.0.2.7:8443".parse().unwrap(), NOW).unwrap();
        assert_ne!(fs::read(folder.path().join("leaf.pem")).unwrap(), first);
    }
}
