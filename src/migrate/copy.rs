//! The copy, from its first byte to the removal of what it was made from.
//!
//! Each file is compared, open, with what was looked at, before and after it is read: whoever exchanges
//! it meanwhile makes the copy fail. File systems that can share content do, since `std::io::copy` asks
//! the kernel to copy.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid, chownat, fchmod, futimens, linkat,
    mkdirat, openat, symlinkat, utimensat,
};
use rustix::io::Errno;

use super::carry::Move;
use super::give::{chown, prepare};
use super::judge::{compare, is_unchanged_since, own_mode};
use super::plan::{Journal, Method, Stage};
use super::source::Source;
use crate::os::entry::Kind;
use crate::os::facts::is_unchanged;
use crate::os::files;
use crate::os::interrupt;
use crate::os::node::{Identity, Inventory, Node};
use crate::os::remove::Left;
use crate::os::tree::{FILE, Tree};
use crate::private_dir::provision::Person;
use crate::ui::escape::{bytes, escaped};
use crate::ui::failure::Failure;
use crate::ui::look::Look;
use crate::ui::report;

/// Copies, checks, puts in place, and removes the source.
pub(super) fn begin(
    moving: &Move<'_>,
    tree: &Tree,
    seen: &Inventory,
    keeps_source: bool,
) -> Result<(), Failure> {
    let staging = moving.staging;
    let journal = moving.journal(Method::Copy, Stage::Copying, seen);
    let copied = (|| {
        staging.write(&journal)?;
        let arrived = Some(whole(moving, tree, seen)?);
        let journal = Journal { stage: Stage::Placing, arrived, ..journal };
        staging.write(&journal)?;
        Ok(journal)
    })();
    let journal = copied.inspect_err(|_: &Failure| {
        // The error that stopped it is the one to report; a next run removes what this leaves.
        if staging.discard().is_ok() {
            staging.dismiss();
        }
    })?;
    staging.put(&journal.name, moving.is_replacing)?;
    staging.sync()?;
    if keeps_source {
        source_stays(moving.source);
    } else {
        let entries = seen.nodes.iter().map(|node| node.identity).collect();
        let top = seen.top().map(|top| top.identity).unwrap_or_default();
        remove_source(moving, &journal, top, &entries)?;
    }
    moving.end(&journal)
}

/// Makes a copy and makes sure that it is whole, on the disk, and of a source that stood still; its
/// inode.
fn whole(moving: &Move<'_>, tree: &Tree, seen: &Inventory) -> Result<u64, Failure> {
    let to = moving.staging.make_incoming()?;
    let person = moving.destination.person;
    let (size, files) = (bytes(seen.bytes().0), seen.count(Kind::File));
    report::note(&format!("copying {size} in {files} files"));
    Copy { source: tree, inventory: seen, to: &to, person }.run()?;
    let found = to.walk(&|_| false)?;
    if let Some(index) = compare(seen, &found).difference {
        let cause = io::Error::other("the copy is not like the original");
        return Err(Failure::step("check", &to.at(&seen.path(index)), cause));
    }
    let again = tree.walk(&|_| false)?;
    if !is_unchanged_since(seen, &again) {
        return Err(tree.failed("copy", &[], Errno::STALE.into()));
    }
    prepare(&to, person)?;
    sync(&to).map_err(|cause| Failure::step("sync", &to.path, cause))?;
    Ok(found.top().map_or(0, |top| top.identity.1))
}

/// Only what is on the disk may replace what is.
fn sync(to: &Tree) -> Result<(), Errno> {
    #[cfg(target_os = "linux")]
    return rustix::fs::syncfs(&to.top);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = to;
        rustix::fs::sync();
        Ok(())
    }
}

/// Removes the copied source: first its name, in one step, then the entries that were copied.
pub(super) fn remove_source(
    moving: &Move<'_>,
    journal: &Journal,
    top: Identity,
    entries: &HashSet<Identity>,
) -> Result<(), Failure> {
    let source = moving.source;
    if !source.open_aside(journal.inode).is_ok_and(|aside| aside.is_some()) {
        if !source.holds(journal.inode) {
            return Ok(());
        }
        if source.put_aside().is_err() {
            source_stays(source);
            return Ok(());
        }
    }
    let path = source.aside_path();
    match source.remove_aside(top, entries) {
        Ok(Left::Nothing) => Ok(()),
        Ok(Left::Something) => {
            let path = escaped(&path);
            report::note(&format!("`{path}` holds what is not in the copy, and stays"));
            Ok(())
        }
        Err(cause) => {
            interrupt::check()?;
            Err(Failure::step("remove", &path, cause))
        }
    }
}

/// The source stays where it is. There is no command to remove it: others may be able to exchange what
/// that would remove.
pub(super) fn source_stays(source: &Source) {
    let help = "if it is of no use to anybody, its owner can remove it";
    let help = Look::Content.at(&source.path, help);
    report::advice(&format!("`{}` stays", escaped(&source.path)), &help);
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
        // What has several names is copied once, and gets the others again.
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
        // From the bottom up: everything before changes a directory's times.
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

    /// Where it leads has been judged.
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
        // An empty file need not be read: rustc leaves its locks readable to their owner alone.
        if node.size > 0 {
            let original = self.source.open_entry(self.inventory, index, OFlags::RDONLY)?;
            let was_so = is_unchanged(&original, node);
            // No longer than it was: somebody may add to it for ever.
            let copied = io::copy(&mut (&original).take(node.size), &mut copy)?;
            if !was_so || copied != node.size || !is_unchanged(&original, node) {
                return Err(Errno::STALE.into());
            }
        }
        self.finish(&copy, node)
    }

    fn finish(&self, copy: &File, node: &Node) -> io::Result<()> {
        chown(copy, self.person)?;
        fchmod(copy, files::mode(own_mode(node.kind, node.mode)))?;
        Ok(futimens(copy, &times(node))?)
    }
}

/// An entry's times, to the nanosecond.
fn times(node: &Node) -> Timestamps {
    let time = |(seconds, nanoseconds): (i64, u32)| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.into(),
    };
    Timestamps { last_access: time(node.accessed), last_modification: time(node.modified) }
}
