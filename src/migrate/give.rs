//! Gives a tree to its new owner: owner, group and modes, of exactly the entries that were judged.
//!
//! Whoever still has one of its directories open can go on working in there until that directory
//! changes hands, so each is taken first and read afterwards: what was put there in between shows.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchmod, unlinkat};
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

/// Gives everything in the tree to its new owner; what is theirs alone already is left as it is. Cargo's
/// locks go: whoever has one open could lock it for ever, and cargo makes new ones.
///
/// # Errors
/// Where the tree is not what was judged, and failures; a next run goes on where this one ended.
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
    Ok(())
}

struct Giving<'a> {
    tree: &'a Tree,
    inventory: &'a Inventory,
    person: Person,
}

impl Giving<'_> {
    /// A directory, and then what it holds, when nobody else can change that any more.
    fn directory(&self, index: usize, node: &Node, children: &[usize]) -> Result<(), Failure> {
        let take = || -> io::Result<(File, Vec<CString>)> {
            let directory = self.tree.enter(self.inventory, index)?;
            if is_to_be_given(node, self.person.uid, self.person.gid) {
                self.pass_on(&directory, node)?;
            } else {
                // What is made in it later would inherit them, whatever its mode.
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
        // What was the new owner's already may have made way for something that is not.
        is_same(&facts(directory, &node.name)?)?;
        if !is_to_be_given(node, self.person.uid, self.person.gid) {
            return Ok(());
        }
        // A symlink has neither content nor mode: it is only named.
        let access = if node.kind == Kind::Symlink { NAMED } else { OFlags::RDONLY };
        let file = match self.tree.open_entry(self.inventory, index, access) {
            // A file of their own that not even they can read stays as it is.
            Err(cause) if is_closed(&cause) && node.uid == self.person.uid => return Ok(()),
            file => file?,
        };
        let found = facts_of(&file)?;
        is_same(&found)?;
        // An inode's number can come back with another file. Its owner would then tell, since nobody
        // can give a file away.
        let is_owner = [node.uid, self.person.uid].contains(&found.uid);
        if is_owner { self.pass_on(&file, &found) } else { Err(Errno::STALE.into()) }
    }

    /// The owner first: changing it takes set-id bits away, and until then they can change the rest.
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
            "only root can give you what others own; remove it, and run the same command again";
        Failure::step("change the owner of", &self.tree.at(&names), cause).help(help)
    }
}

fn is_closed(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::PermissionDenied
}

/// Whether an entry is what was judged. Its times may differ: whoever has a file open can go on changing
/// them, and would keep it from being taken away from them.
fn is_same(found: &Node, judged: &Node) -> bool {
    let key = |node: &Node| (node.identity, node.kind, node.mount, node.target.clone());
    key(found) == key(judged) && found.links <= judged.links
}

/// Makes the top of what has arrived what a target directory is: mode 0700, with its tag.
pub(super) fn prepare(tree: &Tree, person: Person) -> Result<(), Failure> {
    let prepare = || -> io::Result<()> {
        fchmod(&tree.top, Mode::from_raw_mode(0o700))?;
        if tag::is_valid(&tree.top) {
            return Ok(());
        }
        // Whatever it is: a run that was stopped, or a script, has left it.
        let _ = unlinkat(&tree.top, tag::NAME, AtFlags::empty());
        let Some(tag) = tag::write(&tree.top)? else { return Ok(()) };
        // Its name is written with whatever is renamed next, and its text otherwise half a minute
        // later: without it no cargo cleans here any more.
        tag.sync_all()?;
        // Only what was made here changes hands: the directory is the new owner's already, and what has
        // the name now need not be that.
        chown(&tag, person)
    };
    prepare().map_err(|cause| Failure::step("prepare", &tree.path, cause))
}

/// Changes the owner of what is open, a symlink itself included.
pub(super) fn chown(file: &File, person: Person) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(person.uid), Gid::from_raw(person.gid));
    #[cfg(target_os = "linux")]
    rustix::fs::chownat(file, "", Some(uid), Some(gid), AtFlags::EMPTY_PATH)?;
    #[cfg(not(target_os = "linux"))]
    rustix::fs::fchown(file, Some(uid), Some(gid))?;
    Ok(())
}
