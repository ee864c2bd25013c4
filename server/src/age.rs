//! Files sealed for whoever holds a key that is not here: the age format (age-encryption.org/v1) with
//! X25519 recipients, as the `age` and `rage` tools read and write it. Written here on `ring` because the
//! `age` crate brings ninety others; no passphrases, no plugins, no armor. Everything is done piece by
//! piece: a file of any size takes the memory of one piece.

use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::str::FromStr;

use menpai_sync_core::ids::hex;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::clock;

/// What is added to a sealed file's name.
pub const SEALED_ENDING: &str = "age";
const VERSION: &str = "age-encryption.org/v1";
const PIECE_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const COLUMNS: usize = 64;
/// A header of ours has two stanzas; one of another tool may have a few more.
const MOST_HEADER_BYTES: u64 = 64 * 1024;
const RECIPIENT_PREFIX: &str = "age";
const IDENTITY_PREFIX: &str = "age-secret-key-";

/// For whom something is sealed: `age1…`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// Who can open it: `AGE-SECRET-KEY-1…`.
pub struct Identity(StaticSecret);

/// Not a key of this format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A recipient.
    #[error("not an age recipient: it begins with `age1` and has 62 characters; `age-keygen` makes one")]
    Recipient,
    /// An identity.
    #[error("not an age identity: it begins with `AGE-SECRET-KEY-1` and has 74 characters")]
    Identity,
}

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// Reading or writing.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not a file of this format, or one that was changed or cut off.
    #[error("not an age file, or damaged: {0}")]
    Damaged(&'static str),
    /// It is for others.
    #[error("it is sealed for other keys than this one")]
    NotForUs,
    /// A cipher refused.
    #[error("the cipher failed")]
    Cipher,
}

impl FromStr for Recipient {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Recipient, KeyError> {
        // A mixed case is a typing error.
        let all_lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
        let key = bech32_decode(RECIPIENT_PREFIX, text).filter(|_| all_lower);
        key.map(Recipient).ok_or(KeyError::Recipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32_encode(RECIPIENT_PREFIX, &self.0))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Identity {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Identity, KeyError> {
        let all_upper = text.bytes().all(|byte| !byte.is_ascii_lowercase());
        let key = bech32_decode(IDENTITY_PREFIX, &text.to_ascii_lowercase()).filter(|_| all_upper);
        key.map(Identity::from_bytes).ok_or(KeyError::Identity)
    }
}

impl Identity {
    /// From 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Identity {
        Identity(bytes.into())
    }

    /// As an identity file has it.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        bech32_encode(IDENTITY_PREFIX, self.0.as_bytes()).to_ascii_uppercase()
    }

    /// From the text of an identity file: its first line that is no comment.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_file_text(text: &str) -> Result<Identity, KeyError> {
        let lines = text.lines().map(str::trim);
        let mut keys = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        keys.next().ok_or(KeyError::Identity)?.parse()
    }

    /// The other half.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0).to_bytes())
    }
}

/// Writes what is sealed: [`Sealer::finish`] makes it whole, without it nobody can open it.
pub struct Sealer<W: Write> {
    to: W,
    stream: Stream,
    piece: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Begins a file that each of these can open.
    ///
    /// # Errors
    /// [`AgeError`].
    pub fn begin(recipients: &[Recipient], mut to: W) -> Result<Sealer<W>, AgeError> {
        let file_key: [u8; 16] = clock::random();
        let mut header = format!("{VERSION}\n");
        for recipient in recipients {
            let secret = StaticSecret::from(clock::random::<32>());
            let share = PublicKey::from(&secret).to_bytes();
            let wrapping = wrapping_key(&secret, recipient.0, share, recipient.0)?;
            let mut body = file_key.to_vec();
            wrapping
                .seal_in_place_append_tag(nonce(0, false), Aad::empty(), &mut body)
                .map_err(|_| AgeError::Cipher)?;
            header.push_str(&format!("-> X25519 {}\n{}\n", base64(&share), base64(&body)));
        }
        header.push_str("---");
        let tag = hmac::sign(&header_key(&file_key)?, header.as_bytes());
        header.push_str(&format!(" {}\n", base64(tag.as_ref())));
        let salt: [u8; 16] = clock::random();
        to.write_all(header.as_bytes())?;
        to.write_all(&salt)?;
        Ok(Sealer {
            to,
            stream: Stream::new(&file_key, &salt)?,
            piece: Vec::with_capacity(PIECE_BYTES + TAG_BYTES),
        })
    }

    /// Writes the last piece and gives back where it was written.
    ///
    /// # Errors
    /// [`AgeError`].
    pub fn finish(mut self) -> Result<W, AgeError> {
        self.write_piece(true)?;
        Ok(self.to)
    }

    fn write_piece(&mut self, last: bool) -> Result<(), AgeError> {
        self.stream.seal(&mut self.piece, last)?;
        self.to.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits: only the last one may be empty, and only if it is the first.
        if self.piece.len() == PIECE_BYTES && !bytes.is_empty() {
            self.write_piece(false).map_err(io::Error::other)?;
        }
        let taken = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Writes what was sealed to `to`; says how many bytes. What was written before an error is not to be
/// believed to be whole.
///
/// # Errors
/// [`AgeError`].
pub fn open(identity: &Identity, mut from: impl BufRead, to: &mut impl Write) -> Result<u64, AgeError> {
    let file_key = read_header(identity, &mut from)?;
    let mut salt = [0; 16];
    from.read_exact(&mut salt)
        .map_err(|_| AgeError::Damaged("it is cut off"))?;
    let mut stream = Stream::new(&file_key, &salt)?;
    let mut piece = Vec::with_capacity(PIECE_BYTES + TAG_BYTES);
    let mut bytes = 0;
    loop {
        piece.clear();
        let most = u64::try_from(PIECE_BYTES + TAG_BYTES).unwrap_or(u64::MAX);
        (&mut from).take(most).read_to_end(&mut piece)?;
        let last = from.fill_buf()?.is_empty();
        let is_first = stream.is_at_beginning();
        stream.open(&mut piece, last)?;
        if piece.is_empty() && !is_first {
            return Err(AgeError::Damaged("its last piece is empty"));
        }
        to.write_all(&piece)?;
        bytes += piece.len() as u64;
        if last {
            return Ok(bytes);
        }
    }
}

/// Finds the file's key for an identity, and checks that the header is what was written.
fn read_header(identity: &Identity, from: &mut impl BufRead) -> Result<[u8; 16], AgeError> {
    let mut from = from.take(MOST_HEADER_BYTES);
    let mut header = String::new();
    let mut line = |header: &mut String| -> Result<String, AgeError> {
        let start = header.len();
        from.read_line(header)?;
        let line = header[start..].strip_suffix('\n');
        Ok(line.ok_or(AgeError::Damaged("its header is cut off"))?.to_owned())
    };
    if line(&mut header)? != VERSION {
        return Err(AgeError::Damaged("it is of another version"));
    }
    let mut file_key = None;
    let mut next = line(&mut header)?;
    let tag = loop {
        if let Some(tag) = next.strip_prefix("--- ") {
            break unbase64(tag).ok_or(AgeError::Damaged("its header"))?;
        }
        let stanza = next
            .strip_prefix("-> ")
            .ok_or(AgeError::Damaged("its header"))?
            .to_owned();
        let mut body = String::new();
        loop {
            next = line(&mut header)?;
            body.push_str(&next);
            // A line that is not full ends the stanza.
            if next.len() < COLUMNS {
                break;
            }
        }
        if let Some(share) = stanza.strip_prefix("X25519 ") {
            file_key = file_key.or(unwrap(identity, share, &body)?);
        }
        next = line(&mut header)?;
    };
    let file_key = file_key.ok_or(AgeError::NotForUs)?;
    let signed = header.rfind("---").map_or(0, |at| at + 3);
    hmac::verify(&header_key(&file_key)?, &header.as_bytes()[..signed], &tag)
        .map_err(|_| AgeError::Damaged("its header was changed"))?;
    Ok(file_key)
}

/// The file's key of a stanza; `None`: it is somebody else's.
fn unwrap(identity: &Identity, share: &str, body: &str) -> Result<Option<[u8; 16]>, AgeError> {
    let bad = AgeError::Damaged("a recipient's line");
    let share = unbase64(share).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let (Some(share), Some(mut body)) = (share, unbase64(body)) else {
        return Err(bad);
    };
    let own = identity.recipient().0;
    let wrapping = wrapping_key(&identity.0, share, share, own)?;
    let opened = wrapping.open_in_place(nonce(0, false), Aad::empty(), &mut body);
    Ok(opened.ok().and_then(|key| <[u8; 16]>::try_from(&*key).ok()))
}

/// What the file's key is wrapped in: agreed between `secret` and `with`.
fn wrapping_key(
    secret: &StaticSecret,
    with: [u8; 32],
    share: [u8; 32],
    recipient: [u8; 32],
) -> Result<LessSafeKey, AgeError> {
    let shared = secret.diffie_hellman(&PublicKey::from(with));
    if !shared.was_contributory() {
        return Err(AgeError::Damaged("a recipient's line"));
    }
    let salt = [share, recipient].concat();
    cipher(derived(&salt, shared.as_bytes(), b"age-encryption.org/v1/X25519")?)
}

fn header_key(file_key: &[u8; 16]) -> Result<hmac::Key, AgeError> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &derived(&[], file_key, b"header")?))
}

fn derived(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<[u8; 32], AgeError> {
    let mut key = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|expanded| expanded.fill(&mut key))
        .map_err(|_| AgeError::Cipher)?;
    Ok(key)
}

fn cipher(key: [u8; 32]) -> Result<LessSafeKey, AgeError> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| AgeError::Cipher)?;
    Ok(LessSafeKey::new(key))
}

fn nonce(counter: u64, last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&counter.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// The pieces of a file, each under the next nonce, the last one marked.
struct Stream {
    key: LessSafeKey,
    pieces: u64,
}

impl Stream {
    fn new(file_key: &[u8; 16], salt: &[u8; 16]) -> Result<Stream, AgeError> {
        Ok(Stream {
            key: cipher(derived(salt, file_key, b"payload")?)?,
            pieces: 0,
        })
    }

    fn is_at_beginning(&self) -> bool {
        self.pieces == 0
    }

    fn seal(&mut self, piece: &mut Vec<u8>, last: bool) -> Result<(), AgeError> {
        self.key
            .seal_in_place_append_tag(nonce(self.pieces, last), Aad::empty(), piece)
            .map_err(|_| AgeError::Cipher)?;
        self.pieces += 1;
        Ok(())
    }

    fn open(&mut self, piece: &mut Vec<u8>, last: bool) -> Result<(), AgeError> {
        let opened = self.key.open_in_place(nonce(self.pieces, last), Aad::empty(), piece);
        let length = opened
            .map_err(|_| AgeError::Damaged("a piece was changed, or it is cut off"))?
            .len();
        piece.truncate(length);
        self.pieces += 1;
        Ok(())
    }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 without padding.
fn base64(bytes: &[u8]) -> String {
    regrouped(bytes, 8, 6, true)
        .unwrap_or_default()
        .into_iter()
        .map(|value| char::from(LETTERS[usize::from(value)]))
        .collect()
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let values: Option<Vec<u8>> = text.bytes().map(|letter| value_of(LETTERS, letter)).collect();
    regrouped(&values?, 6, 8, false)
}

const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fn bech32_encode(prefix: &str, key: &[u8; 32]) -> String {
    let mut values = regrouped(key, 8, 5, true).unwrap_or_default();
    let mut checked = expanded(prefix);
    checked.extend(&values);
    checked.extend([0; 6]);
    let checksum = polymod(&checked) ^ 1;
    values.extend((0..6).map(|at| (checksum >> (5 * (5 - at)) & 31) as u8));
    let letters: String = values
        .into_iter()
        .map(|value| char::from(BECH32[usize::from(value)]))
        .collect();
    format!("{prefix}1{letters}")
}

fn bech32_decode(prefix: &str, text: &str) -> Option<[u8; 32]> {
    let letters = text.strip_prefix(prefix)?.strip_prefix('1')?;
    let values: Vec<u8> = letters
        .bytes()
        .map(|letter| value_of(BECH32, letter))
        .collect::<Option<_>>()?;
    let mut checked = expanded(prefix);
    checked.extend(&values);
    if values.len() < 6 || polymod(&checked) != 1 {
        return None;
    }
    regrouped(&values[..values.len() - 6], 5, 8, false)?.try_into().ok()
}

fn expanded(prefix: &str) -> Vec<u8> {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).collect()
}

fn polymod(values: &[u8]) -> u32 {
    const STEPS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.iter().fold(1, |sum: u32, value| {
        let top = sum >> 25;
        let next = (sum & 0x1ff_ffff) << 5 ^ u32::from(*value);
        (0..5)
            .filter(|at| top >> at & 1 == 1)
            .fold(next, |next, at| next ^ STEPS[at])
    })
}

fn value_of(letters: &[u8], letter: u8) -> Option<u8> {
    let at = letters.iter().position(|known| *known == letter)?;
    u8::try_from(at).ok()
}

/// Groups of `from` bits as groups of `to` bits. Without padding, what is left over must be zero and
/// less than a group.
fn regrouped(values: &[u8], from: u32, to: u32, pad: bool) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut out) = (0_u32, 0_u32, Vec::new());
    for value in values {
        held = held << from | u32::from(*value);
        bits += from;
        while bits >= to {
            bits -= to;
            out.push((held >> bits & ((1 << to) - 1)) as u8);
        }
        held &= (1 << bits) - 1;
    }
    match (bits, pad) {
        (0, _) => {}
        (_, true) => out.push((held << (to - bits)) as u8),
        (_, false) if bits < from && held == 0 => {}
        _ => return None,
    }
    Some(out)
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "identity of {}", hex(&self.recipient().0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `age-keygen` of age 1.1.1.
    const IDENTITY: &str = "AGE-SECRET-KEY-1YPZ392X56LD8FSDSYHJD6JMHJGMQA3Z2G84G6PJDDJLDCLMXYXEQZTGQMU";
    const RECIPIENT: &str = "age1fsyqm9qzwvvx5acn8xsaauqtcl4etm58fl8av64x7uvkpr4wjc3qugfwp5";
    /// `printf '门牌\n' | age -r RECIPIENT | base64`, by age 1.1.1.
    const SEALED: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBMRzgrcGxiYmxyT2pIeVBIQkI2R1FIVWx2MmR4aGF3VlBWQit1ZXorKzF3CmRlSXg2c09jY1dwY1NzOW0zMHlSR0dwN0xaTmxEN1FsVkhuWXB6WEdndFEKLS0tIDg3ZVN1VE1janZIUldHTEkvZXBiWnkzWi9jbEJPVUtsakVtZTJ3c2ovSDQKSwHYfcT4GFnn+CfJndZpnyOAatLz66aBhMe6+pfvrbNyTSewXHaE";

    fn identity() -> Identity {
        IDENTITY.parse().unwrap()
    }

    fn sealed(recipients: &[Recipient], plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::begin(recipients, Vec::new()).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(identity: &Identity, sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
        let mut plain = Vec::new();
        open(identity, sealed, &mut plain)?;
        Ok(plain)
    }

    fn other() -> Identity {
        Identity::from_bytes([9; 32])
    }

    #[test]
    fn keys_are_read_as_the_tool_writes_them() {
        assert_eq!(identity().recipient().to_string(), RECIPIENT);
        assert_eq!(identity().to_secret_text(), IDENTITY);
        let recipient: Recipient = RECIPIENT.parse().unwrap();
        assert_eq!(recipient, identity().recipient());
        let file = format!("# created: 2026-11-30\n# public key: {RECIPIENT}\n{IDENTITY}\n");
        assert_eq!(Identity::from_file_text(&file).unwrap().recipient(), recipient);
        let mistyped = RECIPIENT.replace("age1", "age1q");
        for wrong in [
            "",
            "age1",
            &RECIPIENT[..61],
            &mistyped,
            &RECIPIENT.to_uppercase(),
            IDENTITY,
            "ssh-ed25519 AAAA",
        ] {
            assert_eq!(wrong.parse::<Recipient>(), Err(KeyError::Recipient), "{wrong}");
        }
        for at in 4..RECIPIENT.len() {
            let mut letters = RECIPIENT.to_owned().into_bytes();
            letters[at] = if letters[at] == b'q' { b'p' } else { b'q' };
            let wrong = String::from_utf8(letters).unwrap();
            assert_eq!(
                wrong.parse::<Recipient>(),
                Err(KeyError::Recipient),
                "one letter wrong: {wrong}"
            );
        }
        assert!(matches!(RECIPIENT.parse::<Identity>(), Err(KeyError::Identity)));
        assert!(matches!(
            Identity::from_file_text("# nothing\n"),
            Err(KeyError::Identity)
        ));
    }

    #[test]
    fn a_file_of_the_tool_is_opened() {
        let bytes = unbase64(SEALED.trim_end_matches('=')).unwrap();
        assert_eq!(opened(&identity(), &bytes).unwrap(), "门牌\n".as_bytes());
    }

    #[test]
    fn each_recipient_opens_it_and_nobody_else() {
        let recipients = [identity().recipient(), other().recipient()];
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let plain: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let sealed = sealed(&recipients, &plain);
            for identity in [identity(), other()] {
                assert!(opened(&identity, &sealed).unwrap() == plain, "{length}");
            }
        }
        let stranger = Identity::from_bytes([8; 32]);
        let sealed = sealed(&recipients, b"secret");
        assert!(matches!(opened(&stranger, &sealed), Err(AgeError::NotForUs)));
    }

    #[test]
    fn what_was_changed_or_cut_off_is_refused() {
        let whole = sealed(&[identity().recipient()], &[7; PIECE_BYTES + 100]);
        for at in 0..whole.len() {
            // Every byte of header and salt, then some.
            if at > 300 && at % 997 != 0 {
                continue;
            }
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(opened(&identity(), &changed).is_err(), "byte {at}");
        }
        let header = whole.len() - PIECE_BYTES - 100 - 2 * TAG_BYTES;
        for length in [
            0,
            5,
            30,
            header - 16,
            header,
            header + PIECE_BYTES + TAG_BYTES,
            whole.len() - 1,
        ] {
            assert!(opened(&identity(), &whole[..length]).is_err(), "{length} bytes");
        }
        assert!(opened(&identity(), &[&whole[..], b"more"].concat()).is_err());
    }
}
