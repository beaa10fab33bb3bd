//! Pure: how a target directory moves, what is written down about it, and what a next run does with a
//! move that was interrupted.
//!
//! The journal is never an authority on what may be deleted: that is what was typed, and what is the
//! very same entry as before.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How a target directory gets to its new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Method {
    /// The directory is renamed.
    Rename,
    /// It is the private directory itself, as profile scripts have it: its entries go one level down.
    Descend,
    /// Everything is copied; then the source is removed.
    Copy,
}

/// How far a move has come. Each stage is written down before what it names is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// The source, or its entries, are being renamed, then given to the new owner and put in place. How
    /// far that is shows from where the directory stands.
    Moving,
    /// The copy is being made.
    Copying,
    /// The copy is whole, and is being put in place; once it is, the source is being removed.
    #[serde(alias = "removing")]
    Placing,
}

/// What is written down about a move. Directories are known again by their inode: after a new start of
/// the machine a disk may have another device number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The form of this record.
    pub(super) version: u32,
    /// The source.
    pub(super) source: OsString,
    /// The source's inode.
    pub(super) inode: u64,
    /// How it moves.
    pub(super) method: Method,
    /// How far it has come.
    pub(super) stage: Stage,
    /// The name of the target directory in the private directory.
    pub(super) name: String,
    /// The inode of what arrives, where that is another directory than the source.
    pub(super) arrived: Option<u64>,
}

impl Journal {
    /// The form that this program writes and reads.
    pub(super) const VERSION: u32 = 2;

    /// The inode of what stands in the staging directory, and later in the target directory's place.
    pub(super) fn expected(&self) -> Option<u64> {
        self.arrived.or((self.method == Method::Rename).then_some(self.inode))
    }

    /// The source.
    pub(super) fn source(&self) -> PathBuf {
        PathBuf::from(&self.source)
    }

    /// Whether this program has written it: the name is one name, and no path to somewhere else.
    pub(super) fn is_sound(&self) -> bool {
        let mut parts = Path::new(&self.name).components();
        let first = parts.next();
        let is_name = matches!(first, Some(Component::Normal(part)) if part == &*self.name);
        self.version == Journal::VERSION && is_name && parts.next().is_none()
    }
}

/// What stands in the staging directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// Nothing.
    Nothing,
    /// What the journal expects there.
    Expected,
    /// Something else.
    Other,
}

/// What is left of an interrupted move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remains {
    /// Whether the source still is where it was.
    pub(super) has_source: bool,
    /// What stands in the staging directory.
    pub(super) arrived: Arrived,
    /// Whether the target directory is what the journal expects.
    pub(super) is_placed: bool,
}

/// What a next run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing has been moved yet, or only a copy is unfinished: remove that and begin.
    Begin,
    /// The source has been renamed: give it to the new owner, then put it in place.
    Adopt,
    /// Put the copy in place.
    Place,
    /// Remove the source, which was copied whole.
    Remove,
    /// Everything is done but for the journal.
    Finish,
    /// What was moved is not in its place, nor on its way there.
    Lost,
}

/// What a next run does with an interrupted move.
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
        // The copy is gone, but what it was made from is not.
        (Stage::Placing, _) if arrived == Arrived::Nothing && has_source => Next::Begin,
        // What stands there instead is somebody's to look at and nobody's to give away; and the source is
        // never removed where the copy is not.
        (Stage::Moving | Stage::Placing, _) => Next::Lost,
    }
}

#[cfg(test)]
mod tests;
