//! Checks directories that should belong to one user only: target directories and the homes of cargo and
//! rustup.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, name_of};
use crate::os::entry::{Entry, Kind};
use crate::os::facts::{cached_facts, facts_of};
use crate::os::node::{MAX_DEPTH, Node, is_mounted};
use crate::os::rights::{Credentials, Rights};
use crate::os::{accounts, files, tree, trust};
use crate::ui::escape::{escaped, quoted};

/// How many levels are searched without `--deep`. In target directories this includes the entries of a
/// profile's directory.
pub(super) const UPPER: usize = 3;

/// `foreign-owned`.
pub(super) fn foreign_owned(machine: &Machine<'_>) -> Checked {
    let required = machine.plan.decision.required.as_ref();
    let private = required.map(|required| required.place.private_dir());
    let homes = machine.tool_homes().into_iter().filter_map(|(_, path)| path);
    let own = private.into_iter().chain(homes).chain(machine.plan.leftover());
    let (home, uid) = (machine.homes.home(), machine.snapshot.uid);
    let mut tops: Vec<_> = own.filter_map(|top| own_directory(&top, home, uid)).collect();
    if let Some(provisioner) = &machine.everybody {
        for person in provisioner.everybody() {
            let home = accounts::account(person.uid, &[]).home;
            let homes = home.iter().flat_map(|home| [".cargo", ".rustup"].map(|it| home.join(it)));
            let all = std::iter::once(provisioner.place(&person).private_dir()).chain(homes);
            tops.extend(all.filter_map(|top| own_directory(&top, home.as_deref(), person.uid)));
        }
    }
    // Open all of them before the first walk: a person could replace a directory meanwhile.
    let open = |(account, path): (Credentials, PathBuf)| {
        Some((account, tree::directory_at(path.parent()?).ok()?, path))
    };
    let tops: Vec<_> = tops.into_iter().filter_map(open).collect();
    let mut found = Vec::new();
    for (account, parent, path) in tops {
        let mut rights = Rights::default();
        let acts = rights.become_account(&account);
        acts.map_err(|_| "it cannot act as the owners of directories")?;
        let (foreign, writable) = search(&parent, &path, account.uid, machine.depth);
        drop(rights);
        found.extend(foreign.map(|entry| belongs_to_another(machine, &path, account.uid, &entry)));
        // `shared-homes` reports the directory itself.
        let writable = writable.filter(|_| machine.depth == MAX_DEPTH);
        found.extend(writable.map(|first| exposed(machine, &path, account.uid, &first)));
    }
    Ok(found)
}

/// Searches a directory of an account's for the first entry of another owner, with its uid, and the
/// first one that others can write to.
fn search(
    parent: &File,
    path: &Path,
    uid: u32,
    depth: usize,
) -> (Option<(PathBuf, u32)>, Option<PathBuf>) {
    // If others cannot enter it, it does not matter what they could write to.
    let name = path.file_name().unwrap_or_default();
    let is_reachable = cached_facts(parent, name).is_ok_and(|it| it.mode & 0o077 != 0);
    let (mut foreign, mut writable) = (None, None);
    each_entry(parent, path, depth, None, &mut |path, found| {
        if found.uid != uid {
            foreign.get_or_insert_with(|| (path.to_owned(), found.uid));
        }
        if is_reachable && trust::others_write(path, found, uid) {
            writable.get_or_insert_with(|| path.to_owned());
        }
    });
    (foreign, writable)
}

/// Looks at an entry, and at `depth` levels below it, by descriptor. It follows no symlink and crosses
/// no mount.
fn each_entry(
    parent: &File,
    path: &Path,
    depth: usize,
    above: Option<&Node>,
    seen: &mut dyn FnMut(&Path, &Entry),
) {
    let name = path.file_name().unwrap_or_default();
    let Ok(found) = cached_facts(parent, name) else { return };
    seen(path, &found);
    if found.kind == Kind::Directory
        && depth > 0
        && let Ok(directory) = tree::inside(parent, name, tree::DIRECTORY)
        && let Ok(node) = facts_of(&directory)
        && above.is_none_or(|above| !is_mounted(above, &node))
    {
        for name in tree::names(&directory).unwrap_or_default() {
            let path = path.join(tree::os_str(&name));
            each_entry(&directory, &path, depth - 1, Some(&node), seen);
        }
    }
}

/// The directory that a path resolves to, if this account owns it, or if it is in the account's home and
/// should therefore be its own.
fn own_directory(path: &Path, home: Option<&Path>, uid: u32) -> Option<(Credentials, PathBuf)> {
    let path = std::fs::canonicalize(path).ok()?;
    let entry = files::entry(&path).ok()?;
    let is_home = |path: &Path| files::entry(path).is_ok_and(|it| it.uid == uid);
    let home = home.map(files::without_symlinks).filter(|home| is_home(home));
    let is_own = entry.uid == uid || home.is_some_and(|home| path.starts_with(home));
    (is_own && entry.kind == Kind::Directory)
        .then(|| (Credentials::of(uid, accounts::account(uid, &[]).gid.unwrap_or(entry.gid)), path))
}

/// The finding about an entry that another user owns, in this account's directory.
fn belongs_to_another(
    machine: &Machine<'_>,
    path: &Path,
    uid: u32,
    (first, owner): &(PathBuf, u32),
) -> Finding {
    let text = format!(
        "`{}` belongs to {}: builds, `cargo clean` and updates fail there",
        escaped(first),
        accounts::owner(*owner)
    );
    // With this command root follows no symlink, neither below the directory nor in its place.
    let command = format!("chown -RhP {}: {}", accounts::owner(uid).word(), quoted(path));
    let help = machine.ask_by(0, path, uid, &command);
    Finding::new(Severity::Fail, text).at(first).help(help).about(&name_of(uid))
}

/// The finding about an entry that others can write to.
fn exposed(machine: &Machine<'_>, path: &Path, uid: u32, first: &Path) -> Finding {
    let text = format!(
        "`{}` can be written to by other accounts, which can change what you run",
        escaped(first)
    );
    let command = format!("chmod -R go-w {}", quoted(path));
    let finding = machine.for_owner(Severity::Warn, text, (path, uid), &command);
    finding.at(first).about(&name_of(uid))
}

/// `shared-homes`.
pub(super) fn shared_homes(machine: &Machine<'_>) -> Checked {
    let uid = machine.snapshot.uid;
    let mut found = Vec::new();
    for (variable, path) in machine.tool_homes() {
        let Some(path) = path.filter(|path| path.is_dir()) else { continue };
        let Ok(entry) = files::followed(&path) else { continue };
        let is_default = machine.snapshot.variable(variable).is_none();
        let fault = match trust::others_write(&path, &entry, entry.uid) {
            true => format!("several accounts can write to (mode {:04o})", entry.mode),
            // `foreign-owned` reports this for directories in one's own home.
            false if [0, uid].contains(&entry.uid) || is_default => continue,
            false => format!("belongs to {}", accounts::owner(entry.uid)),
        };
        let text = format!(
            "{variable} is `{}`, which {fault}: people there wait for each other, and run what others \
             have put there",
            escaped(&path)
        );
        let command = format!("chmod go-w {}", quoted(&path));
        let finding = machine.for_owner(Severity::Warn, text, (&path, entry.uid), &command);
        found.push(match is_default {
            true => finding,
            false => finding.help(format!("unset {variable}")),
        });
    }
    Ok(found)
}
