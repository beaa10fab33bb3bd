//! Examines a migration without changing anything, and shows what it would do.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;

use super::check::check;
use super::destination::Destination;
use super::journal::Method;
use super::judge::{is_target_dir, linked_elsewhere};
use super::source::{Source, unfit};
use super::staging::{self, occupied};
use crate::caches::{MOVED_ASIDE, is_staged};
use crate::os::accounts;
use crate::os::entry::Kind;
use crate::os::facts::{facts, facts_of};
use crate::os::node::Inventory;
use crate::os::tree::{Tree, directory_at};
use crate::shim::decide::{BUILD, is_directory_name};
use crate::ui::escape::{bytes, escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::report::{counted, row, table};
use crate::workspace::record;

/// The warning if others could have put anything into the source.
const TRUST: &str = "others could write to it: if you do not trust them all, start empty";

/// What was found, and how it will be moved.
pub(super) struct Preview {
    /// The source, open.
    pub(super) tree: Tree,
    /// How it moves.
    pub(super) method: Method,
    /// What is shown.
    pub(super) text: String,
    /// An occupied destination, or too little room for a copy.
    pub(super) obstacle: Option<Failure>,
}

/// Everything that is to be moved. If the source is the private directory itself, our own entries in it are
/// left out.
pub(super) fn walk(tree: &Tree, method: Method, target: &str) -> Result<Inventory, Failure> {
    tree.walk(&|name| method == Method::Descend && is_ours(name, target))
}

/// Whether this tool keeps an entry of this name in a private directory.
pub(super) fn is_ours(name: &OsStr, target: &str) -> bool {
    let is_staged = is_staged(name);
    let name = name.to_string_lossy();
    [target, "target", BUILD, record::DIRECTORY, staging::NAME].contains(&&*name)
        || is_staged
        || is_directory_name(&name)
        || name.contains(MOVED_ASIDE)
}

impl Preview {
    /// Examines source and destination, and refuses a source that must not be moved.
    pub(super) fn take(
        source: &Source,
        destination: &Destination<'_>,
        has_incomplete_copy: bool,
    ) -> Result<Preview, Failure> {
        let left = destination.checkout_command();
        let tree = source.open(&format!("if it has been moved already, {left}"))?;
        destination.examine()?;
        let is_private = source.path == destination.private_dir;
        let asked = if is_private { Method::Descend } else { Method::Copy };
        let inventory = walk(&tree, asked, &destination.name)?;
        // If the private directory does not exist yet, the nearest directory above it.
        let above = || destination.private_dir.ancestors().find_map(|at| directory_at(at).ok());
        let private = destination.existing()?;
        let is_occupied = private.as_ref().is_some_and(|it| facts(it, &*destination.name).is_ok());
        let place = private.or_else(above);
        let found = place.as_ref().and_then(|place| facts_of(place).ok());
        let is_elsewhere =
            found.map(|it| it.file_system()) != inventory.top().map(|top| top.file_system());
        let (needed, free) = (inventory.bytes().1, place.as_ref().map_or(u64::MAX, free));
        let (method, how) = match why_copied(destination, is_elsewhere, &inventory) {
            _ if is_private => (Method::Descend, "moved one level down".to_owned()),
            None => (Method::Rename, "renamed".to_owned()),
            Some(why) => {
                let is_removed = destination.can_be_given(&inventory) && source.may_be_removed();
                let rest = if is_removed { "is removed afterwards" } else { "stays" };
                let (needed, free) = (bytes(needed), bytes(free));
                let how = format!("{needed} at most, {free} free; the source {rest}");
                (Method::Copy, format!("copied, {why}: {how}"))
            }
        };
        check(&tree, &inventory, destination.person, method)?;
        if !is_target_dir(&inventory) {
            let why = "it is not a target directory: cargo has built nothing in it";
            let help = "name the directory that holds `debug` or `release`";
            return Err(unfit(&source.path, why).help(help));
        }
        // An incomplete copy is removed first.
        let has_room = !is_elsewhere || needed <= free || has_incomplete_copy;
        let lacks_room = || no_room(&destination.private_dir, needed, free);
        let obstacle = match is_occupied && !destination.request.is_replacing {
            true => Some(occupied(&destination.path())),
            false => (method == Method::Copy && !has_room).then(lacks_room),
        };
        let text = text(&tree, &inventory, destination, how);
        Ok(Preview { tree, method, text, obstacle })
    }
}

fn text(tree: &Tree, inventory: &Inventory, destination: &Destination<'_>, how: String) -> String {
    let files = counted(inventory.count(Kind::File), "file", "files");
    let owned = |(uid, count)| format!("{}: {count} entries", accounts::owner(uid));
    let owners: Vec<_> = inventory.owners().into_iter().map(owned).collect();
    let to = format!("{} for {}", escaped(&destination.path()), destination.owner);
    let mut rows = vec![
        row("source", escaped(&tree.path)),
        row("  holds", format!("{} in {files}", bytes(inventory.bytes().0))),
        row("  owned by", owners.join(", ")),
        row("destination", to),
        row("how", how),
    ];
    if is_others_work(inventory, destination.person.uid) {
        rows.push(row("trust", TRUST));
    }
    table(&rows)
}

fn no_room(path: &Path, needed: u64, free: u64) -> Failure {
    let (needed, free) = (bytes(needed), bytes(free));
    let text = format!(
        "no room for a copy in `{}`: it needs {needed}, and {free} are free",
        escaped(path)
    );
    Failure::new(text).help(format!("free some space there: df -h {}", quoted(path))).exit(73)
}

/// Why it is copied; `None` if it can be renamed.
fn why_copied(
    destination: &Destination<'_>,
    is_elsewhere: bool,
    inventory: &Inventory,
) -> Option<&'static str> {
    if destination.request.is_copy {
        Some("because of --copy")
    } else if is_elsewhere {
        Some("because the destination is on another file system or mount")
    } else if !destination.can_be_given(inventory) {
        Some("because only root can give you other users' files")
    } else if accounts::is_root() && linked_elsewhere(inventory).is_some() {
        Some("because files in it have other names outside, which must not change")
    } else {
        None
    }
}

/// Whether others could have built something in it.
fn is_others_work(inventory: &Inventory, uid: u32) -> bool {
    inventory.nodes.iter().any(|node| {
        let is_writable = node.kind != Kind::Symlink && node.mode & 0o022 != 0;
        is_writable || ![uid, 0].contains(&node.uid)
    })
}

/// The free space for this account, in bytes.
fn free(place: &File) -> u64 {
    rustix::fs::fstatvfs(place).map_or(u64::MAX, |fs| {
        let blocks = if accounts::is_root() { fs.f_bfree } else { fs.f_bavail };
        blocks.saturating_mul(fs.f_frsize)
    })
}
