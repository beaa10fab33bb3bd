//! Removes a piece, if it is still what was put there.

use std::path::Path;

use super::look::ModeAndGroup;
use super::put::set_rights;
use super::{assert_ours, file_fingerprint, unfinished};
use crate::os::accounts;
use crate::os::entry::{Entry, Kind};
use crate::os::files;
use crate::os::marked::{SHELL, split};
use crate::os::replace::changeable_by_others;
use crate::os::replace::{Original, clear_leftover};
use crate::os::trust::Trust;
use crate::setup::pieces::{Did, ReceiptEntry};
use crate::ui::failure::Failure;

/// What was done with a piece, and more about it. `None` if nothing was left of it.
type Undone = Option<(&'static str, String)>;

/// Undoes an entry of the receipt. A dry run only returns what the result would be.
///
/// # Errors
/// Any I/O error. Repeating it is harmless.
pub(crate) fn undo(entry: &ReceiptEntry, is_dry: bool) -> Result<Undone, Failure> {
    let path = &entry.path;
    let failed = |cause| Failure::file("remove", path, cause);
    assert_ancestors(path)?;
    // In a directory that is not ours, other users could stop us with a file of that name.
    if !is_dry && !matches!(entry.did, Did::ChangeMode { .. }) {
        clear_leftover(&files::without_symlinks(path)).map_err(failed)?;
    }
    let Some(found) = files::entry_if_any(path).map_err(failed)? else { return Ok(None) };
    let is_ours = match (&entry.did, found.kind) {
        (Did::PutBlocks { made_file, bodies }, _) => {
            return blocks(path, *made_file, bodies, is_dry);
        }
        (Did::ChangeMode { .. }, _) => return rights(entry, &found, is_dry),
        (Did::MakeFile { fingerprint, earlier }, Kind::File | Kind::Symlink) => {
            let found = file_fingerprint(path).map_err(failed)?;
            found == *fingerprint || earlier.contains(&found)
        }
        (Did::MakeLink { to }, Kind::Symlink) => std::fs::read_link(path).map_err(failed)? == *to,
        _ => false,
    };
    if !is_ours {
        return Ok(kept());
    }
    if !is_dry {
        std::fs::remove_file(path).map_err(failed)?;
    }
    Ok(Some(("remove", String::new())))
}

fn kept() -> Undone {
    Some(("kept", "it was changed since".to_owned()))
}

/// Checks that root follows no other user's symlinks: a path that was safe when it was set up may be
/// writable by others now.
///
/// # Errors
/// The path's ancestor that another user can change.
pub(crate) fn assert_ancestors(path: &Path) -> Result<(), Failure> {
    let changeable = || Trust::of(0).first_changeable_above(path);
    match accounts::is_root().then(changeable).flatten() {
        None => Ok(()),
        Some(place) => Err(changeable_by_others(path, &place)),
    }
}

fn rights(entry: &ReceiptEntry, found: &Entry, is_dry: bool) -> Result<Undone, Failure> {
    let Did::ChangeMode { mode_before, group_before, mode_after, group_after } = entry.did else {
        return Ok(None);
    };
    let before = ModeAndGroup { mode: mode_before, group: group_before };
    match (found.mode, found.gid) {
        now if now == (before.mode, before.group) => return Ok(None),
        now if now != (mode_after, group_after) => return Ok(kept()),
        _ => {}
    }
    if !is_dry {
        let failed = |cause| Failure::file("restore", &entry.path, cause);
        set_rights(&entry.path, before).map_err(failed)?;
    }
    Ok(Some(("restore", format!("mode {mode_before:04o}"))))
}

fn blocks(path: &Path, made_file: bool, bodies: &[u64], is_dry: bool) -> Result<Undone, Failure> {
    let original = Original::read(path)?;
    let text = original.bytes().unwrap_or_default();
    let (rest, found) = split(SHELL, text).map_err(unfinished(path))?;
    assert_ours(path, &found, bodies)?;
    let is_only_ours = made_file && rest.is_empty();
    match (is_only_ours, is_dry) {
        _ if rest == text && !is_only_ours => return Ok(None),
        (_, true) => {}
        (true, false) => original.remove()?,
        (false, false) => original.replace(&rest, 0o644)?,
    }
    Ok(Some((if is_only_ours { "remove" } else { "restore" }, String::new())))
}
