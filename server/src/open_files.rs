//! How many files this process may have open. The usual soft limit, 1,024, is for programs that
//! still use select(); each open community takes several.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one and says what is in force.
pub(crate) fn raise_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    if setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        hard
    } else {
        soft
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_in_force_is_the_one_that_is_said() {
        let said = raise_limit();
        assert!(said > 0);
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, said);
    }
}
