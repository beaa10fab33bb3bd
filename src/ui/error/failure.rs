//! A failure in one piece: its text, the next step and the exit code, written where it happens.

use super::{Error, reason};
use crate::ui::escape::shown;
use std::io;
use std::path::Path;

/// What failed, in cargo's grammar.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub text: String,
    /// What the person can do now.
    pub help: Option<String>,
    /// The exit code.
    pub exit: u8,
}

impl Failure {
    /// One that ends with exit code 1 and has no next step yet.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure { text: text.into(), help: None, exit: 1 }
    }

    /// A step that failed (exit 73): "failed to {doing} `{path}`: {cause}".
    pub fn step(doing: &str, path: &Path, cause: impl Into<io::Error>) -> Failure {
        let text = format!("failed to {doing} `{}`: {}", shown(path), reason(&cause.into()));
        Failure::new(text).exit(73)
    }

    /// With a next step.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Failure {
        Failure { help: Some(help.into()), ..self }
    }

    /// With another exit code.
    #[must_use]
    pub fn exit(self, exit: u8) -> Failure {
        Failure { exit, ..self }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Error::Failure(Box::new(failure))
    }
}
