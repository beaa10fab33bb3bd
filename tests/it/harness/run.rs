//! What commands of a world have of their own: the stub's notes, and outcomes without what differs
//! between machines.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::PipeReader;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::World;
use crate::shared::{self, Actor, Call, Outcome};
use crate::stub;

/// A command in a world.
pub(crate) type Invocation<'w> = shared::Invocation<'w, World>;

impl Actor for World {
    type Own = ();

    fn at(&self, place: &Path) -> PathBuf {
        World::at(self, place)
    }

    fn shown(&self) -> String {
        super::person()
    }

    fn command(invocation: Invocation<'_>) -> Command {
        let Invocation { before, words, environment, directory, own: (), .. } = invocation;
        let mut words = before.into_iter().chain(words);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).env_clear().envs(environment).current_dir(directory);
        command
    }

    /// With every call of the stub, and without what differs between machines.
    fn read(&self, mut outcome: Outcome, environment: &BTreeMap<OsString, OsString>) -> Outcome {
        let record = fs::read_to_string(&environment[OsStr::new(stub::RECORD)]).unwrap();
        outcome.calls = record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        outcome.stdout = self.redact(&outcome.stdout);
        outcome.stderr = self.redact(&outcome.stderr);
        outcome
    }
}

impl World {
    /// Runs any program.
    pub(crate) fn run<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation<'_> {
        static RECORDS: AtomicU32 = AtomicU32::new(0);
        let number = RECORDS.fetch_add(1, Ordering::Relaxed);
        let record = self.file(format!("records/{number}"), "");
        let mut run = Invocation::new(self, program, args, ());
        run.environment.clone_from(&self.variables);
        run.env(stub::RECORD, record)
    }
}

impl Invocation<'_> {
    /// Gives these bytes on stdin.
    pub(crate) fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = bytes.to_vec();
        self
    }

    /// Writes stdout there.
    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.stdout = Some(to.into());
        self
    }

    /// The environment, as raw entries.
    pub(crate) fn environ(&self) -> Vec<Vec<u8>> {
        let entry = |(name, value): (&OsString, &OsString)| {
            [name.as_bytes(), b"=", value.as_bytes()].concat()
        };
        self.environment.iter().map(entry).collect()
    }
}

impl Outcome {
    /// The exit code, or 128 and the signal as a shell has it.
    pub(crate) fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap())
    }

    /// The stub's one call of a run that went well and without a word of ours.
    #[track_caller]
    pub(crate) fn call(&self) -> &Call {
        self.silently().prints_nothing();
        assert_eq!(self.calls.len(), 1, "calls of the real cargo");
        &self.calls[0]
    }
}

impl Call {
    /// The arguments after the program's name.
    pub(crate) fn args(&self) -> &[Vec<u8>] {
        &self.argv[1..]
    }
}

/// A stdout that nobody reads any more.
pub(crate) fn closed_pipe() -> Stdio {
    let (reader, writer): (PipeReader, _) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// Arguments as the stub writes them down.
pub(crate) fn bytes<A: AsRef<OsStr>>(words: impl IntoIterator<Item = A>) -> Vec<Vec<u8>> {
    words.into_iter().map(|word| word.as_ref().to_owned().into_vec()).collect()
}
