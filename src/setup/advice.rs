//! What setup leaves to people: shells without a start-up file that it can write, sudo, and people's own
//! copies of this program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::site::Site;
use crate::os::passwd::Account;
use crate::os::replace::is_same_content;
use crate::os::{accounts, files};
use crate::private_dir::provision::Person;
use crate::setup::hooks::{find_shell, line_for};
use crate::setup::steps::own_program;
use crate::shim::installation::{Installation, PROGRAM};
use crate::ui::escape::{escaped, quoted};
use crate::ui::report;

/// Prints the advice about these accounts.
pub(super) fn tell(site: &Site, people: &[Person]) {
    let mut shells: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut copies = Vec::new();
    for person in people {
        let account = &site.settings_in_files.account(person.uid);
        let name = account.name.as_deref().unwrap_or_default();
        if let Some(found) = unreached(account, site) {
            shells.entry(found).or_default().push(escaped(name).to_string());
        }
        if site.is_machine && has_another_version(account) {
            copies.push(escaped(name).to_string());
        }
    }
    for ((shell, help), names) in shells {
        report::advice(&of_unreached(&shell, &names.join(", ")), &help);
    }
    if !copies.is_empty() {
        let text = format!(
            "another version, in ~/.local, comes before this one for {}",
            copies.join(", ")
        );
        let program = quoted(&site.installation.binary());
        report::advice(&text, &format!("each of these people updates it with: {program} setup"));
    }
    if site.is_machine && accounts::is_root() {
        sudo(&site.installation.shim_dir());
    }
}

/// Whether an account has a copy of this program that is another version.
fn has_another_version(account: &Account) -> bool {
    let prefix = account.home.as_deref().map(|home| home.join(".local"));
    prefix.zip(own_program().ok()).is_some_and(|(prefix, own)| {
        is_same_content(&Installation { prefix }.binary(), &own).is_ok_and(|is_same| !is_same)
    })
}

/// The account's login shell, if its start-up files hold neither a hook nor, as far as the caller can
/// know, the line that helps; and what helps.
fn unreached(account: &Account, site: &Site) -> Option<(String, String)> {
    let shell = account.shell_name().into_owned();
    let file = match reach(&shell, site) {
        Reach::ByHook => return None,
        Reach::ByLineIn(file) => file,
        Reach::Unknown => {
            let shim_dir = site.installation.shim_dir();
            let help = format!("put `{}` first on PATH in its start-up file", escaped(&shim_dir));
            return Some((shell, help));
        }
    };
    let text = files::read_regular(&site.home.join(file)).unwrap_or_default();
    if account.uid == site.account.uid && text.contains(PROGRAM) {
        return None;
    }
    let line = line_for(Path::new(file), &site.installation.binary());
    Some((shell, format!("add this line to ~/{file}: {line}")))
}

fn of_unreached(shell: &str, names: &str) -> String {
    format!("no start-up file of setup's reaches `{}`, the login shell of {names}", escaped(shell))
}

/// The message about an account's login shell, and what helps, if the caller can know whether it has been
/// done: for another user, only if there is no line to add.
pub(crate) fn of_login_shell(account: &Account, site: &Site) -> Option<(String, String)> {
    let (shell, help) = unreached(account, site)?;
    let is_known = account.uid == site.account.uid || matches!(reach(&shell, site), Reach::Unknown);
    let name = escaped(account.name.as_deref()?).to_string();
    is_known.then(|| (of_unreached(&shell, &name), help))
}

/// How a login shell can find the shim.
enum Reach {
    /// It reads a file with a hook.
    ByHook,
    /// A person has to add a line to this file, relative to their home.
    ByLineIn(&'static str),
    /// Its start-up files are not known.
    Unknown,
}

fn reach(shell: &str, site: &Site) -> Reach {
    match shell {
        // An account without a shell has `sh`.
        "" | "sh" | "bash" | "rbash" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "zsh"
        | "fish" | "csh" | "tcsh" => Reach::ByHook,
        "yash" | "elvish" if !site.is_machine => Reach::ByHook,
        "yash" => Reach::ByLineIn(".yash_profile"),
        "elvish" => Reach::ByLineIn(".config/elvish/rc.elv"),
        "nu" => Reach::ByLineIn(".config/nushell/config.nu"),
        "pwsh" => Reach::ByLineIn(".config/powershell/profile.ps1"),
        _ => Reach::Unknown,
    }
}

/// The file that root is advised to write.
const SUDOERS: &str = "/etc/sudoers.d/cargo-peruser";

/// Reports [`SUDOERS`] when its shim is uninstalled. Setup did not write that file, so it does not
/// remove it.
pub(super) fn tell_of_sudoers(shim_dir: &Path) {
    let text = files::read_regular(Path::new(SUDOERS)).unwrap_or_default();
    if text.contains(&*shim_dir.to_string_lossy()) {
        let text = format!("`{SUDOERS}` stays, and puts the shim on sudo's PATH");
        report::advice(&text, &format!("rm {SUDOERS}"));
    }
}

/// sudo has its own PATH, without the shim, and `sudo -E` passes on another user's variables.
fn sudo(shim_dir: &Path) {
    let Some(secure_path) = find_shell("sudo").and_then(|_| secure_path()) else { return };
    let shim_dir = shim_dir.to_string_lossy();
    if secure_path.split(':').any(|entry| entry == shim_dir) {
        return;
    }
    let help = format!(
        "(umask 0337; printf 'Defaults %s\\n' 'secure_path=\"{shim_dir}:{secure_path}\"' \
         'env_delete+=\"CARGO_TARGET_DIR CARGO_BUILD_BUILD_DIR\"' >{SUDOERS}) && \
         visudo -c"
    );
    let text = "under sudo the shim is not on PATH, and `sudo -E cargo` leaves files owned by root in \
                the caller's target directory";
    report::advice(&text, &help);
}

/// The last value that the files of sudoers(5) set.
fn secure_path() -> Option<String> {
    // sudo does not read names that contain a dot or end in a tilde.
    let is_read = |path: &PathBuf| {
        path.file_name().is_some_and(|name| !name.to_string_lossy().contains(['.', '~']))
    };
    let more = files::sorted_entries(Path::new("/etc/sudoers.d"));
    let all = [PathBuf::from("/etc/sudoers")].into_iter().chain(more.into_iter().filter(is_read));
    let texts: Vec<String> = all.filter_map(|it| files::read_regular(&it).ok()).collect();
    let mut values = texts.iter().flat_map(|text| text.lines()).filter_map(|line| {
        let (_, value) = line.trim().strip_prefix("Defaults")?.split_once("secure_path")?;
        Some(value.trim_start().strip_prefix('=')?.trim().trim_matches('"').to_owned())
    });
    values.next_back()
}
