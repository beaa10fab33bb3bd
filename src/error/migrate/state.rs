//! What has become of the cache when a move ends early, and where it is then.

use std::path::Path;

use super::MigrateError;
use crate::error::Error;

/// What has become of the cache when a move ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The source is as it was, and nothing else is left.
    Untouched,
    /// The next run continues.
    Journaled,
}

impl State {
    /// What a person may rely on then.
    pub(super) fn help(self) -> &'static str {
        match self {
            State::Untouched => {
                "the source is as it was; mend the cause and run the same command again"
            }
            State::Journaled => "nothing is lost; run the same command again to continue",
        }
    }
}

impl MigrateError {
    /// The same, once the source is not where it was any more.
    pub fn journaled(mut self) -> MigrateError {
        match &mut self {
            MigrateError::Failed { state, .. }
            | MigrateError::Changed { state, .. }
            | MigrateError::Interrupted { state } => *state = State::Journaled,
            _ => {}
        }
        self
    }

    /// The same, once what was below one path is below another.
    pub fn moved(mut self, from: &Path, to: &Path) -> MigrateError {
        match &mut self {
            MigrateError::Hostile { path, .. }
            | MigrateError::Closed { path, .. }
            | MigrateError::Unreadable { path, .. }
            | MigrateError::Changed { path, .. }
            | MigrateError::Source { path, .. }
            | MigrateError::Failed { path, .. } => {
                if let Ok(below) = path.strip_prefix(from) {
                    *path = to.join(below).components().collect();
                }
            }
            _ => {}
        }
        self
    }

    /// The exit code: 73 for what cannot be made, 77 for what is unsafe, 130 after an interrupt.
    pub fn exit_code(&self) -> u8 {
        match self {
            MigrateError::NoRoom { .. } | MigrateError::Failed { .. } => 73,
            MigrateError::Hostile { .. } | MigrateError::OnlyRoot { .. } => 77,
            MigrateError::Interrupted { .. }
            | MigrateError::Unbuilt { is_interrupted: true, .. }
            | MigrateError::Uncured { is_interrupted: true, .. } => 130,
            _ => 1,
        }
    }
}

impl Error {
    /// The same, once what a migration moves is below another path.
    pub fn moved(self, from: &Path, to: &Path) -> Error {
        match self {
            Error::Migrate(error) => error.moved(from, to).into(),
            other => other,
        }
    }

    /// The same, once a migration has moved the source away.
    pub fn journaled(self) -> Error {
        match self {
            Error::Migrate(error) => error.journaled().into(),
            other => other,
        }
    }
}
