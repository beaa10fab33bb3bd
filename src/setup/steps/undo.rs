//! Takes a piece away again, if it is still what was put there.

use std::io;
use std::path::Path;

use super::look::ModeAndGroup;
use super::put::set_rights;
use super::{assert_ours, file_fingerprint, unfinished};
use crate::os::accounts;
use crate::os::entry::Kind;
use crate::os::files;
use crate::os::marked::without_blocks;
use crate::os::replace::changeable_by_others;
use crate::os::replace::{Original, beside, clear_leftover};
use crate::os::trust::Trust;
use crate::setup::pieces::{Did, ReceiptEntry};
use crate::ui::failure::Failure;

/// What has become of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    /// It is gone.
    Removed,
    /// It is as it was before.
    Restored,
    /// There was nothing left of it.
    Nothing,
    /// It was changed since, so it stays; why.
    Kept(&'static str),
}

/// Takes away what an entry of the receipt says.
///
/// # Errors
/// Any I/O error. Doing it again is no harm.
pub(crate) fn undo(entry: &ReceiptEntry) -> Result<Undone, Failure> {
    let path = &entry.path;
    let failed = |cause| Failure::file("remove", path, cause);
    assert_ancestors(path)?;
    // In a directory that is not ours, others could stop us by that name.
    if !matches!(entry.did, Did::MakeDirectory | Did::ChangeMode { .. }) {
        clear_leftover(&files::without_symlinks(path)).map_err(failed)?;
    }
    let found = files::entry_if_any(path).map_err(failed)?;
    let Some(found) = found else { return Ok(Undone::Nothing) };
    match (&entry.did, found.kind) {
        (Did::MakeDirectory, Kind::Directory) => Ok(directory(path).map_err(failed)?),
        (Did::MakeFile { fingerprint, earlier }, Kind::File | Kind::Symlink) => {
            let found = file_fingerprint(path).map_err(failed)?;
            if found != *fingerprint && !earlier.contains(&found) {
                return Ok(Undone::Kept("it was changed since"));
            }
            std::fs::remove_file(path).map_err(failed)?;
            Ok(Undone::Removed)
        }
        (Did::MakeLink { to }, Kind::Symlink) => {
            if std::fs::read_link(path).map_err(failed)? != *to {
                return Ok(Undone::Kept("it leads elsewhere now"));
            }
            std::fs::remove_file(path).map_err(failed)?;
            Ok(Undone::Removed)
        }
        (Did::PutBlocks { made_file, bodies }, _) => blocks(path, *made_file, bodies),
        (Did::ChangeMode { mode_before, group_before, mode_after, group_after }, _) => {
            let before = ModeAndGroup { mode: *mode_before, group: *group_before };
            let now = ModeAndGroup { mode: found.mode, group: found.gid };
            if now == before {
                return Ok(Undone::Nothing);
            }
            if now != (ModeAndGroup { mode: *mode_after, group: *group_after }) {
                return Ok(Undone::Kept("its permissions were changed since"));
            }
            set_rights(path, before).map_err(|cause| Failure::file("restore", path, cause))?;
            Ok(Undone::Restored)
        }
        _ => Ok(Undone::Kept("something else stands there now")),
    }
}

/// What was trusted when it was set up may have been opened since, and root would follow it.
fn assert_ancestors(path: &Path) -> Result<(), Failure> {
    let changeable = || Trust::of(0).first_changeable_above(path);
    match accounts::is_root().then(changeable).flatten() {
        None => Ok(()),
        Some(place) => Err(changeable_by_others(path, &place)),
    }
}

fn directory(path: &Path) -> io::Result<Undone> {
    // What a killed run has left of the shared root; anything else of that name stays.
    let _ = std::fs::remove_dir(beside(path));
    match std::fs::remove_dir(path) {
        Ok(()) => Ok(Undone::Removed),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            Ok(Undone::Kept("there is something in it"))
        }
        Err(error) => Err(error),
    }
}

fn blocks(path: &Path, made_file: bool, bodies: &[u64]) -> Result<Undone, Failure> {
    let original = Original::read(path)?;
    let text = original.bytes().unwrap_or_default();
    let rest = without_blocks(text).map_err(unfinished(path))?;
    assert_ours(path, text, bodies)?;
    if made_file && rest.is_empty() {
        original.remove()?;
        return Ok(Undone::Removed);
    }
    if rest == text {
        return Ok(Undone::Nothing);
    }
    original.replace(&rest, 0o644)?;
    Ok(Undone::Restored)
}
