//! Checks private directories: the caller's, or everybody's.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, name_of};
use super::root::mounted;
use crate::caches::activity::DAY;
use crate::caches::list;
use crate::caches::people::{People, Resident, Standing, doubts_departed};
use crate::os::entry::Kind;
use crate::os::{accounts, files, tag};
use crate::private_dir::place::{Place, PlaceKind, Required};
use crate::private_dir::provision::Provisioner;
use crate::private_dir::{self, Caller, State, provision_command};
use crate::ui::escape::{escaped, quoted};
use crate::ui::look::Look;
use crate::ui::report::counted;
use crate::workspace::record::{self, Sources};

/// `private-dir`.
pub(super) fn private_dir(machine: &Machine<'_>) -> Checked {
    let Machine { plan, .. } = machine;
    let mut found = Vec::new();
    if let Some(root) = machine.root() {
        if !plan.has_hidden_root() && private_dir::examine_root(root, &plan.caller()).is_err() {
            return Err("the shared root is refused");
        }
        if let Some(provisioner) = machine.provisioner() {
            found = everybodys(machine, &provisioner, root);
        }
    }
    if let Some(Required { place, .. }) = &plan.decision.required {
        found.extend(own(machine, place));
    }
    Ok(found)
}

fn own(machine: &Machine<'_>, place: &Place) -> Vec<Finding> {
    let Machine { plan, .. } = machine;
    let (path, uid) = (place.private_dir(), machine.snapshot.uid);
    match plan.examine() {
        Err(failure) => return vec![Finding::of(&failure).at(&path)],
        Ok(Some(State::Readable)) => return vec![readable(machine, &path, uid)],
        Ok(_) => {}
    }
    let mut found = untagged(machine, place, &plan.caller());
    // Mount options that the root has too are reported there.
    let of_root = plan.settings().shared_root().and_then(|root| statvfs(root).ok());
    let system =
        statvfs(&path).ok().filter(|it| of_root.is_none_or(|root| root.f_flag != it.f_flag));
    found.extend(system.into_iter().flat_map(|system| mounted(machine, &path, &system)));
    if let Some(command) = plan.provision_command().filter(|_| place.kind == PlaceKind::InOwnCache)
    {
        let text = format!(
            "you have no private directory in the shared root, so builds go to `{}`",
            escaped(&path)
        );
        found.push(Finding::new(Severity::Warn, text).at(&path).help(command));
    }
    found
}

/// The target directories in a private directory that have no valid tag. The next build writes a missing
/// tag, but it does not replace another file in its place.
fn untagged(machine: &Machine<'_>, place: &Place, owner: &Caller<'_>) -> Vec<Finding> {
    let (path, uid) = (place.private_dir(), owner.uid);
    let Ok(Some(private)) = private_dir::open_existing(place, owner) else { return Vec::new() };
    let others = list::list(&private).map(|listing| listing.others).unwrap_or_default();
    let names = others.iter().map(|name| OsStr::from_bytes(name.as_bytes()));
    let is_target =
        |name: &&OsStr| *name == "target" || record::read(&private, name, uid).is_some();
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
    let Machine { plan, snapshot, .. } = machine;
    let Some(Required { place, .. }) = &plan.decision.required else { return Ok(Vec::new()) };
    // `private-dir` reports a directory that is refused or missing.
    let Ok(Some(private)) = private_dir::open_existing(place, &plan.caller()) else {
        return Ok(Vec::new());
    };
    let yesterday = i64::try_from(snapshot.now() / 1000).unwrap_or(0) - DAY;
    let gone = |name: &OsStr| {
        let record = record::read(&private, name, snapshot.uid)?;
        let is_gone = matches!(record.sources(), Sources::Gone | Sources::Another);
        let path = record.workspace.filter(|_| is_gone && record.used < yesterday)?.path;
        files::is_there(&place.private_dir().join(name)).then_some(path)
    };
    let names = std::fs::read_dir(place.private_dir().join(record::DIRECTORY));
    let names = names.into_iter().flatten().flatten();
    let gone: Vec<_> = names.filter_map(|entry| gone(&entry.file_name())).collect();
    let Some(first) = gone.first() else { return Ok(Vec::new()) };
    let text = format!(
        "{} no workspace any more; `{}` is gone",
        counted(gone.len() as u64, "target directory has", "target directories have"),
        escaped(first)
    );
    Ok(vec![Finding::new(Severity::Note, text).at(first).help("cargo-peruser gc --apply")])
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

/// The other accounts' directories, and those in which nobody will build.
fn everybodys(machine: &Machine<'_>, provisioner: &Provisioner<'_>, root: &Path) -> Vec<Finding> {
    let (settings, own) = (machine.plan.settings(), machine.snapshot.uid);
    let mut found = Vec::new();
    let mut places = HashSet::new();
    for person in provisioner.everybody().into_iter().filter(|person| person.uid != own) {
        let place = provisioner.place(&person);
        let path = place.private_dir();
        let owner = Caller::of(settings, person.uid, person.gid, accounts::own_uid());
        let finding = match provisioner.look(&person) {
            Err(failure) => vec![Finding::of(&failure).at(&path)],
            Ok(State::Private) => untagged(machine, &place, &owner),
            Ok(State::Readable) => vec![readable(machine, &path, person.uid)],
            Ok(State::Missing) => {
                let text = format!("there is no `{}`", escaped(&path));
                let help = provision_command(person.uid);
                vec![Finding::new(Severity::Warn, text).at(&path).help(help)]
            }
        };
        found.extend(finding.into_iter().map(|finding| finding.about(&name_of(person.uid))));
        places.insert(path);
    }
    let people = People::of(settings, &machine.homes, own, machine.snapshot.gid).visible;
    let doubt = doubts_departed(&people);
    if let Some(why) = doubt {
        let text = format!("nobody can tell which accounts are gone: {why}");
        found.push(Finding::new(Severity::Warn, text).at(root).help("getent passwd"));
    }
    let others = people.iter().filter(|it| it.path.starts_with(root) && !places.contains(&it.path));
    found.extend(others.filter_map(|person| outlived(machine, person, doubt.is_some())));
    found
}

/// A directory in which nobody will build.
fn outlived(machine: &Machine<'_>, person: &Resident, is_in_doubt: bool) -> Option<Finding> {
    let (settings, uid) = (machine.plan.settings(), person.account.uid);
    let reason = settings.account(uid).no_directory(settings);
    // A uid without an account may still build, in a directory with this name.
    let is_numbered = person.name == format!("uid-{uid}");
    let (severity, why) = match (person.standing, reason) {
        (Standing::Departed, _) if is_in_doubt || is_numbered => return None,
        (Standing::Departed, _) => (Severity::Note, "which has no account".to_owned()),
        (Standing::Mismatched, _) => (Severity::Warn, "and is not called like that account".into()),
        (Standing::Known, reason) => (Severity::Note, format!("which gets none: {}", reason?)),
    };
    let path = &person.path;
    let text = format!("`{}` belongs to {}, {why}", escaped(path), accounts::owner(uid));
    let root = path.parent().and_then(|root| files::entry(root).ok());
    let is_closed = root.is_some_and(|root| root.mode & 0o022 == 0);
    // Removal is offered only if the owner has no account. A uid without an account may be one from a
    // container.
    let help = match is_closed && person.standing == Standing::Departed {
        true => format!("rm -rf --one-file-system {}", quoted(path)),
        false => Look::Entry.at(path, "remove it, if nothing of it is needed"),
    };
    Some(Finding::new(severity, text).at(path).help(help).about(&name_of(uid)))
}
