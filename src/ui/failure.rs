//! A failure: its text, the next step and the exit code, written where it happens.
//!
//! Texts follow cargo's grammar, because they appear beside cargo's own. Cargo's own failures are never
//! translated.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::Path;

use super::escape::escaped;

/// The result of every step that can fail.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// A failure, in cargo's grammar.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub text: String,
    /// What the user can do now.
    pub help: Option<String>,
    /// The exit code, from `sysexits.h` and shell conventions: 1, 73 (cannot create), 77 (unsafe), 78
    /// (settings), 126 (cannot execute), 127 (no cargo), 130 (interrupted).
    pub exit: u8,
    /// The kind of failure, if code has to recognize it.
    pub mark: Option<Mark>,
}

/// The failures that code has to recognize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Only members of a group have access to the shared root.
    MembersOnly,
    /// A settings file contains a value that the user has chosen.
    Chosen,
}

impl Failure {
    /// A failure with exit code 1 and without a next step.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), help: None, exit: 1, mark: None }
    }

    /// A failed step (exit 73): "failed to {doing} `{path}`: {cause}".
    pub fn step(doing: &str, path: &Path, cause: impl Into<io::Error>) -> Failure {
        Failure::file(doing, path, cause).exit(73)
    }

    /// A failure to read or change a file (exit 1): "failed to {doing} `{path}`: {cause}".
    pub fn file(doing: &str, path: &Path, cause: impl Into<io::Error>) -> Failure {
        Failure::new(format!("failed to {doing} `{}`: {}", escaped(path), reason(&cause.into())))
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Failure {
        Failure { help: Some(help.into()), ..self }
    }

    /// Sets the exit code.
    #[must_use]
    pub fn exit(self, exit: u8) -> Failure {
        Failure { exit, ..self }
    }

    /// Sets the mark.
    #[must_use]
    pub fn mark(self, mark: Mark) -> Failure {
        Failure { mark: Some(mark), ..self }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

/// An I/O error in the grammar of our messages: lower case, no full stop.
pub fn reason(cause: &io::Error) -> String {
    let text = cause.to_string();
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}
