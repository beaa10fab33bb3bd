//! The steps of a command: each system call by which it changes something, all of them from a log, or
//! one after the other while the command waits.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Running;
use super::{Invocation, Outcome};

/// How long it may take from one stop to the next one.
const LIMIT: Duration = Duration::from_secs(20);

/// The command between two of its calls.
pub(crate) struct Steps {
    running: Running,
    log: BufReader<File>,
    line: String,
    said: HashMap<String, String>,
    counts: BTreeMap<String, u32>,
    /// The thread that made the call at which all of them are stopped.
    stopped: Option<Pid>,
}

/// A call that has just been made, the process being stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Which call.
    pub(crate) call: String,
    /// Which one of its kind, from 1.
    pub(crate) number: u32,
    /// The call as strace shows it.
    pub(crate) shown: String,
}

/// The steps of a whole run, out of the log that `strace --decode-fds` made of it: what it only
/// prints and the files that it only reads are none.
pub(crate) fn all(log: &Path) -> Vec<Step> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut steps = Vec::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        // With several threads each line begins with a number.
        let shown = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((call, words)) = shown.split_once('(') else { continue };
        if !call.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let number = counts.entry(call.to_owned()).or_default();
        *number += 1;
        let is_step = match call {
            "openat" => words.contains("O_CREAT"),
            "write" => !words.starts_with("1<") && !words.starts_with("2<"),
            _ => true,
        };
        if is_step {
            steps.push(Step { call: call.to_owned(), number: *number, shown: shown.to_owned() });
        }
    }
    steps
}

/// Runs a command to its end, and returns those of its calls by which it changes something.
pub(crate) fn of(command: Invocation<'_>, calls: &str, log: &Path) -> Vec<Step> {
    let (name, trace) = (log.to_str().expect("a plain path"), format!("trace={calls}"));
    command.after(["strace", "-fqq", "--decode-fds", "-o", name, "-e", &trace]).run().ok();
    let steps = all(log);
    fs::remove_file(log).unwrap();
    steps
}

/// Runs a command that is killed at one of its calls; strace counts those of each kind, in each thread.
pub(crate) fn killed_at(command: Invocation<'_>, call: &str, number: u32) -> Outcome {
    let (trace, inject) =
        (format!("trace={call}"), format!("inject={call}:signal=KILL:when={number}"));
    command.after(["strace", "-fqq", "-o", "/dev/null", "-e", &trace, "-e", &inject]).run()
}

impl Steps {
    /// Starts a command on one processor, so that it makes the same calls each time. `calls` is a
    /// list as strace takes it; `log` is a file to be made.
    pub(crate) fn start(command: Invocation<'_>, calls: &str, log: &Path) -> Steps {
        Steps::start_on(command, calls, &[], log)
    }

    /// The same with only those calls that are about one of these paths, or what is open there.
    pub(crate) fn start_on(
        command: Invocation<'_>,
        calls: &str,
        paths: &[PathBuf],
        log: &Path,
    ) -> Steps {
        let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:signal=STOP"));
        let name = log.to_str().expect("a plain path");
        File::create(log).unwrap();
        let words = ["strace", "-fqq", "-o", name, "-e", &trace, "-e", &inject];
        let command = command.after(["taskset", "1"]).after(words);
        let command = paths.iter().fold(command, |command, path| {
            command.after(["-P", path.to_str().expect("a plain path")])
        });
        let running = command.start();
        let log = BufReader::new(File::open(log).unwrap());
        let (line, said, counts) = (String::new(), HashMap::new(), BTreeMap::new());
        Steps { running, log, line, said, counts, stopped: None }
    }

    /// Goes on to the next stop; `None` where the command has ended.
    pub(crate) fn next(&mut self) -> Option<Step> {
        if let Some(thread) = self.stopped.take() {
            // The signal reaches the whole process, whose first thread may have ended.
            kill_process(thread, Signal::CONT).unwrap();
        }
        let until = Instant::now() + LIMIT;
        loop {
            // Looked at first: what it has said last is in the log by then.
            let is_over = self.running.is_over();
            while self.log.read_line(&mut self.line).unwrap() > 0 {
                if !self.line.ends_with('\n') {
                    break;
                }
                let line = std::mem::take(&mut self.line);
                if let Some(step) = self.read(&line) {
                    return Some(step);
                }
            }
            if is_over {
                return None;
            }
            assert!(Instant::now() <= until, "nothing happened for {LIMIT:?}: {:?}", self.said);
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Every line begins with the thread's number.
    fn read(&mut self, line: &str) -> Option<Step> {
        let (thread, text) = line.trim_end().split_once(' ')?;
        let text = text.trim_start();
        if text == "--- stopped by SIGSTOP ---" {
            // The other threads stop as well, but only one has made a call.
            let shown = self.said.remove(thread)?;
            self.stopped = Pid::from_raw(thread.parse().unwrap());
            let call = shown.split('(').next().unwrap_or_default().to_owned();
            let number = self.counts.entry(call.clone()).or_default();
            *number += 1;
            return Some(Step { call, number: *number, shown });
        }
        if !text.starts_with(['-', '+', '<']) {
            self.said.insert(thread.to_owned(), text.to_owned());
        }
        None
    }

    /// What came of the command, which has ended.
    pub(crate) fn finish(self) -> Outcome {
        self.running.finish()
    }
}
