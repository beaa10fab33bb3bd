//! Private directories: the caller's, or everybody's.

use std::ffi::OsStr;
use std::path::Path;

use super::finding::{Cannot, Checked, Finding, Severity};
use super::machine::{Machine, Who};
use crate::caches::people::{People, Person, Standing, doubts_departed};
use crate::os::snapshot::Snapshot;
use crate::os::{accounts, files};
use crate::private_dir::place::{PlaceKind, Required};
use crate::private_dir::provision::Provisioner;
use crate::private_dir::{self, State, provision_command};
use crate::shim::Plan;
use crate::ui::escape::{escaped, quoted};
use crate::ui::look::Look;
use crate::workspace::record::{self, Sources};

/// `private-dir`.
pub(super) fn private_dir(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim();
    let root = plan.as_ref().ok().and_then(|plan| plan.settings().shared_root());
    if let (Ok(plan), Some(root)) = (&plan, root.filter(|root| files::is_there(root))) {
        if private_dir::examine_root(root, &plan.caller()).is_err() {
            return Err(Cannot("the shared root is refused"));
        }
        if machine.who == Who::Everybody {
            return everybodys(machine, plan, root);
        }
    }
    match &machine.by_name {
        Err(failure) if failure.exit == 78 => Err(Cannot("the settings cannot be used")),
        Err(failure) => Ok(vec![Finding::of(failure)]),
        Ok(plan) => Ok(own(machine, plan).into_iter().collect()),
    }
}

fn own(machine: &Machine<'_>, plan: &Plan<'_>) -> Option<Finding> {
    let Required { place, .. } = plan.decision.required.as_ref()?;
    let path = place.private_dir();
    match plan.examine() {
        Err(failure) => Some(Finding::of(&failure).at(&path)),
        Ok(Some(State::Readable)) => Some(readable(machine, &path, machine.snapshot.uid)),
        Ok(_) if place.kind == PlaceKind::InOwnCache => {
            let command = plan.provision_command()?;
            let text = format!(
                "you have no private directory in the shared root, so builds go to `{}`",
                escaped(&path)
            );
            Some(Finding::new(Severity::Warn, text).at(&path).help(command))
        }
        Ok(_) => None,
    }
}

/// `records`: what is for a workspace that is gone takes room until `gc` removes it, which it does not do
/// on the first day.
pub(super) fn records(machine: &Machine<'_>) -> Checked {
    let plan = machine.by_name.as_ref().map_err(|_| Cannot("there is no private directory"))?;
    let Some(Required { place, .. }) = &plan.decision.required else { return Ok(Vec::new()) };
    // What is refused or missing has been said.
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

/// In seconds.
const DAY: i64 = 24 * 60 * 60;

fn readable(machine: &Machine<'_>, path: &Path, uid: u32) -> Finding {
    let mode = files::entry(path).map_or(0, |entry| entry.mode);
    let text = format!(
        "others can look into `{}` (mode {mode:04o}) until the next build makes it private",
        escaped(path)
    );
    let command = format!("chmod 0700 {}", quoted(path));
    let help = machine.ask_at(path, uid, &command);
    Finding::new(Severity::Warn, text).at(path).owned_by(&accounts::owner(uid)).help(help)
}

fn everybodys(machine: &Machine<'_>, plan: &Plan<'_>, root: &Path) -> Checked {
    let Ok(provisioner) = Provisioner::new(root, plan.settings(), None) else {
        return Err(Cannot("the shared root cannot be looked at"));
    };
    let mut found = Vec::new();
    for person in provisioner.everybody() {
        let path = provisioner.place(&person).private_dir();
        let owner = accounts::owner(person.uid);
        let finding = match provisioner.look(&person) {
            Err(failure) => Finding::of(&failure),
            Ok(State::Private) => continue,
            Ok(State::Readable) => readable(machine, &path, person.uid),
            Ok(State::Missing) => {
                let text = format!("there is no `{}`", escaped(&path));
                Finding::new(Severity::Warn, text).help(provision_command(person.uid))
            }
        };
        found.push(finding.at(&path).about(owner.word().as_ref()));
    }
    found.extend(departed(machine, plan, root));
    Ok(found)
}

/// Directories of which neither the owner nor the name has an account any more.
fn departed(machine: &Machine<'_>, plan: &Plan<'_>, root: &Path) -> Vec<Finding> {
    let Snapshot { uid, gid, .. } = *machine.snapshot;
    let people = People::of(plan.settings(), &machine.homes, uid, gid).visible;
    if let Some(why) = doubts_departed(&people) {
        let text = format!("nobody can tell which accounts are gone: {why}");
        return vec![Finding::new(Severity::Warn, text).at(root).help("getent passwd")];
    }
    let is_closed = files::entry(root).is_ok_and(|entry| entry.mode & 0o022 == 0);
    // A number without an account may still build: its directory is called so.
    let is_numbered = |person: &Person| person.name == format!("uid-{}", person.account.uid);
    let gone = people.iter().filter(|person| person.standing == Standing::Departed);
    gone.filter(|person| !is_numbered(person))
        .map(|person| {
            let (path, owner) = (&person.path, accounts::owner(person.account.uid));
            let text = format!("`{}` belongs to {owner}, which has no account", escaped(path));
            // A number without an account may be one of a container's.
            let help = match is_closed {
                true => format!("rm -rf --one-file-system {}", quoted(path)),
                false => Look::Entry.at(path, "remove it, if nothing of it is needed"),
            };
            let subject = format!("uid-{}", person.account.uid);
            let finding = Finding::new(Severity::Note, text).at(path).owned_by(&owner).help(help);
            finding.about(subject.as_ref())
        })
        .collect()
}
