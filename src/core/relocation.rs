//! The move of a target directory: what kind of move it is, and what a next run does with one that
//! was interrupted.
//!
//! The source may be another person's work, so nothing that stands in it decides anything beyond
//! what is judged in [`tree`]. The journal is never an authority on what may be deleted: that is
//! what was typed, and what is the very same entry as before.

mod choice;
mod journal;
pub mod profile;
pub mod tree;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use choice::{Circumstances, Reason, choose};
pub use journal::{Journal, VERSION};

/// What tells one entry of the machine's file systems from all others: device and inode.
pub type Identity = (u64, u64);

/// How a cache gets to its new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The directory is renamed: constant time, whatever its size.
    Rename,
    /// The cache stands in the private directory itself, so its entries go one level down.
    Gather,
    /// Everything is copied; the source goes away once the copy is verified.
    Copy,
}

/// How source and destination lie to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Neither is inside the other.
    Apart,
    /// The source is the destination.
    Same,
    /// The source is the private directory that the destination stands in.
    PrivateDir,
    /// The destination is below the source.
    SourceAbove,
    /// The source is below the destination.
    SourceBelow,
}

/// How they lie, for paths without symlinks.
pub fn position(source: &Path, private_dir: &Path, name: &str) -> Position {
    let destination = private_dir.join(name);
    if source == destination {
        Position::Same
    } else if source == private_dir {
        Position::PrivateDir
    } else if destination.starts_with(source) {
        Position::SourceAbove
    } else if source.starts_with(&destination) {
        Position::SourceBelow
    } else {
        Position::Apart
    }
}

/// How far a move has come. Each is written down before what it names is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The source is being renamed, or its entries are, then given to the person and put in its
    /// place. How far that is shows from where the directory stands, since it stays the same one.
    Moving,
    /// The copy is being made.
    Copying,
    /// The copy is whole, and is being put in its place.
    Placing,
    /// It is in its place; the copied source is being taken away.
    Clearing,
}

/// What is left of an interrupted move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remains {
    /// Whether the source still is where it was.
    pub has_source: bool,
    /// Whether something stands in the place for arrivals, and whether it is what the journal
    /// expects there.
    pub arrived: Arrived,
    /// Whether the target directory is what has arrived.
    pub is_placed: bool,
}

/// What stands in the place for arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Nothing.
    Nothing,
    /// What the journal expects there.
    Expected,
    /// Something else.
    Other,
}

/// What a next run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing has happened yet that matters: forget the journal and begin.
    Begin,
    /// Take away the unfinished copy and begin.
    Discard,
    /// The source has been renamed: give it to the person, then put it in its place.
    Adopt,
    /// Put what has arrived in its place.
    Place,
    /// Take the source away, which was copied whole.
    Clear,
    /// The copy had its place, and somebody has taken it away since: what is left of the source stays.
    Leave,
    /// Everything is done but for the journal.
    Finish,
    /// What has arrived is not there any more, and neither is the source.
    Lost,
}

/// What a next run does with an interrupted move.
pub fn next(journal: &Journal, remains: Remains) -> Next {
    let Remains { has_source, arrived, is_placed } = remains;
    match (journal.stage, journal.method) {
        (Stage::Copying, _) => Next::Discard,
        (Stage::Moving, _) if is_placed => Next::Finish,
        (Stage::Moving, Method::Gather) => Next::Adopt,
        (Stage::Moving, _) if arrived == Arrived::Expected => Next::Adopt,
        // What came instead of the source is somebody's to look at, and nobody's to give away.
        (Stage::Moving, _) if arrived == Arrived::Other => Next::Lost,
        (Stage::Moving, _) if has_source => Next::Begin,
        (Stage::Moving, _) => Next::Lost,
        (Stage::Placing, _) if is_placed => Next::Clear,
        (Stage::Placing, _) if arrived == Arrived::Expected => Next::Place,
        // What waits instead of the copy may be what stood in its place before.
        (Stage::Placing, _) if arrived == Arrived::Other => Next::Lost,
        // The copy is gone, but what it was made from is not.
        (Stage::Placing, _) if has_source => Next::Discard,
        (Stage::Placing, _) => Next::Lost,
        // Never take the source away where the copy is not.
        (Stage::Clearing, _) if is_placed => Next::Clear,
        (Stage::Clearing, _) => Next::Leave,
    }
}

#[cfg(test)]
mod tests;
