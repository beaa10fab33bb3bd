//! What commands of people with accounts have of their own: as whom, what they see at other places, and
//! with which cargo.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Person, path_to};
use crate::machine::{Channel, places};
use crate::shared::{self, Actor};

/// How long cargo may take to build the demo with both people at it on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(300);

/// A command of somebody's on a stage.
pub(crate) type Invocation<'p> = shared::Invocation<'p, Person<'p>>;

/// As whom it runs, and which directories are seen at other places.
pub(crate) struct As {
    identity: Vec<String>,
    mounts: Vec<(PathBuf, PathBuf)>,
}

impl Actor for Person<'_> {
    type Own = As;

    fn at(&self, place: &Path) -> PathBuf {
        self.stage.at(place)
    }

    fn shown(&self) -> String {
        self.name().to_string_lossy().into_owned()
    }

    fn command(invocation: shared::Invocation<'_, Self>) -> Command {
        let mut command = launcher(&invocation.own.mounts);
        // If the test program is killed, the child goes as well.
        command.arg("--pdeathsig=KILL").args(&invocation.own.identity);
        // The tools up to here stand on the harness's PATH; what follows is found on the person's.
        command.args(["env", "--ignore-environment"]);
        let variables = invocation.environment.iter();
        command.args(variables.map(|(name, value)| [&**name, value].join(OsStr::new("="))));
        command.args(&invocation.before).args(&invocation.words);
        command.current_dir(&invocation.directory);
        command
    }
}

/// `setpriv`, and before it the directories that are seen elsewhere.
fn launcher(mounts: &[(PathBuf, PathBuf)]) -> Command {
    if mounts.is_empty() {
        return Command::new("setpriv");
    }
    let mount = |(directory, place): &(PathBuf, PathBuf)| {
        format!("mount --bind '{}' '{}'; ", directory.display(), place.display())
    };
    let script = mounts.iter().map(mount).collect::<String>() + "exec setpriv \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-ec", &script, "sh"]);
    command
}

impl<'p> Person<'p> {
    /// Any program, in the person's plain session: the stub is the real cargo, the umask is 0022.
    pub(crate) fn program<W: AsRef<OsStr>>(
        &'p self,
        path: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = W>,
    ) -> Invocation<'p> {
        let uid = self.uid();
        let groups = if self.account.name.is_empty() { "--clear-groups" } else { "--init-groups" };
        let identity = vec![format!("--reuid={uid}"), format!("--regid={uid}"), groups.into()];
        let run = Invocation::new(self, path, args, As { identity, mounts: Vec::new() })
            .env("PATH", path_to(places::STUB))
            .env("HOME", &self.home)
            .env("USER", self.name())
            .env("LOGNAME", self.name())
            .env("LANG", "C.UTF-8")
            .env("CARGO_PERUSER_SHARED_ROOT", &self.stage.root);
        let settings = self.stage.settings.lock().unwrap();
        settings.iter().fold(run, |run, (name, value)| run.env(name, value))
    }
}

impl Invocation<'_> {
    /// Lets the real cargo of a toolchain run in place of the stub.
    pub(crate) fn with(mut self, channel: Channel) -> Self {
        self.limit = BUILD_LIMIT;
        self.env("PATH", path_to(&format!("{}/bin", channel.place())))
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
    }

    /// Runs with these ids, as `setpriv` takes them, in place of the person's own.
    pub(crate) fn identity<const N: usize>(mut self, flags: [&str; N]) -> Self {
        self.own.identity = flags.map(str::to_owned).to_vec();
        self
    }

    /// Runs where `directory` is seen as the system's settings directory of cargo-peruser.
    pub(crate) fn system_settings(self, directory: impl AsRef<Path>) -> Self {
        self.seen_at(directory, places::SETTINGS)
    }

    /// Runs where `directory` is seen at another place.
    pub(crate) fn seen_at(mut self, directory: impl AsRef<Path>, place: impl AsRef<Path>) -> Self {
        self.own.mounts.push((directory.as_ref().to_owned(), place.as_ref().to_owned()));
        self
    }

    /// Takes the whole environment away.
    pub(crate) fn bare(mut self) -> Self {
        self.environment.clear();
        self
    }

    /// Runs for at most that long.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}
