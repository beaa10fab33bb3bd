//! Checks the directories above a private directory, from the top: no untrusted account may replace a
//! directory that was already checked, or put files there that builds below would read.

use std::path::Path;

use super::{Caller, look};
use crate::os::entry::{Entry, Kind, UNMAPPED};
use crate::os::{files, trust, user_namespace};
use crate::private_dir::judge::{Tolerated, judge_ancestor};
use crate::private_dir::place::{Place, PlaceKind};
use crate::private_dir::refusal::{ELSEWHERE, Flaw, refusal};
use crate::settings::{StickyRoot, invalid_root};
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// Checks every existing directory above a shared root, from the top; not the root itself.
///
/// # Errors
/// The same as [`super::examine`].
pub fn examine_ancestors(shared_root: &Path, caller: &Caller<'_>) -> Result<()> {
    let above = shared_root.parent().unwrap_or(shared_root);
    walk(above, &Place::root(shared_root), None, caller).map(drop)
}

/// Creates a missing directory, whose parent has been checked.
pub(super) type Make = fn(&Path) -> Result<()>;

/// Checks every directory down to `to`, from the top, on the way to a private directory. Returns the last
/// one; `None` if one is missing and cannot be made.
pub(super) fn walk(
    to: &Path,
    place: &Place,
    make: Option<Make>,
    caller: &Caller<'_>,
) -> Result<Option<Entry>> {
    let directories: Vec<&Path> = to.ancestors().collect();
    let mut last = None;
    for directory in directories.into_iter().rev() {
        last = look(directory)?;
        if let Some(make) = make.filter(|_| last.is_none()) {
            make(directory)?;
            last = look(directory)?;
        }
        let Some(entry) = &last else { break };
        judge(directory, entry, place, caller)?;
    }
    Ok(last)
}

fn judge(directory: &Path, entry: &Entry, place: &Place, caller: &Caller<'_>) -> Result<()> {
    let is_root = place.kind == PlaceKind::BelowSharedRoot && directory == place.parent;
    // The owner's private group adds nothing to what the owner may do. With umask 002, home directories
    // are full of directories that it can write to.
    let others_write = trust::others_write(directory, entry, entry.uid);
    let mode = if others_write { entry.mode } else { entry.mode & !0o022 };
    let entry = &Entry { mode, ..*entry };
    let is_above_home = || is_above_home(directory, place, caller);
    let tolerated = match is_root {
        true => Tolerated { group: false, sticky: caller.sticky_root == StickyRoot::Accept },
        // Most directories need no closer look.
        false if !others_write => Tolerated::default(),
        false => Tolerated {
            group: caller.checkout.is_some_and(|top| top.starts_with(directory)),
            sticky: is_above_home(),
        },
    };
    let mut owners = [&[0, caller.acting], caller.trusted.as_slice()].concat();
    // Above a home, an owner that a user namespace hides is accepted: whoever it is can replace the home.
    if entry.uid == UNMAPPED && is_above_home() && user_namespace::hides_owners() {
        owners.push(UNMAPPED);
    }
    judge_ancestor(entry, tolerated, &owners).map_err(|flaw| match flaw {
        Flaw::NotADirectory
            if entry.kind == Kind::Symlink && place.kind == PlaceKind::BelowSharedRoot =>
        {
            let cause = format!("has a symlink in it, `{}`", escaped(directory));
            invalid_root(&place.parent, &caller.root_origin, &cause)
        }
        Flaw::NotADirectory => refusal(directory, entry, flaw, caller).help(ELSEWHERE),
        Flaw::AncestorWritable if is_root => refusal(directory, entry, Flaw::RootWritable, caller),
        flaw => refusal(directory, entry, flaw, caller),
    })?;
    if is_root && others_write { judge_names_in(directory, caller) } else { Ok(()) }
}

/// Whether a directory is above the caller's home, and the private directory is below that home.
fn is_above_home(directory: &Path, place: &Place, caller: &Caller<'_>) -> bool {
    let home = caller.homes.and_then(|homes| homes.home()).map(files::without_symlinks);
    home.is_some_and(|home| {
        place.parent.starts_with(&home) && home != directory && home.starts_with(directory)
    })
}

/// The names that cargo and rustup read in every directory above their working directory.
pub const READ_ABOVE: &[&str] = &[".cargo", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"];

/// Refuses a shared root with a file that builds below it would read, unless the caller or root owns
/// that file and no one else can write to it.
///
/// In a root that only its owner can write to, such a file may remain from a time when others could.
/// That is checked whenever something is created there, not on every run. In an accepted sticky root,
/// another user can still add such a file a moment later; that is the risk of accepting one.
pub(super) fn judge_names_in(root: &Path, caller: &Caller<'_>) -> Result<()> {
    for name in READ_ABOVE {
        let path = root.join(name);
        let Some(entry) = look(&path)? else { continue };
        let others_write = entry.kind != Kind::Symlink && entry.mode & 0o022 != 0;
        if others_write || ![0, caller.acting].contains(&entry.uid) {
            return Err(refusal(&path, &entry, Flaw::ReadAbove, caller));
        }
    }
    Ok(())
}
