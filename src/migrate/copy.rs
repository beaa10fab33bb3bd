//! Copies a target directory into the staging directory, with the times of all entries, so that cargo
//! finds it fresh.
//!
//! In the end, the copy and the source are both compared with the inventory. If somebody changes or
//! replaces a file meanwhile, the copy fails. File systems that can share content do so, because
//! `std::io::copy` lets the kernel copy.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};

#[cfg(target_os = "linux")]
use rustix::fs::syncfs;
use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid, chownat, fchmod, futimens, linkat,
    mkdirat, openat, symlinkat, utimensat,
};
use rustix::io::Errno;

use super::carry::{Arrived, Move};
use super::give::chown;
use super::journal::Method;
use super::judge::{difference, is_unchanged_since, own_mode};
use crate::os::entry::Kind;
use crate::os::files;
use crate::os::interrupt;
use crate::os::node::{Identity, Inventory, Node};
use crate::os::tree::{FILE, Tree};
use crate::private_dir::provision::Person;
use crate::ui::escape::bytes;
use crate::ui::failure::Failure;
use crate::ui::report::{self, counted};

/// Makes the copy. Checks that it is complete and that the source did not change, and writes it to disk.
pub(super) fn make(moving: &Move<'_>, tree: &Tree, seen: &Inventory) -> Result<Arrived, Failure> {
    let staging = moving.staging;
    let record = |arrived| moving.record(Method::Copy, seen, arrived);
    let (size, files) = (bytes(seen.bytes().0), seen.count(Kind::File));
    let make = || {
        record(None)?;
        report::note(&format!("copying {size} in {}", counted(files, "file", "files")));
        let person = moving.destination.person;
        let to = staging.make_incoming(person)?;
        Copy { source: tree, inventory: seen, to: &to, person }.run()?;
        let found = to.walk(&|_| false)?;
        if let Some(index) = difference(seen, &found) {
            let cause = io::Error::other("the copy differs from the original");
            return Err(Failure::step("check", &to.at(&seen.path(index)), cause));
        }
        if !is_unchanged_since(seen, &tree.walk(&|_| false)?) {
            return Err(tree.failed("copy", &[], Errno::STALE.into()));
        }
        // Otherwise a power failure could lose it after the source is removed.
        #[cfg(target_os = "linux")]
        syncfs(&to.top).map_err(|cause| Failure::step("sync", &to.path, cause))?;
        #[cfg(not(target_os = "linux"))]
        rustix::fs::sync();
        record(Some(found.inode()))?;
        Ok((to, found))
    };
    // Report the error that stopped the copy. If this fails too, the next run removes the rest.
    make().inspect_err(|_| drop(staging.discard()))
}

struct Copy<'a> {
    source: &'a Tree,
    inventory: &'a Inventory,
    /// An empty directory.
    to: &'a Tree,
    person: Person,
}

impl Copy<'_> {
    fn run(&self) -> Result<(), Failure> {
        // A file with several names is copied once; its other names become hard links.
        let mut first: HashMap<Identity, usize> = HashMap::new();
        let nodes = || self.inventory.nodes.iter().enumerate();
        let failed = |index, cause| self.source.failed("copy", &self.inventory.path(index), cause);
        for (index, node) in nodes() {
            interrupt::check()?;
            let Some(parent) = node.parent else { continue };
            let original = first.get(&node.identity).filter(|_| node.links > 1);
            let copied = self.directory(parent).and_then(|to| match (node.kind, original) {
                (Kind::Directory, _) => Ok(mkdirat(to, &*node.name, Mode::from_raw_mode(0o700))?),
                (Kind::File, Some(&original)) => self.link(original, &to, node),
                (Kind::Symlink, _) => self.symlink(&to, node),
                _ => self.file(&to, node, index),
            });
            copied.map_err(|cause| failed(index, cause))?;
            if node.kind == Kind::File {
                first.entry(node.identity).or_insert(index);
            }
        }
        // Last, and from the bottom up: creating an entry changes the times of its directory.
        for (index, node) in nodes().rev().filter(|(_, node)| node.kind == Kind::Directory) {
            let finished = self.directory(index).and_then(|at| self.finish(&at, node));
            finished.map_err(|cause| failed(index, cause))?;
        }
        Ok(())
    }

    /// A directory of the copy.
    fn directory(&self, index: usize) -> io::Result<File> {
        self.to.go(&self.inventory.path(index))
    }

    fn link(&self, original: usize, to: &File, node: &Node) -> io::Result<()> {
        let mut names = self.inventory.path(original);
        let old = names.pop().ok_or(io::ErrorKind::NotFound)?;
        Ok(linkat(self.to.go(&names)?, &*old, to, &*node.name, AtFlags::empty())?)
    }

    /// Copies a symlink, whose target has been judged.
    fn symlink(&self, to: &File, node: &Node) -> io::Result<()> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let (uid, gid) = (Uid::from_raw(self.person.uid), Gid::from_raw(self.person.gid));
        symlinkat(node.target.as_deref().unwrap_or_default(), to, &*node.name)?;
        chownat(to, &*node.name, Some(uid), Some(gid), flags)?;
        Ok(utimensat(to, &*node.name, &times(node), flags)?)
    }

    fn file(&self, to: &File, node: &Node, index: usize) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
        let mut copy = File::from(openat(to, &*node.name, flags, Mode::from_raw_mode(0o600))?);
        // An empty file need not be read: only its owner can read rustc's locks.
        if node.size > 0 {
            let original = self.source.open_entry(self.inventory, index, OFlags::RDONLY)?;
            // Read no more than its size: somebody may append to it forever.
            io::copy(&mut (&original).take(node.size), &mut copy)?;
        }
        self.finish(&copy, node)
    }

    fn finish(&self, copy: &File, node: &Node) -> io::Result<()> {
        chown(copy, self.person)?;
        fchmod(copy, files::mode(own_mode(node.kind, node.mode)))?;
        Ok(futimens(copy, &times(node))?)
    }
}

/// An entry's times, in nanoseconds.
fn times(node: &Node) -> Timestamps {
    let time = |(seconds, nanoseconds): (i64, u32)| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.into(),
    };
    Timestamps { last_access: time(node.accessed), last_modification: time(node.modified) }
}
