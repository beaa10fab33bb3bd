//! Why a cache is not moved: each says what was left as it was, and the next step.

mod help;
mod objection;
mod state;
mod text;
mod uncleaned;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

pub use objection::Objection;
pub use state::State;
pub use uncleaned::Uncleaned;

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
        /// What to do instead, if that is known.
        help: Option<String>,
    },
    /// The source is a symlink.
    Symlink {
        /// The source.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The source has nothing of cargo's in it.
    NotATargetDir {
        /// The source.
        path: PathBuf,
        /// The target directories in it.
        holds: Vec<PathBuf>,
    },
    /// Source and destination are inside one another.
    Nested {
        /// The source.
        source: PathBuf,
        /// The destination.
        destination: PathBuf,
        /// The target directories in the source, or the source if it is one itself.
        holds: Vec<PathBuf>,
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
    /// A file in the tree cannot be read by who moves it for itself.
    Closed {
        /// The file.
        path: PathBuf,
        /// Who owns it.
        owner: Owner,
        /// The system's reason.
        cause: io::Error,
    },
    /// A lock in the tree cannot be opened, which root can.
    Unreadable {
        /// The entry.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
        /// The source, for the command that helps.
        source: PathBuf,
        /// Who was to receive it, as a word of that command.
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
    /// What there is to say cannot be written to stdout.
    Unsaid {
        /// The system's reason.
        cause: io::Error,
        /// The cache, where it is in its place already.
        cache: Option<PathBuf>,
    },
    /// It is not said for which checkout, and each has a place of its own.
    WhichCheckout {
        /// What is to be moved.
        source: PathBuf,
        /// Whom for.
        person: String,
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
    /// The checkout's own units are dirty, but the build that was to count has not come to its end.
    Unbuilt {
        /// The checkout.
        checkout: PathBuf,
        /// Whether somebody asked to stop.
        is_interrupted: bool,
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

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        Error::Migrate(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
