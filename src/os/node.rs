//! Pure: a directory tree as it was read from the file system.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{CStr, CString};
use std::ops::Deref;

pub use crate::os::entry::Identity;
use crate::os::entry::{Entry, Kind};

/// The maximum depth below the top; cargo's own trees need about ten levels.
pub const MAX_DEPTH: usize = 96;

/// The names of the files that cargo locks during a build.
pub const LOCKS: [&str; 3] = [".cargo-lock", ".cargo-build-lock", ".cargo-artifact-lock"];

/// Device and mount id (0 if the system does not provide it): one device may be mounted in several
/// places.
pub type FileSystem = (u64, u64);

/// An entry of a tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The index of its parent directory in the inventory; `None` for the top.
    pub parent: Option<usize>,
    /// Its name in that directory; empty for the top.
    pub name: CString,
    /// What the system says about it.
    pub entry: Entry,
    /// What it points to, if it is a symlink.
    pub target: Option<CString>,
}

impl Deref for Node {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.entry
    }
}

/// A tree: the top first, each directory before its contents.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Its entries.
    pub nodes: Vec<Node>,
}

impl Inventory {
    /// The top directory; `None` in an empty inventory.
    pub fn top(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// The top's inode; 0, which no directory has, in an empty inventory.
    pub fn inode(&self) -> u64 {
        self.top().map_or(0, |top| top.identity.1)
    }

    /// The names from the top down to an entry; empty for the top itself.
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

    /// Whether another account owns any entry.
    pub fn has_foreign(&self, uid: u32) -> bool {
        self.nodes.iter().any(|node| node.uid != uid)
    }

    /// The number of entries for each owner, the largest first.
    pub fn owners(&self) -> Vec<(u32, usize)> {
        let mut owners: BTreeMap<u32, usize> = BTreeMap::new();
        for node in &self.nodes {
            *owners.entry(node.uid).or_default() += 1;
        }
        let mut owners: Vec<(u32, usize)> = owners.into_iter().collect();
        owners.sort_by_key(|&(uid, count)| (std::cmp::Reverse(count), uid));
        owners
    }

    /// The number of entries of this kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.nodes.iter().filter(|node| node.kind == kind).count()
    }

    /// The total length of all files and the space that they occupy, in bytes; a file with several hard
    /// links counts once.
    pub fn bytes(&self) -> (u64, u64) {
        let mut seen = HashSet::new();
        let files = self.nodes.iter().filter(|node| node.kind == Kind::File);
        let once = files.filter(|node| node.links == 1 || seen.insert(node.identity));
        once.fold((0, 0), |(size, occupied), node| (size + node.size, occupied + node.occupied))
    }
}

impl Node {
    /// The file system that it is on.
    pub fn file_system(&self) -> FileSystem {
        (self.identity.0, self.mount)
    }

    /// Whether it is a file that cargo locks during a build, judged by its name.
    pub fn is_lock(&self) -> bool {
        is_lock(&self.name)
    }
}

/// Whether cargo locks a file with this name during a build.
pub fn is_lock(name: &CStr) -> bool {
    LOCKS.iter().any(|lock| lock.as_bytes() == name.to_bytes())
}

/// Whether an entry is on another file system than the top. On overlays a file may have another device
/// than its directory, so the mount decides; the device decides only if the system does not provide the
/// mount.
pub fn is_mounted(top: &Node, node: &Node) -> bool {
    if top.mount != 0 && node.mount != 0 {
        return node.mount != top.mount;
    }
    node.kind == Kind::Directory && node.identity.0 != top.identity.0
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Inventory, Node};
    use crate::os::entry::tests::ENTRY;
    use crate::os::entry::{Entry, Kind};
    use std::ffi::CString;

    /// An entry of uid 1500 on one file system.
    pub(crate) fn node(parent: Option<usize>, name: &str, kind: Kind, inode: u64) -> Node {
        Node {
            parent,
            name: CString::new(name).unwrap(),
            entry: Entry {
                kind,
                mode: if kind == Kind::Directory { 0o755 } else { 0o644 },
                identity: (1, inode),
                ..ENTRY
            },
            target: (kind == Kind::Symlink).then(|| c"app".to_owned()),
        }
    }

    #[test]
    fn a_file_with_two_names_counts_once() {
        let mut nodes = vec![
            node(None, "", Kind::Directory, 1),
            node(Some(0), "app", Kind::File, 3),
            node(Some(0), "deps", Kind::Directory, 4),
            node(Some(2), "app", Kind::File, 3),
        ];
        for at in [1, 3] {
            nodes[at].entry.links = 2;
        }
        nodes[2].entry.uid = 1501;
        let inventory = Inventory { nodes };
        assert_eq!((inventory.bytes(), inventory.count(Kind::File)), ((10, 4096), 2));
        assert_eq!(inventory.owners(), [(1500, 3), (1501, 1)]);
        assert_eq!(inventory.path(3), [c"deps".to_owned(), c"app".to_owned()]);
    }
}
