//! What a candidate asks of the kernel before it executes the end, counted by strace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::candidate::Candidate;
use crate::process;

const FORKING: [&str; 4] = ["clone", "clone3", "fork", "vfork"];
const OPENING: [&str; 4] = ["creat", "open", "openat", "openat2"];

/// Counts from the first instruction of the candidate to its exec of the end, this one included.
/// Processes that it starts on the way are counted with it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) calls: u32,
    /// Files that were really opened; attempts that failed count as calls only.
    pub(super) opened: u32,
    pub(super) processes: u32,
}

pub(super) struct Strace {
    program: PathBuf,
    trace: PathBuf,
}

impl Strace {
    pub(super) fn find(scratch: &Path) -> anyhow::Result<Self> {
        let program = process::require("strace", "strace")?;
        Ok(Self { program, trace: scratch.join("strace.txt") })
    }

    pub(super) fn count(&self, candidate: &Candidate) -> anyhow::Result<Counts> {
        from_trace(&self.observe(candidate)?, &candidate.end).with_context(|| {
            format!("{} never executed `{}`", candidate.kind.name(), candidate.end.display())
        })
    }

    fn observe(&self, candidate: &Candidate) -> anyhow::Result<String> {
        let mut strace = Command::new(&self.program);
        strace.arg("-f").arg("-o").arg(&self.trace);
        process::capture(&mut candidate.observed_by(strace))?;
        let trace = fs::read(&self.trace).context("failed to read what strace wrote")?;
        Ok(String::from_utf8_lossy(&trace).into_owned())
    }
}

/// Reads the output of `strace -f`; nothing if the end was never executed.
fn from_trace(trace: &str, end: &Path) -> Option<Counts> {
    let end = format!("execve(\"{}\"", end.display());
    let mut counts = Counts::default();
    // The first line is the exec that starts the candidate, made by strace.
    for line in trace.lines().skip(1) {
        // With more than one process, each line begins with the process id.
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        if let Some((name, rest)) = call.split_once('(').filter(|_| is_call(call)) {
            let thread = rest.contains("CLONE_THREAD");
            counts.calls += 1;
            counts.processes += u32::from(FORKING.contains(&name) && !thread);
            counts.opened += u32::from(OPENING.contains(&name) && has_succeeded(call));
        } else if let Some((name, _)) = resumed(call) {
            counts.opened += u32::from(OPENING.contains(&name) && has_succeeded(call));
        }
        if call.starts_with(&end) && !has_failed(call) {
            return Some(counts);
        }
    }
    None
}

/// Signals (`--- SIGCHLD …`), exits (`+++ exited …`) and the second half of an interrupted call
/// (`<... read resumed>…`) are no calls.
fn is_call(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
}

/// The name of a call whose result another process's line had pushed away.
fn resumed(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("<... ")?.split_once(" resumed>")
}

fn has_succeeded(call: &str) -> bool {
    call.contains(" = ") && !has_failed(call)
}

fn has_failed(call: &str) -> bool {
    call.contains(" = -1 ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"
10    execve("/s/cargo", ["cargo", "build"], 0x7ff /* 36 vars */) = 0
10    openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3
10    openat(AT_FDCWD, "/missing", O_RDONLY) = -1 ENOENT (No such file or directory)
10    clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f2) = 11
10    clone(child_stack=0x7, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 12
11    openat(AT_FDCWD, "/etc/passwd", O_RDONLY <unfinished ...>
10    wait4(-1,  <unfinished ...>
11    <... openat resumed>)             = 3
11    execve("/usr/bin/id", ["id", "-un"], 0x55 /* 36 vars */) = 0
11    exit_group(0)                     = ?
11    +++ exited with 0 +++
10    <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 11
10    --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=11} ---
10    execve("/end/cargo", ["cargo"], 0x55 /* 36 vars */) = -1 ENOENT (No such file or directory)
10    execve("/end/cargo", ["cargo"], 0x55 /* 36 vars */) = 0
10    brk(NULL)                         = 0x3c010000
"#;

    #[test]
    fn counts_what_lies_between_the_start_and_the_end() {
        let counts = from_trace(TRACE.trim_start(), Path::new("/end/cargo"));
        assert_eq!(counts, Some(Counts { calls: 10, opened: 2, processes: 1 }));
    }

    #[test]
    fn a_candidate_that_never_reaches_the_end_has_no_counts() {
        assert_eq!(from_trace(TRACE.trim_start(), Path::new("/other/cargo")), None);
        assert_eq!(from_trace("", Path::new("/end/cargo")), None);
    }
}
