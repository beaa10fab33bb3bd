//! Whether the system lets the caller put a piece in its place, asked before anything is done: half
//! an installation would be the answer otherwise.

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::Step;
use super::look::{PieceState, look};
use crate::os::files;
use crate::os::replace::Original;
use crate::setup::pieces::{Piece, Receipt};
use crate::ui::failure::Failure;

/// Why a start-up file cannot get its blocks, if it cannot: people have theirs written by other programs,
/// as read-only links, or share them.
pub(crate) fn cannot_change(piece: &Piece, receipt: &Receipt) -> Option<Failure> {
    match look(piece, receipt) {
        Ok(state) => assert_possible(&Step { piece: piece.clone(), state }).err(),
        // Other failures are told when everything is looked at.
        Err(_) => Original::read(&piece.path).and_then(|file| file.assert_writable()).err(),
    }
}

/// Makes sure that a piece can be put in its place.
///
/// # Errors
/// A failure where a file is somebody else's, who would lose it to the caller, and
/// where its directory does not let the caller write.
pub(crate) fn assert_possible(step: &Step) -> Result<(), Failure> {
    let path = &step.piece.path;
    let failed = |cause: std::io::Error| Failure::file("write", path, cause);
    if step.state == PieceState::InPlace {
        return Ok(());
    }
    let place = files::without_symlinks(path);
    let own = geteuid();
    let found = files::entry_if_any(&place).map_err(failed)?;
    if found.is_some_and(|entry| entry.uid != own.as_raw() && !own.is_root()) {
        return Err(failed(Errno::PERM.into()));
    }
    if matches!(step.state, PieceState::WrongPermissions { .. }) {
        return Ok(());
    }
    let Some(directory) = place.ancestors().skip(1).find(|path| path.exists()) else {
        return Ok(());
    };
    let access = Access::WRITE_OK | Access::EXEC_OK;
    accessat(CWD, directory, access, AtFlags::EACCESS).map_err(|cause| failed(cause.into()))
}
