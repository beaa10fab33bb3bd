//! Checks the contents of a private directory that others could read, and removes their access to it
//! and to the directories inside.
//!
//! Works by descriptor: the owner's own processes may change the directory meanwhile.

use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fchmod};

use super::{Caller, make};
use crate::os::entry::{Entry, Kind};
use crate::os::node::{Inventory, Node, is_mounted};
use crate::os::tree::{self, Tree};
use crate::os::{acls, files, trust};
use crate::private_dir::refusal::{refused, renaming};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};

/// Checks the contents of a directory that others can read, which was judged as `judged`. Refuses it if
/// others could have changed anything in it.
///
/// # Errors
/// The refusal, and a failure to look at an entry.
pub(super) fn check(path: &Path, judged: &Entry, caller: &Caller<'_>) -> Result<(Tree, Inventory)> {
    let tree =
        Tree { top: make::open_judged(path, judged, OFlags::RDONLY)?, path: path.to_owned() };
    let contents = contents(&tree, caller)?;
    Ok((tree, contents))
}

fn contents(tree: &Tree, caller: &Caller<'_>) -> Result<Inventory> {
    // What cannot be looked at cannot be trusted. An interrupt is no refusal.
    let refuse = |failure: Failure| match failure.exit {
        130 => failure,
        _ => changed_meanwhile(failure).exit(77),
    };
    let inventory = tree.walk(&|_| false).map_err(refuse)?;
    let is_unsafe = |index: usize, node: &Node| {
        ![caller.uid, 0].contains(&node.uid)
            || trust::others_write(&tree.at(&inventory.path(index)), node, caller.uid)
    };
    let mut entries = inventory.nodes.iter().enumerate().skip(1);
    if let Some((index, node)) = entries.find(|(index, node)| is_unsafe(*index, node)) {
        let names = inventory.path(index);
        let inside: PathBuf = names.iter().map(|name| tree::os_str(name)).collect();
        let fault = format!(
            "others could read it until now, and can write to `{}` in it (mode {:04o})",
            escaped(&inside),
            node.mode
        );
        return Err(refused("use", &tree.path, fault, renaming(&tree.path)));
    }
    Ok(inventory)
}

/// How often new directories are looked for.
const ROUNDS: usize = 8;

/// Removes other users' access to a directory that the caller owns and that was judged as `judged`, and
/// to the directories inside. A process that works in one of them, or has it open, could otherwise still
/// read and lock new files there.
///
/// A subdirectory that others can write to would stay writable for a process that is already in it. So
/// everything inside is checked first: if no one else can write anywhere inside, no one can add
/// anything between the check and the change.
///
/// # Errors
/// The same as [`check`], and a failure to change a mode.
pub(super) fn tighten(path: &Path, judged: &Entry, caller: &Caller<'_>) -> Result<()> {
    let (tree, mut inventory) = check(path, judged, caller)?;
    make::make_private(&tree.top, path, caller)?;
    // A build of the caller's may create a directory while others still have the one above it open.
    for _ in 0..ROUNDS {
        if !restrict(&tree, &inventory)? {
            break;
        }
        inventory = contents(&tree, caller)?;
    }
    Ok(())
}

/// Removes other users' access to the directories in the inventory. Whether there were any.
fn restrict(tree: &Tree, inventory: &Inventory) -> Result<bool> {
    let is_exposed = |node: &Node| {
        node.kind == Kind::Directory
            && node.mode & 0o077 != 0
            && inventory.top().is_some_and(|top| !is_mounted(top, node))
    };
    let nodes = inventory.nodes.iter().enumerate().skip(1);
    let exposed: Vec<_> = nodes.filter(|(_, node)| is_exposed(node)).collect();
    for (index, node) in &exposed {
        let restricted = tree.enter(inventory, *index).and_then(|directory| {
            acls::strip(&directory)?;
            Ok(fchmod(&directory, files::mode(node.mode & !0o077))?)
        });
        // What is gone needs nothing. If something else has replaced it, the next check sees that.
        files::if_any(restricted)
            .map_err(|cause| tree.failed("make private", &inventory.path(*index), cause))
            .map_err(changed_meanwhile)?;
    }
    Ok(!exposed.is_empty())
}

/// A refusal instead of the failure for an entry that was changed meanwhile (exit 1).
fn changed_meanwhile(failure: Failure) -> Failure {
    match failure.exit {
        1 => failure.exit(77).help("run the command again, when nothing else works there"),
        _ => failure,
    }
}
