//! One command that a person runs: as whom, where, with which environment and umask.
//!
//! The environment is written down in full. Nothing of the one that these tests run in gets
//! through, so that a person's session on any system is the same.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::child::Running;
use super::{Outcome, Person, path_to};
use crate::machine::{Channel, places};

/// How long anything may take that compiles nothing.
const LIMIT: Duration = Duration::from_secs(40);
/// Shows each first directory at the second's place, up to `--`.
const MOUNTS: &str = r#"
while [ "$1" != -- ]; do
    mount --bind "$1" "$2" || exit
    shift 2
done
shift
exec "$@""#;
/// How long cargo may take to build the demo with both people at it on a slow machine.
const BUILD_LIMIT: Duration = Duration::from_secs(300);

/// A command, still to be run.
pub(crate) struct Invocation<'p> {
    person: &'p Person<'p>,
    words: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    identity: Vec<String>,
    before: Vec<OsString>,
    mounts: Vec<(PathBuf, PathBuf)>,
    limit: Duration,
}

impl<'p> Invocation<'p> {
    /// A command in the person's plain session: the stub is the real cargo.
    pub(super) fn new<I>(person: &'p Person<'p>, program: &str, args: I) -> Self
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        let uid = person.uid();
        let groups =
            if person.account.name.is_empty() { "--clear-groups" } else { "--init-groups" };
        let invocation = Invocation {
            person,
            words: std::iter::once(program.into()).chain(args).collect(),
            environment: BTreeMap::new(),
            directory: person.stage.checkout.clone(),
            identity: vec![format!("--reuid={uid}"), format!("--regid={uid}"), groups.into()],
            before: Vec::new(),
            mounts: Vec::new(),
            limit: LIMIT,
        }
        .env("PATH", path_to(places::STUB))
        .env("HOME", &person.home)
        .env("USER", person.name())
        .env("LOGNAME", person.name())
        .env("LANG", "C.UTF-8")
        .env("CARGO_PERUSER_SHARED_ROOT", &person.stage.root);
        let invocation = match person.stage.accepts_sticky_root.load(Ordering::Relaxed) {
            true => invocation.env("CARGO_PERUSER_STICKY_ROOT", "accept"),
            false => invocation,
        };
        match person.stage.is_by_user.load(Ordering::Relaxed) {
            true => invocation.env("CARGO_PERUSER_SCOPE", "user"),
            false => invocation,
        }
    }

    /// With one more word at its end.
    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// With more words at its end.
    pub(crate) fn args<I>(self, words: I) -> Self
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        words.into_iter().fold(self, Invocation::arg)
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.into(), value.as_ref().to_owned());
        self
    }

    /// Takes a variable away.
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.environment.remove(OsStr::new(name));
        self
    }

    /// Sets PATH to these entries.
    pub(crate) fn path<I>(self, entries: I) -> Self
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let entries: Vec<OsString> =
            entries.into_iter().map(|entry| entry.as_ref().to_owned()).collect();
        self.env("PATH", entries.join(OsStr::new(":")))
    }

    /// Lets the real cargo of a toolchain run in place of the stub.
    pub(crate) fn with(mut self, channel: Channel) -> Self {
        self.limit = BUILD_LIMIT;
        self.env("PATH", path_to(&format!("{}/bin", channel.place())))
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TERM_COLOR", "never")
    }

    /// Runs in another directory.
    pub(crate) fn within(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = directory.as_ref().to_owned();
        self
    }

    /// Runs under a umask, in octal; without this it is 0022.
    pub(crate) fn umask(self, umask: &str) -> Self {
        self.after(["/bin/sh", "-c", &format!("umask {umask} && exec \"$@\""), "sh"])
    }

    /// Runs through another command, as the same person.
    pub(crate) fn after<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.before.extend(words.map(OsString::from));
        self
    }

    /// Runs with these ids, as `setpriv` takes them, in place of the person's own.
    pub(crate) fn identity<const N: usize>(mut self, flags: [&str; N]) -> Self {
        self.identity = flags.map(str::to_owned).to_vec();
        self
    }

    /// Runs where `directory` is seen as the system's settings directory of cargo-peruser.
    pub(crate) fn system_settings(self, directory: impl AsRef<Path>) -> Self {
        self.seen_at(directory, places::SETTINGS)
    }

    /// Runs where `directory` is seen at another place.
    pub(crate) fn seen_at(mut self, directory: impl AsRef<Path>, place: impl AsRef<Path>) -> Self {
        self.mounts.push((directory.as_ref().to_owned(), place.as_ref().to_owned()));
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

    /// Runs to the end.
    pub(crate) fn run(self) -> Outcome {
        self.start().finish()
    }

    /// Starts, and leaves the waiting to the caller.
    pub(crate) fn start(self) -> Running {
        let (shown, limit) = (self.shown(), self.limit);
        Running::start(self.command(), shown, limit)
    }

    /// The process to start, for those who talk with it while it runs.
    pub(crate) fn command(self) -> Command {
        let mut command = self.launcher();
        // If the test program is killed, the child goes as well.
        command.arg("--pdeathsig=KILL").args(&self.identity);
        // The tools up to here stand on the harness's PATH; what follows is found on the person's.
        command.args(["env", "--ignore-environment"]);
        command.args(
            self.environment
                .iter()
                .map(|(name, value)| [name.as_os_str(), value.as_os_str()].join(OsStr::new("="))),
        );
        command.args(&self.before).args(&self.words).current_dir(&self.directory);
        command
    }

    /// `setpriv`, and before it the directories that are seen elsewhere.
    fn launcher(&self) -> Command {
        if self.mounts.is_empty() {
            return Command::new("setpriv");
        }
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", MOUNTS, "sh"]);
        for (directory, place) in &self.mounts {
            command.args([directory, place]);
        }
        command.args(["--", "setpriv"]);
        command
    }

    fn shown(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| word.to_string_lossy()).collect();
        format!("{}: {}", self.person.name().to_string_lossy(), words.join(" "))
    }
}
