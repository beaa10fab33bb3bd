//! Checks the contents of a private directory that others could read, and removes their access to the
//! directories inside it.
//!
//! Works by descriptor: the owner's own processes may change the directory meanwhile.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::fchmod;

use super::{Caller, refusal};
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::{Kind, others_write};
use crate::os::files;
use crate::os::node::{Inventory, Node, is_mounted};
use crate::os::tree::Tree;
use crate::private_dir::refusal::Flaw;
use crate::ui::failure::Result;

/// Refuses a directory if others could have changed anything in it. Returns its contents.
///
/// # Errors
/// The refusal, and a failure to look at an entry.
pub(super) fn check(tree: &Tree, caller: &Caller<'_>) -> Result<Inventory> {
    let inventory = tree.walk(&|_| false).map_err(|failure| failure.exit(77))?;
    let private_group = accounts::private_group(caller.uid);
    let is_safe = |index: usize, node: &Node| {
        // With an ACL, the group bits are its mask and say nothing about the group.
        let has_acl = || acls::has_acl(&tree.at(&inventory.path(index)));
        let is_private = || Some(node.gid) == private_group && !has_acl();
        let is_writable = node.kind != Kind::Symlink && others_write(node.mode, is_private);
        [caller.uid, 0].contains(&node.uid) && !is_writable
    };
    let mut entries = inventory.nodes.iter().enumerate().skip(1);
    if let Some((index, node)) = entries.find(|(index, node)| !is_safe(*index, node)) {
        let names = inventory.path(index);
        let inside: PathBuf = names.iter().map(|name| OsStr::from_bytes(name.to_bytes())).collect();
        let flaw = Flaw::WritableInside(inside, node.mode);
        return Err(refusal(&tree.path, node.uid, flaw, caller));
    }
    Ok(inventory)
}

/// Removes other users' access to the directories inside, and checks everything again. A process that
/// works in one of them, or has it open, could otherwise still read and lock new files there.
///
/// # Errors
/// The same as [`check`], and a failure to change a mode.
pub(super) fn make_private(tree: &Tree, inventory: &Inventory, caller: &Caller<'_>) -> Result<()> {
    let restrict = |index: usize, node: &Node| -> io::Result<()> {
        let directory = tree.enter(inventory, index)?;
        acls::strip(&directory)?;
        Ok(fchmod(&directory, files::mode(node.mode & !0o077))?)
    };
    let is_part = |node: &Node| inventory.top().is_some_and(|top| !is_mounted(top, node));
    for (index, node) in inventory.nodes.iter().enumerate().skip(1) {
        if node.kind == Kind::Directory && node.mode & 0o077 != 0 && is_part(node) {
            restrict(index, node)
                .map_err(|cause| tree.failed("make private", &inventory.path(index), cause))?;
        }
    }
    check(tree, caller).map(drop)
}
