//! A directory tree as it was found, and what must not be in one that changes hands.
//!
//! Whoever can write to the old cache may have put anything there: a pipe that blocks a reader, a
//! device, a second name of somebody else's file, which giving it away or copying it would betray.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::CString;

use super::Identity;
use crate::error::{Kind, Objection};

/// The deepest level below the source that is followed; cargo's own needs about ten.
pub const MAX_DEPTH: usize = 96;

/// The names of the files that cargo locks while it builds.
pub const LOCKS: [&str; 3] = [".cargo-lock", ".cargo-build-lock", ".cargo-artifact-lock"];

/// A point in time as file systems keep it: seconds and nanoseconds.
pub type Time = (i64, u32);

/// One entry as `lstat` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where the directory that it stands in is in the inventory; the source itself has none.
    pub parent: Option<usize>,
    /// Its name there; empty for the source itself.
    pub name: CString,
    /// What it is.
    pub kind: Kind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its permission bits, set-id and sticky bits included (`07777`).
    pub mode: u32,
    /// Device and inode.
    pub identity: Identity,
    /// The mount that it is on, where the system tells; otherwise 0.
    pub mount: u64,
    /// How many names it has.
    pub links: u64,
    /// Its length, in bytes.
    pub size: u64,
    /// What it occupies, in bytes.
    pub occupied: u64,
    /// When its content was changed.
    pub modified: Time,
    /// When it was last read.
    pub accessed: Time,
    /// When anything about it was changed.
    pub changed: Time,
}

/// A tree: the top first, each directory before what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Its entries.
    pub nodes: Vec<Node>,
}

impl Inventory {
    /// The names from the top down to an entry; none for the top itself.
    pub fn path(&self, index: usize) -> Vec<CString> {
        let mut names = Vec::new();
        let mut at = Some(index);
        while let Some(node) = at.and_then(|at| self.nodes.get(at)) {
            if node.parent.is_some() {
                names.push(node.name.clone());
            }
            at = node.parent;
        }
        names.reverse();
        names
    }

    /// The first entry that must not be there. `person` is who receives the tree: further names of
    /// their own files are their own business. An ordinary account that moves a tree for itself
    /// (`is_root` false) reads nothing that it could not read anyway.
    pub fn objection(&self, person: u32, is_root: bool) -> Option<(usize, Objection)> {
        let top = self.nodes.first()?;
        let mut inside: HashMap<Identity, u64> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if (node.identity.0, node.mount) != (top.identity.0, top.mount) {
                return Some((index, Objection::Mount));
            }
            match node.kind {
                Kind::Directory => {}
                Kind::File | Kind::Symlink => {
                    if node.links > 1 {
                        *inside.entry(node.identity).or_default() += 1;
                    }
                }
                kind => return Some((index, Objection::Special(kind))),
            }
        }
        let elsewhere = |(index, node): (usize, &Node)| {
            let inside = inside.get(&node.identity).copied()?;
            let is_betrayal = is_root && node.uid != person && inside < node.links;
            is_betrayal.then_some((index, Objection::LinkedElsewhere { links: node.links, inside }))
        };
        self.nodes.iter().enumerate().find_map(elsewhere)
    }

    /// Whether cargo has built there: it keeps what rustc says about itself at the top, and a lock in
    /// every profile's directory. A tag alone is no sign, since every cache may have one.
    pub fn is_cargos(&self) -> bool {
        self.nodes.iter().enumerate().any(|(index, node)| {
            let depth = self.path(index).len();
            match node.name.to_bytes() {
                b".rustc_info.json" => depth == 1,
                name => {
                    (2..=3).contains(&depth) && LOCKS.iter().any(|lock| lock.as_bytes() == name)
                }
            }
        })
    }

    /// Whether an entry belongs to somebody other than the person.
    pub fn has_foreign(&self, person: u32) -> bool {
        self.nodes.iter().any(|node| node.uid != person)
    }

    /// How many entries each owner has, the most first.
    pub fn owners(&self) -> Vec<(u32, usize)> {
        let mut owners: BTreeMap<u32, usize> = BTreeMap::new();
        for node in &self.nodes {
            *owners.entry(node.uid).or_default() += 1;
        }
        let mut owners: Vec<(u32, usize)> = owners.into_iter().collect();
        owners.sort_by_key(|&(uid, count)| (std::cmp::Reverse(count), uid));
        owners
    }

    /// How many entries of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.nodes.iter().filter(|node| node.kind == kind).count()
    }

    /// The files' length and what they occupy, in bytes; a file with several names counts once.
    pub fn bytes(&self) -> (u64, u64) {
        let mut seen = HashSet::new();
        let files = self.nodes.iter().filter(|node| node.kind == Kind::File);
        let once = files.filter(|node| node.links == 1 || seen.insert(node.identity));
        once.fold((0, 0), |(size, occupied), node| (size + node.size, occupied + node.occupied))
    }

    /// How many entries have to be given to the person, or closed to others.
    pub fn to_be_given(&self, uid: u32, gid: u32) -> usize {
        self.nodes.iter().filter(|node| node.is_to_be_given(uid, gid)).count()
    }
}

impl Node {
    /// Whether owner, group or mode have to change for it to be the person's alone.
    pub fn is_to_be_given(&self, uid: u32, gid: u32) -> bool {
        (self.uid, self.gid) != (uid, gid)
            || (self.kind != Kind::Symlink && self.mode != own_mode(self.kind, self.mode))
    }
}

/// The mode that an entry has once it is one person's. A directory that somebody else still has open
/// lets them do nothing any more; of files nobody else's right to write remains, and nobody's id is
/// lent by them.
pub fn own_mode(kind: Kind, mode: u32) -> u32 {
    if kind == Kind::Directory { 0o700 } else { mode & 0o755 }
}

/// The first difference between what was to be copied and what came of it, as an index into the
/// former; entries are compared by name, kind, length, time, symlinks' targets left out.
pub fn first_difference(wanted: &Inventory, found: &Inventory) -> Option<usize> {
    let paths = |inventory: &Inventory| -> HashMap<Vec<CString>, usize> {
        (0..inventory.nodes.len()).map(|index| (inventory.path(index), index)).collect()
    };
    let by_path = paths(found);
    let mut counterparts: HashMap<Identity, Identity> = HashMap::new();
    let differs = |(index, node): (usize, &Node)| {
        let path = wanted.path(index);
        let Some(copy) = by_path.get(&path).and_then(|at| found.nodes.get(*at)) else {
            return Some(index);
        };
        // The same file behind several names must be one file again.
        let is_one = *counterparts.entry(node.identity).or_insert(copy.identity) == copy.identity;
        let is_alike = node.kind == copy.kind
            && (path.is_empty() || node.modified == copy.modified)
            && (node.kind == Kind::Directory || node.size == copy.size);
        (!is_one || !is_alike).then_some(index)
    };
    if let Some(index) = wanted.nodes.iter().enumerate().find_map(differs) {
        return Some(index);
    }
    (wanted.nodes.len() != found.nodes.len()).then_some(0)
}

/// The first entry of a tree that has changed since it was looked at, as an index into `before`.
/// Reading changes nothing that counts.
pub fn first_change(before: &Inventory, after: &Inventory) -> Option<usize> {
    let key = |node: &Node| (node.identity, node.changed, node.size, node.name.clone());
    let changed =
        before.nodes.iter().zip(&after.nodes).position(|(before, after)| key(before) != key(after));
    let is_longer = before.nodes.len() != after.nodes.len();
    changed.or_else(|| is_longer.then_some(before.nodes.len().min(after.nodes.len())))
}

#[cfg(test)]
mod tests;
