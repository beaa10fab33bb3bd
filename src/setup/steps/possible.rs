//! Checks that the caller may put a piece in its place, and that only root and the caller can replace it
//! afterwards. All pieces are checked before anything is done; otherwise half an installation would
//! result.

use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::Step;
use super::look::{PieceState, look};
use crate::os::replace::Original;
use crate::os::trust::Trust;
use crate::os::{accounts, files};
use crate::setup::pieces::{Piece, Receipt};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// Why blocks cannot be put into a start-up file, or `None` if they can. Other programs may have written
/// it, as a read-only link, or several people may share it.
pub(crate) fn cannot_change(piece: &Piece, receipt: &Receipt) -> Option<Failure> {
    match look(piece, receipt) {
        Ok(state) => assert_possible(&Step { piece: piece.clone(), state }).err(),
        // Other failures are reported when all pieces are examined.
        Err(_) => Original::read(&piece.path).and_then(|file| file.assert_writable()).err(),
    }
}

/// Checks that a piece can be put in its place.
///
/// # Errors
/// The file belongs to another user, who would lose it to the caller, or the caller may not write to its
/// directory.
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

/// Checks that every ancestor directory of these places, as far as it exists, belongs to root or the
/// caller, and that no other user can write to it.
///
/// # Errors
/// A refusal (exit 77) that names the first directory that is not safe.
pub(crate) fn assert_trusted<'a>(places: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    let mut directories: Vec<&Path> = places.filter_map(Path::parent).collect();
    directories.sort();
    directories.dedup();
    let uid = geteuid().as_raw();
    let trust = Trust::of(uid);
    match directories.into_iter().find_map(|directory| trust.first_changeable(directory)) {
        None => Ok(()),
        // Other users could replace the program that everyone is about to run.
        Some((path, entry)) => {
            let text = format!(
                "refusing to install below `{}`: it is owned by {} and has mode {:04o}, so others \
                 could replace what everyone runs",
                escaped(&path),
                accounts::owner(entry.uid),
                entry.mode
            );
            let help = "name another place with --prefix, that only root can change";
            Err(Failure::new(text).help(Look::Ancestors.at(&path, help)).exit(77))
        }
    }
}
