//! Why a cache is not moved: each says what was left as it was, and the next step.

mod objection;
mod text;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub use objection::Objection;

use super::{Error, Owner};

/// Why a cache is not moved.
#[derive(Debug)]
pub enum MigrateError {
    /// The words do not say whose cache it becomes, and root was reached through sudo.
    ForWhom {
        /// Who typed `sudo`, if that account is known.
        name: Option<OsString>,
        /// What is to be moved.
        source: PathBuf,
    },
    /// Only root gives a cache to somebody else.
    OnlyRoot {
        /// Who was to receive it.
        person: Owner,
        /// What was to be given.
        source: PathBuf,
    },
    /// There is no such account.
    NoAccount {
        /// As it was typed.
        name: OsString,
    },
    /// The account has no private directory that this could go to.
    NoPlace {
        /// Who was to receive it.
        person: Owner,
        /// Why not.
        why: String,
        /// What to do.
        help: String,
    },
    /// The source is not there, or cannot be looked at.
    Source {
        /// The source.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The source has nothing of cargo's in it.
    NotATargetDir {
        /// The source.
        path: PathBuf,
    },
    /// Source and destination are inside one another.
    Nested {
        /// The source.
        source: PathBuf,
        /// The destination.
        destination: PathBuf,
    },
    /// The destination has content.
    Occupied {
        /// The destination.
        destination: PathBuf,
    },
    /// There is something in the tree that must not be there.
    Hostile {
        /// The entry.
        path: PathBuf,
        /// Who owns it.
        owner: Owner,
        /// What is wrong with it.
        objection: Objection,
    },
    /// Something in the tree cannot be read.
    Unreadable {
        /// The entry.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
        /// The source and who was to receive it, for the command that helps.
        source: PathBuf,
        /// The account's word.
        person: String,
    },
    /// Something changed the tree meanwhile.
    Changed {
        /// The entry.
        path: PathBuf,
        /// What has become of the cache.
        state: State,
    },
    /// There is no room for a copy.
    NoRoom {
        /// Where it was to be made.
        path: PathBuf,
        /// How much is needed, in bytes.
        needed: u64,
        /// How much there is, in bytes.
        free: u64,
    },
    /// Nobody could be asked.
    NotAsked,
    /// The answer was no.
    Declined,
    /// Another migration to the same person is at work.
    AtWork {
        /// Who holds its lock, where that is known.
        holder: Option<String>,
    },
    /// An earlier migration from another source was interrupted.
    Unfinished {
        /// What it was moving.
        source: PathBuf,
        /// Whom the cache is for, where root moves it for somebody.
        to: Option<String>,
    },
    /// An earlier migration of the same source was to another place.
    Elsewhere {
        /// What it was moving.
        source: PathBuf,
        /// Where to.
        begun: PathBuf,
        /// Where it was to go now.
        now: PathBuf,
        /// The checkout that it was begun for, if that is known.
        checkout: Option<PathBuf>,
        /// Whom the cache is for, where root moves it for somebody.
        to: Option<String>,
    },
    /// Another account has to continue what it has begun.
    Anothers {
        /// The directory that it works in.
        workplace: PathBuf,
        /// The account.
        by: Owner,
        /// What was typed as the source: what the other account has written down is not believed.
        source: PathBuf,
        /// Whom the cache is for.
        person: String,
    },
    /// An earlier migration's journal cannot be used.
    Stranded {
        /// The directory that it worked in.
        workplace: PathBuf,
        /// What waits there, perhaps the only copy of a cache.
        waits: Option<PathBuf>,
        /// What is wrong with the journal.
        why: String,
    },
    /// An earlier migration's remains are not there any more.
    Lost {
        /// What it was moving.
        source: PathBuf,
        /// The directory that it worked in.
        workplace: PathBuf,
        /// What waits there instead.
        waits: Option<PathBuf>,
    },
    /// A step failed.
    Failed {
        /// What was to be done, as in "failed to …".
        doing: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
        /// What has become of the cache.
        state: State,
    },
    /// Somebody asked to stop.
    Interrupted {
        /// What has become of the cache.
        state: State,
    },
    /// Cargo failed while the workspace's own units were made dirty.
    Cure {
        /// The command that cargo failed at.
        command: String,
        /// What it said, or how it ended.
        ended: String,
    },
    /// The cache has its place, but some of it still knows the old one.
    Uncured {
        /// The cache.
        target: PathBuf,
        /// The checkout.
        checkout: PathBuf,
        /// Why, for each profile.
        failed: Vec<String>,
        /// Whether somebody asked to stop.
        is_interrupted: bool,
    },
}

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
    fn help(self) -> &'static str {
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
            | MigrateError::Uncured { is_interrupted: true, .. } => 130,
            _ => 1,
        }
    }
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        Error::Migrate(Box::new(error))
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

#[cfg(test)]
mod tests;
