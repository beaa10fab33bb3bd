//! Checks directories that should belong to one user only: target directories and the homes of cargo and
//! rustup.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, Who, name_of, others_write};
use crate::os::entry::{self, Kind};
use crate::os::facts::{cached_facts, facts_of};
use crate::os::node::{MAX_DEPTH, Node, is_mounted};
use crate::os::rights::{Credentials, Rights};
use crate::os::{accounts, files, tree};
use crate::private_dir::provision::Provisioner;
use crate::ui::escape::{escaped, quoted};

/// How many levels are searched without `--deep`. In target directories this includes the entries of a
/// profile's directory.
pub(super) const UPPER: usize = 3;

/// `foreign-owned`.
pub(super) fn foreign_owned(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim()?;
    let required = plan.decision.required.as_ref();
    let private = required.map(|required| required.place.private_dir());
    let homes = machine.tool_homes().into_iter().filter_map(|(_, path)| path);
    let own = private.into_iter().chain(homes).chain(plan.leftover());
    let (home, uid) = (machine.homes.home(), machine.snapshot.uid);
    let mut tops: Vec<_> = own.filter_map(|top| own_directory(&top, home, uid)).collect();
    if machine.who == Who::Everybody
        && let Some(root) = plan.settings().shared_root()
        && let Ok(provisioner) = Provisioner::new(root, plan.settings(), None)
    {
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
        let walk = OwnershipWalk::run(account.uid, &parent, &path, machine.depth);
        drop(rights);
        let (path, uid) = (path.as_path(), account.uid);
        found.extend(foreign(machine, path, uid, &walk.foreign));
        found.extend(exposed(machine, path, uid, &walk.writable));
    }
    Ok(found)
}

/// Entries with the wrong owner or mode.
#[derive(Default)]
struct Odd {
    count: u64,
    /// The entry nearest to the top, or the first by name if there are several, and the uid of its
    /// owner.
    first: Option<(PathBuf, u32)>,
}

impl Odd {
    fn note(&mut self, path: &Path, uid: u32) {
        let rank = |(path, _): &(PathBuf, u32)| (path.components().count(), path.clone());
        self.count += 1;
        self.first = self.first.take().into_iter().chain([(path.to_owned(), uid)]).min_by_key(rank);
    }
}

/// A walk through a directory, by descriptor. It follows no symlink and crosses no mount.
struct OwnershipWalk {
    uid: u32,
    /// Whether other users may enter. If not, it does not matter what they could write to.
    is_reachable: bool,
    private_group: Option<u32>,
    foreign: Odd,
    writable: Odd,
    /// The directory itself, once it is open.
    top: Option<Node>,
}

impl OwnershipWalk {
    fn run(uid: u32, parent: &File, path: &Path, depth: usize) -> OwnershipWalk {
        let name = path.file_name().unwrap_or_default();
        let is_reachable = cached_facts(parent, name).is_ok_and(|it| it.mode & 0o077 != 0);
        let private_group = accounts::private_group(uid);
        let (foreign, writable) = (Odd::default(), Odd::default());
        let top = None;
        let mut walk = OwnershipWalk { uid, is_reachable, private_group, foreign, writable, top };
        walk.entry(parent, path, depth);
        walk
    }

    /// Looks at an entry, and at `depth` levels below it.
    fn entry(&mut self, parent: &File, path: &Path, depth: usize) {
        let name = path.file_name().unwrap_or_default();
        let Ok(found) = cached_facts(parent, name) else { return };
        if found.uid != self.uid {
            self.foreign.note(path, found.uid);
        }
        if self.is_reachable
            && found.kind != Kind::Symlink
            && entry::others_write(found.mode, || self.private_group == Some(found.gid))
        {
            self.writable.note(path, found.uid);
        }
        if found.kind == Kind::Directory
            && depth > 0
            && let Ok(directory) = tree::inside(parent, name, tree::DIRECTORY)
            && let Ok(node) = facts_of(&directory)
            && !is_mounted(self.top.get_or_insert_with(|| node.clone()), &node)
        {
            for name in tree::names(&directory).unwrap_or_default() {
                self.entry(&directory, &path.join(OsStr::from_bytes(name.as_bytes())), depth - 1);
            }
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
        .then(|| (Credentials::of(uid, accounts::primary_group(uid).unwrap_or(entry.gid)), path))
}

/// "`first` and 3 other entries", followed by a verb.
fn entries(first: &Path, count: u64, verbs: [&str; 2]) -> String {
    let [one, several] = verbs;
    let first = escaped(first);
    match count {
        0 | 1 => format!("`{first}` {one}"),
        2 => format!("`{first}` and another entry {several}"),
        _ => format!("`{first}` and {} other entries {several}", count - 1),
    }
}

/// The entries of a directory that other users own.
fn foreign(machine: &Machine<'_>, path: &Path, uid: u32, odd: &Odd) -> Option<Finding> {
    let (first, owner) = odd.first.as_ref()?;
    let owner = accounts::owner(*owner);
    let text = format!(
        "{} to {owner}: builds, `cargo clean` and updates fail there",
        entries(first, odd.count, ["belongs", "belong"])
    );
    let finding = Finding::new(Severity::Fail, text).at(first).owned_by(&owner);
    // With this command root follows no symlink, neither below the directory nor in its place.
    let command = format!("chown -RhP {}: {}", accounts::owner(uid).word(), quoted(path));
    Some(finding.help(machine.ask_by(0, path, uid, &command)).about(&name_of(uid)))
}

/// The entries that others can write to, in a directory that they can reach. This is reported only with
/// `--deep`, because `shared-homes` already reports the directory itself.
fn exposed(machine: &Machine<'_>, path: &Path, uid: u32, odd: &Odd) -> Option<Finding> {
    let (first, _) = odd.first.as_ref().filter(|_| machine.depth == MAX_DEPTH)?;
    let text = format!(
        "{} be written to by other accounts, which can change what you run",
        entries(first, odd.count, ["can", "can"])
    );
    let command = format!("chmod -R go-w {}", quoted(path));
    let finding = machine.for_owner(Severity::Warn, text, (path, uid), &command);
    Some(finding.at(first).about(&name_of(uid)))
}

/// `shared-homes`.
pub(super) fn shared_homes(machine: &Machine<'_>) -> Checked {
    let uid = machine.snapshot.uid;
    let mut found = Vec::new();
    for (variable, path) in machine.tool_homes() {
        let Some(path) = path.filter(|path| path.is_dir()) else { continue };
        let Ok(entry) = std::fs::metadata(&path) else { continue };
        let is_default = machine.snapshot.variable(variable).is_none();
        let fault = match others_write(&entry) {
            true => format!("several accounts can write to (mode {:04o})", entry.mode() & 0o7777),
            // `foreign-owned` reports this for directories in one's own home.
            false if [0, uid].contains(&entry.uid()) || is_default => continue,
            false => format!("belongs to {}", accounts::owner(entry.uid())),
        };
        let text = format!(
            "{variable} is `{}`, which {fault}: people there wait for each other, and run what others \
             have put there",
            escaped(&path)
        );
        let command = format!("chmod go-w {}", quoted(&path));
        let finding = machine.for_owner(Severity::Warn, text, (&path, entry.uid()), &command);
        found.push(match is_default {
            true => finding,
            false => finding.help(format!("unset {variable}")),
        });
    }
    Ok(found)
}
