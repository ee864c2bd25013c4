//! What has begun and is to be finished by the same browser within five minutes: a passkey that is
//! being made or shown, an authenticator app that is being set up. Each is finished once; what the
//! server must believe (challenge, secret) stays here. In memory: a restart means to begin again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration};

use super::limits::Source;
use super::one_time_code::Secret;
use super::token::Token;

const LAST_MS: i64 = 5 * 60 * 1000;
/// Of one source, so that nobody can push out another's by beginning many.
const MOST_OF_ONE: usize = 64;
const MOST: usize = 8_192;

/// What has begun, and for whom.
pub enum Ceremony {
    /// A passkey is being made for an account.
    NewPasskey(String, PasskeyRegistration),
    /// A passkey is being shown: to sign in (`None`), or by who is signed in.
    ShowPasskey(Option<String>, DiscoverableAuthentication),
    /// An authenticator app is being set up for an account.
    NewCode(String, Secret),
}

struct Open {
    id: [u8; 32],
    source: Source,
    until_ms: i64,
    ceremony: Ceremony,
}

/// Those that have begun, the oldest first.
#[derive(Default)]
pub struct Ceremonies {
    open: Mutex<Vec<Open>>,
}

impl Ceremonies {
    /// Begins one; whoever has its name may finish it.
    #[must_use]
    pub fn begin(&self, source: Source, ceremony: Ceremony, now_ms: i64) -> String {
        let token = Token::new_random();
        self.keep(token.hash(), source, ceremony, now_ms);
        token.to_text()
    }

    /// Takes one that has begun; it cannot be taken again.
    #[must_use]
    pub fn take(&self, name: &str, now_ms: i64) -> Option<Ceremony> {
        let id = Token::from_text(name)?.hash();
        let mut open = self.lock();
        let at = open.iter().position(|one| one.id == id)?;
        let one = open.remove(at);
        (now_ms < one.until_ms).then_some(one.ceremony)
    }

    /// Puts one back that is to be tried again, such as after a mistyped code.
    pub fn put_back(&self, name: &str, source: Source, ceremony: Ceremony, now_ms: i64) {
        if let Some(token) = Token::from_text(name) {
            self.keep(token.hash(), source, ceremony, now_ms);
        }
    }

    fn keep(&self, id: [u8; 32], source: Source, ceremony: Ceremony, now_ms: i64) {
        let mut open = self.lock();
        open.retain(|one| now_ms < one.until_ms);
        let of_source = open.iter().filter(|one| one.source == source).count();
        let goes = if of_source >= MOST_OF_ONE {
            open.iter().position(|one| one.source == source)
        } else {
            (open.len() >= MOST).then_some(0)
        };
        if let Some(oldest) = goes {
            open.remove(oldest);
        }
        open.push(Open {
            id,
            source,
            until_ms: now_ms + LAST_MS,
            ceremony,
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting_up() -> Ceremony {
        Ceremony::NewCode("he".to_owned(), Secret::new([7; 20]))
    }

    fn source(last: u8) -> Source {
        Source::of([192, 0, 2, last].into())
    }

    #[test]
    fn one_is_finished_once_and_in_time() {
        let ceremonies = Ceremonies::default();
        let name = ceremonies.begin(source(1), setting_up(), 0);
        assert!(ceremonies.take("elsewhere", 1).is_none());
        let taken = ceremonies.take(&name, LAST_MS - 1).unwrap();
        assert!(ceremonies.take(&name, LAST_MS - 1).is_none());
        ceremonies.put_back(&name, source(1), taken, LAST_MS - 1);
        assert!(ceremonies.take(&name, LAST_MS).is_some());
        let late = ceremonies.begin(source(1), setting_up(), 0);
        assert!(ceremonies.take(&late, LAST_MS).is_none());
    }

    #[test]
    fn whoever_begins_many_pushes_out_nobody_else() {
        let ceremonies = Ceremonies::default();
        let name = ceremonies.begin(source(1), setting_up(), 0);
        for _ in 0..10_000 {
            let _ = ceremonies.begin(source(2), setting_up(), 0);
        }
        assert_eq!(ceremonies.lock().len(), MOST_OF_ONE + 1);
        assert!(ceremonies.take(&name, 1).is_some());
    }
}
