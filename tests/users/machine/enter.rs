//! The way into the namespace: the test program executes itself anew under `unshare`.

use std::env;
use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Set for the test program that has arrived: the way it took, and the namespace that it left.
const ARRIVED: &str = "PERUSER_TEST_MACHINE";

/// What the machine needs of a namespace, tried with a few ids of the accounts in it.
const TRIAL: &str =
    "mount -t tmpfs tmpfs /tmp && exec setpriv --reuid 2120 --regid 3000 --clear-groups true";

/// How the namespace is entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As root: a mount namespace is enough.
    Root,
    /// As an ordinary user: a user namespace in which other ids exist as well.
    UserNamespace,
}

impl Display for Way {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Root => "as root, in a mount namespace",
            Way::UserNamespace => "in a user namespace",
        })
    }
}

/// The way that this process has come, if it has arrived.
///
/// The variable alone is not believed: mounting where everybody lives would be no test any more.
pub(super) fn arrived() -> Option<Way> {
    let value = env::var(ARRIVED).ok()?;
    let (way, left) = value.split_once(' ')?;
    if namespace() == left {
        return None;
    }
    [Way::Root, Way::UserNamespace].into_iter().find(|known| known.word() == way)
}

/// What tells this mount namespace from others.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/mnt").unwrap_or_default();
    link.to_string_lossy().into_owned()
}

/// The first way that the system allows, or why there is none.
pub(super) fn find_way() -> Result<Way, String> {
    let ways: &[Way] = if rustix::process::geteuid().is_root() {
        &[Way::Root, Way::UserNamespace]
    } else {
        &[Way::UserNamespace]
    };
    let mut reasons = Vec::new();
    for way in ways {
        match way.is_open() {
            Ok(()) => return Ok(*way),
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

impl Way {
    fn is_open(self) -> Result<(), String> {
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

    fn word(self) -> &'static str {
        match self {
            Way::Root => "root",
            Way::UserNamespace => "user",
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Way::Root => "a mount namespace as root",
            Way::UserNamespace => "a user namespace with several ids",
        }
    }

    /// Executes the test program anew inside; returns only if that fails.
    pub(super) fn go(self) -> io::Error {
        let program = match env::current_exe() {
            Ok(program) => program,
            Err(error) => return error,
        };
        let arrived = format!("{} {}", self.word(), namespace());
        self.unshare().arg(program).args(env::args_os().skip(1)).env(ARRIVED, arrived).exec()
    }

    fn unshare(self) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private"]);
        if self == Way::UserNamespace {
            command.args(["--user", "--map-root-user", "--map-auto"]);
        }
        // What runs in the background of a script inherits the keyboard's signals ignored.
        command.args(["--", "env", "--default-signal=INT,QUIT,HUP"]).env("PATH", search_path());
        command
    }
}

/// The caller's PATH and the places of the tools that the machine is made with.
fn search_path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/usr/bin:/sbin:/bin");
    path
}
