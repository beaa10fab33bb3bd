//! Child processes with an end: whatever hangs is killed and becomes a failure.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Call, Outcome};

/// A child that has been started.
pub(crate) struct Running {
    child: Child,
    shown: String,
    /// What it writes, in files without a name, since a pipe would want a reader.
    output: [File; 2],
    limit: Duration,
    until: Instant,
    is_over: bool,
}

impl Running {
    /// Starts the child in a process group of its own, with these bytes on stdin; `shown` is how failures
    /// call it. What it is already given as its stdout stays.
    #[track_caller]
    pub(crate) fn start(
        mut command: Command,
        shown: String,
        (stdin, stdout): (Vec<u8>, Option<Stdio>),
        limit: Duration,
    ) -> Self {
        let output = [(); 2].map(|()| tempfile::tempfile().unwrap());
        let [out, err] = output.each_ref().map(|file| file.try_clone().unwrap());
        command.stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(stdout.unwrap_or(out.into())).stderr(err);
        let child = command.process_group(0).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{shown}: {error}"));
        if let Some(mut pipe) = child.stdin.take() {
            // A program that reads nothing is none of our concern here.
            thread::spawn(move || drop(pipe.write_all(&stdin)));
        }
        let until = Instant::now() + limit;
        Running { child, shown, output, limit, until, is_over: false }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended; it must have when the limit is over.
    pub(crate) fn is_over(&mut self) -> bool {
        let is_over = self.child.try_wait().unwrap().is_some();
        assert!(
            is_over || Instant::now() <= self.until,
            "{} still ran after {:?}\n{}",
            self.shown,
            self.limit,
            self.said().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
        );
        is_over
    }

    /// Waits for the end, but no longer than the limit.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Outcome {
        let mut pause = Duration::from_micros(200);
        while !self.is_over() {
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        let status = self.child.wait().unwrap();
        self.is_over = true;
        let [exact, stderr] = self.said();
        let stdout = String::from_utf8_lossy(&exact).into_owned();
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let (shown, pid, calls) = (self.shown.clone(), self.id(), Call::told(&stdout));
        Outcome { shown, status, pid, stdout, stderr, exact, calls }
    }

    /// What it has written until now, whoever may still have the files open.
    fn said(&self) -> [Vec<u8>; 2] {
        self.output.each_ref().map(|file| {
            let mut bytes = vec![0; file.metadata().unwrap().len().try_into().unwrap()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            bytes
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            // The child has not been waited for, so its id is still its own and its group's.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
