//! Copies a target directory, and removes the source.
//!
//! In the end, the copy and the source are both compared with the inventory. If somebody changes or
//! replaces a file meanwhile, the copy fails. File systems that can share content do so, because `std::io::copy` lets the
//! kernel copy.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid, chownat, fchmod, futimens, linkat,
    mkdirat, openat, symlinkat, utimensat,
};
use rustix::io::Errno;

use super::carry::Move;
use super::give::{chown, prepare};
use super::journal::Method;
use super::judge::{difference, is_unchanged_since, own_mode};
use super::source::Source;
use crate::os::entry::Kind;
use crate::os::files;
use crate::os::interrupt;
use crate::os::node::{Identity, Inventory, Node};
use crate::os::remove::Left;
use crate::os::tree::{FILE, Tree};
use crate::private_dir::provision::Person;
use crate::ui::escape::{bytes, escaped};
use crate::ui::failure::Failure;
use crate::ui::look::Look;
use crate::ui::report::{self, counted};

/// Copies the source, checks the copy, puts it in place, and removes the source.
pub(super) fn begin(
    moving: &Move<'_>,
    tree: &Tree,
    seen: &Inventory,
    keeps_source: bool,
) -> Result<(), Failure> {
    let staging = moving.staging;
    let journal = |arrived| moving.journal(Method::Copy, seen, arrived);
    let copied = staging.write(&journal(None)).and_then(|()| {
        let arrived = whole(moving, tree, seen)?;
        staging.write(&journal(Some(arrived)))
    });
    copied.inspect_err(|_| {
        // Report the error that stopped the copy. If this fails too, the next run removes the rest.
        if staging.discard().is_ok() {
            staging.dismiss();
        }
    })?;
    staging.put(&moving.destination.name, moving.is_replacing)?;
    staging.sync()?;
    if keeps_source {
        source_stays(&moving.source.path);
        return Ok(());
    }
    remove(moving.source, seen)
}

/// Makes the copy. Checks that it is complete and that the source did not change, and writes it to disk.
/// Returns its inode.
fn whole(moving: &Move<'_>, tree: &Tree, seen: &Inventory) -> Result<u64, Failure> {
    let to = moving.staging.make_incoming()?;
    let person = moving.destination.person;
    let (size, files) = (bytes(seen.bytes().0), seen.count(Kind::File));
    report::note(&format!("copying {size} in {}", counted(files, "file", "files")));
    Copy { source: tree, inventory: seen, to: &to, person }.run()?;
    let found = to.walk(&|_| false)?;
    if let Some(index) = difference(seen, &found) {
        let cause = io::Error::other("the copy differs from the original");
        return Err(Failure::step("check", &to.at(&seen.path(index)), cause));
    }
    if !is_unchanged_since(seen, &tree.walk(&|_| false)?) {
        return Err(tree.failed("copy", &[], Errno::STALE.into()));
    }
    prepare(&to, person)?;
    sync(&to).map_err(|cause| Failure::step("sync", &to.path, cause))?;
    Ok(found.top().map_or(0, |top| top.identity.1))
}

/// Writes the copy to disk: otherwise a power failure could lose it after the source is removed.
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

/// Removes the copied source: first renames it, in one step, then removes the entries that were copied.
fn remove(source: &Source, seen: &Inventory) -> Result<(), Failure> {
    let Some(top) = seen.top().filter(|top| source.holds(top.identity.1)) else { return Ok(()) };
    if source.put_aside().is_err() {
        source_stays(&source.path);
        return Ok(());
    }
    let path = source.aside_path();
    let entries = seen.nodes.iter().map(|node| node.identity).collect();
    match source.remove_aside(top.identity, &entries) {
        Ok(Left::Nothing) => Ok(()),
        Ok(Left::Something) => {
            let path = escaped(&path);
            report::note(&format!("`{path}` stays: it holds files that are not in the copy"));
            Ok(())
        }
        Err(cause) => {
            interrupt::check()?;
            Err(Failure::step("remove", &path, cause))
        }
    }
}

/// Reports that the source stays. No command to remove it is printed: others may be able to replace the
/// entries that it would remove.
pub(super) fn source_stays(path: &Path) {
    let help = Look::Content.at(path, "if nobody needs it, its owner can remove it");
    report::advice(&format!("`{}` stays", escaped(path)), &help);
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
