//! The shared root: who can change it, and the file system that it is on.

use std::path::Path;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};

use super::finding::{Checked, Finding, Severity};
use super::machine::Machine;
use crate::os::files;
use crate::private_dir::{self, Caller};
use crate::settings::StickyRoot;
use crate::ui::escape::{bytes, quoted, shown};

/// What a build of some size needs, in bytes.
const ENOUGH: u64 = 512 << 20;

/// `root`.
pub(super) fn root(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim()?;
    let Some(root) = plan.settings().shared_root() else { return Ok(Vec::new()) };
    if !files::is_there(root) {
        return Ok(vec![missing(machine, root)]);
    }
    let caller = plan.caller();
    let mut found = Vec::new();
    if let Err(failure) = private_dir::examine_root(root, &caller) {
        found.push(Finding::of(&failure).at(root));
    } else if let Err(failure) =
        private_dir::examine_root(root, &Caller { checkout: None, ..caller.clone() })
    {
        let text = format!(
            "builds of this workspace are not refused because others can write to its sources \
             anyway; all other builds say: {}",
            failure.text
        );
        found.push(Finding::new(Severity::Note, text).at(root));
    } else if caller.sticky_root == StickyRoot::Accept
        && files::entry(root).is_ok_and(|entry| entry.mode & 0o022 != 0)
    {
        let text = format!(
            "others can create files in `{}`, and so run code as everybody who builds below it: the \
             settings accept that (`sticky-root`)",
            shown(root)
        );
        found.push(Finding::new(Severity::Note, text).at(root));
    }
    if let Ok(system) = statvfs(root) {
        found.extend(mounted(machine, root, &system));
        found.extend(room(root, &system));
    }
    Ok(found)
}

fn missing(machine: &Machine<'_>, root: &Path) -> Finding {
    let text =
        format!("the shared root `{}` does not exist, so the shim changes nothing", shown(root));
    let is_own = machine.homes.home().is_some_and(|home| root.starts_with(home));
    let uid = if is_own { machine.snapshot.acting } else { 0 };
    let setup = format!("cargo-peruser setup --shared-root {}", quoted(root));
    Finding::new(Severity::Warn, text).at(root).help(machine.ask(uid, &setup))
}

/// What the file system's mount does not allow.
fn mounted(machine: &Machine<'_>, root: &Path, system: &StatVfs) -> Vec<Finding> {
    let place = quoted(root);
    let remount = |option| {
        machine.ask(0, &format!("mount -o remount,{option} \"$(findmnt -no TARGET -T {place})\""))
    };
    let mut found = Vec::new();
    if system.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let text = format!("`{}` is on a file system mounted read-only", shown(root));
        found.push(Finding::new(Severity::Fail, text).at(root).help(remount("rw")));
    }
    if system.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        let text = format!(
            "`{}` is on a file system mounted noexec: build scripts and tests cannot run there",
            shown(root)
        );
        found.push(Finding::new(Severity::Fail, text).at(root).help(remount("exec")));
    }
    found.extend(without_locks(root));
    found
}

/// Cargo takes no locks on NFS.
fn without_locks(root: &Path) -> Option<Finding> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if rustix::fs::statfs(root).is_ok_and(|it| it.f_type == rustix::fs::NFS_SUPER_MAGIC) {
        let text = format!(
            "`{}` is on NFS, where cargo takes no locks: two builds of one workspace at once damage \
             each other",
            shown(root)
        );
        return Some(Finding::new(Severity::Warn, text).at(root));
    }
    let _ = root;
    None
}

/// What is left for ordinary accounts.
fn room(root: &Path, system: &StatVfs) -> Option<Finding> {
    let left = system.f_bavail.saturating_mul(system.f_frsize);
    let no_inodes = system.f_files > 0 && system.f_favail < system.f_files / 100;
    let what = match (left < ENOUGH, no_inodes) {
        (true, _) => format!("only {} are free", bytes(left)),
        (_, true) => format!("only {} inodes are free", system.f_favail),
        _ => return None,
    };
    let text =
        format!("{what} on the file system of `{}`, and builds fail without room", shown(root));
    let severity = if left == 0 || system.f_files > 0 && system.f_favail == 0 {
        Severity::Fail
    } else {
        Severity::Warn
    };
    let help = "run `cargo clean` in workspaces that you do not build any more";
    Some(Finding::new(severity, text).at(root).help(help))
}
