//! Gives a tree to one person: owner, group and modes, of exactly the entries that were judged.
//!
//! Whoever still has one of its directories open can go on working in there until that directory
//! changes hands, so each is taken first and read afterwards: what was put there in between shows.

mod locks;

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::File;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchmod, openat};
use rustix::io::Errno;

use super::{Person, failed};
use crate::core::relocation::tree::{Inventory, Node, own_mode};
use crate::error::{Error, Kind, MigrateError, State};
use crate::sys::facts::{facts, facts_of};
use crate::sys::tree::{FILE, NAMED, Tree, names};
use crate::sys::{acls, files, interrupt};

/// Gives everything in the tree to the person, with the modes of [`own_mode`]; what is theirs already
/// is left alone.
///
/// # Errors
/// [`MigrateError::Changed`] where the tree is not what was judged, and failures; a next run goes on
/// where this one ended.
pub fn give(tree: &Tree, inventory: &Inventory, person: Person) -> Result<(), Error> {
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, node) in inventory.nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            children.entry(parent).or_default().push(index);
        }
    }
    let giving = Giving { tree, inventory, person };
    for (index, node) in inventory.nodes.iter().enumerate() {
        if node.kind == Kind::Directory {
            if interrupt::is_requested() {
                return Err(MigrateError::Interrupted { state: State::Journaled }.into());
            }
            let directory = giving.directory(index, node)?;
            giving.content(&directory, index, children.get(&index).map_or(&[], Vec::as_slice))?;
        }
    }
    Ok(())
}

struct Giving<'a> {
    tree: &'a Tree,
    inventory: &'a Inventory,
    person: Person,
}

impl Giving<'_> {
    fn directory(&self, index: usize, node: &Node) -> Result<File, Error> {
        let directory = self.tree.enter(self.inventory, index)?;
        let taken = if node.is_to_be_given(self.person.uid, self.person.gid) {
            self.pass_on(&directory, node)
        } else {
            // What is made in it later would inherit them, whatever its mode.
            acls::strip(&directory).map_err(Into::into)
        };
        taken.map_err(|cause| self.failed(index, cause))?;
        Ok(directory)
    }

    /// What a directory holds, now that nobody else can change it any more.
    fn content(&self, directory: &File, index: usize, children: &[usize]) -> Result<(), Error> {
        let expected: Vec<&CStr> = children
            .iter()
            .filter_map(|at| self.node(*at))
            .map(|node| node.name.as_c_str())
            .collect();
        let found = names(directory).map_err(|cause| self.failed(index, cause))?;
        let found: Vec<&CStr> = found.iter().map(|name| name.as_c_str()).collect();
        if found != expected {
            return Err(self.tree.changed(&self.inventory.path(index)));
        }
        for &at in children {
            let Some(node) = self.node(at) else { continue };
            if node.kind == Kind::Directory {
                continue;
            }
            let done = if node.is_lock() {
                locks::renew(directory, node, self.person)
            } else if locks::is_unfinished(node) {
                locks::forget(directory, &node.name)
            } else {
                self.plain(directory, at, node)?;
                continue;
            };
            done.map_err(|cause| self.failed(at, cause))?;
        }
        Ok(())
    }

    fn plain(&self, directory: &File, index: usize, node: &Node) -> Result<(), Error> {
        // What was the person's own already may have made way for something that is not.
        if !facts(directory, &node.name).is_ok_and(|found| is_same(&found, node)) {
            return Err(self.tree.changed(&self.inventory.path(index)));
        }
        if node.is_to_be_given(self.person.uid, self.person.gid) {
            self.file(directory, index, node)?;
        }
        Ok(())
    }

    fn file(&self, directory: &File, index: usize, node: &Node) -> Result<(), Error> {
        let changed = || self.tree.changed(&self.inventory.path(index));
        let file = match open(directory, node) {
            // A file of their own that not even they can read stays as it is.
            Err(Errno::ACCESS) if node.uid == self.person.uid => return Ok(()),
            Err(Errno::NOENT | Errno::LOOP) => return Err(changed()),
            file => file.map_err(|cause| self.failed(index, cause.into()))?,
        };
        let found = facts_of(&file).map_err(|cause| self.failed(index, cause))?;
        // An inode's number can come back with another file. Its owner would then tell, since
        // nobody can give a file away.
        let is_owner = [node.uid, self.person.uid].contains(&found.uid);
        if !is_same(&found, node) || !is_owner {
            return Err(changed());
        }
        self.pass_on(&file, &found).map_err(|cause| self.failed(index, cause))
    }

    /// The owner first: changing it takes set-id bits away, and until then they can change the rest.
    fn pass_on(&self, file: &File, node: &Node) -> std::io::Result<()> {
        let Person { uid, gid } = self.person;
        if (node.uid, node.gid) != (uid, gid) {
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

    fn node(&self, index: usize) -> Option<&Node> {
        self.inventory.nodes.get(index)
    }

    fn failed(&self, index: usize, cause: std::io::Error) -> Error {
        let path = self.tree.shown(&self.inventory.path(index));
        failed("change the owner of", &path, cause, State::Journaled)
    }
}

/// Whether an entry is what was judged. Its times may differ: whoever has a file open can go on
/// changing them, and would keep it from being taken away from them.
fn is_same(found: &Node, judged: &Node) -> bool {
    let key = |node: &Node| (node.identity, node.kind, node.mount, node.target.clone());
    key(found) == key(judged) && found.links <= judged.links
}

/// Opens a file for its owner and mode. A symlink has neither content nor mode: it is only named.
fn open(directory: &File, node: &Node) -> Result<File, Errno> {
    let access = if node.kind == Kind::Symlink { NAMED } else { OFlags::RDONLY };
    openat(directory.as_fd(), &*node.name, access | FILE, Mode::empty()).map(File::from)
}

/// Changes the owner of what is open, a symlink itself included.
pub(super) fn chown(file: &File, person: Person) -> std::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(person.uid), Gid::from_raw(person.gid));
    #[cfg(target_os = "linux")]
    rustix::fs::chownat(file, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?;
    #[cfg(not(target_os = "linux"))]
    {
        let _ = AtFlags::empty();
        rustix::fs::fchown(file, Some(uid), Some(gid))?;
    }
    Ok(())
}
