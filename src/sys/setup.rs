//! Looks at the pieces of an installation, puts them in place, and takes them away again.
//!
//! Every single step is whole or not done, and doing it again is no harm; what was meant is in the
//! receipt before the first step. So an interrupted run is completed by the next one.

mod look;
mod possible;
mod put;
mod receipt;
mod sessions;
mod take;

use std::path::Path;

pub use look::{PieceState, look};
pub use possible::assert_possible;
pub use put::put;
pub use receipt::{
    begin_receipt, clear_receipt_leftovers, end_receipt, read_receipt, receipt_path, write_receipt,
};
pub use sessions::{find as find_shell, of_machine, of_person};
pub use take::{Taken, take};

use crate::core::fingerprint::Fingerprint;
use crate::core::setup::{Did, Entry, Piece, What};
use crate::error::Error;

/// A piece and how it was found.
#[derive(Clone, Debug)]
pub struct Step {
    /// The piece.
    pub piece: Piece,
    /// How it was found.
    pub state: PieceState,
}

/// Looks at every piece, and adds the directories that are missing above them.
///
/// # Errors
/// What stands in the way of the first piece that cannot be put in its place.
pub fn steps(pieces: Vec<Piece>) -> Result<Vec<Step>, Error> {
    let mut steps: Vec<Step> = Vec::new();
    for piece in pieces {
        let missing = piece.path.ancestors().skip(1).filter(|path| !path.exists());
        let mut missing: Vec<&Path> = missing.collect();
        missing.reverse();
        for path in missing {
            if steps.iter().all(|step| step.piece.path != path) {
                let piece = Piece::new(path, What::Directory, "a directory");
                steps.push(Step { state: look(&piece)?, piece });
            }
        }
        steps.push(Step { state: look(&piece)?, piece });
    }
    Ok(steps)
}

/// What the receipt says of a step; `None` for what stays as it is.
///
/// # Errors
/// Those of reading the running program.
pub fn receipt_entry(step: &Step) -> Result<Option<Entry>, Error> {
    let Step { piece, state } = step;
    let did = match (&piece.what, state) {
        (What::Directory | What::Root(_), PieceState::Missing) => Did::MakeDirectory,
        (What::Root(_), PieceState::Loose { before, after }) => Did::ChangeMode {
            mode_before: before.mode,
            group_before: before.group,
            mode_after: after.mode,
            group_after: after.group,
        },
        (What::Directory | What::Root(_), _) => return Ok(None),
        // A program that somebody else has put there stays theirs.
        (What::Program, PieceState::InPlace) => return Ok(None),
        (What::Program, _) => Did::MakeFile { fingerprint: put::own_fingerprint()? },
        (What::File(bytes, _), _) => Did::MakeFile { fingerprint: Fingerprint::of(bytes) },
        (What::Link(to), _) => Did::MakeLink { to: to.clone() },
        (What::Blocks(_), _) => Did::PutBlocks { made_file: *state == PieceState::Missing },
    };
    Ok(Some(Entry { path: piece.path.clone(), did }))
}
