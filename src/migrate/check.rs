//! Applies the rules of [`super::judge`] to a tree.
//!
//! Root gives no user content that they could not read before. Somebody may have moved a file into the
//! tree for that purpose: moving a file takes no right to read it. To find out, a thread switches to the
//! new owner's credentials and opens each file.

use std::fs::File;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::journal::Method;
use super::judge::{self, Objection};
use crate::os::accounts;
use crate::os::entry::Kind;
use crate::os::facts::facts_of;
use crate::os::node::{Inventory, Node};
use crate::os::rights::{Credentials, Rights};
use crate::os::tree::{FILE, Tree, reach};
use crate::private_dir::provision::Person;
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// Refuses a tree with entries that must not change owner. Root renames no file that has another name
/// outside the tree.
pub(super) fn check(
    tree: &Tree,
    inventory: &Inventory,
    person: Person,
    method: Method,
) -> Result<(), Failure> {
    let is_root = accounts::is_root();
    let linked = || {
        let may_be_linked = !is_root || method == Method::Copy;
        let index = judge::linked_elsewhere(inventory).filter(|_| !may_be_linked)?;
        let why = "it has another name outside of what is moved, and may be another user's file";
        Some(Objection { index, why: why.into(), help: judge::REMOVE })
    };
    // One level down, nothing is copied.
    let foreign = || {
        let is_foreign = |node: &Node| node.uid != person.uid;
        let index = inventory.nodes.iter().position(is_foreign);
        let index = index.filter(|_| !is_root && method == Method::Descend)?;
        let why = "it is another user's file, and only root can give it to you";
        Some(Objection { index, why: why.into(), help: judge::REMOVE })
    };
    if let Some(objection) = judge::refused(inventory).or_else(linked).or_else(foreign) {
        return Err(refusal(tree, inventory, objection));
    }
    if !is_root || person.uid == 0 {
        return Ok(());
    }
    let found = std::thread::scope(|scope| scope.spawn(|| secret(tree, inventory, person)).join());
    let found = found.unwrap_or(Err(Errno::CANCELED));
    let Some(index) = found.map_err(|cause| tree.failed("check", &[], cause.into()))? else {
        return Ok(());
    };
    let why = "its new owner cannot read it now, and could after the move".into();
    let help = "its owner can make it readable for them, or move it elsewhere";
    Err(refusal(tree, inventory, Objection { index, why, help }))
}

/// The first file that the new owner cannot read or reach. Their own files, and empty ones such as
/// rustc's locks, need no check. All other files do, even in directories that only their owner can write
/// to now: somebody else may have been able to before. Call it in a separate thread.
fn secret(tree: &Tree, inventory: &Inventory, person: Person) -> Result<Option<usize>, Errno> {
    let mut rights = Rights::default();
    let account = Credentials::of(person.uid, person.gid);
    rights
        .become_account(&account)
        .map_err(|cause| Errno::from_io_error(&cause).unwrap_or(Errno::PERM))?;
    for (index, node) in inventory.nodes.iter().enumerate() {
        let Some(parent) = node.parent else { continue };
        if node.kind != Kind::File || node.size == 0 || node.uid == person.uid {
            continue;
        }
        let flags = OFlags::RDONLY | FILE;
        let open = |directory: File| openat(&directory, &*node.name, flags, Mode::empty());
        let names = [c".".to_owned()].into_iter().chain(inventory.path(parent));
        match reach(&tree.top, names).and_then(open) {
            Ok(file) if facts_of(&file).is_ok_and(|it| it.identity == node.identity) => {}
            Ok(_) => return Err(Errno::STALE),
            Err(Errno::ACCESS) => return Ok(Some(index)),
            Err(cause) => return Err(cause),
        }
    }
    Ok(None)
}

/// The refusal (exit 77). Its command changes nothing: anyone who can write to the tree could replace
/// the entry before the person runs the command.
fn refusal(tree: &Tree, inventory: &Inventory, objection: Objection) -> Failure {
    let Objection { index, why, help } = objection;
    let owner = accounts::owner(inventory.nodes.get(index).map_or(0, |node| node.uid));
    let path = tree.at(&inventory.path(index));
    let text = format!("refusing to move `{}` of {owner}: {why}", escaped(&path));
    Failure::new(text).help(Look::Ancestors.at(&path, help)).exit(77)
}
