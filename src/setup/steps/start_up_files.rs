//! Finds the installed shells, and their existing start-up files.

use std::path::{Path, PathBuf};

use crate::os::homes::Homes;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::session::search_path;
use crate::setup::pieces::{GENERATOR, Hook};

/// Where a machine's sessions begin, for what is installed. A file that a shell's package may add later
/// is not created: the package manager would ask whose it is.
pub(crate) fn of_machine() -> Vec<(Hook, PathBuf)> {
    let first = |places: &[&str]| places.iter().map(PathBuf::from).find(|path| path.exists());
    let below = |directory: &str, name: &str| {
        Path::new(directory).is_dir().then(|| Path::new(directory).join(name))
    };
    let zshenv = || below("/etc/zsh", "zshenv").unwrap_or_else(|| "/etc/zshenv".into());
    let snippet = || PathBuf::from("/etc/fish/conf.d").join(FISH_SNIPPET);
    let places = [
        // After the other scripts of its directory, which are sourced in the order of their names.
        (Hook::ProfileScript, below("/etc/profile.d", "zz-cargo-peruser.sh")),
        (Hook::MachinesBashrc, first(&["/etc/bash.bashrc", "/etc/bash/bashrc", "/etc/bashrc"])),
        (Hook::Zsh, is_installed("zsh").then(zshenv)),
        (Hook::Csh, first(&["/etc/csh.cshrc"])),
        (Hook::FishSnippet, is_installed("fish").then(snippet)),
        (
            Hook::Generator,
            below("/etc/systemd", "user-environment-generators")
                .map(|directory| directory.join(GENERATOR)),
        ),
        (Hook::UserService, below("/etc/systemd/system", "user@.service.d/cargo-peruser.conf")),
    ];
    places.into_iter().filter_map(|(hook, path)| Some((hook, path?))).collect()
}

/// Where a person's sessions begin, for what is installed. Files of rarer shells are included only if
/// they exist, or if the shell is the person's login shell.
pub(crate) fn of_person(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    home: &Path,
    account: &Account,
) -> Vec<(Hook, PathBuf)> {
    let login_shell = account.shell.as_deref().and_then(Path::file_name).unwrap_or_default();
    let logs_in_with = |shells: &[&str]| shells.iter().any(|shell| login_shell == *shell);
    let config = homes.config().unwrap_or_else(|| home.join(".config"));
    // Even if the variable moves zsh's files elsewhere, a fresh session looks for the first one at home.
    let zdotdir = snapshot.absolute_path("ZDOTDIR").filter(|path| homes.is_own(path));
    let zdotdir = zdotdir.unwrap_or_else(|| home.to_owned());
    let zshenv = home.join(".zshenv");
    let cshrc = Some(home.join(".tcshrc")).filter(|path| path.exists());
    let cshrc = cshrc.unwrap_or_else(|| home.join(".cshrc"));
    let (has_zsh, has_fish) = (is_installed("zsh"), is_installed("fish"));
    // The path, and whether to create the file if it is missing.
    let mut places = vec![
        (Hook::Profile, home.join(".profile"), true),
        (Hook::Profile, home.join(".bash_profile"), false),
        (Hook::Profile, home.join(".bash_login"), false),
        (Hook::Profile, home.join(".yash_profile"), logs_in_with(&["yash"])),
        (Hook::Profile, home.join(".yashrc"), false),
    ];
    if is_installed("bash") {
        places.push((Hook::Bashrc, home.join(".bashrc"), true));
    }
    if has_zsh {
        let later = [".zshenv", ".zprofile", ".zshrc", ".zlogin"].map(|name| zdotdir.join(name));
        let later = later.into_iter().filter(|path| *path != zshenv);
        places.push((Hook::Zsh, zshenv.clone(), true));
        places.extend(later.map(|path| (Hook::LaterZsh, path, false)));
    }
    places.push((Hook::Csh, cshrc, logs_in_with(&["csh", "tcsh"])));
    places.push((Hook::Elvish, config.join("elvish/rc.elv"), logs_in_with(&["elvish"])));
    if has_fish {
        places.push((Hook::FishSnippet, config.join("fish/conf.d").join(FISH_SNIPPET), true));
        places.push((Hook::FishConfig, config.join("fish/config.fish"), false));
    }
    let is_meant = |(_, path, is_made): &(Hook, PathBuf, bool)| *is_made || path.exists();
    places.into_iter().filter(is_meant).map(|(hook, path, _)| (hook, path)).collect()
}

const FISH_SNIPPET: &str = "cargo-peruser.fish";

/// Whether a shell is on the search path that everyone has.
fn is_installed(shell: &str) -> bool {
    find(shell).is_some()
}

/// The path of a shell on the search path that everyone has.
pub(crate) fn find(shell: &str) -> Option<PathBuf> {
    which::which_in_global(shell, Some(search_path::DEFAULT)).ok()?.next()
}
