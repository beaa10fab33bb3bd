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
    /// Who could have put the tree where it stands.
    pub stands: Stands,
    /// An entry's access control list.
    pub lists: &'a dyn Fn(usize) -> Listed,
    /// What was found open to the person a moment ago, before the tree was renamed.
    pub known: &'a Known,
}

/// Entries by their identity and when anything about them was changed: neither content nor rights are
/// others while both are the same.
pub type Known = HashSet<(Identity, Time)>;

/// Who could have put a tree where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Anybody.
    Open,
    /// Nobody but the owner of its top, and root.
    Closed,
    /// It was gathered in a directory of root's, which is no part of it.
    Gathered,
}

/// To whom the content of a tree is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Openness {
    /// To who receives it.
    Person,
    /// Some of it only to its owner, who alone can have put it there.
    Owner,
}

/// Who reaches a directory, by the way to it from the top, it included.
#[derive(Clone, Copy)]
struct Reach {
    /// Whether the person can go there.
    is_passable: bool,
    /// Whether only the top's owner, and root, can have put anything there.
    is_owners: bool,
}

impl Inventory {
    /// All of it, as it was when it was found open to the person.
    pub fn known(&self) -> Known {
        self.nodes.iter().map(|node| (node.identity, node.changed)).collect()
    }
}

impl Giving<'_> {
    /// To whom the content is open; the first file that nobody may give away. Empty files, as rustc's
    /// locks are, have no content.
    pub(super) fn openness(&self, inventory: &Inventory) -> Result<Openness, usize> {
        let owner = inventory.nodes.first().map(|top| top.uid);
        let is_closed = self.stands == Stands::Closed;
        let top = Reach { is_passable: true, is_owners: is_closed };
        let mut reaches: Vec<Option<Reach>> = Vec::with_capacity(inventory.nodes.len());
        let mut openness = Openness::Person;
        for (index, node) in inventory.nodes.iter().enumerate() {
            let above =
                node.parent.map_or(Some(top), |parent| reaches.get(parent).copied().flatten());
            let Some(above) = above else { return Err(index) };
            reaches.push(
                (node.kind == Kind::Directory).then(|| self.reach(index, node, above, owner)),
            );
            let has_content = node.kind == Kind::File && node.size > 0;
            if !has_content || node.uid == self.person.uid {
                continue;
            }
            let is_known = self.known.contains(&(node.identity, node.changed));
            if is_known || (above.is_passable && self.allows(index, node, READ)) {
                continue;
            }
            if !above.is_owners || Some(node.uid) != owner {
                return Err(index);
            }
            openness = Openness::Owner;
        }
        Ok(openness)
    }

    fn reach(&self, index: usize, node: &Node, above: Reach, owner: Option<u32>) -> Reach {
        let is_room = index == 0 && self.stands == Stands::Gathered;
        let is_owners = node.mode & 0o022 == 0 && (node.uid == 0 || Some(node.uid) == owner);
        Reach {
            is_passable: is_room || (above.is_passable && self.allows(index, node, SEARCH)),
            is_owners: above.is_owners && is_owners,
        }
    }

    fn allows(&self, index: usize, node: &Node, wanted: u32) -> bool {
        node.allows(&self.person, wanted, || (self.lists)(index))
    }
}

/// Whether nobody but its owner, and root, can have put an entry where it stands. `way` are owner and
/// mode of the directories from the root of the file system to the one that it stands in. In a sticky
/// one nobody renames what is not theirs.
pub fn is_closed(way: &[(u32, u32)], owner: u32) -> bool {
    let is_theirs = |&(uid, mode): &(u32, u32)| {
        [0, owner].contains(&uid) && (mode & 0o022 == 0 || mode & 0o1000 != 0)
    };
    !way.is_empty() && way.iter().all(is_theirs)
}

#[cfg(test)]
mod tests;
