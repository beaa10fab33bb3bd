//! Looks through a directory that others could reach, for what they can have changed in it.

use std::path::{Path, PathBuf};

use super::{Caller, unreadable};
use crate::core::safety::Entry;
use crate::error::{Kind, Result};
use crate::sys::files;

/// The first entry below `path` that others own or can write to, seen from there.
///
/// Only the caller's own group may have write permission, which under the usual arrangement is a
/// group of one. Symlinks are not followed.
///
/// # Errors
/// A refusal where something cannot be looked at.
pub(super) fn open_to_others(path: &Path, caller: &Caller<'_>) -> Result<Option<(PathBuf, Entry)>> {
    let mut open = vec![path.to_owned()];
    while let Some(directory) = open.pop() {
        let failed = |error| unreadable(&directory, error, caller);
        for found in std::fs::read_dir(&directory).map_err(failed)? {
            let inside = found.map_err(failed)?.path();
            let Some(entry) = files::entry_if_any(&inside).map_err(failed)? else { continue };
            if is_open(&entry, caller) {
                let inside = inside.strip_prefix(path).unwrap_or(&inside).to_owned();
                return Ok(Some((inside, entry)));
            }
            if entry.kind == Kind::Directory {
                open.push(inside);
            }
        }
    }
    Ok(None)
}

fn is_open(entry: &Entry, caller: &Caller<'_>) -> bool {
    let group_writes = entry.mode & 0o020 != 0 && entry.gid != caller.gid;
    let is_writable = entry.mode & 0o002 != 0 || group_writes;
    // A symlink's own mode says nothing.
    entry.uid != caller.uid || (is_writable && entry.kind != Kind::Symlink)
}
