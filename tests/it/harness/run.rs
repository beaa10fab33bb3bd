//! One run of a program in a world, and what came of it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{PipeReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{World, stub};
use crate::stub::Record;

/// No run takes longer; whoever does has lost its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that is about to run.
pub(crate) struct Invocation<'w> {
    world: &'w World,
    program: OsString,
    args: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
    stdin: Vec<u8>,
    stdout: Option<Stdio>,
}

impl<'w> Invocation<'w> {
    pub(super) fn new(world: &'w World, program: &OsStr, args: Vec<OsString>) -> Invocation<'w> {
        Invocation {
            world,
            program: program.into(),
            args,
            variables: world.variables.clone(),
            cwd: world.at("checkout"),
            stdin: Vec::new(),
            stdout: None,
        }
    }

    /// Sets a variable.
    pub(crate) fn var(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Takes a variable away.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(OsStr::new(name));
        self
    }

    /// Sets PATH to directories of this world.
    pub(crate) fn path<const N: usize>(self, entries: [&str; N]) -> Self {
        let path = self.world.search_path(entries);
        self.var("PATH", path)
    }

    /// Runs in another directory of this world.
    pub(crate) fn within(mut self, directory: impl AsRef<Path>) -> Self {
        self.cwd = self.world.at(directory);
        self
    }

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

    /// Lets a shell do something first, in the same process: it looks the program up as it does
    /// for a person.
    pub(crate) fn after(mut self, commands: &str) -> Self {
        let words = ["-c".into(), format!("{commands}\nexec \"$0\" \"$@\"").into(), self.program];
        self.args.splice(0..0, words);
        self.program = "/bin/sh".into();
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it does not end in time: then it is killed.
    pub(crate) fn run(self) -> Outcome {
        static RECORDS: AtomicU32 = AtomicU32::new(0);
        let number = RECORDS.fetch_add(1, Ordering::Relaxed);
        let record = self.world.file(format!("records/{number}"), "");
        let mut variables = self.variables;
        variables.insert(stub::RECORD.into(), record.clone().into());
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(&variables).current_dir(&self.cwd);
        command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(self.stdout.unwrap_or_else(Stdio::piped)).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let pid = child.id();
        let input = child.stdin.take().map(|mut stdin| {
            let bytes = self.stdin.clone();
            // A program that reads nothing is none of our concern here.
            thread::spawn(move || drop(stdin.write_all(&bytes)))
        });
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        let status = wait(&mut child).unwrap_or_else(|| panic!("{command:?} does not end"));
        input.map(thread::JoinHandle::join);
        let records = fs::read_to_string(&record).unwrap();
        let records = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [stdout, stderr] = [stdout, stderr].map(|bytes| bytes.join().unwrap());
        let redact = |bytes: &[u8]| self.world.redact(&String::from_utf8_lossy(bytes));
        let (out, err) = (redact(&stdout), redact(&stderr));
        Outcome { status, stdout, out, err, pid, records, variables }
    }
}

fn collect(from: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            from.read_to_end(&mut bytes).unwrap();
        }
        bytes
    })
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let start = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// A stdout that nobody reads any more.
pub(crate) fn closed_pipe() -> Stdio {
    let (reader, writer): (PipeReader, _) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Exactly what it wrote to stdout.
    pub(crate) stdout: Vec<u8>,
    /// Its stdout, redacted.
    pub(crate) out: String,
    /// Its stderr, redacted.
    pub(crate) err: String,
    /// The process that was started.
    pub(crate) pid: u32,
    /// Every call of the stub.
    pub(crate) records: Vec<Record>,
    variables: BTreeMap<OsString, OsString>,
}

impl Outcome {
    /// The exit code, or 128 and the signal as a shell has it.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap())
    }

    /// The stub's one call of a run that went well and without a word of ours.
    pub(crate) fn record(&self) -> &Record {
        assert_eq!((self.code(), &*self.out, &*self.err), (0, "", ""));
        assert_eq!(self.records.len(), 1, "calls of the real cargo");
        &self.records[0]
    }

    /// What the run printed, having gone well and without a word on stderr.
    pub(crate) fn printed(&self) -> &str {
        assert_eq!((self.code(), &*self.err), (0, ""));
        &self.out
    }

    /// The environment that the run was started with, as raw entries.
    pub(crate) fn environ(&self) -> Vec<Vec<u8>> {
        let entry = |(name, value): (&OsString, &OsString)| {
            [name.as_bytes(), b"=", value.as_bytes()].concat()
        };
        self.variables.iter().map(entry).collect()
    }

    /// Asserts that the run stopped before any cargo, with this code, an error with these words, and one
    /// next step that begins so. The whole of each text stands in the listing of all messages.
    pub(crate) fn assert_stopped(&self, code: i32, error: &str, help: &str) {
        let (found, next) = self.err.split_once('\n').unwrap_or_default();
        assert_eq!((self.code(), &*self.out), (code, ""), "{}", self.err);
        assert!(found.starts_with("error: ") && found.contains(error), "{found}");
        assert!(next.starts_with(&format!("help: {help}")), "{next}");
        assert_eq!(next.lines().count(), 1, "{next}");
        assert!(self.records.is_empty(), "cargo was run");
    }
}

/// Arguments as the stub writes them down.
pub(crate) fn bytes<A: AsRef<OsStr>>(words: impl IntoIterator<Item = A>) -> Vec<Vec<u8>> {
    words.into_iter().map(|word| word.as_ref().to_owned().into_vec()).collect()
}
