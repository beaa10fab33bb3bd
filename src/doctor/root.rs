//! Checks the shared root: who can change it, and the file system that it is on.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};

use super::finding::{Checked, Finding, Severity};
use super::machine::Machine;
use crate::os::facts::{is_noexec, is_on_nfs, is_on_tmpfs};
use crate::os::{acls, files};
use crate::private_dir::place::Required;
use crate::private_dir::shared_root::remedy;
use crate::private_dir::{self, Caller};
use crate::settings::parse::removal;
use crate::settings::{Key, StickyRoot};
use crate::shim::Plan;
use crate::ui::escape::{bytes, escaped, quoted};

/// The space that a build of some size needs, in bytes.
const ENOUGH: u64 = 512 << 20;

/// `root`.
pub(super) fn root(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim()?;
    let Some(root) = plan.settings().shared_root() else { return Ok(Vec::new()) };
    if !files::is_there(root) {
        return Ok(vec![missing(machine, plan, root)]);
    }
    if let Some(finding) = hidden(plan, root) {
        return Ok(vec![finding]);
    }
    let mut found = Vec::from_iter(writers(machine, plan, root));
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
fn writers(machine: &Machine<'_>, plan: &Plan<'_>, root: &Path) -> Option<Finding> {
    let caller = plan.caller();
    if let Err(failure) = private_dir::examine_root(root, &caller) {
        return Some(Finding::of(&failure).at(root));
    }
    let elsewhere = Caller { checkout: None, ..caller.clone() };
    if let Err(failure) = private_dir::examine_root(root, &elsewhere) {
        let text = format!(
            "others can write to the sources of this workspace anyway, so its builds are not refused; \
             all other builds say: {}",
            failure.text
        );
        return Some(Finding { severity: Severity::Note, text, ..Finding::of(&failure) }.at(root));
    }
    let others_write = files::entry(root).is_ok_and(|entry| entry.mode & 0o022 != 0);
    if caller.sticky_root != StickyRoot::Accept || !others_write {
        return None;
    }
    let text = format!(
        "others can create files in `{}`, and so run code as everybody who builds below it: the \
         settings accept that (`sticky-root`)",
        escaped(root)
    );
    let origin = plan.settings().origin(Key::StickyRoot).unwrap_or_default();
    let setup = remedy(root, &caller.root_origin, |setup| machine.ask(0, setup));
    let help = format!("{}; then {setup}", removal(origin));
    Some(Finding::new(Severity::Note, text).at(root).help(help))
}

/// Where builds go if a user namespace hides the root's owner.
fn hidden(plan: &Plan<'_>, root: &Path) -> Option<Finding> {
    let Required { place, .. } = plan.decision.required.as_ref()?;
    if !plan.has_hidden_root() || plan.examine().is_err() {
        return None;
    }
    let text = format!(
        "this user namespace hides who owns the shared root `{}`, so builds go to `{}`",
        escaped(root),
        escaped(&place.private_dir())
    );
    Some(Finding::new(Severity::Note, text).at(root))
}

fn missing(machine: &Machine<'_>, plan: &Plan<'_>, root: &Path) -> Finding {
    let text =
        format!("the shared root `{}` does not exist, so the shim changes nothing", escaped(root));
    let is_own = machine.homes.home().is_some_and(|home| root.starts_with(home));
    let uid = if is_own { machine.snapshot.acting } else { 0 };
    let help = remedy(root, &plan.caller().root_origin, |setup| machine.ask(uid, setup));
    Finding::new(Severity::Warn, text).at(root).help(help)
}

/// What the mount options of a directory's file system prevent.
pub(super) fn mounted(machine: &Machine<'_>, directory: &Path, system: &StatVfs) -> Vec<Finding> {
    let place = quoted(directory);
    let remount = |option| {
        machine.ask(0, &format!("mount -o remount,{option} \"$(findmnt -no TARGET -T {place})\""))
    };
    let mut found = Vec::new();
    if system.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let text = format!("`{}` is on a file system mounted read-only", escaped(directory));
        found.push(Finding::new(Severity::Fail, text).at(directory).help(remount("rw")));
    }
    if is_noexec(system) {
        let text = format!(
            "`{}` is on a file system mounted noexec: build scripts and tests cannot run there",
            escaped(directory)
        );
        found.push(Finding::new(Severity::Fail, text).at(directory).help(remount("exec")));
    }
    found
}

/// What this type of file system lacks.
fn kind(root: &Path, open: &File) -> Option<Finding> {
    let device = |path| files::entry(path).ok().map(|entry| entry.identity.0);
    let (severity, lacks, help) = if is_on_nfs(open) {
        let lacks = "on NFS, where cargo takes no locks: two builds of one workspace at once damage \
                     each other";
        (Severity::Warn, lacks, "choose a shared root on a local disk")
    } else if is_on_tmpfs(open) && device(root) != device(Path::new("/")) {
        let lacks = "on a tmpfs: what is built takes memory, and is gone after a restart";
        (Severity::Note, lacks, "choose a shared root on a disk")
    } else {
        return None;
    };
    let text = format!("`{}` is {lacks}", escaped(root));
    let help = format!("{help}: cargo-peruser setup --shared-root DIRECTORY");
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

/// The space that is left for ordinary accounts.
fn room(root: &Path, system: &StatVfs) -> Option<Finding> {
    // Some file systems do not report this.
    if system.f_blocks == 0 {
        return None;
    }
    let left = system.f_bavail.saturating_mul(system.f_frsize);
    let no_inodes = system.f_files > 0 && system.f_favail < system.f_files / 100;
    let what = match (left < ENOUGH, no_inodes) {
        (true, _) => format!("only {} are free", bytes(left)),
        (_, true) => format!("only {} inodes are free", system.f_favail),
        _ => return None,
    };
    let text =
        format!("{what} on the file system of `{}`, and builds fail without room", escaped(root));
    let severity = if left == 0 || system.f_files > 0 && system.f_favail == 0 {
        Severity::Fail
    } else {
        Severity::Warn
    };
    let help = "cargo-peruser gc --apply";
    Some(Finding::new(severity, text).at(root).help(help))
}

/// Where systemd-tmpfiles(8) reads what to remove. A file replaces one with the same name in a later
/// directory.
const TMPFILES: [&str; 3] = ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/lib/tmpfiles.d"];

/// The line that makes systemd remove old files below the root, and so parts of target directories.
fn aged(machine: &Machine<'_>, root: &Path) -> Option<Finding> {
    let mut names = BTreeMap::new();
    for directory in TMPFILES {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            names.entry(entry.file_name()).or_insert(entry.path());
        }
    }
    let mut aged = None;
    for file in names.into_values().filter(|path| path.extension().is_some_and(|it| it == "conf")) {
        let text = files::read_regular(&file).unwrap_or_default();
        match age(&text, root) {
            Age::Excluded => return None,
            Age::Removed(age) => aged = Some((file, age)),
            Age::Untouched => {}
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

/// What happens to a directory's old files.
#[derive(Debug, PartialEq, Eq)]
enum Age {
    Untouched,
    /// They are removed at this age.
    Removed(String),
    /// They are never removed, whatever other lines say.
    Excluded,
}

/// What a tmpfiles.d(5) file says about the content of `root`. A line is `type path mode user group
/// age`.
fn age(text: &str, root: &Path) -> Age {
    let mut found = Age::Untouched;
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [kind, path, rest @ ..] = words.as_slice() else { continue };
        if !root.starts_with(path) {
            continue;
        }
        match (kind.chars().next(), rest) {
            (Some('x'), _) => return Age::Excluded,
            (Some('d' | 'D' | 'e' | 'v' | 'q' | 'Q' | 'C'), [_, _, _, age, ..]) if *age != "-" => {
                found = Age::Removed((*age).to_owned());
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Age, age};
    use std::path::Path;

    #[test]
    fn knows_which_lines_of_tmpfiles_reach_the_root() {
        let removed = || Age::Removed("10d".to_owned());
        for (text, expected) in [
            ("d /var/cache 0755 root root -", Age::Untouched),
            ("e! /var/cache - - - 10d", removed()),
            ("# q /var/cache - - - 10d", Age::Untouched),
            ("q /var/cach - - - 10d\nq /var/tmp 1777 root root 30d", Age::Untouched),
            ("q /var 0755 root root 10d", removed()),
            ("q /var - - - 10d\nx /var/cache/builds", Age::Excluded),
            ("d /var", Age::Untouched),
        ] {
            assert_eq!(age(text, Path::new("/var/cache/builds")), expected, "{text}");
        }
    }
}
