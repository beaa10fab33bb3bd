//! Checks private directories: the caller's, or everybody's.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;

use rustix::fs::statvfs;

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, name_of};
use super::root::mounted;
use crate::caches::activity::DAY;
use crate::caches::list;
use crate::caches::people::{People, Resident, Standing, doubts_departed};
use crate::os::{accounts, files, tag};
use crate::private_dir::place::{Place, PlaceKind, Required};
use crate::private_dir::provision::Provisioner;
use crate::private_dir::{self, Caller, State, provision_command};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Result;
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
        if let Some(provisioner) = &machine.everybody {
            found = everybodys(machine, provisioner, root);
        }
    }
    if let Some(Required { place, .. }) = &plan.decision.required {
        found.extend(own(machine, place));
    }
    Ok(found)
}

/// The caller's own.
fn own(machine: &Machine<'_>, place: &Place) -> Vec<Finding> {
    let Machine { plan, .. } = machine;
    let path = place.private_dir();
    let state = plan.examine().map(|state| state.unwrap_or(State::Missing));
    let is_usable = matches!(state, Ok(State::Private | State::Missing));
    let mut found = faults(machine, place, &plan.caller(), state);
    // What is refused may be a link that another user has put there.
    if !is_usable {
        return found;
    }
    // Mount options that the root has too are reported there.
    let of_root = plan.settings().shared_root().and_then(|root| statvfs(root).ok());
    let system =
        statvfs(&path).ok().filter(|it| of_root.is_none_or(|root| root.f_flag != it.f_flag));
    found.extend(system.into_iter().flat_map(|system| mounted(machine, &path, &system)));
    if let Some(command) = plan.provision_command() {
        let (severity, effect) = match place.kind {
            PlaceKind::InOwnCache => (Severity::Warn, format!("builds go to `{}`", escaped(&path))),
            PlaceKind::BelowSharedRoot => {
                (Severity::Fail, "builds are refused, as `missing` says".to_owned())
            }
        };
        let text = format!("you have no private directory in the shared root, so {effect}");
        found.push(Finding::new(severity, text).at(&path).help(command));
    }
    found
}

/// What is wrong with a private directory in this state. The next build writes a missing tag, but it does
/// not replace another file in its place.
fn faults(
    machine: &Machine<'_>,
    place: &Place,
    owner: &Caller<'_>,
    state: Result<State>,
) -> Vec<Finding> {
    let (path, uid) = (place.private_dir(), owner.uid);
    let untagged = |name: OsString| {
        let path = path.join(name);
        let text = format!(
            "`{}` has no valid {}: `gc` passes it over, `cargo clean` may refuse it, and backups hold it",
            escaped(&path),
            tag::NAME
        );
        let command = format!("echo '{}' > {}", tag::SIGNATURE, quoted(&path.join(tag::NAME)));
        Finding::new(Severity::Warn, text).at(&path).help(machine.ask(uid, &command))
    };
    let found = match state {
        Err(failure) => vec![Finding::of(&failure).at(&path)],
        Ok(State::Missing) => Vec::new(),
        Ok(State::Readable) => {
            let mode = files::entry(&path).map_or(0, |entry| entry.mode);
            let text = format!(
                "others can look into `{}` (mode {mode:04o}) until the next build makes it private",
                escaped(&path)
            );
            let command = format!("chmod 0700 {}", quoted(&path));
            vec![machine.for_owner(Severity::Warn, text, (&path, uid), &command)]
        }
        Ok(State::Private) => {
            let private = private_dir::open_existing(place, owner).ok().flatten();
            let names = private.and_then(|private| list::untagged(&private).ok());
            names.into_iter().flatten().map(untagged).collect()
        }
    };
    found.into_iter().map(|finding| finding.about(&name_of(uid))).collect()
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
    let gone = |name: OsString| {
        let record = record::read(&private, &name, snapshot.uid)?;
        let is_gone = matches!(record.sources(), Sources::Gone | Sources::Another);
        let path = record.workspace.filter(|_| is_gone && record.used < yesterday)?.path;
        files::is_there(&place.private_dir().join(name)).then_some(path)
    };
    let gone: Vec<_> = record::names(&private).into_iter().filter_map(gone).collect();
    let Some(first) = gone.first() else { return Ok(Vec::new()) };
    let text = format!(
        "{} no workspace any more; `{}` is gone",
        counted(gone.len() as u64, "target directory has", "target directories have"),
        escaped(first)
    );
    Ok(vec![Finding::new(Severity::Note, text).at(first).help("cargo-peruser gc --apply")])
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
        let state = provisioner.look(&person);
        if let Ok(State::Missing) = state {
            let text = format!("there is no `{}`", escaped(&path));
            let help = provision_command(person.uid);
            let missing = Finding::new(Severity::Warn, text).at(&path).help(help);
            found.push(missing.about(&name_of(person.uid)));
        }
        found.extend(faults(machine, &place, &owner, state));
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
    // Removal is offered only if the owner has no account. A uid without an account may be one from a
    // container.
    let removal = format!("rm -rf --one-file-system {}", quoted(path));
    let root = path.parent().and_then(|root| files::entry(root).ok());
    let is_closed = root.is_some_and(|root| root.mode & 0o022 == 0);
    let help = match person.standing {
        Standing::Departed if is_closed => machine.ask_by(0, path, 0, &removal),
        _ => Look::Entry.at(path, "remove it, if nothing of it is needed"),
    };
    Some(Finding::new(severity, text).at(path).help(help).about(&name_of(uid)))
}
