//! Looks through a directory that others could reach, for what they can have changed in it.

use std::path::{Path, PathBuf};

use super::{Caller, refusal, unreadable};
use crate::core::safety::Entry;
use crate::error::{Flaw, Kind, Result};
use crate::sys::{accounts, files};

/// Refuses a directory in which others could have changed something.
///
/// # Errors
/// The refusal, and one where something cannot be looked at.
pub(super) fn check(path: &Path, caller: &Caller<'_>) -> Result<()> {
    match open_to_others(path, caller)? {
        None => Ok(()),
        Some((inside, entry)) => {
            let flaw = Flaw::WritableInside(inside, entry.mode);
            Err(refusal(path, entry.uid, flaw, caller))
        }
    }
}

/// The first entry below `path` that others own or can write to, seen from there.
///
/// Only the caller's private group may have write permission: the account's primary group, called
/// like the account and with nobody else in it. Symlinks are not followed.
fn open_to_others(path: &Path, caller: &Caller<'_>) -> Result<Option<(PathBuf, Entry)>> {
    let private_group = accounts::private_group(caller.uid);
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        let failed = |error| unreadable(&directory, error, caller);
        for found in std::fs::read_dir(&directory).map_err(failed)? {
            let inside = found.map_err(failed)?.path();
            let Some(entry) = files::entry_if_any(&inside).map_err(failed)? else { continue };
            if entry.uid != caller.uid || is_writable(&inside, &entry, private_group) {
                let inside = inside.strip_prefix(path).unwrap_or(&inside).to_owned();
                return Ok(Some((inside, entry)));
            }
            if entry.kind == Kind::Directory {
                directories.push(inside);
            }
        }
    }
    Ok(None)
}

fn is_writable(path: &Path, entry: &Entry, private_group: Option<u32>) -> bool {
    match entry.mode & 0o022 {
        // A symlink's own mode says nothing.
        _ if entry.kind == Kind::Symlink => false,
        0 => false,
        // With an ACL these bits are its mask, whoever is behind it.
        0o020 => Some(entry.gid) != private_group || files::has_acl(path),
        _ => true,
    }
}
