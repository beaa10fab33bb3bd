//! What must not be in a tree that changes hands.
//!
//! Whoever can write to the old cache may have put anything there: a pipe that blocks a reader, a
//! device, a symlink that the next build writes through, a second name of somebody else's file.

use std::collections::HashMap;
use std::ffi::CStr;

use super::secrets::Mover;
use super::{Inventory, LOCKS, Node};
use crate::core::relocation::Identity;
use crate::error::{Kind, Objection};

/// What stands beside a target directory, but in none: a checkout's, or a private directory's own.
const ABOVE: [&str; 5] = ["Cargo.toml", ".git", ".jj", "src", ".migration"];
/// By what a directory under the name `target` is one.
const TARGETS_OWN: [&[u8]; 2] = [b".rustc_info.json", b"CACHEDIR.TAG"];

impl Inventory {
    /// The first entry that must not be there, or must not change hands.
    pub fn refused(&self, mover: Mover<'_>) -> Option<(usize, Objection)> {
        let Mover::Root(giving) = mover else { return self.objection() };
        self.objection().or_else(|| Some((giving.secret(self)?, Objection::Secret)))
    }

    /// The first entry that must not be there, whoever moves it.
    fn objection(&self) -> Option<(usize, Objection)> {
        let top = self.top()?;
        if let Some(objection) = self.more_than_a_cache() {
            return Some((0, objection));
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if is_mounted(top, node) {
                return Some((index, Objection::Mount));
            }
            match node.kind {
                Kind::Directory => {}
                Kind::Symlink if self.may_lead_out(index) => {
                    return Some((index, Objection::LeadsOut));
                }
                Kind::File | Kind::Symlink => {}
                kind => return Some((index, Objection::Special(kind))),
            }
        }
        None
    }

    /// The first file with a name outside, as cargo makes them: a program in the target directory is
    /// another name of what stands in the build directory. Root renames none, not even one of the
    /// person's own: it would change its mode and group elsewhere as well. A copy changes nothing there.
    pub fn linked_elsewhere(&self) -> Option<(usize, Objection)> {
        let is_counted =
            |node: &&Node| matches!(node.kind, Kind::File | Kind::Symlink) && node.links > 1;
        let mut names: HashMap<Identity, u64> = HashMap::new();
        for node in self.nodes.iter().filter(is_counted) {
            *names.entry(node.identity).or_default() += 1;
        }
        let elsewhere = |(index, node): (usize, &Node)| {
            let inside = names.get(&node.identity).copied()?;
            let links = node.links;
            (inside < links).then_some((index, Objection::LinkedElsewhere { links, inside }))
        };
        self.nodes.iter().enumerate().find_map(elsewhere)
    }

    /// Whether following a symlink may end outside. Its way up must be at its beginning, where every
    /// directory is a real one: in `x/../y`, `x` may be another symlink. What it then goes down
    /// through is inside, or a symlink of which the same holds.
    fn may_lead_out(&self, index: usize) -> bool {
        let Some(target) = self.nodes.get(index).and_then(|node| node.target.as_deref()) else {
            return true;
        };
        let mut ups = 0;
        let mut goes_down = false;
        for name in target.to_bytes().split(|&byte| byte == b'/') {
            match name {
                b"" | b"." => {}
                b".." if goes_down => return true,
                b".." => ups += 1,
                _ => goes_down = true,
            }
        }
        is_absolute(target) || ups >= self.path(index).len()
    }

    /// What shows that the top is not a target directory, but stands above one.
    fn more_than_a_cache(&self) -> Option<Objection> {
        let target = self.child(0, b"target").filter(|&at| self.is_directory(at));
        let is_one = |at| TARGETS_OWN.iter().any(|name| self.child(at, name).is_some());
        let has_target = target.is_some();
        let holds = ABOVE.into_iter().find(|name| self.child(0, name.as_bytes()).is_some());
        let holds = holds.or_else(|| target.is_some_and(is_one).then_some("target"))?;
        Some(Objection::Above { holds, has_target })
    }

    /// Whether cargo has built there: it keeps what rustc says about itself at the top, and a lock in
    /// every profile's directory. Under a target's name that is as deep as in a checkout with its own
    /// target directory, so that a valid tag at the top must tell the two apart (`is_tagged`). A tag
    /// alone is no sign, since every cache may have one.
    pub fn is_cargos(&self, is_tagged: bool) -> bool {
        let deepest = if is_tagged { 3 } else { 2 };
        self.nodes.iter().enumerate().any(|(index, node)| {
            let depth = self.path(index).len();
            match node.name.to_bytes() {
                b".rustc_info.json" => depth == 1,
                _ => (2..=deepest).contains(&depth) && node.is_lock(),
            }
        })
    }

    fn child(&self, parent: usize, name: &[u8]) -> Option<usize> {
        let is_it = |node: &Node| node.parent == Some(parent) && node.name.to_bytes() == name;
        self.nodes.iter().position(is_it)
    }

    fn is_directory(&self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|node| node.kind == Kind::Directory)
    }
}

impl Node {
    /// Whether cargo locks it, by its name.
    pub fn is_lock(&self) -> bool {
        LOCKS.iter().any(|lock| lock.as_bytes() == self.name.to_bytes())
    }
}

/// Whether another file system begins at an entry. On overlays a file's device may be another than its
/// directory's, so that the mount tells, and the device only where the system does not know that.
pub fn is_mounted(top: &Node, node: &Node) -> bool {
    if top.mount != 0 && node.mount != 0 {
        return node.mount != top.mount;
    }
    node.kind == Kind::Directory && node.identity.0 != top.identity.0
}

fn is_absolute(target: &CStr) -> bool {
    target.to_bytes().first() == Some(&b'/')
}
