//! Checks private directories: the caller's, or everybody's.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::statvfs;

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, Who, name_of};
use super::root::mounted;
use crate::caches::activity::DAY;
use crate::caches::list;
use crate::caches::people::{People, Resident, Standing, doubts_departed};
use crate::os::entry::Kind;
use crate::os::snapshot::Snapshot;
use crate::os::{accounts, files, tag};
use crate::private_dir::place::{PlaceKind, Required};
use crate::private_dir::provision::{self, Provisioner};
use crate::private_dir::{self, State, provision_command};
use crate::shim::Plan;
use crate::ui::escape::{escaped, quoted};
use crate::ui::look::Look;
use crate::workspace::record::{self, Sources};

/// `private-dir`.
pub(super) fn private_dir(machine: &Machine<'_>) -> Checked {
    let mut found = Vec::new();
    let plan = machine.shim();
    let root = plan.as_ref().ok().and_then(|plan| plan.settings().shared_root());
    if let (Ok(plan), Some(root)) = (&plan, root.filter(|root| files::is_there(root))) {
        if !plan.has_hidden_root() && private_dir::examine_root(root, &plan.caller()).is_err() {
            return Err("the shared root is refused");
        }
        if machine.who == Who::Everybody {
            found = everybodys(machine, plan, root)?;
        }
    }
    match &machine.by_name {
        Err(failure) if failure.exit == 78 => return Err("the settings cannot be used"),
        Err(failure) => found.push(Finding::of(failure)),
        Ok(plan) => found.extend(own(machine, plan)),
    }
    Ok(found)
}

fn own(machine: &Machine<'_>, plan: &Plan<'_>) -> Vec<Finding> {
    let Some(Required { place, .. }) = &plan.decision.required else { return Vec::new() };
    let (path, uid) = (place.private_dir(), machine.snapshot.uid);
    match plan.examine() {
        Err(failure) => return vec![Finding::of(&failure).at(&path)],
        Ok(Some(State::Readable)) => return vec![readable(machine, &path, uid)],
        Ok(_) => {}
    }
    let open = private_dir::open_existing(place, &plan.caller()).ok().flatten();
    let untagged = |open| untagged(machine, &open, &path, uid);
    let mut found: Vec<_> = open.into_iter().flat_map(untagged).collect();
    // Mount options that the root has too are reported there.
    let of_root = plan.settings().shared_root().and_then(|root| statvfs(root).ok());
    let system =
        statvfs(&path).ok().filter(|it| of_root.is_none_or(|root| root.f_flag != it.f_flag));
    found.extend(system.into_iter().flat_map(|system| mounted(machine, &path, &system)));
    if place.kind == PlaceKind::InOwnCache
        && let Some(command) = plan.provision_command()
    {
        let text = format!(
            "you have no private directory in the shared root, so builds go to `{}`",
            escaped(&path)
        );
        found.push(Finding::new(Severity::Warn, text).at(&path).help(command));
    }
    found
}

/// The target directories in an open private directory that have no valid tag. The next build writes a
/// missing tag, but it does not replace another file in its place.
fn untagged(machine: &Machine<'_>, private: &File, path: &Path, uid: u32) -> Vec<Finding> {
    let others = list::list(private).map(|listing| listing.others).unwrap_or_default();
    let names = others.iter().map(|name| OsStr::from_bytes(name.as_bytes()));
    let is_target = |name: &&OsStr| *name == "target" || record::read(private, name, uid).is_some();
    let targets = names.filter(is_target).map(|name| path.join(name));
    let is_own = |path: &PathBuf| {
        files::entry(path).is_ok_and(|it| it.kind == Kind::Directory && it.uid == uid)
    };
    let finding = |path: PathBuf| {
        let text = format!(
            "`{}` has no valid {}: `gc` passes it over, `cargo clean` may refuse it, and backups hold it",
            escaped(&path),
            tag::NAME
        );
        let command = format!("echo '{}' > {}", tag::SIGNATURE, quoted(&path.join(tag::NAME)));
        let help = machine.ask(uid, &command);
        Finding::new(Severity::Warn, text).at(&path).help(help).about(&name_of(uid))
    };
    targets.filter(is_own).map(finding).collect()
}

/// `records`: a target directory whose workspace is gone occupies space until `gc` removes it. `gc`
/// keeps it for the first day.
pub(super) fn records(machine: &Machine<'_>) -> Checked {
    let plan = machine.by_name.as_ref().map_err(|_| "there is no private directory")?;
    let Some(Required { place, .. }) = &plan.decision.required else { return Ok(Vec::new()) };
    // `private-dir` reports a directory that is refused or missing.
    let Ok(Some(private)) = private_dir::open_existing(place, &plan.caller()) else {
        return Ok(Vec::new());
    };
    let Snapshot { uid, .. } = *machine.snapshot;
    let yesterday = i64::try_from(machine.snapshot.now() / 1000).unwrap_or(0) - DAY;
    let gone = |name: &OsStr| {
        let record = record::read(&private, name, uid)?;
        let is_gone = matches!(record.sources(), Sources::Gone | Sources::Another);
        let path = record.workspace.filter(|_| is_gone && record.used < yesterday)?.path;
        files::is_there(&place.private_dir().join(name)).then_some(path)
    };
    let names = std::fs::read_dir(place.private_dir().join(record::DIRECTORY));
    let names = names.into_iter().flatten().flatten();
    let gone: Vec<_> = names.filter_map(|entry| gone(&entry.file_name())).collect();
    let Some(first) = gone.first() else { return Ok(Vec::new()) };
    let text = match gone.len() {
        1 => format!("one target directory is for `{}`, which is gone", escaped(first)),
        number => {
            format!(
                "{number} target directories are for workspaces that are gone, as `{}`",
                escaped(first)
            )
        }
    };
    let found = Finding::new(Severity::Note, text).at(first);
    Ok(vec![found.help("cargo-peruser gc --apply")])
}

fn readable(machine: &Machine<'_>, path: &Path, uid: u32) -> Finding {
    let mode = files::entry(path).map_or(0, |entry| entry.mode);
    let text = format!(
        "others can look into `{}` (mode {mode:04o}) until the next build makes it private",
        escaped(path)
    );
    let command = format!("chmod 0700 {}", quoted(path));
    machine.for_owner(Severity::Warn, text, (path, uid), &command)
}

fn everybodys(machine: &Machine<'_>, plan: &Plan<'_>, root: &Path) -> Checked {
    let Ok(provisioner) = Provisioner::new(root, plan.settings(), None) else {
        return Err("the shared root cannot be looked at");
    };
    let mut found = Vec::new();
    let is_another = |person: &provision::Person| person.uid != machine.snapshot.uid;
    for person in provisioner.everybody().into_iter().filter(is_another) {
        let path = provisioner.place(&person).private_dir();
        let finding = match provisioner.look(&person) {
            Err(failure) => Finding::of(&failure),
            Ok(State::Private) => continue,
            Ok(State::Readable) => readable(machine, &path, person.uid),
            Ok(State::Missing) => {
                let text = format!("there is no `{}`", escaped(&path));
                Finding::new(Severity::Warn, text).help(provision_command(person.uid))
            }
        };
        found.push(finding.at(&path).about(&name_of(person.uid)));
    }
    let told: HashSet<_> = found.iter().filter_map(|finding| finding.path.clone()).collect();
    found.extend(others(machine, plan, root, &told));
    Ok(found)
}

/// Problems with the directories that exist, whether or not their owners should have one. What is at the
/// paths in `told` has already been reported.
fn others(
    machine: &Machine<'_>,
    plan: &Plan<'_>,
    root: &Path,
    told: &HashSet<String>,
) -> Vec<Finding> {
    let Snapshot { uid, gid, .. } = *machine.snapshot;
    let settings = plan.settings();
    let people = People::of(settings, &machine.homes, uid, gid).visible;
    let doubt = doubts_departed(&people);
    let mut found = Vec::new();
    if let Some(why) = doubt {
        let text = format!("nobody can tell which accounts are gone: {why}");
        found.push(Finding::new(Severity::Warn, text).at(root).help("getent passwd"));
    }
    let is_new = |path: &Path| !told.contains(&*path.to_string_lossy());
    let in_root = |person: &&Arc<Resident>| person.path.starts_with(root) && is_new(&person.path);
    for person in people.iter().filter(in_root) {
        let account = accounts::account(person.account.uid, settings.exclude_groups());
        let outlived = |why: &str, severity| outlived(person, root, why, severity);
        match (person.standing, account.no_directory(settings)) {
            (Standing::Departed, _) if doubt.is_some() || is_numbered(person) => {}
            (Standing::Departed, _) => {
                found.push(outlived("which has no account", Severity::Note));
            }
            (Standing::Mismatched, _) => {
                found.push(outlived("and is not called like that account", Severity::Warn));
            }
            (Standing::Known, Some(reason)) => {
                let why = format!("which gets none: {reason}");
                found.push(outlived(&why, Severity::Note));
            }
            // `own` checks the caller's directory, with or without `--all-users`.
            (Standing::Known, None) if person.account.uid == uid => {}
            (Standing::Known, None) => {
                let open = person.open(settings, &machine.homes).ok().flatten();
                let untagged = |open| untagged(machine, &open, &person.path, person.account.uid);
                found.extend(open.into_iter().flat_map(untagged));
            }
        }
    }
    found
}

/// A uid without an account may still build, in a directory with this name.
fn is_numbered(person: &Resident) -> bool {
    person.name == format!("uid-{}", person.account.uid)
}

/// A directory in which nobody will build.
fn outlived(person: &Resident, root: &Path, why: &str, severity: Severity) -> Finding {
    let (path, owner) = (&person.path, accounts::owner(person.account.uid));
    let text = format!("`{}` belongs to {owner}, {why}", escaped(path));
    let is_closed = files::entry(root).is_ok_and(|entry| entry.mode & 0o022 == 0);
    // Removal is offered only if the owner has no account. A uid without an account may be one from a
    // container.
    let help = match is_closed && person.standing == Standing::Departed {
        true => format!("rm -rf --one-file-system {}", quoted(path)),
        false => Look::Entry.at(path, "remove it, if nothing of it is needed"),
    };
    let finding = Finding::new(severity, text).at(path).owned_by(&owner).help(help);
    finding.about(&name_of(person.account.uid))
}
