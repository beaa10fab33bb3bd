//! Removes a piece, if it is still what was put there.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

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

/// The result of removing a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undone {
    /// It is gone.
    Removed,
    /// It is as it was before.
    Restored,
    /// Nothing was left of it.
    Nothing,
    /// It stays, because it has changed since; the reason.
    Kept(&'static str),
}

/// The action that undoes a piece.
enum Act {
    RemoveDirectory,
    RemoveFile,
    /// Remove a file that holds nothing but our blocks.
    RemoveBlocks(Original),
    /// Remove our blocks from a file.
    Replace(Original, Vec<u8>),
    SetRights(ModeAndGroup),
}

type Decided = Result<(Undone, Option<Act>), Failure>;

/// Undoes an entry of the receipt. A dry run only returns what the result would be, if the paths in
/// `gone` were gone.
///
/// # Errors
/// Any I/O error. Repeating it is harmless.
pub(crate) fn undo(
    entry: &ReceiptEntry,
    gone: &HashSet<PathBuf>,
    is_dry: bool,
) -> Result<Undone, Failure> {
    let path = &entry.path;
    let failed = |cause| Failure::file("remove", path, cause);
    assert_ancestors(path)?;
    // In a directory that is not ours, other users could stop us with a file of that name.
    if !is_dry && !matches!(entry.did, Did::MakeDirectory | Did::ChangeMode { .. }) {
        clear_leftover(&files::without_symlinks(path)).map_err(failed)?;
    }
    let (undone, act) = decide(entry, gone)?;
    match act.filter(|_| !is_dry) {
        None => {}
        Some(Act::RemoveDirectory) => return directory(path).map_err(failed),
        Some(Act::RemoveFile) => std::fs::remove_file(path).map_err(failed)?,
        Some(Act::RemoveBlocks(original)) => original.remove()?,
        Some(Act::Replace(original, rest)) => drop(original.replace(&rest, 0o644)?),
        Some(Act::SetRights(before)) => {
            set_rights(path, before).map_err(|cause| Failure::file("restore", path, cause))?;
        }
    }
    Ok(undone)
}

/// Decides the result for a piece, and the action, by checking whether it is still what was put there.
fn decide(entry: &ReceiptEntry, gone: &HashSet<PathBuf>) -> Decided {
    let path = &entry.path;
    let failed = |cause| Failure::file("remove", path, cause);
    let kept = |why| Ok((Undone::Kept(why), None));
    let remove = |act| Ok((Undone::Removed, Some(act)));
    let found = files::entry_if_any(path).map_err(failed)?;
    let Some(found) = found else { return Ok((Undone::Nothing, None)) };
    match (&entry.did, found.kind) {
        (Did::MakeDirectory, Kind::Directory) => {
            let mut inside = std::fs::read_dir(path).map_err(failed)?;
            match inside.all(|found| found.is_ok_and(|found| gone.contains(&found.path()))) {
                true => remove(Act::RemoveDirectory),
                false => kept(NOT_EMPTY),
            }
        }
        (Did::MakeFile { fingerprint, earlier }, Kind::File | Kind::Symlink) => {
            let found = file_fingerprint(path).map_err(failed)?;
            match found == *fingerprint || earlier.contains(&found) {
                true => remove(Act::RemoveFile),
                false => kept("it was changed since"),
            }
        }
        (Did::MakeLink { to }, Kind::Symlink) => {
            match std::fs::read_link(path).map_err(failed)? == *to {
                true => remove(Act::RemoveFile),
                false => kept("it leads elsewhere now"),
            }
        }
        (Did::PutBlocks { made_file, bodies }, _) => blocks(path, *made_file, bodies),
        (Did::ChangeMode { mode_before, group_before, mode_after, group_after }, _) => {
            let before = ModeAndGroup { mode: *mode_before, group: *group_before };
            let after = ModeAndGroup { mode: *mode_after, group: *group_after };
            match (ModeAndGroup { mode: found.mode, group: found.gid }) {
                now if now == before => Ok((Undone::Nothing, None)),
                now if now == after => Ok((Undone::Restored, Some(Act::SetRights(before)))),
                _ => kept("its permissions were changed since"),
            }
        }
        _ => kept("something else stands there now"),
    }
}

const NOT_EMPTY: &str = "there is something in it";

/// A path that was safe when it was set up may be writable by other users now, and root would follow it.
fn assert_ancestors(path: &Path) -> Result<(), Failure> {
    let changeable = || Trust::of(0).first_changeable_above(path);
    match accounts::is_root().then(changeable).flatten() {
        None => Ok(()),
        Some(place) => Err(changeable_by_others(path, &place)),
    }
}

fn directory(path: &Path) -> io::Result<Undone> {
    // A killed run may have left this of the shared root. Anything else of that name stays.
    let _ = std::fs::remove_dir(beside(path));
    match std::fs::remove_dir(path) {
        Ok(()) => Ok(Undone::Removed),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            Ok(Undone::Kept(NOT_EMPTY))
        }
        Err(error) => Err(error),
    }
}

fn blocks(path: &Path, made_file: bool, bodies: &[u64]) -> Decided {
    let original = Original::read(path)?;
    let text = original.bytes().unwrap_or_default();
    let rest = without_blocks(text).map_err(unfinished(path))?;
    assert_ours(path, text, bodies)?;
    if made_file && rest.is_empty() {
        return Ok((Undone::Removed, Some(Act::RemoveBlocks(original))));
    }
    Ok(match rest == text {
        true => (Undone::Nothing, None),
        false => (Undone::Restored, Some(Act::Replace(original, rest))),
    })
}
