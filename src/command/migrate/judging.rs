//! What must not change hands is refused, on the rights of whoever moves it: the rules are in
//! [`crate::core::relocation::tree`], and what they need to know of this process is added here.

use crate::core::relocation::tree::Inventory;
use crate::core::relocation::tree::secrets::{Giving, Known, Mover, Stands};
use crate::error::Error;
use crate::sys::accounts;
use crate::sys::relocate::Person;
use crate::sys::relocate::lists::Lists;
use crate::sys::tree::Tree;

/// Refuses what must not change hands.
pub(super) fn judge(tree: &Tree, inventory: &Inventory, person: Person) -> Result<(), Error> {
    judge_knowing(tree, inventory, person, Stands::Whole, &Known::new())
}

/// The same for what has been renamed; some of it may be known to be open to the person.
pub(super) fn judge_arrived(
    tree: &Tree,
    inventory: &Inventory,
    person: Person,
    stands: Stands,
    known: &Known,
) -> Result<(), Error> {
    judge_knowing(tree, inventory, person, stands, known)?;
    refuse_names_elsewhere(tree, inventory)
}

/// Root renames nothing that has a name elsewhere.
pub(super) fn refuse_names_elsewhere(tree: &Tree, inventory: &Inventory) -> Result<(), Error> {
    match inventory.linked_elsewhere() {
        Some((index, objection)) if accounts::is_root() => {
            Err(tree.hostile(inventory, index, objection))
        }
        _ => Ok(()),
    }
}

fn judge_knowing(
    tree: &Tree,
    inventory: &Inventory,
    person: Person,
    stands: Stands,
    known: &Known,
) -> Result<(), Error> {
    let lists = Lists::new(tree, inventory);
    let refused = if accounts::is_root() {
        let person = accounts::subject(person.uid, person.gid);
        let giving = Giving { person, stands, lists: &|index| lists.of(index), known };
        inventory.refused(Mover::Root(&giving))
    } else {
        inventory.refused(Mover::Oneself)
    };
    let hostile = |(index, objection)| Err(tree.hostile(inventory, index, objection));
    refused.map_or(Ok(()), hostile)
}
