//! Takes a piece away again, if it is still what was put there.

use std::io;
use std::path::Path;

use super::look::Rights;
use super::put::{file_fingerprint, set_rights};
use crate::core::marked::without_blocks;
use crate::core::setup::{Did, Entry};
use crate::error::{Error, FileError, Kind, SetupError};
use crate::sys::files;
use crate::sys::replace::{Original, clear_leftover};

/// What has become of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
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
/// The system's. Doing it again is no harm.
pub fn take(entry: &Entry) -> Result<Taken, Error> {
    let path = &entry.path;
    let failed = |cause| FileError::failed("remove", path, cause);
    clear_leftover(&files::without_symlinks(path)).map_err(failed)?;
    let found = files::entry_if_any(path).map_err(failed)?;
    let Some(found) = found else { return Ok(Taken::Nothing) };
    match (&entry.did, found.kind) {
        (Did::MakeDirectory, Kind::Directory) => Ok(directory(path).map_err(failed)?),
        (Did::MakeFile { fingerprint }, Kind::File | Kind::Symlink) => {
            if file_fingerprint(path).map_err(failed)? != *fingerprint {
                return Ok(Taken::Kept("it was changed since"));
            }
            std::fs::remove_file(path).map_err(failed)?;
            Ok(Taken::Removed)
        }
        (Did::MakeLink { to }, Kind::Symlink) => {
            if std::fs::read_link(path).map_err(failed)? != *to {
                return Ok(Taken::Kept("it leads elsewhere now"));
            }
            std::fs::remove_file(path).map_err(failed)?;
            Ok(Taken::Removed)
        }
        (Did::PutBlocks { made_file }, _) => blocks(path, *made_file),
        (Did::ChangeMode { mode_before, group_before, mode_after, group_after }, _) => {
            let before = Rights { mode: *mode_before, group: *group_before };
            let now = Rights { mode: found.mode, group: found.gid };
            if now == before {
                return Ok(Taken::Nothing);
            }
            if now != (Rights { mode: *mode_after, group: *group_after }) {
                return Ok(Taken::Kept("its permissions were changed since"));
            }
            set_rights(path, before).map_err(|cause| FileError::failed("restore", path, cause))?;
            Ok(Taken::Restored)
        }
        _ => Ok(Taken::Kept("something else stands there now")),
    }
}

fn directory(path: &Path) -> io::Result<Taken> {
    match std::fs::remove_dir(path) {
        Ok(()) => Ok(Taken::Removed),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            Ok(Taken::Kept("there is something in it"))
        }
        Err(error) => Err(error),
    }
}

fn blocks(path: &Path, made_file: bool) -> Result<Taken, Error> {
    let original = Original::read(path)?;
    let text = original.text()?;
    let rest = without_blocks(text).map_err(|unfinished| SetupError::Unfinished {
        path: path.to_owned(),
        line: unfinished.line,
    })?;
    if made_file && rest.is_empty() {
        original.remove()?;
        return Ok(Taken::Removed);
    }
    if rest == text {
        return Ok(Taken::Nothing);
    }
    original.replace(rest.as_bytes(), 0o644)?;
    Ok(Taken::Restored)
}
