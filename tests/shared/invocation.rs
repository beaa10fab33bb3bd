//! One command, still to be run: whose it is, where, with which words, environment, umask and stdin.
//!
//! The environment is written down in full. Nothing of the one that these tests run in gets
//! through, so that a person's session on any system is the same.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Outcome, Running};

/// How long anything may take that compiles nothing.
const LIMIT: Duration = Duration::from_secs(60);

/// Who runs commands: the one person of a world, or somebody on a stage.
pub(crate) trait Actor {
    /// What commands have in this suite alone.
    type Own;

    /// A place as commands are told of it: absolute, or below what the test has for itself.
    fn at(&self, place: &Path) -> PathBuf;

    /// How failures call the person.
    fn shown(&self) -> String;

    /// Makes the process to start of what is written down.
    fn command(invocation: Invocation<'_, Self>) -> Command
    where
        Self: Sized;

    /// What came of it, as tests are to read it.
    fn read(&self, outcome: Outcome, _environment: &BTreeMap<OsString, OsString>) -> Outcome {
        outcome
    }
}

/// A command, still to be run.
pub(crate) struct Invocation<'p, A: Actor> {
    pub(crate) actor: &'p A,
    pub(crate) words: Vec<OsString>,
    pub(crate) environment: BTreeMap<OsString, OsString>,
    pub(crate) directory: PathBuf,
    /// Words in front, which run the others.
    pub(crate) before: Vec<OsString>,
    pub(crate) stdin: Vec<u8>,
    /// Where stdout goes instead of into the outcome.
    pub(crate) stdout: Option<Stdio>,
    pub(crate) limit: Duration,
    pub(crate) own: A::Own,
}

impl<'p, A: Actor> Invocation<'p, A> {
    /// A program with its arguments, and nothing in its environment yet.
    pub(crate) fn new<W: AsRef<OsStr>>(
        actor: &'p A,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = W>,
        own: A::Own,
    ) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        Invocation {
            words: std::iter::once(program.as_ref().to_owned()).chain(args).collect(),
            environment: BTreeMap::new(),
            directory: actor.at("checkout".as_ref()),
            before: Vec::new(),
            stdin: Vec::new(),
            stdout: None,
            limit: LIMIT,
            actor,
            own,
        }
    }

    /// With one more word at its end.
    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// With more words at its end.
    pub(crate) fn args<W: AsRef<OsStr>>(self, words: impl IntoIterator<Item = W>) -> Self {
        words.into_iter().fold(self, Invocation::arg)
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Takes a variable away.
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.environment.remove(OsStr::new(name));
        self
    }

    /// Sets PATH to these directories.
    pub(crate) fn path<W: AsRef<Path>>(self, entries: impl IntoIterator<Item = W>) -> Self {
        let entries = entries.into_iter().map(|entry| self.actor.at(entry.as_ref()).into());
        let path = entries.collect::<Vec<OsString>>().join(OsStr::new(":"));
        self.env("PATH", path)
    }

    /// Runs in another directory.
    pub(crate) fn within(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = self.actor.at(directory.as_ref());
        self
    }

    /// Runs through another command, as the same person.
    pub(crate) fn after<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.before.extend(words.map(OsString::from));
        self
    }

    /// Lets a shell do something first, in the same process; it looks the program up as it does for a
    /// person.
    pub(crate) fn after_shell(self, commands: &str) -> Self {
        self.after(["/bin/sh", "-c", &format!("{commands}\nexec \"$@\""), "sh"])
    }

    /// Runs under a umask, in octal.
    pub(crate) fn umask(self, umask: &str) -> Self {
        self.after_shell(&format!("umask {umask} || exit"))
    }

    /// Starts, and leaves the waiting to the caller.
    #[track_caller]
    pub(crate) fn start(mut self) -> Running {
        let words: Vec<_> = self.words.iter().map(|word| word.to_string_lossy()).collect();
        let shown = format!("{}: {}", self.actor.shown(), words.join(" "));
        let streams = (std::mem::take(&mut self.stdin), self.stdout.take());
        let limit = self.limit;
        Running::start(A::command(self), shown, streams, limit)
    }

    /// Runs to the end.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        let (actor, environment) = (self.actor, self.environment.clone());
        actor.read(self.start().finish(), &environment)
    }
}
