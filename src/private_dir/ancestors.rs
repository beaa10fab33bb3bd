//! Checks the directories above a private directory, from the top: no untrusted account may replace a
//! directory that was already checked, or put files there that builds below would read.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::{Caller, refusal, unreadable};
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::{Entry, Kind, UNMAPPED};
use crate::os::files;
use crate::os::user_namespace;
use crate::private_dir::judge::{Part, judge_ancestor};
use crate::private_dir::place::{Place, PlaceKind};
use crate::private_dir::refusal::Flaw;
use crate::private_dir::root_contents::judge_names_in;
use crate::settings::invalid_root;
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// Checks every existing directory above a shared root, from the top; not the root itself.
///
/// # Errors
/// The same as [`super::examine`].
pub fn examine_ancestors(shared_root: &Path, caller: &Caller<'_>) -> Result<()> {
    let above = shared_root.parent().unwrap_or(shared_root);
    descend(above, &Place::root(shared_root), caller).map(drop)
}

/// How far the directories above a private one exist.
pub(super) enum Walked {
    /// All of them exist; the parent of the private directory.
    Complete(Entry),
    /// This directory does not exist. It is at or below the caller's own cache directory.
    Ends(PathBuf),
}

/// Checks every directory above the private one, from the top.
pub(super) fn walk(place: &Place, caller: &Caller<'_>) -> Result<Walked> {
    match descend(&place.parent, place, caller)? {
        Walked::Ends(at) if place.kind == PlaceKind::BelowSharedRoot => {
            Err(unreadable(&at, Errno::NOENT.into(), caller))
        }
        walked => Ok(walked),
    }
}

fn descend(to: &Path, place: &Place, caller: &Caller<'_>) -> Result<Walked> {
    let mut directories: Vec<&Path> = to.ancestors().collect();
    directories.reverse();
    let mut last = None;
    for directory in directories {
        let failed = |error| unreadable(directory, error, caller);
        let Some(entry) = files::entry_if_any(directory).map_err(failed)? else {
            return Ok(Walked::Ends(directory.to_owned()));
        };
        judge(directory, &entry, place, caller)?;
        last = Some(entry);
    }
    last.map(Walked::Complete).ok_or_else(|| unreadable(to, Errno::NOENT.into(), caller))
}

fn judge(directory: &Path, entry: &Entry, place: &Place, caller: &Caller<'_>) -> Result<()> {
    let is_root = place.kind == PlaceKind::BelowSharedRoot && directory == place.parent;
    let entry = &without_private_group(directory, entry);
    let others_write = entry.mode & 0o022 != 0;
    let part = match caller.checkout {
        _ if is_root => Part::Root(caller.sticky_root),
        // Most directories need no closer look.
        _ if !others_write => Part::Ancestor,
        Some(top) if top.starts_with(directory) && entry.mode & 0o002 == 0 => Part::HoldsSources,
        _ if is_above_home(directory, place, caller) => Part::AboveHome,
        _ => Part::Ancestor,
    };
    // Above a home, any owner is accepted: the owner of such a directory can replace the home itself.
    let is_hidden = entry.uid == UNMAPPED
        && is_above_home(directory, place, caller)
        && user_namespace::hides_owners();
    let trusted = if is_hidden { &[UNMAPPED] } else { caller.trusted.as_slice() };
    judge_ancestor(entry, part, caller.acting, trusted).map_err(|flaw| match flaw {
        Flaw::AncestorNotADirectory(Kind::Symlink) if place.kind == PlaceKind::BelowSharedRoot => {
            let cause = format!("has a symlink in it, `{}`", escaped(directory));
            invalid_root(&place.parent, &caller.root_origin, &cause)
        }
        flaw => refusal(directory, entry.uid, flaw, caller),
    })?;
    if is_root && others_write { judge_names_in(directory, caller) } else { Ok(()) }
}

/// Ignores write permission of the owner's private group, which adds nothing to what the owner may do.
/// With umask 002, home directories are full of such directories.
fn without_private_group(directory: &Path, entry: &Entry) -> Entry {
    let is_private = entry.mode & 0o022 == 0o020
        && entry.uid != UNMAPPED
        && accounts::private_group(entry.uid) == Some(entry.gid)
        && !acls::has_acl(directory);
    Entry { mode: if is_private { entry.mode & !0o020 } else { entry.mode }, ..*entry }
}

/// Whether a directory is above the caller's home, and the private directory is below that home.
fn is_above_home(directory: &Path, place: &Place, caller: &Caller<'_>) -> bool {
    let home = caller.homes.and_then(|homes| homes.home()).map(files::without_symlinks);
    home.is_some_and(|home| {
        place.parent.starts_with(&home) && home != directory && home.starts_with(directory)
    })
}
