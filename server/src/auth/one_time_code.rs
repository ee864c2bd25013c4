//! One-time codes of an authenticator app: RFC 6238 with SHA-1, six digits and 30 seconds, which is
//! what every app speaks. A code of the step before and after is good too, for clocks that differ;
//! that none is taken twice, the store sees to.

use ring::hmac;

/// Bytes of a secret: as long as the hash, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
const STEP_SECONDS: i64 = 30;
const DIGITS: u32 = 6;
/// Steps that a clock may be off.
const STEPS_OFF: i64 = 1;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A shared secret.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// From its bytes.
    #[must_use]
    pub fn new(bytes: [u8; SECRET_BYTES]) -> Secret {
        Secret(bytes)
    }

    /// To be sealed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// As an app takes it when it is typed.
    #[must_use]
    pub fn to_base32(&self) -> String {
        let mut text = String::new();
        for five in self.0.chunks(5) {
            let mut bits = [0; 8];
            bits[3..3 + five.len()].copy_from_slice(five);
            let bits = u64::from_be_bytes(bits);
            text.extend(
                (0..8)
                    .rev()
                    .map(|at| char::from(BASE32[usize::try_from(bits >> (5 * at) & 31).unwrap_or(0)])),
            );
        }
        text
    }

    /// As an app scans it, and shows account and issuer. The issuer once: a name in Chinese is long here,
    /// and the code is to be read from a screen.
    #[must_use]
    pub fn to_uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent(issuer), percent(account));
        let secret = self.to_base32();
        format!("otpauth://totp/{account}?secret={secret}&issuer={issuer}")
    }

    /// The step whose code this is, if it is one of now.
    #[must_use]
    pub fn step_of(&self, code: &str, now_ms: i64) -> Option<i64> {
        let now = now_ms.div_euclid(1000 * STEP_SECONDS);
        (now - STEPS_OFF..=now + STEPS_OFF).rfind(|step| self.code(*step) == code)
    }

    /// The code of a step: of the 30 seconds that begin at 30 times it.
    #[must_use]
    pub fn code(&self, step: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let bytes = tag.as_ref();
        let at = usize::from(bytes.last().copied().unwrap_or(0) & 15);
        let four = bytes[at..at + 4]
            .iter()
            .fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
        let number = (four & 0x7fff_ffff) % 10_u32.pow(DIGITS);
        format!("{number:06}")
    }
}

fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(*b"12345678901234567890")
    }

    /// RFC 6238, appendix B, SHA-1; the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().code(seconds / STEP_SECONDS), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_minute_and_a_half() {
        let at = |seconds: i64| secret().step_of("287082", seconds * 1000);
        assert_eq!(at(29), Some(1), "the app is ahead");
        assert_eq!(at(59), Some(1));
        assert_eq!(at(89), Some(1), "the app is behind");
        assert_eq!(at(90), None);
        assert_eq!(secret().step_of("28708", 59_000), None);
        assert_eq!(secret().step_of("", 59_000), None);
    }

    #[test]
    fn an_app_reads_the_secret() {
        assert_eq!(secret().to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            secret().to_uri("门牌 A", "he"),
            "otpauth://totp/he?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E9%97%A8%E7%89%8C%20A"
        );
    }
}
