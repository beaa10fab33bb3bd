//! Pure: how a target directory moves, the journal of a move, and what the next run does after an
//! interruption.
//!
//! The journal alone never decides what may be deleted: that must be named on the command line, and have
//! the same inode as before.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How a target directory is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Method {
    /// The directory is renamed.
    Rename,
    /// The source is the private directory itself, as with profile scripts: its entries move one level
    /// down.
    Descend,
    /// Everything is copied; then the source is removed.
    Copy,
}

/// The stage of a move. Each stage is written to the journal before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// The source, or its entries, are renamed, then given to the new owner and put in place. The
    /// directory's path shows how far that is.
    Moving,
    /// The copy is being made.
    Copying,
    /// The copy is complete. It is put in place, and then the source is removed.
    #[serde(alias = "removing")]
    Placing,
}

/// The journal of a move. It identifies directories by inode only: after a reboot a disk may have another
/// device number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The version of this format.
    pub(super) version: u32,
    pub(super) source: OsString,
    /// The source's inode.
    pub(super) inode: u64,
    pub(super) method: Method,
    pub(super) stage: Stage,
    /// The name of the target directory in the private directory.
    pub(super) name: String,
    /// The inode of the new target directory, if it is another directory than the source.
    pub(super) arrived: Option<u64>,
}

impl Journal {
    /// The version that this program writes and reads.
    pub(super) const VERSION: u32 = 2;

    /// The inode of the new target directory, in the staging directory and later in its place.
    pub(super) fn expected(&self) -> Option<u64> {
        self.arrived.or((self.method == Method::Rename).then_some(self.inode))
    }

    pub(super) fn source(&self) -> PathBuf {
        PathBuf::from(&self.source)
    }

    /// Whether this version can read it, and its name is a single name, not a path to somewhere else.
    pub(super) fn is_sound(&self) -> bool {
        let mut parts = Path::new(&self.name).components();
        let first = parts.next();
        let is_name = matches!(first, Some(Component::Normal(part)) if part == &*self.name);
        self.version == Journal::VERSION && is_name && parts.next().is_none()
    }
}

/// The content of the staging directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    Nothing,
    /// The directory that the journal names.
    Expected,
    /// Another directory.
    Other,
}

/// The state after an interrupted move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remains {
    /// Whether the source still is where it was.
    pub(super) has_source: bool,
    /// The content of the staging directory.
    pub(super) arrived: Arrived,
    /// Whether the target directory is the one that the journal names.
    pub(super) is_placed: bool,
}

/// The next run's action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing has been moved yet, or a copy is incomplete: remove the copy and begin again.
    Begin,
    /// The source has been renamed: give it to the new owner, then put it in place.
    Adopt,
    /// Put the copy in place.
    Place,
    /// Remove the source, which was copied completely.
    Remove,
    /// Only the journal is left to remove.
    Finish,
    /// The moved directory is neither in its place nor in the staging directory.
    Lost,
}

/// The next run's action after an interrupted move.
pub(super) fn next(journal: &Journal, remains: Remains) -> Next {
    let Remains { has_source, arrived, is_placed } = remains;
    match (journal.stage, journal.method) {
        (Stage::Copying, _) => Next::Begin,
        (Stage::Moving, _) if is_placed => Next::Finish,
        (Stage::Moving, Method::Descend) => Next::Adopt,
        (Stage::Moving, _) if arrived == Arrived::Expected => Next::Adopt,
        (Stage::Moving, _) if arrived == Arrived::Nothing && has_source => Next::Begin,
        (Stage::Placing, _) if is_placed => Next::Remove,
        (Stage::Placing, _) if arrived == Arrived::Expected => Next::Place,
        // The copy is gone, but the source is not.
        (Stage::Placing, _) if arrived == Arrived::Nothing && has_source => Next::Begin,
        // Another directory is there. A person must look at it: it is not given to anybody, and the source
        // is not removed without the copy.
        (Stage::Moving | Stage::Placing, _) => Next::Lost,
    }
}

#[cfg(test)]
mod tests;
