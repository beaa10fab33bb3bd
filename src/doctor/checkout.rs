//! Checks the workspace in the working directory: an old `target`, and what hinders users who share the
//! checkout.

use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{Access, access};

use super::finding::{Checked, Finding, Severity};
use super::machine::Machine;
use crate::os::entry::{Entry, Kind};
use crate::os::{accounts, files, trust};
use crate::shim::migrate_command;
use crate::ui::escape::{escaped, quoted};
use crate::ui::look::Look;
use crate::workspace::Workspace;

/// `left-behind`.
pub(super) fn left_behind(machine: &Machine<'_>) -> Checked {
    let Some(target) = machine.plan.leftover() else { return Ok(Vec::new()) };
    // Another user may have chosen where a symlink points.
    let entry = files::entry(&target).ok().filter(|entry| entry.kind == Kind::Directory);
    let Some(entry) = entry else { return Ok(Vec::new()) };
    let help = match entry.uid == machine.snapshot.uid {
        true => migrate_command(&target),
        false => {
            let words = format!("ask {} to remove it", accounts::owner(entry.uid));
            Look::Entry.at(&target, &words)
        }
    };
    let text = format!(
        "`{}` is left from earlier builds and no longer used: scripts that run programs from it run \
         old ones",
        escaped(&target)
    );
    Ok(vec![Finding::new(Severity::Warn, text).at(&target).help(help)])
}

/// `checkout`.
pub(super) fn checkout(machine: &Machine<'_>) -> Checked {
    let workspace = machine.plan.facts.workspace.as_ref().and_then(Workspace::directory);
    let Some(workspace) = workspace else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    if let Ok(entry) = files::entry(workspace)
        && entry.mode & 0o020 != 0
        && trust::others_write(workspace, &entry, entry.uid)
    {
        found.extend(shared(machine, workspace, &entry));
    }
    found.extend(dubious(machine, workspace));
    found.extend(nextest(&workspace.join("target/nextest")));
    Ok(found)
}

/// nextest keeps its reports in the checkout, whatever `CARGO_TARGET_DIR` says. No variable of nextest
/// moves them.
fn nextest(store: &Path) -> Option<Finding> {
    let entry = files::entry(store).ok()?;
    access(store, Access::WRITE_OK).err()?;
    let owner = accounts::owner(entry.uid);
    let text = format!(
        "`{}` belongs to {owner}, and nextest fails where it writes reports there",
        escaped(store)
    );
    let help = format!(
        "ask {owner} to remove it, or keep your reports elsewhere: \
         printf '[store]\\ndir = \"%s\"\\n' ~/.cache/nextest >~/nextest.toml && \
         cargo nextest run --tool-config-file own:$HOME/nextest.toml"
    );
    Some(Finding::new(Severity::Warn, text).at(store).help(help))
}

/// What prevents the members of its group from working in a checkout that is meant for them.
fn shared(machine: &Machine<'_>, workspace: &Path, entry: &Entry) -> Vec<Finding> {
    let group = accounts::group_word(entry.gid);
    let mut found = Vec::new();
    if entry.mode & 0o2000 == 0 {
        let text = format!(
            "the checkout `{}` is for the group {group}, and what is made in it is not, because the \
             set-group-id bit is missing",
            escaped(workspace)
        );
        let command = format!("chmod g+s {}", quoted(workspace));
        found.push(machine.for_owner(Severity::Warn, text, (workspace, entry.uid), &command));
    }
    let can_create = access(workspace, Access::WRITE_OK).is_ok();
    if can_create && umask().is_some_and(|umask| umask & 0o020 != 0) {
        let text = format!(
            "files that you create in the checkout `{}` are not writable for its group {group}, because \
             of your umask",
            escaped(workspace)
        );
        found.push(Finding::new(Severity::Note, text).at(workspace).help("umask 002"));
    }
    let path = workspace.join("Cargo.lock");
    let lock = files::entry(&path).ok();
    if let Some(lock) = lock.filter(|it| it.mode & 0o020 == 0 || it.gid != entry.gid) {
        let owner = accounts::owner(lock.uid);
        let text = format!(
            "`{}` cannot be written by the group {group} (mode {:04o}), so a change of a dependency \
             fails for everybody but {owner}",
            escaped(&path),
            lock.mode
        );
        // Only a file's owner can change its mode. If another user puts a symlink here, the command
        // still changes only the owner's own files.
        let command = format!("chgrp {group} {0} && chmod g+w {0}", quoted(&path));
        let help = machine.ask(lock.uid, &command);
        found.push(Finding::new(Severity::Warn, text).at(&path).help(help));
    }
    found
}

/// The umask of this process. Any other way to read it also changes it.
fn umask() -> Option<u32> {
    let status = files::text_of_system("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(value.trim(), 8).ok()
}

/// git refuses a repository that another account owns, and so do cargo's own calls of git.
fn dubious(machine: &Machine<'_>, workspace: &Path) -> Option<Finding> {
    let top = workspace.ancestors().find(|above| files::is_there(&above.join(".git")))?;
    let owner = files::owner(&top.join(".git")).ok().flatten()?;
    // As root, git also accepts the account that called `sudo`.
    let sudo = machine.snapshot.variable("SUDO_UID").filter(|_| machine.snapshot.uid == 0);
    if owner == machine.snapshot.uid || sudo.is_some_and(|uid| *uid == *owner.to_string()) {
        return None;
    }
    let mut git = Command::new("git");
    git.args(["config", "--get-all", "safe.directory"]).current_dir("/");
    let said = git.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout);
    if said.lines().any(|line| line == "*" || Path::new(line) == top) {
        return None;
    }
    let owner = accounts::owner(owner);
    let text = format!("git refuses the repository `{}`, because it is {owner}'s", escaped(top));
    let help = format!("git config --global --add safe.directory {}", quoted(top));
    Some(Finding::new(Severity::Warn, text).at(top).help(help))
}

/// `build-dir`.
pub(super) fn build_dir(machine: &Machine<'_>) -> Checked {
    let decision = &machine.plan.decision;
    let moved = decision.build_dir.as_ref().filter(|_| machine.is_redirected());
    let finding = moved.map(|moved| {
        let text = format!(
            "{} sends intermediates to a place that is not your own: the shim overrides that, and \
             other programs that call cargo do not",
            moved.instead_of
        );
        Finding::new(Severity::Note, text).help(
            "for a directory of everybody's own: \
             build-dir = \"{cargo-cache-home}/build/{workspace-path-hash}\"",
        )
    });
    Ok(finding.into_iter().collect())
}
