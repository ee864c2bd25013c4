//! Logins for a fleet: the file that the demo writes. The first two words of a line are an account
//! and the code of its standing invitation (the desk's password); what follows is for people.

use std::path::{Path, PathBuf};

/// The demo's account for the desk: nobody goes from door to door with it.
const DESK_ACCOUNT: &str = "secretary";

/// Whose phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Account.
    pub account: String,
    /// Code of a standing invitation.
    pub code: String,
}

/// Why there are no logins.
#[derive(Debug, thiserror::Error)]
pub enum LoginsError {
    /// The file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody in it works with a phone.
    #[error("{}: no account for a phone", .0.display())]
    Empty(PathBuf),
}

/// The logins for phones in a file, in its order.
///
/// # Errors
/// [`LoginsError`].
pub fn read_logins(path: &Path) -> Result<Vec<Login>, LoginsError> {
    let text = std::fs::read_to_string(path).map_err(|source| LoginsError::File {
        path: path.to_owned(),
        source,
    })?;
    let logins = parse(&text);
    if logins.is_empty() {
        Err(LoginsError::Empty(path.to_owned()))
    } else {
        Ok(logins)
    }
}

fn parse(text: &str) -> Vec<Login> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(Login {
                account: words.next()?.to_owned(),
                code: words.next()?.to_owned(),
            })
        })
        .filter(|login| login.account != DESK_ACCOUNT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_read_and_the_desk_is_not() {
        let text = "# logins\n  secretary   aaaa-bbbb  何静 社区书记\n  grid1a  482913067  刘敏 网格员\n\nbroken\n";
        let expected = Login {
            account: "grid1a".to_owned(),
            code: "482913067".to_owned(),
        };
        assert_eq!(parse(text), [expected]);
    }
}
