//! Into the namespace: the test program executes itself anew under `unshare`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Set for the test program that has arrived: the mount namespace that it left.
const LEFT: &str = "PERUSER_TEST_MACHINE";

/// What the machine needs of a namespace, tried with a few ids of the accounts in it.
const TRIAL: &str =
    "mount -t tmpfs tmpfs /tmp && exec setpriv --reuid 2120 --regid 3000 --clear-groups true";

/// Whether this process has arrived.
///
/// The variable alone is not believed: mounting where everybody lives would be no test any more.
pub(super) fn has_arrived() -> bool {
    env::var(LEFT).is_ok_and(|left| left != mount_namespace())
}

/// What tells this mount namespace from others.
fn mount_namespace() -> String {
    let link = fs::read_link("/proc/self/ns/mnt").unwrap_or_default();
    link.to_string_lossy().into_owned()
}

/// Why the system allows no such namespace, if it does not.
pub(super) fn obstacle() -> Option<String> {
    let said = match unshare().args(["sh", "-c", TRIAL]).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => return None,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => format!("unshare: {error}"),
    };
    // `Success` is what errno says when it has nothing to do with the failure.
    let said = said.lines().next().unwrap_or("no reason given").trim_end_matches(": Success");
    let wanted = match is_root() {
        true => "a mount namespace as root",
        false => "a user namespace with several ids",
    };
    Some(format!("{wanted} is not possible: {said}"))
}

/// Executes the test program anew inside; returns only if that fails.
pub(super) fn enter() -> io::Error {
    unshare().args(env::args_os()).env(LEFT, mount_namespace()).exec()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A mount namespace is enough for root; in anybody else's user namespace other ids must exist as well.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]);
    if !is_root() {
        command.args(["--user", "--map-root-user", "--map-auto"]);
    }
    // What runs in the background of a script inherits the keyboard's signals ignored.
    command.args(["--", "env", "--default-signal=INT,QUIT,HUP"]).env("PATH", search_path());
    // No temporary directory but the machine's own exists there.
    command.env_remove("TMPDIR");
    command
}

/// The caller's PATH and the places of the tools that the machine is made with.
fn search_path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/usr/bin:/sbin:/bin");
    path
}
