//! What a candidate asks of the kernel before it executes the end, counted by strace.

use std::fs;
use std::path::{Component, Path, PathBuf};
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

    /// What it would ask of a file system that knows nothing beforehand and holds all below `network`,
    /// the working directory included.
    pub(super) fn requests(&self, candidate: &Candidate, network: &Path) -> anyhow::Result<u32> {
        let trace = self.observe(candidate)?;
        let end = format!("execve(\"{}\"", candidate.end.display());
        let calls = trace.lines().skip(1).take_while(|line| !line.contains(&end));
        Ok(calls.map(|call| requests_of(call, network)).sum())
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

/// One for each name on the path that has to be looked up: the kernel itself knows the way up. One more
/// for the attributes of what is there, and three for a file that is opened: open, read, close.
fn requests_of(call: &str, network: &Path) -> u32 {
    let Some(path) = call.split('"').nth(1).filter(|path| !path.is_empty()) else { return 0 };
    let path = Path::new(path);
    let names = match path.strip_prefix(network) {
        Ok(below) => below,
        Err(_) if path.is_relative() => path,
        Err(_) => return 0,
    };
    let name = call.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let name = name.split('(').next().unwrap_or_default();
    let after = match name {
        _ if OPENING.contains(&name) => 3,
        "lstat" | "newfstatat" | "stat" | "statx" => 1,
        "access" | "chdir" | "faccessat" | "faccessat2" | "mkdir" | "readlink" | "readlinkat" => 0,
        // A text that was read or written, or a program.
        _ => return 0,
    };
    let after = if has_failed(call) { 0 } else { after };
    let names = names.components().filter(|name| matches!(name, Component::Normal(_)));
    u32::try_from(names.count()).unwrap_or(u32::MAX) + after
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

    #[test]
    fn counts_the_names_that_are_looked_up() {
        for (call, expected) in [
            (r#"7 statx(AT_FDCWD, "/net/a/b", 0, STATX_ALL, {stx_mask=0}) = 0"#, 3),
            (r#"7 statx(AT_FDCWD, "/net/a/b", 0, STATX_ALL, 0x7) = -1 ENOENT (No such file)"#, 2),
            (r#"openat(AT_FDCWD, "../../x", O_RDONLY|O_CLOEXEC) = 3"#, 4),
            (r#"access("../.cargo", F_OK) = 0"#, 1),
            (r#"openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3"#, 0),
            (r#"read(3, "a b", 4096) = 3"#, 0),
            (r#"newfstatat(3, "", {st_mode=S_IFREG|0644}, AT_EMPTY_PATH) = 0"#, 0),
        ] {
            assert_eq!(requests_of(call, Path::new("/net")), expected, "{call}");
        }
    }
}
