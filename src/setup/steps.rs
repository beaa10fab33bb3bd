//! Examines the pieces of an installation, and puts them in place.
//!
//! Each step is done completely or not at all, and repeating it is harmless. The receipt lists all steps
//! before the first one begins. So the next run completes an interrupted one.

mod look;
mod put;
mod receipt;
mod shared_root;

use std::path::{Path, PathBuf};

pub(super) use look::{assert_possible, assert_trusted, look};
pub(super) use put::{install, own_program};
pub(super) use receipt::{Did, Receipt, ReceiptEntry, read_receipt, receipt_path};
pub(super) use shared_root::{ModeAndGroup, Root, not_a_root};

use crate::os::files;
use crate::os::marked::{Blocks, SHELL, Split, Unfinished, split, with_blocks};
use crate::os::replace::Original;
use crate::setup::pieces::{Piece, PieceKind};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;

/// A piece and its state.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The piece.
    pub piece: Piece,
    /// The state in which it was found.
    pub state: PieceState,
}

/// The current state of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceState {
    /// It is not there; for blocks, none of ours is in the file.
    Missing,
    /// It is as it should be.
    InPlace,
    /// It exists, with other content or another mode.
    Outdated,
    /// It is the shared root, with wrong permissions.
    WrongPermissions {
        /// The current ones.
        before: ModeAndGroup,
        /// The expected ones.
        after: ModeAndGroup,
    },
}

/// Examines every piece.
///
/// # Errors
/// What is in the way of the first piece that cannot be put in its place.
pub(super) fn steps(pieces: Vec<Piece>, receipt: &Receipt) -> Result<Vec<Step>, Failure> {
    let step = |piece: Piece| Ok(Step { state: look(&piece, receipt)?, piece });
    joined(pieces).into_iter().map(step).collect()
}

/// One piece for each file: `.profile` may be a symlink to `.bashrc`.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<(PathBuf, Piece)> = Vec::new();
    for piece in pieces {
        let place = files::without_symlinks(&piece.path);
        let same = joined.iter_mut().find(|(known, _)| *known == place);
        match (same.map(|(_, known)| &mut known.what), &piece.what) {
            (Some(PieceKind::Blocks(known)), PieceKind::Blocks(more)) => {
                known.top = known.top.take().or_else(|| more.top.clone());
                known.end = known.end.take().or_else(|| more.end.clone());
            }
            _ => joined.push((place, piece)),
        }
    }
    joined.into_iter().map(|(_, piece)| piece).collect()
}

/// The content of a file with exactly these blocks of ours.
///
/// # Errors
/// Somebody has damaged one of our blocks.
fn content_with(file: &Original, path: &Path, blocks: &Blocks) -> Result<Vec<u8>, Failure> {
    let text = file.bytes().unwrap_or_default();
    with_blocks(SHELL, text, blocks).map_err(unfinished(path))
}

/// Separates our blocks from the content of a file. They are about to be removed or changed, so nobody
/// must have written into them.
///
/// # Errors
/// Somebody has damaged one of our blocks, or has written into it.
pub(super) fn content_without(
    file: &Original,
    path: &Path,
    entry: Option<&ReceiptEntry>,
) -> Result<Split, Failure> {
    let (rest, blocks) =
        split(SHELL, file.bytes().unwrap_or_default()).map_err(unfinished(path))?;
    let is_foreign = |body: &[u8]| {
        // If the file was converted since, its lines end in CR LF.
        let plain: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'\r').collect();
        !entry.is_some_and(|entry| entry.is_ours(&plain))
    };
    let Some((line, _)) = blocks.iter().find(|(_, body)| is_foreign(body)) else {
        return Ok((rest, blocks));
    };
    let (file, editor) = (escaped(path), format!("${{EDITOR:-vi}} +{line} {}", quoted(path)));
    Err(match entry {
        Some(_) => Failure::new(format!(
            "the block of cargo-peruser in `{file}` line {line} holds lines that setup has not put there"
        ))
        .help(format!("move your lines out of the block, and remove all of it: {editor}")),
        None => Failure::new(format!(
            "the block in `{file}` line {line} belongs to another installation of cargo-peruser"
        ))
        .help(format!(
            "uninstall that one first: cargo-peruser setup --uninstall --prefix …; if there is none, \
             remove its block: {editor}"
        )),
    })
}

/// The error for one of our blocks that somebody has damaged.
pub(super) fn unfinished(path: &Path) -> impl Fn(Unfinished) -> Failure {
    move |Unfinished { line }| {
        Failure::new(format!(
            "the block of cargo-peruser in `{}` line {line} has no last line",
            escaped(path)
        ))
        .help(format!(
            "remove the block, or add its last line `# <<< cargo-peruser <<<` again: \
             ${{EDITOR:-vi}} +{line} {}",
            quoted(path)
        ))
    }
}
