//! What is one's own and should be nobody else's: target directories and the homes of cargo and rustup.

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::finding::{Checked, Finding, Severity};
use super::machine::{Machine, Who, others_write};
use crate::os::{accounts, files};
use crate::private_dir::provision::Provisioner;
use crate::ui::escape::{escaped, quoted};

/// How far down is looked: in target directories that is what a profile's directory holds.
const DEPTH: usize = 3;

/// How many entries are looked at in one of them; what is beyond is left to those who look for it.
const MOST: usize = 50_000;

/// Another account's files below a directory.
#[derive(Default)]
struct Foreign {
    first: Option<(PathBuf, u32)>,
    count: usize,
}

/// `foreign-owned`.
pub(super) fn foreign_owned(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim()?;
    let mut found = Vec::new();
    if machine.who == Who::Everybody
        && let Some(root) = plan.settings().shared_root()
        && let Ok(provisioner) = Provisioner::new(root, plan.settings(), None)
    {
        for person in provisioner.everybody() {
            let account = accounts::account(person.uid, &[]);
            let homes =
                account.home.iter().flat_map(|home| [".cargo", ".rustup"].map(|it| home.join(it)));
            let all = std::iter::once(provisioner.place(&person).private_dir()).chain(homes);
            let name = accounts::owner(person.uid).word();
            let findings = all.filter_map(|top| foreign(machine, &top, person.uid));
            found.extend(findings.map(|finding| finding.about(name.as_ref())));
        }
    }
    let required = plan.decision.required.as_ref();
    let private = required.map(|required| required.place.private_dir());
    let homes = machine.tool_homes().into_iter().filter_map(|(_, path)| path);
    let uid = machine.snapshot.uid;
    found.extend(private.into_iter().chain(homes).filter_map(|top| foreign(machine, &top, uid)));
    Ok(found)
}

/// What others own in a directory that is `uid`'s.
fn foreign(machine: &Machine<'_>, top: &Path, uid: u32) -> Option<Finding> {
    files::entry(top).ok().filter(|entry| entry.uid == uid)?;
    let Foreign { first, count } = look(top, uid);
    let (first, owner) = first?;
    let owner = accounts::owner(owner);
    let more = match count {
        0 | 1 => " belongs".to_owned(),
        2 => " and another entry belong".to_owned(),
        _ => format!(" and {} other entries belong", count - 1),
    };
    let text = format!(
        "`{}`{more} to {owner}: builds, `cargo clean` and updates fail there",
        escaped(&first)
    );
    let finding = Finding::new(Severity::Fail, text).at(&first).owned_by(&owner);
    // Root follows no symlink: neither below it nor in its place.
    let command = format!("chown -RhP {}: {}", accounts::owner(uid).word(), quoted(top));
    Some(finding.help(machine.ask_at(top.parent().unwrap_or(top), 0, &command)))
}

/// Looks at the upper levels without following symlinks; a directory of somebody else's counts once.
fn look(top: &Path, uid: u32) -> Foreign {
    let mut foreign = Foreign::default();
    let mut seen = 0;
    let mut waiting = VecDeque::from([(top.to_owned(), 1)]);
    while let Some((directory, depth)) = waiting.pop_front() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST {
                return foreign;
            }
            let Ok(found) = entry.metadata() else { continue };
            if found.uid() != uid {
                foreign.count += 1;
                foreign.first.get_or_insert_with(|| (entry.path(), found.uid()));
            } else if found.is_dir() && depth < DEPTH {
                waiting.push_back((entry.path(), depth + 1));
            }
        }
    }
    foreign
}

/// `shared-homes`.
pub(super) fn shared_homes(machine: &Machine<'_>) -> Checked {
    let uid = machine.snapshot.uid;
    let mut found = Vec::new();
    for (variable, path) in machine.tool_homes() {
        let Some(path) = path.filter(|path| path.is_dir()) else { continue };
        let Ok(entry) = std::fs::metadata(&path) else { continue };
        let owner = accounts::owner(entry.uid());
        let fault = match others_write(&entry) {
            true => format!("several accounts can write to (mode {:04o})", entry.mode() & 0o7777),
            false if ![0, uid].contains(&entry.uid()) => format!("belongs to {owner}"),
            false => continue,
        };
        let text = format!(
            "{variable} is `{}`, which {fault}: people there wait for each other, and run what others \
             have put there",
            escaped(&path)
        );
        let help = match machine.snapshot.variable(variable) {
            Some(_) => format!("unset {variable}"),
            None => {
                let command = format!("chmod go-w {}", quoted(&path));
                machine.ask_at(&path, entry.uid(), &command)
            }
        };
        found.push(Finding::new(Severity::Warn, text).at(&path).owned_by(&owner).help(help));
    }
    Ok(found)
}
