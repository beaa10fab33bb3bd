//! A directory tree as it was found: what it holds, and how two of them differ.

pub mod access;
mod judgement;
pub mod secrets;

pub use judgement::is_mounted;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::CString;

use super::Identity;
use crate::error::Kind;

/// The deepest level below the source that is followed; cargo's own needs about ten.
pub const MAX_DEPTH: usize = 96;

/// The names of the files that cargo locks while it builds.
pub const LOCKS: [&str; 3] = [".cargo-lock", ".cargo-build-lock", ".cargo-artifact-lock"];

/// A point in time as file systems keep it: seconds and nanoseconds.
pub type Time = (i64, u32);

/// What tells the place of one file system from all others: its device, and the mount where the system
/// tells it. The same device may be mounted in several places.
pub type FileSystem = (u64, u64);

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
    /// Where it leads, if it is a symlink.
    pub target: Option<CString>,
}

/// A tree: the top first, each directory before what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Its entries.
    pub nodes: Vec<Node>,
}

impl Inventory {
    /// The directory that it is of; none in an empty inventory.
    pub fn top(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// What tells each of its entries from all others.
    pub fn identities(&self) -> HashSet<Identity> {
        self.nodes.iter().map(|node| node.identity).collect()
    }

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

    /// Files by their first name and everything else that is no directory, and then the further names
    /// of files that have several, each with the first.
    pub fn split(&self) -> (Vec<usize>, Vec<(usize, usize)>) {
        let mut first: HashMap<Identity, usize> = HashMap::new();
        let (mut entries, mut further) = (Vec::new(), Vec::new());
        for (index, node) in self.nodes.iter().enumerate() {
            match (node.kind, first.get(&node.identity)) {
                (Kind::Directory, _) => {}
                (Kind::File, Some(&original)) if node.links > 1 => further.push((index, original)),
                _ => {
                    first.insert(node.identity, index);
                    entries.push(index);
                }
            }
        }
        (entries, further)
    }

    /// How many entries have to be given to the person, or closed to others.
    pub fn to_be_given(&self, uid: u32, gid: u32) -> usize {
        self.nodes.iter().filter(|node| node.is_to_be_given(uid, gid)).count()
    }
}

impl Node {
    /// Whether another entry is a copy of it, as far as can be told without reading.
    fn is_like(&self, copy: &Node) -> bool {
        self.kind == copy.kind
            && self.target == copy.target
            && self.modified == copy.modified
            && (self.kind == Kind::Directory || self.size == copy.size)
    }

    /// The file system that it is on.
    pub fn file_system(&self) -> FileSystem {
        (self.identity.0, self.mount)
    }

    /// Whether there are holes in it.
    pub fn is_sparse(&self) -> bool {
        self.occupied < self.size
    }

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
/// former; entries are compared by name, kind, length and time, and symlinks by where they lead.
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
        let is_top = path.is_empty() && node.kind == copy.kind;
        (!is_one || !(is_top || node.is_like(copy))).then_some(index)
    };
    if let Some(index) = wanted.nodes.iter().enumerate().find_map(differs) {
        return Some(index);
    }
    (wanted.nodes.len() != found.nodes.len()).then_some(0)
}

/// What of an original stands in its copy, by name, kind, length and time; no directory tells more than
/// its name. The copy may have changed since, or the original got more.
pub fn counterparts(original: &Inventory, copy: &Inventory) -> HashSet<Identity> {
    let by_path: HashMap<Vec<CString>, &Node> =
        copy.nodes.iter().enumerate().map(|(index, node)| (copy.path(index), node)).collect();
    let nodes = original.nodes.iter().enumerate();
    let copied = nodes.filter(|(index, node)| {
        let copy = by_path.get(&original.path(*index));
        copy.is_some_and(|copy| {
            let is_directory = node.kind == Kind::Directory && copy.kind == Kind::Directory;
            is_directory || node.is_like(copy)
        })
    });
    copied.map(|(_, node)| node.identity).collect()
}

/// The first entry of a tree that has changed since it was looked at, as an index into `before`.
/// Reading changes nothing that counts.
pub fn first_change(before: &Inventory, after: &Inventory) -> Option<usize> {
    let key = |node: &Node| {
        (node.identity, node.changed, node.size, node.name.clone(), node.target.clone())
    };
    let changed =
        before.nodes.iter().zip(&after.nodes).position(|(before, after)| key(before) != key(after));
    let is_longer = before.nodes.len() != after.nodes.len();
    changed.or_else(|| is_longer.then_some(before.nodes.len().min(after.nodes.len())))
}

#[cfg(test)]
mod tests;
