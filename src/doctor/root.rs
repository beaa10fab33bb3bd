//! Checks the shared root: who can change it, and the file system that it is on.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};

use super::finding::{Checked, Finding, Severity};
use super::machine::Machine;
use crate::os::facts::{is_noexec, is_on_nfs, is_on_tmpfs};
use crate::os::{acls, files};
use crate::private_dir::shared_root::remedy;
use crate::private_dir::{self, Caller};
use crate::shim::Plan;
use crate::ui::escape::{bytes, escaped, quoted};

/// The space that a build of some size needs, in bytes.
const ENOUGH: u64 = 512 << 20;

/// `root`.
pub(super) fn root(machine: &Machine<'_>) -> Checked {
    let Machine { plan, .. } = machine;
    let Some(root) = plan.settings().shared_root() else { return Ok(Vec::new()) };
    if !files::is_there(root) {
        return Ok(vec![missing(machine, root)]);
    }
    // With `missing = "refuse"`, builds are refused.
    if plan.has_hidden_root() && plan.examine().is_ok() {
        let text = format!(
            "this user namespace hides who owns the shared root `{}`, so builds do not use it",
            escaped(root)
        );
        return Ok(vec![Finding::new(Severity::Note, text).at(root)]);
    }
    let mut found = Vec::from_iter(writers(plan, root));
    if let Ok(system) = statvfs(root) {
        found.extend(mounted(machine, root, &system));
        found.extend(File::open(root).into_iter().filter_map(|open| kind(root, &open)));
        found.extend(room(root, &system));
    }
    found.extend(default_acl(machine, root));
    found.extend(aged(machine, root));
    Ok(found)
}

/// Who can write to the root and to its ancestor directories.
fn writers(plan: &Plan<'_>, root: &Path) -> Option<Finding> {
    let caller = plan.caller();
    if let Err(failure) = private_dir::examine_root(root, &caller) {
        return Some(Finding::of(&failure).at(root));
    }
    let elsewhere = Caller { checkout: None, ..caller };
    let failure = private_dir::examine_root(root, &elsewhere).err()?;
    let text = format!(
        "others can write to the sources of this workspace anyway, so its builds are not refused; all \
         other builds say: {}",
        failure.text
    );
    Some(Finding { severity: Severity::Note, text, ..Finding::of(&failure) }.at(root))
}

fn missing(machine: &Machine<'_>, root: &Path) -> Finding {
    let text =
        format!("the shared root `{}` does not exist, so the shim changes nothing", escaped(root));
    let is_own = machine.homes.home().is_some_and(|home| root.starts_with(home));
    let uid = if is_own { machine.snapshot.acting } else { 0 };
    let help = remedy(root, &machine.plan.caller().root_origin, |setup| machine.ask(uid, setup));
    Finding::new(Severity::Warn, text).at(root).help(help)
}

/// What the mount options of a directory's file system prevent. One command changes all of them: with a
/// bind mount, another one alone would not be allowed.
pub(super) fn mounted(
    machine: &Machine<'_>,
    directory: &Path,
    system: &StatVfs,
) -> Option<Finding> {
    let is_read_only = system.f_flag.contains(StatVfsMountFlags::RDONLY);
    let faults = [
        (is_read_only, "read-only", "rw"),
        (is_noexec(system), "noexec: build scripts and tests cannot run there", "exec"),
    ];
    let faults = faults.iter().filter(|(is_so, ..)| *is_so);
    let (faults, options): (Vec<&str>, Vec<&str>) = faults.map(|it| (it.1, it.2)).unzip();
    if faults.is_empty() {
        return None;
    }
    let (place, options) = (quoted(directory), options.join(","));
    let command = format!("mount -o remount,{options} \"$(findmnt -no TARGET -T {place})\"");
    let faults = faults.join(" and ");
    let text = format!("`{}` is on a file system mounted {faults}", escaped(directory));
    Some(Finding::new(Severity::Fail, text).at(directory).help(machine.ask(0, &command)))
}

/// What this type of file system lacks.
fn kind(root: &Path, open: &File) -> Option<Finding> {
    let device = |path| files::entry(path).ok().map(|entry| entry.identity.0);
    let (severity, lacks) = if is_on_nfs(open) {
        let lacks = "on NFS, where cargo takes no locks: two builds of one workspace at once damage \
                     each other";
        (Severity::Warn, lacks)
    } else if is_on_tmpfs(open) && device(root) != device(Path::new("/")) {
        (Severity::Note, "on a tmpfs: what is built takes memory, and is gone after a restart")
    } else {
        return None;
    };
    let text = format!("`{}` is {lacks}", escaped(root));
    let help = "choose a shared root on a local disk: cargo-peruser setup --shared-root DIRECTORY";
    Some(Finding::new(severity, text).at(root).help(help))
}

/// The default ACL of the root, which new entries inherit.
fn default_acl(machine: &Machine<'_>, root: &Path) -> Option<Finding> {
    let owner = files::entry(root).ok().filter(|_| acls::has_default(root))?.uid;
    let text = format!(
        "`{}` has a default ACL: what is made there without cargo-peruser is open to those in it",
        escaped(root)
    );
    let command = format!("setfacl -k {}", quoted(root));
    Some(machine.for_owner(Severity::Note, text, (root, owner), &command))
}

/// The space that is left for ordinary accounts. Some file systems do not report it.
fn room(root: &Path, system: &StatVfs) -> Option<Finding> {
    let space = system.f_bavail.saturating_mul(system.f_frsize);
    let (left, what) = if system.f_blocks > 0 && space < ENOUGH {
        (space, format!("{} are free", bytes(space)))
    } else if system.f_favail < system.f_files / 100 {
        (system.f_favail, format!("{} inodes are free", system.f_favail))
    } else {
        return None;
    };
    let text = format!(
        "only {what} on the file system of `{}`, and builds fail without room",
        escaped(root)
    );
    let severity = if left == 0 { Severity::Fail } else { Severity::Warn };
    Some(Finding::new(severity, text).at(root).help("cargo-peruser gc --apply"))
}

/// Where systemd-tmpfiles(8) reads what to remove. A file replaces one with the same name in a later
/// directory.
const TMPFILES: [&str; 3] = ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/lib/tmpfiles.d"];

/// The line that makes systemd remove old files below the root, and so parts of target directories.
fn aged(machine: &Machine<'_>, root: &Path) -> Option<Finding> {
    let all = TMPFILES.iter().rev().flat_map(|place| files::sorted_entries(Path::new(place)));
    let all = all.filter(|path| path.extension().is_some_and(|it| it == "conf"));
    let by_name = all.map(|path| (path.file_name().map(OsStr::to_owned), path));
    let mut aged = None;
    for file in BTreeMap::from_iter(by_name).into_values() {
        let text = files::read_regular(&file).unwrap_or_default();
        for (kind, age) in text.lines().filter_map(|line| covering(line, root)) {
            match kind {
                // Nothing there is removed, whatever other lines say.
                'x' => return None,
                'd' | 'D' | 'e' | 'v' | 'q' | 'Q' | 'C' if age != "-" => {
                    aged = Some((file.clone(), age.to_owned()));
                }
                _ => {}
            }
        }
    }
    let (file, age) = aged?;
    let text = format!(
        "systemd removes what is unused for {} below `{}`, by `{}`, and so parts of target directories",
        escaped(&age),
        escaped(root),
        escaped(&file)
    );
    let line = quoted(&format!("x {}", root.to_string_lossy()));
    let command = format!("echo {line} > /etc/tmpfiles.d/cargo-peruser.conf");
    Some(Finding::new(Severity::Warn, text).at(&file).help(machine.ask(0, &command)))
}

/// The type and the age in a line of tmpfiles.d(5), `type path mode user group age`, if its path is or
/// contains `root`.
fn covering<'t>(line: &'t str, root: &Path) -> Option<(char, &'t str)> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.next()?.chars().next()?;
    root.starts_with(words.next()?).then(|| (kind, words.nth(3).unwrap_or("-")))
}

#[cfg(test)]
mod tests {
    use super::covering;
    use std::path::Path;

    #[test]
    fn knows_which_lines_of_tmpfiles_reach_the_root() {
        for (line, expected) in [
            ("d /var/cache 0755 root root -", Some(('d', "-"))),
            ("e! /var/cache - - - 10d", Some(('e', "10d"))),
            ("# q /var/cache - - - 10d", None),
            ("q /var/cach - - - 10d", None),
            ("q /var/tmp 1777 root root 30d", None),
            ("q /var 0755 root root 10d", Some(('q', "10d"))),
            ("x /var/cache/builds", Some(('x', "-"))),
            ("d /var", Some(('d', "-"))),
            ("", None),
        ] {
            assert_eq!(covering(line, Path::new("/var/cache/builds")), expected, "{line}");
        }
    }
}
