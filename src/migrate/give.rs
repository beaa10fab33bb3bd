//! Gives a tree to its new owner: changes owner, group and modes of exactly the entries that were judged.
//!
//! A process that still has one of the directories open can change it until its owner changes. So each
//! directory is given first and read afterwards: entries added meanwhile are found.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io;

use rustix::fs::{AtFlags, Gid, OFlags, Uid, fchmod, unlinkat};
use rustix::io::Errno;

use super::judge::{is_to_be_given, own_mode};
use crate::os::acls;
use crate::os::entry::Kind;
use crate::os::facts::{facts, facts_of};
use crate::os::files;
use crate::os::interrupt;
use crate::os::node::{Inventory, Node};
use crate::os::tag;
use crate::os::tree::{NAMED, Tree, names};
use crate::private_dir::provision::Person;
use crate::ui::failure::Failure;

/// Gives everything in the tree to its new owner, and a cache directory tag to the top. Entries that only
/// they can change already stay as they are. Cargo's lock files are removed: a process that has one open
/// could lock it forever, and cargo creates new ones.
///
/// # Errors
/// A tree that differs from the one judged, and any I/O error. The next run continues.
pub(super) fn give(tree: &Tree, inventory: &Inventory, person: Person) -> Result<(), Failure> {
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, node) in inventory.nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            children.entry(parent).or_default().push(index);
        }
    }
    let giving = Giving { tree, inventory, person };
    for (index, node) in inventory.nodes.iter().enumerate() {
        if node.kind == Kind::Directory {
            interrupt::check()?;
            giving.directory(index, node, children.get(&index).map_or(&[], Vec::as_slice))?;
        }
    }
    tag(tree, person).map_err(|cause| Failure::step("prepare", &tree.path, cause))
}

struct Giving<'a> {
    tree: &'a Tree,
    inventory: &'a Inventory,
    person: Person,
}

impl Giving<'_> {
    /// Gives a directory, and then its entries, which no other user can change any more.
    fn directory(&self, index: usize, node: &Node, children: &[usize]) -> Result<(), Failure> {
        let take = || -> io::Result<(File, Vec<CString>)> {
            let directory = self.tree.enter(self.inventory, index)?;
            if is_to_be_given(node, self.person.uid, self.person.gid) {
                self.pass_on(&directory, node)?;
            } else {
                // New entries would inherit its ACLs.
                acls::strip(&directory)?;
            }
            let found = names(&directory)?;
            Ok((directory, found))
        };
        let (directory, found) = take().map_err(|cause| self.failed(index, cause))?;
        let nodes = || children.iter().filter_map(|&at| Some((at, self.inventory.nodes.get(at)?)));
        if !found.iter().eq(nodes().map(|(_, node)| &node.name)) {
            return Err(self.failed(index, Errno::STALE.into()));
        }
        for (at, node) in nodes().filter(|(_, node)| node.kind != Kind::Directory) {
            self.entry(&directory, at, node).map_err(|cause| self.failed(at, cause))?;
        }
        Ok(())
    }

    fn entry(&self, directory: &File, index: usize, node: &Node) -> io::Result<()> {
        if node.is_lock() {
            return Ok(unlinkat(directory, &*node.name, AtFlags::empty())?);
        }
        let is_same = |found: &Node| is_same(found, node).then_some(()).ok_or(Errno::STALE);
        // The entry may have been replaced.
        is_same(&facts(directory, &node.name)?)?;
        if !is_to_be_given(node, self.person.uid, self.person.gid) {
            return Ok(());
        }
        // A symlink has neither content nor mode.
        let access = if node.kind == Kind::Symlink { NAMED } else { OFlags::RDONLY };
        let file = match self.tree.open_entry(self.inventory, index, access) {
            // The new owner's own file, which they cannot read, stays as it is.
            Err(cause) if is_closed(&cause) && node.uid == self.person.uid => return Ok(()),
            file => file?,
        };
        let found = facts_of(&file)?;
        is_same(&found)?;
        // The inode's number may have been reused for another file. Its owner shows that, since only root
        // can change a file's owner.
        let is_owner = [node.uid, self.person.uid].contains(&found.uid);
        if is_owner { self.pass_on(&file, &found) } else { Err(Errno::STALE.into()) }
    }

    /// Changes the owner first: the old owner could undo the other changes, and chown clears set-id bits.
    fn pass_on(&self, file: &File, node: &Node) -> io::Result<()> {
        if (node.uid, node.gid) != (self.person.uid, self.person.gid) {
            chown(file, self.person)?;
        }
        if node.kind == Kind::Symlink {
            return Ok(());
        }
        acls::strip(file)?;
        let found = facts_of(file)?.mode;
        let mode = own_mode(node.kind, found);
        if mode != found {
            fchmod(file, files::mode(mode))?;
        }
        Ok(())
    }

    fn failed(&self, index: usize, cause: io::Error) -> Failure {
        let names = self.inventory.path(index);
        if !is_closed(&cause) {
            return self.tree.failed("change the owner of", &names, cause);
        }
        let help =
            "only root can give you other users' files; remove it, and run the same command again";
        Failure::step("change the owner of", &self.tree.at(&names), cause).help(help)
    }
}

fn is_closed(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::PermissionDenied
}

/// Whether an entry is the one that was judged. Its times may differ: a process that has the file open
/// can change them, and must not be able to stop the change of owner that way.
fn is_same(found: &Node, judged: &Node) -> bool {
    let key = |node: &Node| (node.identity, node.kind, node.mount, node.target.clone());
    key(found) == key(judged) && found.links <= judged.links
}

/// Writes a tag into the top of the tree, unless it has a valid one.
fn tag(tree: &Tree, person: Person) -> io::Result<()> {
    if tag::is_valid(&tree.top) {
        return Ok(());
    }
    // An invalid tag, left by an interrupted run or by a script.
    let _ = unlinkat(&tree.top, tag::NAME, AtFlags::empty());
    let Some(tag) = tag::write(&tree.top)? else { return Ok(()) };
    // After a power failure the tag could be empty: its name reaches the disk with the next rename, its
    // content up to half a minute later. `cargo clean` refuses a directory with an invalid tag.
    tag.sync_all()?;
    // Change the owner by descriptor: the directory is the new owner's already, so they can replace the
    // name.
    chown(&tag, person)
}

/// Changes the owner of an open file. It may be a symlink.
pub(super) fn chown(file: &File, person: Person) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(person.uid), Gid::from_raw(person.gid));
    #[cfg(target_os = "linux")]
    rustix::fs::chownat(file, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?;
    #[cfg(not(target_os = "linux"))]
    rustix::fs::fchown(file, Some(uid), Some(gid))?;
    Ok(())
}
