//! Which shells there are, and which of their start-up files exist.

use std::path::{Path, PathBuf};

use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::session::search_path;
use crate::setup::pieces::{MachineHooks, PersonHooks};

/// The machine's start-up files, for what is installed. A file that a shell's package would bring
/// later is not made: the package manager would ask whose it is.
pub(crate) fn of_machine() -> MachineHooks {
    let first = |places: &[&str]| places.iter().map(PathBuf::from).find(|path| path.exists());
    let below = |directory: &str, name: &str| {
        Path::new(directory).is_dir().then(|| Path::new(directory).join(name))
    };
    let zshenv = || below("/etc/zsh", "zshenv").unwrap_or_else(|| "/etc/zshenv".into());
    MachineHooks {
        profile_d: first(&["/etc/profile.d"]),
        bashrc: first(&["/etc/bash.bashrc", "/etc/bash/bashrc", "/etc/bashrc"]),
        zshenv: is_installed("zsh").then(zshenv),
        fish_conf_d: is_installed("fish").then(|| "/etc/fish/conf.d".into()),
        generators: below("/etc/systemd", "user-environment-generators"),
        user_service: below("/etc/systemd/system", "user@.service.d"),
    }
}

/// A person's own start-up files, for what is installed.
pub(crate) fn of_person(snapshot: &Snapshot, homes: &Homes<'_>, home: &Path) -> PersonHooks {
    let existing = |directory: &Path, names: &[&str]| -> Vec<PathBuf> {
        names.iter().map(|name| directory.join(name)).filter(|path| path.exists()).collect()
    };
    let mut profiles = vec![home.join(".profile")];
    profiles.extend(existing(home, &[".bash_profile", ".bash_login"]));
    let config = homes.config().unwrap_or_else(|| home.join(".config"));
    let has_fish = is_installed("fish");
    // Where a variable moves zsh's files to, its first is still looked for at home by a fresh session.
    let zdotdir = snapshot.absolute_path("ZDOTDIR").filter(|path| homes.is_own(path));
    let zdotdir = zdotdir.unwrap_or_else(|| home.to_owned());
    let mut zsh = vec![home.join(".zshenv")];
    let moved = existing(&zdotdir, &[".zshenv", ".zprofile", ".zshrc", ".zlogin"]);
    zsh.extend(moved.into_iter().filter(|path| *path != home.join(".zshenv")));
    PersonHooks {
        profiles,
        bashrc: is_installed("bash").then(|| home.join(".bashrc")),
        zsh: if is_installed("zsh") { zsh } else { Vec::new() },
        fish_conf_d: has_fish.then(|| config.join("fish/conf.d")),
        fish_config: Some(config.join("fish/config.fish")).filter(|path| has_fish && path.exists()),
        systemd: None,
    }
}

/// Whether a shell is on the search path that everyone has.
fn is_installed(shell: &str) -> bool {
    find(shell).is_some()
}

/// Where a shell is, on the search path that everyone has.
pub(crate) fn find(shell: &str) -> Option<PathBuf> {
    which::which_in_global(shell, Some(search_path::DEFAULT)).ok()?.next()
}
