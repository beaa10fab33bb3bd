//! Removes files and directories by descriptor: only below a directory with a known identity, only on
//! its mount, and never through a symlink.

use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{AtFlags, fchmod, unlinkat};
use rustix::io::Errno;

use super::facts::{facts, facts_of};
use super::files;
use super::interrupt;
use super::tree::{DIRECTORY, directory, inside, names};
use crate::os::node::{Identity, MAX_DEPTH, Node, is_mounted};

/// What may be removed.
#[derive(Clone, Copy, Debug)]
pub enum Selection<'a> {
    /// Everything: this program created it. An interrupt does not stop the removal, because it is part
    /// of a clean-up.
    All,
    /// Only these entries; newer ones stay. An interrupt stops the removal between two entries.
    Only(&'a HashSet<Identity>),
}

/// The result of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Everything is gone.
    Nothing,
    /// An entry is left that was not to be removed, or could not be: something is mounted there, keeps
    /// coming, or is deeper than [`MAX_DEPTH`].
    Something,
}

/// Removes the directory `name` in `parent` with its contents, if it has this identity.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::NotFound`] if the name belongs to another entry, and
/// [`io::ErrorKind::Interrupted`].
pub fn tree(
    parent: &File,
    name: &OsStr,
    identity: Identity,
    what: Selection<'_>,
) -> io::Result<Left> {
    let top = directory(parent, name)?;
    let found = facts_of(&top)?;
    if found.identity != identity {
        return Err(io::ErrorKind::NotFound.into());
    }
    let removal = Removal { top: found, what };
    if removal.empty(&top, 0)? == Left::Something {
        return Ok(Left::Something);
    }
    // Only this name can still be raced for, and only an empty directory is removed.
    gone(unlinkat(parent, name, AtFlags::REMOVEDIR))
}

/// Removes an entry of a directory that we own, with its contents.
///
/// # Errors
/// Any I/O error.
pub fn entry(parent: &File, name: &OsStr) -> io::Result<Left> {
    let removal = Removal { top: facts_of(parent)?, what: Selection::All };
    removal.entry(parent, &CString::new(name.as_bytes())?, 0)
}

struct Removal<'a> {
    top: Node,
    what: Selection<'a>,
}

impl Removal<'_> {
    /// Removes the contents of a directory. An entry that cannot be removed does not stop the rest.
    fn empty(&self, at: &File, depth: usize) -> io::Result<Left> {
        let mut left = Ok(Left::Nothing);
        for name in names(at)? {
            if matches!(self.what, Selection::Only(_)) && interrupt::is_requested() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            match self.entry(at, &name, depth) {
                Ok(Left::Nothing) => {}
                Ok(Left::Something) => left = left.and(Ok(Left::Something)),
                Err(cause) => left = left.and(Err(cause)),
            }
        }
        left
    }

    fn entry(&self, at: &File, name: &CStr, depth: usize) -> io::Result<Left> {
        let below = match inside(at, name, DIRECTORY) {
            Ok(below) => Some(below),
            Err(cause) => match cause.kind() {
                ErrorKind::NotADirectory => None,
                ErrorKind::NotFound => return Ok(Left::Nothing),
                ErrorKind::CrossesDevices => return Ok(Left::Something),
                _ => return Err(cause),
            },
        };
        let node = || below.as_ref().map_or_else(|| facts(at, name), facts_of);
        let is_meant = match self.what {
            Selection::All => true,
            Selection::Only(entries) => entries.contains(&node()?.identity),
        };
        if !is_meant || depth > MAX_DEPTH {
            return Ok(Left::Something);
        }
        // Between this check and the removal, another process can rename entries within this directory.
        // It then loses an entry that it could have removed itself.
        let Some(below) = &below else { return gone(unlinkat(at, name, AtFlags::empty())) };
        let found = facts_of(below)?;
        if is_mounted(&self.top, &found) {
            return Ok(Left::Something);
        }
        // Build scripts copy read-only directories, such as those of Go's module cache, in which even
        // their owner can remove nothing. Of another's, only an empty one can go, as it is.
        if found.mode & 0o200 == 0 {
            let _ = fchmod(below, files::mode(found.mode | 0o200));
        }
        match self.empty(below, depth + 1)? {
            Left::Nothing => gone(unlinkat(at, name, AtFlags::REMOVEDIR)),
            Left::Something => Ok(Left::Something),
        }
    }
}

fn gone(removed: Result<(), Errno>) -> io::Result<Left> {
    match removed {
        Ok(()) | Err(Errno::NOENT) => Ok(Left::Nothing),
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ISDIR | Errno::BUSY) => Ok(Left::Something),
        Err(cause) => Err(cause.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Left, Selection};
    use crate::os::facts::facts;
    use crate::os::tree::directory_at;
    use std::collections::HashSet;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn removes_what_is_meant_and_never_what_a_symlink_leads_to() {
        let scratch = tempfile::tempdir().unwrap();
        let (top, outside) = (scratch.path().join("top"), scratch.path().join("outside"));
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), "").unwrap();
        fs::write(top.join("a/b/old"), "").unwrap();
        symlink(&outside, top.join("a/link")).unwrap();
        let parent = directory_at(scratch.path()).unwrap();
        let identity = facts(&parent, c"top").unwrap().identity;
        let tree = |identity, what| super::tree(&parent, "top".as_ref(), identity, what);
        assert!(tree((0, 0), Selection::All).is_err());
        assert!(top.join("a/b/old").exists());
        let none = HashSet::new();
        assert_eq!(tree(identity, Selection::Only(&none)).unwrap(), Left::Something);
        assert!(top.join("a/b/old").exists());
        assert_eq!(tree(identity, Selection::All).unwrap(), Left::Nothing);
        assert!(!top.exists() && outside.join("precious").exists());
    }
}
