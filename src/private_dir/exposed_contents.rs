//! Checks the contents of a private directory that others could read, and removes their access to the
//! directories inside it.
//!
//! Works by descriptor: the owner's own processes may change the directory meanwhile.

use std::ffi::OsStr;
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
use crate::ui::failure::{Failure, Result};

/// Refuses a directory if others could have changed anything in it. Returns its contents.
///
/// # Errors
/// The refusal, and a failure to look at an entry.
pub(super) fn check(tree: &Tree, caller: &Caller<'_>) -> Result<Inventory> {
    // What cannot be looked at cannot be trusted. An interrupt is no refusal.
    let refused = |failure: Failure| match failure.exit {
        130 => failure,
        _ => changed_meanwhile(failure).exit(77),
    };
    let inventory = tree.walk(&|_| false).map_err(refused)?;
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
pub(super) fn make_private(
    tree: &Tree,
    mut inventory: Inventory,
    caller: &Caller<'_>,
) -> Result<()> {
    // A build of the caller's may create a directory while others still have the one above it open.
    for _ in 0..ROUNDS {
        if !restrict(tree, &inventory)? {
            break;
        }
        inventory = check(tree, caller)?;
    }
    Ok(())
}

/// How often new directories are looked for.
const ROUNDS: usize = 8;

/// Removes other users' access to the directories in the inventory. Whether there were any.
fn restrict(tree: &Tree, inventory: &Inventory) -> Result<bool> {
    let is_part = |node: &Node| inventory.top().is_some_and(|top| !is_mounted(top, node));
    let is_exposed =
        |node: &Node| node.kind == Kind::Directory && node.mode & 0o077 != 0 && is_part(node);
    let mut found = false;
    for (index, node) in inventory.nodes.iter().enumerate().skip(1).filter(|it| is_exposed(it.1)) {
        found = true;
        let restricted = tree.enter(inventory, index).and_then(|directory| {
            acls::strip(&directory)?;
            Ok(fchmod(&directory, files::mode(node.mode & !0o077))?)
        });
        // What is gone needs nothing. If something else has replaced it, the next check sees that.
        files::if_any(restricted)
            .map_err(|cause| tree.failed("make private", &inventory.path(index), cause))
            .map_err(changed_meanwhile)?;
    }
    Ok(found)
}

/// A refusal instead of the failure for an entry that was changed meanwhile (exit 1).
fn changed_meanwhile(failure: Failure) -> Failure {
    match failure.exit {
        1 => failure.exit(77).help("run the command again, when nothing else works there"),
        _ => failure,
    }
}
