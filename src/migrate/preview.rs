//! Examines a migration without changing anything, and shows what it would do.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;

use super::Request;
use super::check::check;
use super::destination::Destination;
use super::journal::Method;
use super::judge::{is_target_dir, linked_elsewhere};
use super::source::{Source, unfit};
use super::staging::{self, occupied};
use crate::caches::{MOVED_ASIDE, is_staged};
use crate::os::accounts;
use crate::os::entry::Kind;
use crate::os::facts::facts_of;
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
    /// Whether a copied source stays, because this account may not remove it.
    pub(super) keeps_source: bool,
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
        request: &Request,
        source: &Source,
        destination: &Destination<'_>,
    ) -> Result<Preview, Failure> {
        let left = destination.checkout_command();
        let tree = source.open(&format!("if it has been moved already, {left}"))?;
        destination.examine()?;
        let is_private = source.path == destination.private_dir;
        let asked = if is_private { Method::Descend } else { Method::Copy };
        let inventory = walk(&tree, asked, &destination.name)?;
        // If the private directory does not exist yet, the nearest directory above it.
        let above = || destination.private_dir.ancestors().find_map(|at| directory_at(at).ok());
        let place = destination.existing()?.or_else(above);
        let file_system =
            place.as_ref().and_then(|place| Some(facts_of(place).ok()?.file_system()));
        let is_elsewhere = file_system != inventory.top().map(|top| top.file_system());
        let keeps_source = !destination.can_be_given(&inventory);
        let why = why_copied(request.is_copy, is_elsewhere, keeps_source, &inventory);
        let method = match why {
            _ if is_private => Method::Descend,
            Some(_) => Method::Copy,
            None => Method::Rename,
        };
        check(&tree, &inventory, destination.person, method)?;
        if !is_target_dir(&inventory) {
            return Err(no_target_dir(&source.path));
        }
        let needed = inventory.bytes().1;
        let free = place.as_ref().map_or(u64::MAX, free);
        let obstacle = if destination.is_occupied() && !request.is_replacing {
            Some(occupied(&destination.path()))
        } else if method == Method::Copy && is_elsewhere && needed > free {
            Some(no_room(&destination.private_dir, needed, free))
        } else {
            None
        };
        let how = match why {
            _ if is_private => "moved one level down".to_owned(),
            Some(why) => copied(why, keeps_source, needed, free),
            None => "renamed".to_owned(),
        };
        let text = text(&tree, &inventory, destination, how);
        Ok(Preview { tree, method, keeps_source, text, obstacle })
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

fn copied(why: &str, keeps_source: bool, needed: u64, free: u64) -> String {
    let source = if keeps_source { "stays" } else { "is removed afterwards" };
    let (needed, free) = (bytes(needed), bytes(free));
    format!("copied, {why}: {needed} at most, {free} free; the source {source}")
}

fn no_target_dir(path: &Path) -> Failure {
    unfit(path, "it is not a target directory: cargo has built nothing in it")
        .help("name the directory that holds `debug` or `release`")
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
    is_asked: bool,
    is_elsewhere: bool,
    is_others: bool,
    inventory: &Inventory,
) -> Option<&'static str> {
    let is_linked = accounts::is_root() && linked_elsewhere(inventory).is_some();
    let reasons = [
        (is_asked, "because of --copy"),
        (is_elsewhere, "because the destination is on another file system or mount"),
        (is_others, "because only root can give you other users' files"),
        (is_linked, "because files in it have other names outside, which must not change"),
    ];
    reasons.into_iter().find_map(|(is_so, why)| is_so.then_some(why))
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
