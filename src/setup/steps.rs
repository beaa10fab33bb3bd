//! Examines the pieces of an installation, puts them in place, and removes them.
//!
//! Each step is done completely or not at all, and repeating it is harmless. The receipt lists all steps
//! before the first one begins. So the next run completes an interrupted one.

mod look;
mod put;
mod receipt;
mod undo;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub(super) use look::{
    PieceState, assert_possible, assert_trusted, cannot_change, look, not_a_root,
};
pub(super) use put::{make_directories, missing_above, own_program, put};
pub(super) use receipt::{read_receipt, receipt_path, write_receipt};
pub(super) use undo::{assert_ancestors, undo};

use siphasher::sip::SipHasher13;

use crate::os::files;
use crate::os::marked::Unfinished;
use crate::setup::pieces::{Did, Piece, PieceKind, Receipt};
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

/// Checks that nobody has written into our blocks, which are about to be removed or changed.
///
/// # Errors
/// A block with other lines; the error names its first line.
fn assert_ours(path: &Path, blocks: &[(usize, Vec<u8>)], known: &[u64]) -> Result<(), Failure> {
    let is_ours = |body: &[u8]| {
        // If the file was converted since, its lines end in CR LF.
        let plain: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'\r').collect();
        known.contains(&fingerprint(&plain))
    };
    let Some((line, _)) = blocks.iter().find(|(_, body)| !is_ours(body)) else { return Ok(()) };
    Err(Failure::new(format!(
        "the block of cargo-peruser in `{}` line {line} holds lines that setup has not put there",
        escaped(path)
    ))
    .help(format!(
        "move your lines out of the block, and remove all of it: ${{EDITOR:-vi}} +{line} {}",
        quoted(path)
    )))
}

/// The fingerprint of a content. It is the same in every release, because receipts hold it. It shows
/// whether a file is unchanged, and says nothing about who changed it.
fn fingerprint(content: &[u8]) -> u64 {
    SipHasher13::new().hash(content)
}

/// The fingerprint of a file's content.
fn file_fingerprint(path: &Path) -> io::Result<u64> {
    let mut content = Vec::new();
    files::open_regular(path)?.0.read_to_end(&mut content)?;
    Ok(fingerprint(&content))
}

/// What the receipt says of a step; `None` if the step changes nothing.
pub(super) fn did(Step { piece, state }: &Step) -> Option<Did> {
    Some(match (&piece.what, *state) {
        (PieceKind::Blocks(blocks), _) => {
            let bodies = blocks.top.iter().chain(&blocks.end);
            let bodies = bodies.map(|body| fingerprint(body.as_bytes())).collect();
            Did::PutBlocks { made_file: !piece.path.exists(), bodies }
        }
        // An identical file that somebody else has put there stays theirs.
        (_, PieceState::InPlace) => return None,
        (_, PieceState::WrongPermissions { before, after }) => Did::ChangeMode {
            mode_before: before.mode,
            group_before: before.group,
            mode_after: after.mode,
            group_after: after.group,
        },
        (PieceKind::Root(_), _) => Did::MakeDirectory,
        (PieceKind::File(bytes, _), _) => Did::made_file(fingerprint(bytes)),
        (PieceKind::Link(to), _) => Did::MakeLink { to: to.clone() },
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fingerprint_stays_what_receipts_hold() {
        assert_eq!(super::fingerprint(b"shim"), 7331844932169420600);
    }
}
