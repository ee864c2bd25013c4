//! Passwords: Argon2id with 19 MiB, two passes, one lane (OWASP's second choice). At most
//! two are computed at a time, off the server's workers: a burst of sign-ins waits, it does
//! not take the machine. An account that does not exist costs the same as one that does.

use actix_web::web;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zxcvbn::{Score, zxcvbn};

use crate::clock;
use crate::error::{ApiError, ApiResult};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const AT_A_TIME: usize = 2;
/// Longer passwords are refused unread: hashing them would be a way to waste our time.
const MAX_PASSWORD_BYTES: usize = 256;
/// No letter or digit that looks like another.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("hashing a password: {0}")]
pub struct PasswordError(String);

/// What accounts that do not exist are checked against: no password is known that fits, and one that
/// did would not sign in.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm8";

/// Hashes and checks passwords.
pub struct Passwords {
    permits: Semaphore,
}

impl Passwords {
    /// Ready to check.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "there is one in a home")]
    pub fn new() -> Passwords {
        Passwords {
            permits: Semaphore::new(AT_A_TIME),
        }
    }

    /// Whether the password fits the hash; `None`: the account does not exist.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if it cannot be computed.
    pub async fn check(&self, hash: Option<String>, password: String) -> ApiResult<bool> {
        let _permit = self.permits.acquire().await.map_err(ApiError::internal)?;
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let fits = web::block(move || verify_password(&hash, &password)).await?;
        Ok(fits && exists)
    }

    /// What is kept of a password.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if it cannot be computed.
    pub async fn hash(&self, password: String) -> ApiResult<String> {
        let _permit = self.permits.acquire().await.map_err(ApiError::internal)?;
        web::block(move || hash_password(&password))
            .await?
            .map_err(ApiError::internal)
    }

    /// What would be kept of a recovery code of a set with this salt.
    ///
    /// # Errors
    /// [`ApiError::Internal`] if it cannot be computed.
    pub async fn hash_code(&self, code: String, salt: [u8; 16]) -> ApiResult<[u8; 32]> {
        let _permit = self.permits.acquire().await.map_err(ApiError::internal)?;
        web::block(move || hash_with_salt(&code, &salt))
            .await?
            .map_err(ApiError::internal)
    }
}

/// Fewest characters of a password that somebody thought up.
const FEWEST_CHARS: usize = 10;
/// What is guessed here, too.
const HERE: [&str; 7] = ["menpai", "shequ", "wangge", "mima", "woaini", "5201314", "1314520"];

/// Refuses passwords that would be guessed first, and those that are longer than anybody is let in with.
/// `zxcvbn` knows the common ones (OWASP ASVS 5.0, 6.2.4), words, names, dates, keys in a row and repetitions;
/// what it gives four points takes more than ten thousand million guesses.
///
/// # Errors
/// [`ApiError::WeakPassword`].
pub(super) fn check_strength(account: &str, password: &str) -> ApiResult<()> {
    let guessed = [&HERE[..], &[account]].concat();
    let fits = password.chars().count() >= FEWEST_CHARS
        && password.len() <= MAX_PASSWORD_BYTES
        && zxcvbn(password, &guessed).score() >= Score::Four;
    if fits { Ok(()) } else { Err(ApiError::WeakPassword) }
}

/// What of a recovery code is kept. Blocks for some 25 ms.
///
/// # Errors
/// [`PasswordError`].
pub(super) fn hash_with_salt(code: &str, salt: &[u8; 16]) -> Result<[u8; 32], PasswordError> {
    let mut hash = [0; 32];
    argon2()?
        .hash_password_into(code.as_bytes(), salt, &mut hash)
        .map_err(|e| PasswordError(e.to_string()))?;
    Ok(hash)
}

/// The hash of a new password. Blocks for some 25 ms.
///
/// # Errors
/// [`PasswordError`].
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    let salt: [u8; 16] = clock::random();
    argon2()
        .and_then(|argon2| {
            argon2
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map_err(|e| PasswordError(e.to_string()))
        })
        .map(|hash| hash.to_string())
}

fn verify_password(hash: &str, password: &str) -> bool {
    if password.len() > MAX_PASSWORD_BYTES {
        return false;
    }
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    // The parameters are those in the hash; ours may have grown since.
    argon2().is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &hash).is_ok())
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|e| PasswordError(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Three groups of four, easy to read out and to type: 59 random bits.
#[must_use]
pub fn new_password() -> String {
    let mut password = String::new();
    let mut letters = 0;
    while letters < 12 {
        for byte in clock::random::<16>() {
            // 248 = 8 × 31: what is beyond would favour the first letters.
            if letters < 12 && byte < 248 {
                if letters > 0 && letters % 4 == 0 {
                    password.push('-');
                }
                password.push(char::from(ALPHABET[usize::from(byte % 31)]));
                letters += 1;
            }
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_says_its_parameters_and_fits_one_password() {
        let hash = hash_password("k7mw-p3qt").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password(&hash, "k7mw-p3qt"));
        assert!(!verify_password(&hash, "k7mw-p3qu"));
        assert!(!verify_password("no hash", "k7mw-p3qt"));
    }

    #[test]
    fn what_is_guessed_first_is_no_password() {
        for weak in [
            "",
            "k7mw-p3qt",
            "aaaaaaaaaaaa",
            "1212121212",
            "0123456789",
            "1234567890",
            "9876543210",
            "abcdefghijk",
            "qwertyuiop",
            "1qaz2wsx3edc",
            "1q2w3e4r5t",
            "password123",
            "a123456789",
            "Woaini5201314",
            "Admin@123456",
            "liumin2026x",
            "LiuMin-2026",
        ] {
            assert!(check_strength("liumin", weak).is_err(), "{weak}");
        }
        assert!(check_strength("liumin", &"长".repeat(100)).is_err());
        for good in [
            "k7mw-p3qt-9xyz",
            "一只猫坐在楼门口的台阶上",
            "correct horse in the yard",
        ] {
            assert!(check_strength("liumin", good).is_ok(), "{good}");
        }
        assert!(
            check_strength("liu", "liu-of-the-third-floor").is_ok(),
            "a short name is in many words"
        );
    }

    #[actix_web::test]
    async fn nobody_has_no_password() {
        let passwords = Passwords::new();
        assert!(!passwords.check(None, String::new()).await.unwrap());
    }

    #[test]
    fn nobody_costs_what_somebody_does() {
        let parsed = |hash: &str| {
            let hash = PasswordHash::new(hash).unwrap();
            let lengths = (hash.salt.unwrap().len(), hash.hash.unwrap().len());
            (
                hash.algorithm.to_string(),
                hash.version,
                hash.params.to_string(),
                lengths,
            )
        };
        assert_eq!(parsed(NOBODY), parsed(&hash_password("k7mw-p3qt").unwrap()));
    }

    #[test]
    fn passwords_are_three_groups_and_differ() {
        let password = new_password();
        assert_eq!(password.len(), 14);
        assert!(password.split('-').all(|group| group.len() == 4));
        assert_ne!(password, new_password());
    }
}
