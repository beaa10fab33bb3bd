//! What root must not give away: root gives nobody content that they could not have read before.
//!
//! Whoever can write to the old cache may have moved a file or a whole directory of somebody else's
//! into it, so that root makes them its owner. Moving takes no right to read.

use std::collections::HashSet;

use super::access::{Listed, READ, SEARCH, Subject};
use super::{Inventory, Node, Time};
use crate::core::relocation::Identity;
use crate::error::Kind;

/// On whose rights a tree is moved.
#[derive(Clone, Copy)]
pub enum Mover<'a> {
    /// An ordinary account, for itself. It reads and changes nothing that it could not anyway.
    Oneself,
    /// Root, for somebody.
    Root(&'a Giving<'a>),
}

/// What root gives away depends on this.
pub struct Giving<'a> {
    /// Who receives it.
    pub person: Subject,
    /// Where the tree stands.
    pub stands: Stands,
    /// An entry's access control list.
    pub lists: &'a dyn Fn(usize) -> Listed,
    /// What was found open to the person a moment ago, before the tree was renamed.
    pub known: &'a Known,
}

/// Entries by their identity and when anything about them was changed: neither content nor rights are
/// others while both are the same.
pub type Known = HashSet<(Identity, Time)>;

/// Where a tree stands that is to be given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Where it was, or renamed as a whole: its top is its own.
    Whole,
    /// It was gathered in a directory of root's, which is no part of it.
    Gathered,
}

impl Inventory {
    /// All of it, as it was when it was found open to the person.
    pub fn known(&self) -> Known {
        self.nodes.iter().map(|node| (node.identity, node.changed)).collect()
    }
}

impl Giving<'_> {
    /// The first file that nobody may give away, or the directory that bars the way to it. Empty files,
    /// as rustc's locks are, have no content.
    ///
    /// Not even what its owner alone can have put there is one: that the directories are closed now
    /// does not tell who could write to them when it came.
    pub(super) fn secret(&self, inventory: &Inventory) -> Option<usize> {
        // The first directory on the way from the top to each that the person cannot go into.
        let mut bars: Vec<Option<usize>> = Vec::with_capacity(inventory.nodes.len());
        for (index, node) in inventory.nodes.iter().enumerate() {
            let above = node.parent.and_then(|parent| bars.get(parent).copied().flatten());
            let is_room = index == 0 && self.stands == Stands::Gathered;
            let is_barred = || !is_room && !self.allows(index, node, SEARCH);
            let itself = || (node.kind == Kind::Directory && is_barred()).then_some(index);
            bars.push(above.or_else(itself));
            let has_content = node.kind == Kind::File && node.size > 0;
            let is_known = || self.known.contains(&(node.identity, node.changed));
            let is_open = || node.uid == self.person.uid || is_known();
            if has_content && !is_open() && (above.is_some() || !self.allows(index, node, READ)) {
                return Some(above.unwrap_or(index));
            }
        }
        None
    }

    fn allows(&self, index: usize, node: &Node, wanted: u32) -> bool {
        node.allows(&self.person, wanted, || (self.lists)(index))
    }
}

#[cfg(test)]
mod tests;
