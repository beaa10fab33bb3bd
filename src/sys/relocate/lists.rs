//! The access control lists of a tree's entries, looked up while the tree is judged.

use std::cell::RefCell;
use std::fs::File;

use rustix::fs::{Mode, OFlags, openat};

use crate::core::relocation::tree::Inventory;
use crate::core::relocation::tree::access::Listed;
use crate::sys::acls;
use crate::sys::facts::facts_of;
use crate::sys::tree::{FILE, Tree};

/// Looks lists up in a tree, by descriptor: what is open must be what was looked at.
pub struct Lists<'a> {
    tree: &'a Tree,
    inventory: &'a Inventory,
    /// Whether this file system has none.
    has_none: bool,
    /// The directory that was looked into last. What it holds stands together in an inventory.
    last: RefCell<Option<(usize, File)>>,
}

impl Lists<'_> {
    /// For a tree as it was found.
    pub fn new<'a>(tree: &'a Tree, inventory: &'a Inventory) -> Lists<'a> {
        let has_none = !acls::are_kept(&tree.top);
        Lists { tree, inventory, has_none, last: RefCell::new(None) }
    }

    /// The list of an entry.
    pub fn of(&self, index: usize) -> Listed {
        if self.has_none {
            return Listed::Nothing;
        }
        self.look(index).unwrap_or(Listed::Unknown)
    }

    fn look(&self, index: usize) -> Option<Listed> {
        let node = self.inventory.nodes.get(index)?;
        let Some(parent) = node.parent else { return Some(acls::access(&self.tree.top)) };
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(at, _)| *at != parent) {
            *last = Some((parent, self.tree.enter(self.inventory, parent).ok()?));
        }
        let (_, directory) = last.as_ref()?;
        let file = openat(directory, &*node.name, OFlags::RDONLY | FILE, Mode::empty()).ok()?;
        let file = File::from(file);
        let is_it = facts_of(&file).is_ok_and(|found| found.identity == node.identity);
        is_it.then(|| acls::access(&file))
    }
}
