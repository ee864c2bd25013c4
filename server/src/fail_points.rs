//! Named places where a test kills the process, makes a step fail, or breaks a rule of ours on
//! purpose, to see that a proof would notice. `FAILPOINTS` arms them in the words of the crate
//! `fail`: `committed=3*off->return(kill)`; `committed @ writer 410102002005` arms a place for one
//! thread alone. They exist only in development builds with the
//! feature `fail-points`; in any other build each is an empty function.

use crate::store::community::StoreError;

/// Kills the process, or fails, if a test armed the place so.
///
/// # Errors
/// [`StoreError::Other`] where the place is armed with `return(error)`.
pub(crate) fn at(place: &str) -> Result<(), StoreError> {
    armed::at(place)
}

/// The same for places that only kill.
pub(crate) fn pass(place: &str) {
    let _ = armed::at(place);
}

/// Whether a test breaks a rule on purpose: `return` arms it. Says `false` in every build that
/// anybody is served by.
pub(crate) fn is_broken(rule: &str) -> bool {
    armed::is_broken(rule)
}

/// Reads `FAILPOINTS`; the places stay armed as long as what this returns lives.
pub(crate) fn from_environment() -> impl Sized {
    armed::from_environment()
}

#[cfg(all(feature = "fail-points", debug_assertions))]
mod armed {
    use fail::{FailScenario, fail_point};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::StoreError;

    pub(super) fn at(place: &str) -> Result<(), StoreError> {
        hit(place)?;
        match std::thread::current().name() {
            Some(thread) => hit(&format!("{place} @ {thread}")),
            None => Ok(()),
        }
    }

    fn hit(place: &str) -> Result<(), StoreError> {
        fail_point!(place, |action| match action.as_deref() {
            Some("kill") => {
                // As kill -9 from outside: nothing is flushed, nothing is dropped.
                let _ = kill(Pid::this(), Signal::SIGKILL);
                loop {
                    std::thread::park();
                }
            }
            _ => Err(StoreError::Other("a test made it fail")),
        });
        Ok(())
    }

    pub(super) fn is_broken(rule: &str) -> bool {
        fail_point!(rule, |_| true);
        false
    }

    pub(super) fn from_environment() -> FailScenario<'static> {
        FailScenario::setup()
    }
}

#[cfg(not(all(feature = "fail-points", debug_assertions)))]
mod armed {
    use super::StoreError;

    pub(super) fn at(_: &str) -> Result<(), StoreError> {
        Ok(())
    }

    pub(super) fn is_broken(_: &str) -> bool {
        false
    }

    pub(super) fn from_environment() -> impl Sized {}
}
