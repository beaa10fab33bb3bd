//! Determines the current state of a piece, and whether the caller may put it in its place. All pieces are
//! examined before anything is done; otherwise half an installation would result.

use std::path::Path;

use super::{PieceState, Receipt, Step, content_with, content_without};
use rustix::io::Errno;

use crate::os::accounts;
use crate::os::entry::{Entry, Kind};
use crate::os::files;
use crate::os::marked::Blocks;
use crate::os::replace::{Original, assert_can_create};
use crate::os::trust::Trust;
use crate::setup::pieces::{Piece, PieceKind};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// Determines the state of a piece.
///
/// # Errors
/// Something of another kind is in its place, or something that no earlier run has put there, which
/// would be lost.
pub(crate) fn look(piece: &Piece, receipt: &Receipt) -> Result<PieceState, Failure> {
    let path = &piece.path;
    let found = || entry(path);
    let is_same = match &piece.what {
        PieceKind::Blocks(wanted) => return blocks(path, wanted, receipt),
        PieceKind::Root(root) => return root.look(path),
        PieceKind::Link(to) => match found()? {
            None => return Ok(PieceState::Missing),
            Some(Entry { kind: Kind::Symlink, .. }) => {
                std::fs::read_link(path).is_ok_and(|found| found == *to)
            }
            Some(_) => return Err(taken(path)),
        },
        // Everybody runs or reads it, so it must not be a symlink to a file that another user can
        // change, or belong to one.
        PieceKind::File(bytes, mode) => match found()? {
            None => return Ok(PieceState::Missing),
            Some(Entry { kind: Kind::File, uid, mode: found, .. }) => {
                let is_ours = [0, accounts::own_uid()].contains(&uid) && found == *mode;
                is_ours && Original::read(path)?.bytes() == Some(bytes)
            }
            Some(_) => return Err(taken(path)),
        },
    };
    match is_same {
        true => Ok(PieceState::InPlace),
        false if receipt.entry(path).is_none() => Err(taken(path)),
        false => Ok(PieceState::Outdated),
    }
}

fn blocks(path: &Path, wanted: &Blocks, receipt: &Receipt) -> Result<PieceState, Failure> {
    let original = Original::read(path)?;
    if content_with(&original, path, wanted)? == original.bytes().unwrap_or_default() {
        return Ok(PieceState::InPlace);
    }
    let (_, found) = content_without(&original, path, receipt.entry(path))?;
    Ok(if found.is_empty() { PieceState::Missing } else { PieceState::Outdated })
}

/// Checks that the caller may put a piece in its place.
///
/// # Errors
/// Why not.
pub(crate) fn assert_possible(Step { piece, state }: &Step) -> Result<(), Failure> {
    let own = accounts::own_uid();
    match (state, &piece.what) {
        (PieceState::InPlace, _) => Ok(()),
        (PieceState::WrongPermissions { .. }, _) => match entry(&piece.path)? {
            Some(entry) if own != 0 && entry.uid != own => {
                Err(Failure::file("change the mode of", &piece.path, Errno::PERM))
            }
            _ => Ok(()),
        },
        (_, PieceKind::Blocks(_)) => Original::read(&piece.path)?.assert_writable(),
        _ => assert_can_create(&piece.path, &piece.path),
    }
}

pub(super) fn entry(path: &Path) -> Result<Option<Entry>, Failure> {
    files::entry_if_any(path).map_err(|cause| Failure::file("look at", path, cause))
}

pub(super) fn taken(path: &Path) -> Failure {
    let kind = files::entry(path).map_or(Kind::File, |entry| entry.kind);
    let text = format!(
        "cannot install `{}`: the place is taken by a {kind} that setup has not put there",
        escaped(path)
    );
    let help = "move it away, or uninstall the other installation that it belongs to";
    Failure::new(text).help(Look::Entry.at(path, help))
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
    let trust = Trust::of(accounts::own_uid());
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
