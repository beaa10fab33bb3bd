//! Child processes with an end: whatever hangs is killed and becomes a failure.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Outcome;

/// Where the output of children is kept while they run. Files, since a pipe would want a reader.
const LOGS: &str = "/run/children";

/// How long a command of the harness itself may take.
const HARNESS_LIMIT: Duration = Duration::from_secs(60);

/// Makes the place for the output; once, when the machine is there.
pub(crate) fn prepare() {
    fs::create_dir(LOGS).unwrap();
}

/// Runs a command of the harness as the machine's root and expects it to succeed.
#[track_caller]
pub(crate) fn do_as_root<I>(program: &str, args: I)
where
    I: IntoIterator<Item: AsRef<std::ffi::OsStr>>,
{
    try_as_root(program, args).unwrap_or_else(|said| panic!("{said}"));
}

/// The same where it need not succeed; the error is what it said.
pub(crate) fn try_as_root<I>(program: &str, args: I) -> Result<(), String>
where
    I: IntoIterator<Item: AsRef<std::ffi::OsStr>>,
{
    let mut command = Command::new(program);
    command.args(args);
    let run = Running::start(command, program.to_owned(), HARNESS_LIMIT).finish();
    match run.status.success() {
        true => Ok(()),
        false => Err(format!("{program}: {}\n{}", run.status, run.stderr)),
    }
}

/// A child that has been started.
pub(crate) struct Running {
    child: Child,
    shown: String,
    output: [PathBuf; 2],
    limit: Duration,
    until: Instant,
    is_over: bool,
}

impl Running {
    /// Starts the child in a process group of its own; `shown` is how failures call it.
    pub(crate) fn start(mut command: Command, shown: String, limit: Duration) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let output = ["out", "err"].map(|name| Path::new(LOGS).join(format!("{number}.{name}")));
        let [out, err] = &output;
        command
            .stdin(Stdio::null())
            .stdout(File::create(out).unwrap())
            .stderr(File::create(err).unwrap());
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("{shown}: {error}"));
        let until = Instant::now() + limit;
        Running { child, shown, output, limit, until, is_over: false }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended; it must have when the limit is over.
    pub(crate) fn is_over(&mut self) -> bool {
        if self.child.try_wait().unwrap().is_some() {
            return true;
        }
        assert!(Instant::now() <= self.until, "{} still ran after {:?}", self.shown, self.limit);
        false
    }

    /// Waits for the end, but no longer than the limit.
    pub(crate) fn finish(mut self) -> Outcome {
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > self.until {
                let [out, err] = self.said();
                panic!("{} still ran after {:?}\n{out}{err}", self.shown, self.limit);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        self.is_over = true;
        let [stdout, stderr] = self.said();
        Outcome { shown: self.shown.clone(), status, stdout, stderr }
    }

    fn said(&self) -> [String; 2] {
        let [out, err] = &self.output;
        let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        [text(out), text(err)]
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            // The child has not been waited for, so its id is still its own and its group's.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
        for path in &self.output {
            let _ = fs::remove_file(path);
        }
    }
}
