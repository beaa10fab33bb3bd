//! What differs between machines and callers, and what keeps a test from running on one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use users::os::unix::UserExt;

use crate::shared::skip;

/// Sets a mode, whatever the umask is.
pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The permission bits of an entry itself, set-id and sticky bits included.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The name of the caller's account and of their private directory, or why there is none by default.
static ACCOUNT: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let user = users::get_user_by_uid(rustix::process::getuid().as_raw());
    let user = user.ok_or("this user id has no account")?;
    if ["nologin", "false"].iter().any(|shell| user.shell().ends_with(shell)) {
        return Err("nobody logs in to this account, so by default it has no directory".into());
    }
    let name = user.name().to_string_lossy().into_owned();
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    is_plain.then_some(name).ok_or_else(|| "this account has no plain name".into())
});

/// The name of the caller's private directory.
pub(crate) fn person() -> String {
    ACCOUNT.clone().expect("`obstacle` finds an account")
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
    if SCRATCH.is_none() {
        let help = "set TMPDIR to a directory below which only you can write, and execute programs";
        return Some(format!("there is no place for the tests; {help}"));
    }
    ACCOUNT.clone().err()
}

/// The first directory in which worlds can stand: nobody else can write above it, nothing there is read
/// by what is built below, and programs can be executed.
pub(super) static SCRATCH: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let uid = rustix::process::getuid();
    let places = [
        Some(std::env::temp_dir()),
        uid.is_root().then(|| "/var/cache".into()),
        Some(format!("/run/user/{uid}").into()),
        std::env::var_os("HOME").map(PathBuf::from),
    ];
    let read = ["Cargo.toml", ".git", ".cargo/config.toml", ".cargo/config"];
    let is_plain = |above: &Path| {
        let found = fs::metadata(above).unwrap();
        let is_trusted = [0, uid.as_raw()].contains(&found.uid());
        let others_can_write = !is_trusted || found.mode() & 0o022 != 0;
        !others_can_write && !read.iter().any(|name| above.join(name).exists())
    };
    let executes = |place: &PathBuf| {
        let probe =
            "cd \"$0\" && cp /bin/sh probe-$$ && ./probe-$$ -c :; s=$?; rm -f probe-$$; exit $s";
        let mut shell = Command::new("sh");
        let status = shell.args(["-c", probe]).arg(place).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let is_fit = |place: &PathBuf| {
        place.canonicalize().is_ok_and(|real| real.ancestors().all(is_plain)) && executes(place)
    };
    places.into_iter().flatten().find(is_fit)
});
