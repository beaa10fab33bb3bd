//! What differs between machines and callers, and what keeps a test from running on one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::World;
use crate::runner::Skip;

/// Sets a mode, whatever the umask is.
pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The permission bits of an entry itself, set-id and sticky bits included.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The caller's account, if there is one with a name that can be printed.
pub(super) fn account_name() -> Option<String> {
    let user = users::get_user_by_uid(rustix::process::getuid().as_raw())?;
    user.name().to_str().map(str::to_owned)
}

/// The name of the caller's private directory.
pub(crate) fn person() -> String {
    let uid = rustix::process::getuid().as_raw();
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    account_name().filter(|name| plain(name)).unwrap_or_else(|| format!("uid-{uid}"))
}

pub(super) fn login_shell_refuses() -> bool {
    use users::os::unix::UserExt;
    let user = users::get_user_by_uid(rustix::process::getuid().as_raw());
    user.is_some_and(|user| user.shell().ends_with("nologin") || user.shell().ends_with("false"))
}

/// Skips what shows the built-in settings, which would leave this caller out.
pub(crate) fn ordinary_account() -> Result<(), Skip> {
    match login_shell_refuses() {
        true => {
            Err(Skip("nobody logs in to this account, so by default it has no directory".into()))
        }
        false => Ok(()),
    }
}

/// Skips what means nothing to root, whom permission bits do not stop.
pub(crate) fn not_as_root() -> Result<(), Skip> {
    match rustix::process::getuid().is_root() {
        true => Err(Skip("permission bits do not stop root".into())),
        false => Ok(()),
    }
}

/// nushell: from PATH, or where `.ci/run` puts it.
pub(crate) fn nu() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let ours = tools.join("nu/node_modules/.bin/nu");
    let on_path = || Command::new("nu").arg("--version").output().is_ok();
    Some(ours).filter(|path| path.exists()).or_else(|| on_path().then(|| "nu".into()))
}

/// What keeps every world from working on this machine, if anything does.
pub(crate) fn obstacle() -> Option<String> {
    if Path::new("/etc/cargo-peruser/config.toml").exists() {
        return Some("this machine has an /etc/cargo-peruser/config.toml of its own".into());
    }
    let world = World::new();
    let script = world.cargo_in("probe");
    if Command::new(script).stdout(Stdio::null()).status().is_err() {
        return Some("the temporary directory is mounted noexec; set TMPDIR to another one".into());
    }
    let unsafe_way = world.top.ancestors().find(|directory| {
        let found = fs::metadata(directory).unwrap();
        let is_trusted = [0, rustix::process::getuid().as_raw()].contains(&found.uid());
        let mode = found.permissions().mode();
        !is_trusted || (mode & 0o022 != 0 && mode & 0o1000 == 0)
    })?;
    let unsafe_way = unsafe_way.display();
    Some(format!(
        "others can replace what is below `{unsafe_way}`; set TMPDIR to another directory"
    ))
}
