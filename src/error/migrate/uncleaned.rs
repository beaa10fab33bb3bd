//! Why one profile was not cleaned: no end of a cure, which goes on with the next profile.

use std::fmt::{self, Display, Formatter};

use crate::error::Error;

/// Why one profile was not cleaned. What it says is told with all others', in
/// [`MigrateError::Uncured`](super::MigrateError::Uncured), which has the next step.
#[derive(Debug)]
pub enum Uncleaned {
    /// Cargo has run, and failed.
    Cargo {
        /// The command that it failed at.
        command: String,
        /// What it said, or how it ended.
        ended: String,
    },
    /// Anything else.
    Other(Error),
}

impl Uncleaned {
    /// Whether cargo has failed with these words.
    pub fn says(&self, words: &str) -> bool {
        matches!(self, Uncleaned::Cargo { ended, .. } if ended.contains(words))
    }
}

impl From<Error> for Uncleaned {
    fn from(error: Error) -> Self {
        Uncleaned::Other(error)
    }
}

impl Display for Uncleaned {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Uncleaned::Cargo { command, ended } => {
                write!(f, "failed to run `{command}`\n{}", ended.trim_end())
            }
            Uncleaned::Other(error) => write!(f, "{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Uncleaned;

    #[test]
    fn says_what_cargo_has_said() {
        let command = "cargo clean --profile dev --workspace".into();
        let ended = "error: could not find `Cargo.toml`\n".into();
        let failed = Uncleaned::Cargo { command, ended };
        assert!(failed.says("could not find") && !failed.says("no such flag"));
        assert_eq!(
            failed.to_string(),
            "failed to run `cargo clean --profile dev --workspace`\n\
             error: could not find `Cargo.toml`"
        );
    }
}
