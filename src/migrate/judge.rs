//! Pure: what must not be in a tree that changes hands, and what makes an entry its new owner's alone.
//!
//! Whoever can write to the old target directory may have put anything there: a pipe that blocks a
//! reader, a device, a symlink that the next build writes through, a second name of somebody else's
//! file.

use std::collections::{HashMap, HashSet};
use std::ffi::CString;

use crate::os::entry::Kind;
use crate::os::node::{Identity, Inventory, Node, is_mounted};

/// What stands beside a target directory, but in none: a checkout's, or a private directory's own.
const ABOVE: [&str; 5] = ["Cargo.toml", ".git", ".jj", "src", ".migration"];

/// Why an entry must not be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// A pipe, a socket or a device.
    Special(Kind),
    /// Another file system or mount begins here.
    Mount,
    /// A symlink that may lead out of the tree, so that the next build would write there.
    LeadsOut,
    /// The top holds this, so it stands above a target directory.
    Above(&'static str),
    /// The new owner could not read it, or not go into it.
    Secret,
    /// A file with a name outside.
    LinkedElsewhere,
}

/// The first entry that must not be there.
pub(super) fn refused(inventory: &Inventory) -> Option<(usize, Objection)> {
    let top = inventory.top()?;
    if let Some(holds) = more_than_a_target_dir(inventory) {
        return Some((0, Objection::Above(holds)));
    }
    inventory.nodes.iter().enumerate().find_map(|(index, node)| {
        let objection = match node.kind {
            _ if is_mounted(top, node) => Objection::Mount,
            Kind::Symlink if may_lead_out(inventory, index) => Objection::LeadsOut,
            Kind::Directory | Kind::File | Kind::Symlink => return None,
            kind => Objection::Special(kind),
        };
        Some((index, objection))
    })
}

/// The first file with a name outside, as cargo makes them: a program in the target directory is
/// another name of what stands in the build directory. Root renames none, not even one of the new
/// owner's: it would change its mode and group elsewhere as well. A copy changes nothing there.
pub(super) fn linked_elsewhere(inventory: &Inventory) -> Option<(usize, Objection)> {
    let is_counted = |node: &&Node| node.kind != Kind::Directory && node.links > 1;
    let mut names: HashMap<Identity, u64> = HashMap::new();
    for node in inventory.nodes.iter().filter(is_counted) {
        *names.entry(node.identity).or_default() += 1;
    }
    inventory.nodes.iter().enumerate().find_map(|(index, node)| {
        let inside = *names.get(&node.identity)?;
        (inside < node.links).then_some((index, Objection::LinkedElsewhere))
    })
}

/// Whether cargo has built there: it keeps what rustc says about itself at the top, and a lock in every
/// profile's directory. A lock further down may be that of a checkout's own target directory.
pub(super) fn is_target_dir(inventory: &Inventory) -> bool {
    inventory.nodes.iter().enumerate().any(|(index, node)| {
        let depth = || inventory.path(index).len();
        match node.name.to_bytes() {
            b".rustc_info.json" => depth() == 1,
            _ => node.is_lock() && depth() == 2,
        }
    })
}

/// What shows that the top is not a target directory, but stands above one.
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

/// Whether following a symlink may end outside. Its `..` must be at its beginning, where every directory
/// is a real one: in `x/../y`, `x` may be another symlink. What it then goes down through is inside, or
/// a symlink of which the same holds.
fn may_lead_out(inventory: &Inventory, index: usize) -> bool {
    let target = inventory.nodes.get(index).and_then(|node| node.target.as_deref());
    let Some(target) = target.map(std::ffi::CStr::to_bytes) else { return true };
    let names = target.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
    let ups = names.clone().take_while(|name| name == b"..").count();
    let climbs_later = names.skip(ups).any(|name| name == b"..");
    target.first() == Some(&b'/') || climbs_later || ups >= inventory.path(index).len()
}

/// Whether owner, group or mode have to change for an entry to be its new owner's alone.
pub(super) fn is_to_be_given(node: &Node, uid: u32, gid: u32) -> bool {
    (node.uid, node.gid) != (uid, gid)
        || (node.kind != Kind::Symlink && node.mode != own_mode(node.kind, node.mode))
}

/// The mode that an entry has then. A directory that somebody else still has open lets them do nothing
/// any more; of files nobody else's right to write remains, and no set-id bit.
pub(super) fn own_mode(kind: Kind, mode: u32) -> u32 {
    if kind == Kind::Directory { 0o700 } else { mode & 0o755 }
}

/// How a copy compares with its original.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// The entries of the original that have an equal one in the copy.
    pub(super) equal: HashSet<Identity>,
    /// The first entry of the original without one, or the top where the copy has more.
    pub(super) difference: Option<usize>,
}

/// Compares by name, kind, length, time, hard links and where symlinks lead; directories by name alone.
pub(super) fn compare(original: &Inventory, copy: &Inventory) -> Comparison {
    let by_path: HashMap<Vec<CString>, &Node> =
        copy.nodes.iter().enumerate().map(|(index, node)| (copy.path(index), node)).collect();
    let mut counterparts: HashMap<Identity, Identity> = HashMap::new();
    let mut found = Comparison::default();
    for (index, node) in original.nodes.iter().enumerate() {
        let is_equal = by_path.get(&original.path(index)).is_some_and(|copy| {
            // The same file behind several names must be one file again.
            *counterparts.entry(node.identity).or_insert(copy.identity) == copy.identity
                && is_copy(node, copy)
        });
        if is_equal {
            found.equal.insert(node.identity);
        } else {
            found.difference = found.difference.or(Some(index));
        }
    }
    if original.nodes.len() < copy.nodes.len() {
        found.difference = found.difference.or(Some(0));
    }
    found
}

fn is_copy(node: &Node, copy: &Node) -> bool {
    let key = |node: &Node| (node.size, node.modified, node.target.clone());
    node.kind == copy.kind && (node.kind == Kind::Directory || key(node) == key(copy))
}

/// Whether a tree is as it was when it was looked at. Reading changes nothing that counts.
pub(super) fn is_unchanged_since(before: &Inventory, after: &Inventory) -> bool {
    let key = |node: &Node| (node.parent, node.name.clone(), node.identity, node.changed);
    before.nodes.iter().map(key).eq(after.nodes.iter().map(key))
}

#[cfg(test)]
mod tests;
