//! Copies one file or symlink. A file is compared, open, with what was looked at, before and after
//! it is read: whoever exchanges it meanwhile makes the copy fail.

use std::fs::File;
use std::io;

use rustix::fs::{
    AtFlags, Mode, OFlags, Timespec, Timestamps, fchmod, futimens, openat, readlinkat, symlinkat,
    utimensat,
};
use rustix::io::Errno;

use super::{Copying, interrupted};
use crate::core::relocation::tree::{Node, own_mode};
use crate::error::{Error, MigrateError};
use crate::sys::facts::is_unchanged;
use crate::sys::relocate::give::chown;
use crate::sys::tree::FILE;
use crate::sys::{accounts, files, interrupt};

impl Copying<'_> {
    pub(super) fn symlink(
        &self,
        from: &File,
        to: &File,
        node: &Node,
        index: usize,
    ) -> Result<(), Error> {
        let copy = || -> io::Result<()> {
            let target = readlinkat(from, &*node.name, Vec::new())?;
            // What it led to has been judged.
            if node.target.as_ref() != Some(&target) {
                return Err(Errno::NOENT.into());
            }
            symlinkat(&*target, to, &*node.name)?;
            if !self.person.is_oneself() {
                let flags = AtFlags::SYMLINK_NOFOLLOW;
                let (uid, gid) = (self.person.uid, self.person.gid);
                let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
                rustix::fs::chownat(to, &*node.name, Some(uid), Some(gid), flags)?;
            }
            Ok(utimensat(to, &*node.name, &times(node), AtFlags::SYMLINK_NOFOLLOW)?)
        };
        copy().map_err(|cause| match Errno::from_io_error(&cause) {
            Some(Errno::INVAL | Errno::NOENT) => self.source.changed(&self.inventory.path(index)),
            _ => self.failed(index, cause),
        })
    }

    pub(super) fn file(
        &self,
        from: &File,
        to: &File,
        node: &Node,
        index: usize,
    ) -> Result<(), Error> {
        let failed = |cause: io::Error| self.failed(index, cause);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
        let copy = openat(to, &*node.name, flags, Mode::from_raw_mode(0o600));
        let copy = File::from(copy.map_err(|cause| failed(cause.into()))?);
        // An empty file need not be read: rustc leaves its locks readable to their owner alone.
        if node.size > 0 {
            self.content(from, &copy, node, index)?;
        }
        if !self.person.is_oneself() {
            chown(&copy, self.person).map_err(failed)?;
        }
        let mode = files::mode(own_mode(node.kind, node.mode));
        fchmod(&copy, mode).map_err(|cause| failed(cause.into()))?;
        futimens(&copy, &times(node)).map_err(|cause| failed(cause.into()))
    }

    fn content(&self, from: &File, copy: &File, node: &Node, index: usize) -> Result<(), Error> {
        let changed = || self.source.changed(&self.inventory.path(index));
        let original = match openat(from, &*node.name, OFlags::RDONLY | FILE, Mode::empty()) {
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Err(changed()),
            Err(Errno::ACCESS) => return Err(self.unreadable(index)),
            original => File::from(original.map_err(|cause| self.failed(index, cause.into()))?),
        };
        if !is_unchanged(&original, node) {
            return Err(changed());
        }
        let copied = &self.tally.bytes;
        match self.abilities.copy(&original, copy, node, copied) {
            Ok(()) if is_unchanged(&original, node) => Ok(()),
            Ok(()) => Err(changed()),
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Err(changed()),
            Err(_) if interrupt::is_requested() => Err(interrupted()),
            Err(cause) => Err(self.failed(index, cause)),
        }
    }

    fn unreadable(&self, index: usize) -> Error {
        let owner = self.inventory.nodes.get(index).map_or(0, |node| node.uid);
        MigrateError::Closed {
            path: self.source.shown(&self.inventory.path(index)),
            owner: accounts::owner(owner),
            cause: Errno::ACCESS.into(),
        }
        .into()
    }
}

/// An entry's times, to the nanosecond.
pub(super) fn times(node: &Node) -> Timestamps {
    let time = |(seconds, nanoseconds): (i64, u32)| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.into(),
    };
    Timestamps { last_access: time(node.accessed), last_modification: time(node.modified) }
}
