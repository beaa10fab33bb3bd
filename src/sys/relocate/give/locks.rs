//! New files in the places of cargo's locks.
//!
//! Whoever has a lock of the old cache open could lock it for ever, and the person would wait for
//! them with every build. Which profiles there are is told by these files, so that none may be lost.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::{Person, chown};
use crate::core::relocation::tree::{LOCKS, Node};
use crate::sys::tree::FILE;

/// What a new lock's name ends with until it replaces the old one, in one step.
const UNFINISHED: &[u8] = b".new";

/// Puts a new file, mode 0644, in the place of a lock, in a directory that nobody else can
/// write to.
pub(super) fn renew(directory: &File, lock: &Node, person: Person) -> io::Result<()> {
    let new = CString::new([lock.name.to_bytes(), UNFINISHED].concat())?;
    forget(directory, &new)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
    let file = File::from(openat(directory, &*new, flags, Mode::from_raw_mode(0o600))?);
    if !person.is_oneself() {
        chown(&file, person)?;
    }
    fchmod(&file, Mode::from_raw_mode(0o644))?;
    Ok(renameat(directory, &*new, directory, &*lock.name)?)
}

/// Whether an earlier run was stopped before this became a lock.
pub(super) fn is_unfinished(node: &Node) -> bool {
    let name = node.name.to_bytes().strip_suffix(UNFINISHED);
    name.is_some_and(|name| LOCKS.iter().any(|lock| lock.as_bytes() == name))
}

/// Takes a name away.
pub(super) fn forget(directory: &File, name: &CStr) -> io::Result<()> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}
