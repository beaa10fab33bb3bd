//! Pure: entries that must not be in a tree that changes owner, and the modes of its entries afterwards.
//!
//! Anyone who can write to the old target directory may have put anything there: a pipe that blocks a
//! reader, a device, a symlink that the next build writes through, a second name of another user's file.

use std::collections::HashMap;

use crate::os::entry::Kind;
use crate::os::node::{Identity, Inventory, Node, is_mounted};

/// Names that are beside a target directory, but never in one: in a checkout or a private directory.
const ABOVE: [&str; 5] = ["Cargo.toml", ".git", ".jj", "src", ".migration"];

/// An entry that must not be moved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Objection {
    pub(super) index: usize,
    pub(super) why: String,
    pub(super) help: &'static str,
}

/// The help line for an entry that cargo does not need.
pub(super) const REMOVE: &str = "if it is not needed, its owner can remove it";

/// The first entry that must not be moved.
pub(super) fn refused(inventory: &Inventory) -> Option<Objection> {
    let top = inventory.top()?;
    if let Some(holds) = more_than_a_target_dir(inventory) {
        let why = format!("it holds `{holds}`, so it is more than a target directory");
        let help = "name the target directory itself, as in `…/target`";
        return Some(Objection { index: 0, why, help });
    }
    inventory.nodes.iter().enumerate().find_map(|(index, node)| {
        let (why, help) = match node.kind {
            _ if is_mounted(top, node) => {
                ("a file system is mounted there".into(), "unmount it, if nobody needs it there")
            }
            Kind::Symlink if may_lead_out(inventory, index) => (
                "the symlink may point out of what is moved, and a build would write there".into(),
                REMOVE,
            ),
            Kind::Directory | Kind::File | Kind::Symlink => return None,
            kind => (format!("it is a {kind}, and cargo makes no such entry"), REMOVE),
        };
        Some(Objection { index, why, help })
    })
}

/// The first file with another name outside the tree. Cargo makes such files: a program in the target
/// directory is a hard link to a file in the build directory. Root renames none of them, not even the new
/// owner's, because its mode and group would change outside the tree too. A copy changes nothing there.
pub(super) fn linked_elsewhere(inventory: &Inventory) -> Option<usize> {
    let is_counted = |node: &&Node| node.kind != Kind::Directory && node.links > 1;
    let mut names: HashMap<Identity, u64> = HashMap::new();
    for node in inventory.nodes.iter().filter(is_counted) {
        *names.entry(node.identity).or_default() += 1;
    }
    inventory.nodes.iter().enumerate().find_map(|(index, node)| {
        let inside = *names.get(&node.identity)?;
        (inside < node.links).then_some(index)
    })
}

/// Whether cargo has built in the tree. Cargo keeps rustc's version information at the top, and a lock in
/// every profile's directory. A lock further down may belong to a checkout's own target directory.
pub(super) fn is_target_dir(inventory: &Inventory) -> bool {
    inventory.nodes.iter().enumerate().any(|(index, node)| {
        let depth = || inventory.path(index).len();
        match node.name.to_bytes() {
            b".rustc_info.json" => depth() == 1,
            _ => node.is_lock() && depth() == 2,
        }
    })
}

/// The name that shows that the top is a parent of a target directory.
fn more_than_a_target_dir(inventory: &Inventory) -> Option<&'static str> {
    let child = |parent, name: &str| {
        let is_it =
            |node: &Node| node.parent == Some(parent) && node.name.to_bytes() == name.as_bytes();
        inventory.nodes.iter().position(is_it)
    };
    let target_dir = || {
        let target = child(0, "target")?;
        [".rustc_info.json", "CACHEDIR.TAG"].iter().find_map(|name| child(target, name))
    };
    let above = ABOVE.into_iter().find(|name| child(0, name).is_some());
    above.or_else(|| target_dir().map(|_| "target"))
}

/// Whether a symlink may point out of the tree. `..` is allowed only at its beginning, where it leaves
/// real directories: in `x/../y`, `x` may be another symlink. The names after that are inside the tree, or
/// symlinks that are checked in the same way.
fn may_lead_out(inventory: &Inventory, index: usize) -> bool {
    let target = inventory.nodes.get(index).and_then(|node| node.target.as_deref());
    let Some(target) = target.map(std::ffi::CStr::to_bytes) else { return true };
    let names = target.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    let ups = names.clone().take_while(|name| name == b"..").count();
    let climbs_later = names.skip(ups).any(|name| name == b"..");
    target.first() == Some(&b'/') || climbs_later || ups >= inventory.path(index).len()
}

/// Whether an entry's owner, group or mode must change, so that only its new owner can change it.
pub(super) fn is_to_be_given(node: &Node, uid: u32, gid: u32) -> bool {
    (node.uid, node.gid) != (uid, gid)
        || (node.kind != Kind::Symlink && node.mode != own_mode(node.kind, node.mode))
}

/// The mode of an entry afterwards. Directories get 0700, so that a process that still has one open can
/// do nothing in it. Files lose set-id bits and other users' write access.
pub(super) fn own_mode(kind: Kind, mode: u32) -> u32 {
    if kind == Kind::Directory { 0o700 } else { mode & 0o755 }
}

/// The first entry that is different in a copy, by name, kind, size, time, hard links and symlink target;
/// the top if the copy has more entries or fewer. Directories are compared by name only.
pub(super) fn difference(original: &Inventory, copy: &Inventory) -> Option<usize> {
    let mut counterparts: HashMap<Identity, Identity> = HashMap::new();
    let is_different = |(node, copy): (&Node, &Node)| {
        let content = |node: &Node| (node.size, node.modified, node.target.clone());
        let is_equal = (node.parent, &node.name, node.kind) == (copy.parent, &copy.name, copy.kind)
            && (node.kind == Kind::Directory || content(node) == content(copy));
        // Several names of one file must be names of one file in the copy, too.
        !is_equal || *counterparts.entry(node.identity).or_insert(copy.identity) != copy.identity
    };
    // Both were read in the same order.
    let first = original.nodes.iter().zip(&copy.nodes).position(is_different);
    first.or((original.nodes.len() != copy.nodes.len()).then_some(0))
}

/// Whether a tree is unchanged. Reading it changes nothing that is compared.
pub(super) fn is_unchanged_since(before: &Inventory, after: &Inventory) -> bool {
    let key = |node: &Node| (node.parent, node.name.clone(), node.identity, node.changed);
    before.nodes.iter().map(key).eq(after.nodes.iter().map(key))
}

#[cfg(test)]
mod tests;
