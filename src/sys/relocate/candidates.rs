//! What a person may have meant who names a directory that cannot be moved. For messages only.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::core::relocation::tree::LOCKS;
use crate::sys::facts::facts;
use crate::sys::tree::{Tree, names};

/// The target directories in a directory, or it alone if it is one itself; none where that cannot be
/// seen.
pub fn within(tree: &Tree) -> Vec<PathBuf> {
    if is_target_dir(tree) {
        return vec![tree.path.clone()];
    }
    below(tree).filter(is_target_dir).map(|below| below.path).collect()
}

fn is_target_dir(tree: &Tree) -> bool {
    let has = |tree: &Tree, name: &str| facts(&tree.top, name).is_ok();
    let is_profile = |tree: &Tree| LOCKS.iter().any(|lock| has(tree, lock));
    has(tree, ".rustc_info.json") || below(tree).any(|below| is_profile(&below))
}

/// One after the other: there may be more directories than a process may have open.
fn below(tree: &Tree) -> impl Iterator<Item = Tree> {
    names(&tree.top).unwrap_or_default().into_iter().filter_map(|name| {
        let name = OsStr::from_bytes(name.as_bytes());
        Tree::open(&tree.top, name, tree.path.join(name)).ok()
    })
}
