//! Into the namespace: the test program executes itself anew under `unshare`.

use std::env;
use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Set for the test program that has arrived: which kind it has entered, and the namespace that it left.
const ARRIVED: &str = "PERUSER_TEST_MACHINE";

/// What the machine needs of a namespace, tried with a few ids of the accounts in it.
const TRIAL: &str =
    "mount -t tmpfs tmpfs /tmp && exec setpriv --reuid 2120 --regid 3000 --clear-groups true";

/// The kinds of namespace that will do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    /// As root: a mount namespace is enough.
    Root,
    /// As an ordinary user: a user namespace in which other ids exist as well.
    UserNamespace,
}

impl Display for Namespace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Namespace::Root => "as root, in a mount namespace",
            Namespace::UserNamespace => "in a user namespace",
        })
    }
}

/// What this process has entered, if it has arrived.
///
/// The variable alone is not believed: mounting where everybody lives would be no test any more.
pub(super) fn arrived() -> Option<Namespace> {
    let value = env::var(ARRIVED).ok()?;
    let (name, left) = value.split_once(' ')?;
    if mount_namespace() == left {
        return None;
    }
    [Namespace::Root, Namespace::UserNamespace].into_iter().find(|known| known.name() == name)
}

/// What tells this mount namespace from others.
fn mount_namespace() -> String {
    let link = fs::read_link("/proc/self/ns/mnt").unwrap_or_default();
    link.to_string_lossy().into_owned()
}

/// The first that the system allows, or why there is none.
pub(super) fn find_namespace() -> Result<Namespace, String> {
    let kinds: &[Namespace] = if rustix::process::geteuid().is_root() {
        &[Namespace::Root, Namespace::UserNamespace]
    } else {
        &[Namespace::UserNamespace]
    };
    let mut reasons = Vec::new();
    for kind in kinds {
        match kind.is_possible() {
            Ok(()) => return Ok(*kind),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

impl Namespace {
    fn is_possible(self) -> Result<(), String> {
        let tried = self.unshare().args(["sh", "-c", TRIAL]).stdin(Stdio::null()).output();
        match tried {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                // `Success` is what errno says when it has nothing to do with the failure.
                let said = said.lines().next().unwrap_or("no reason given");
                let said = said.trim_end_matches(": Success");
                Err(format!("{} is not possible: {said}", self.wanted()))
            }
            Err(error) => Err(format!("{} is not possible: unshare: {error}", self.wanted())),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Namespace::Root => "root",
            Namespace::UserNamespace => "user",
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Namespace::Root => "a mount namespace as root",
            Namespace::UserNamespace => "a user namespace with several ids",
        }
    }

    /// Executes the test program anew inside; returns only if that fails.
    pub(super) fn enter(self) -> io::Error {
        let program = match env::current_exe() {
            Ok(program) => program,
            Err(error) => return error,
        };
        let arrived = format!("{} {}", self.name(), mount_namespace());
        self.unshare().arg(program).args(env::args_os().skip(1)).env(ARRIVED, arrived).exec()
    }

    fn unshare(self) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]);
        if self == Namespace::UserNamespace {
            command.args(["--user", "--map-root-user", "--map-auto"]);
        }
        // What runs in the background of a script inherits the keyboard's signals ignored.
        command.args(["--", "env", "--default-signal=INT,QUIT,HUP"]).env("PATH", search_path());
        // No temporary directory but the machine's own exists there.
        command.env_remove("TMPDIR");
        command
    }
}

/// The caller's PATH and the places of the tools that the machine is made with.
fn search_path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/usr/bin:/sbin:/bin");
    path
}
