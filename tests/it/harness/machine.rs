//! What differs between machines and callers, and what keeps a test from running on one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::World;
use crate::shared::skip;

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
pub(crate) fn ordinary_account() {
    if login_shell_refuses() {
        skip("nobody logs in to this account, so by default it has no directory");
    }
}

/// Skips what means nothing to root, whom permission bits do not stop.
pub(crate) fn not_as_root() {
    if rustix::process::getuid().is_root() {
        skip("permission bits do not stop root");
    }
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
    let writable = world.top.ancestors().find(|directory| others_can_write(directory))?;
    Some(format!(
        "others can create files in `{}`, which is above every place for tests; set TMPDIR to a \
         directory below which only you can write",
        writable.display()
    ))
}

/// The first directory in which worlds can stand: nobody else can write above it, and nothing there
/// is read by what is built below.
pub(super) fn scratch() -> PathBuf {
    use users::os::unix::UserExt;
    let uid = rustix::process::getuid();
    let user = users::get_user_by_uid(uid.as_raw());
    let places = [
        Some(std::env::temp_dir()),
        uid.is_root().then(|| "/var/cache".into()),
        Some(format!("/run/user/{}", uid.as_raw()).into()),
        std::env::var_os("HOME").map(PathBuf::from),
        user.map(|user| user.home_dir().to_owned()),
    ];
    let is_fit = |place: &PathBuf| {
        let read = ["Cargo.toml", ".git", ".cargo/config.toml", ".cargo/config"];
        let is_plain = |above: &Path| {
            !others_can_write(above) && !read.iter().any(|name| above.join(name).exists())
        };
        place.is_dir() && place.canonicalize().is_ok_and(|real| real.ancestors().all(is_plain))
    };
    let writes = |place: &PathBuf| tempfile::tempdir_in(place).is_ok();
    let found = places.into_iter().flatten().find(|place| is_fit(place) && writes(place));
    found.unwrap_or_else(std::env::temp_dir)
}

fn others_can_write(directory: &Path) -> bool {
    let found = fs::metadata(directory).unwrap();
    let is_trusted = [0, rustix::process::getuid().as_raw()].contains(&found.uid());
    !is_trusted || found.permissions().mode() & 0o022 != 0
}
