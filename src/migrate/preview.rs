//! Examines a migration without changing anything, and shows what it would do.

use std::ffi::OsStr;
use std::fs::File;

use super::Request;
use super::check::{check, check_renamed};
use super::destination::Destination;
use super::judge::{is_target_dir, is_to_be_given, linked_elsewhere};
use super::plan::Method;
use super::source::{Source, unfit};
use super::staging::{self, occupied};
use crate::caches::{MOVED_ASIDE, is_staged};
use crate::os::accounts;
use crate::os::entry::Kind;
use crate::os::facts::facts_of;
use crate::os::node::Inventory;
use crate::os::tree::{Tree, directory_at};
use crate::private_dir::provision::Person;
use crate::shim::decide::{BUILD, is_directory_name};
use crate::ui::escape::{bytes, escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::report::{counted, row, table};
use crate::workspace::record;

/// The state after the move.
const AFTERWARDS: &str = "dependencies stay fresh if they were built with the same CARGO_HOME";
const OLD_PATHS: &str =
    "a checkout's own packages have old paths compiled in: --checkout rebuilds them";
const RUN_TIME: &str = "a dependency that reads its build script's files at run time must be rebuilt: \
                        cargo-peruser clean -p NAME";
/// The warning if others could have put anything into the source.
const TRUST: &str = "others could write to it: if you do not trust them all, start empty";

/// What was found, and how it will be moved.
pub(super) struct Preview<'a> {
    /// The source, open.
    pub(super) tree: Tree,
    /// Everything in it.
    pub(super) inventory: Inventory,
    /// How it moves.
    pub(super) method: Method,
    /// Whether a copied source stays, because this account may not remove it.
    pub(super) keeps_source: bool,
    why: &'static str,
    is_occupied: bool,
    is_elsewhere: bool,
    free: u64,
    destination: &'a Destination<'a>,
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

impl<'a> Preview<'a> {
    /// Examines source and destination, and refuses a source that must not be moved.
    pub(super) fn take(
        request: &Request,
        source: &Source,
        destination: &'a Destination<'a>,
    ) -> Result<Preview<'a>, Failure> {
        let is_occupied = destination.is_occupied();
        let left = destination.checkout_command();
        let tree = source.open(&format!("if it has been moved already, {left}"))?;
        destination.examine()?;
        let is_private = source.path == destination.private_dir;
        let asked = if is_private { Method::Descend } else { Method::Copy };
        let inventory = walk(&tree, asked, &destination.name)?;
        check(&tree, &inventory, destination.person)?;
        if !is_target_dir(&inventory) {
            let why = "it is not a target directory: cargo has built nothing in it";
            let help = "name the directory that holds `debug` or `release`";
            return Err(unfit(&source.path, why).help(help));
        }
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
        if method != Method::Copy {
            check_renamed(&tree, &inventory, destination.person)?;
        }
        let why = why.unwrap_or_default();
        Ok(Preview {
            keeps_source,
            why,
            free: place.as_ref().map_or(u64::MAX, free),
            is_occupied,
            is_elsewhere,
            tree,
            inventory,
            method,
            destination,
        })
    }

    /// Refuses an occupied destination, and a copy that does not fit on the disk.
    pub(super) fn refuse(&self, request: &Request) -> Result<(), Failure> {
        if self.is_occupied && !request.is_replacing {
            return Err(occupied(&self.destination.path()));
        }
        let needed = self.inventory.bytes().1;
        if self.method == Method::Copy && self.is_elsewhere && needed > self.free {
            let path = &self.destination.private_dir;
            let (needed, free) = (bytes(needed), bytes(self.free));
            let path = (escaped(path), quoted(path));
            let text = format!(
                "no room for a copy in `{}`: it needs {needed}, and {free} are free",
                path.0
            );
            let help = format!("free some space there: df -h {}", path.1);
            return Err(Failure::new(text).help(help).exit(73));
        }
        Ok(())
    }

    /// The preview as text.
    pub(super) fn render(&self) -> String {
        let Preview { inventory, destination, .. } = self;
        let (size, occupied) = inventory.bytes();
        let owned = |(uid, count)| format!("{}: {count} entries", accounts::owner(uid));
        let owners: Vec<_> = inventory.owners().into_iter().map(owned).collect();
        let Person { uid, gid } = destination.person;
        let given = inventory.nodes.iter().filter(|node| is_to_be_given(node, uid, gid)).count();
        let changes = format!("{given} entries change owner, group or mode");
        let how = match self.method {
            Method::Rename => format!("renamed, {changes}"),
            Method::Descend => format!("moved one level down, {changes}"),
            Method::Copy => {
                let source = if self.keeps_source { "stays" } else { "is removed afterwards" };
                let (needed, free) = (bytes(occupied), bytes(self.free));
                format!("copied, {}: {needed} at most, {free} free; the source {source}", self.why)
            }
        };
        let mut rows = vec![
            row("source", escaped(&self.tree.path)),
            row("  holds", holds(inventory, size)),
            row("  owned by", owners.join(", ")),
            row(
                "destination",
                format!("{} for {}", escaped(&destination.path()), destination.owner),
            ),
            row("how", how),
            row("afterwards", AFTERWARDS),
            row("", OLD_PATHS),
            row("", RUN_TIME),
        ];
        if is_others_work(inventory, uid) {
            rows.push(row("trust", TRUST));
        }
        table(&rows)
    }
}

/// How much there is.
fn holds(inventory: &Inventory, size: u64) -> String {
    let count = |kind, one, several| counted(inventory.count(kind), one, several);
    let files = format!("{} in {}", bytes(size), count(Kind::File, "file", "files"));
    let directories = count(Kind::Directory, "directory", "directories");
    [files, directories, count(Kind::Symlink, "symlink", "symlinks")].join(", ")
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
