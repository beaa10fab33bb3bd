//! What a candidate does before the end takes over, counted by strace and callgrind.

use std::fs;
use std::process::Command;

use anyhow::Context;

use super::stand::{Candidate, Stand};
use crate::{project, screen};

/// The lines under the table.
pub(super) const WHAT_IS_COUNTED: &str = "System calls and processes: those of the candidate less those \
    of the direct call. Instructions: in user space, the dynamic loader and the programs started on the \
    way included; without a forked child's way to its own exec.";

/// What makes a process, in the words of strace.
const FORKING: [&str; 4] = ["clone", "clone3", "fork", "vfork"];

/// What could not be counted is left out with a line that says why.
fn or_left_out<T>(what: &str, counted: anyhow::Result<T>) -> Option<T> {
    counted.inspect_err(|error| screen::result(format_args!("{what} left out: {error:#}\n"))).ok()
}

/// System calls, and processes started, the exec of the end included.
pub(super) fn system_calls(stand: &Stand, candidate: &Candidate) -> Option<(u32, u32)> {
    or_left_out("System calls and processes", strace(stand, candidate))
}

fn strace(stand: &Stand, candidate: &Candidate) -> anyhow::Result<(u32, u32)> {
    let summary = stand.path().join("strace.txt");
    let mut strace = Command::new(project::require("strace", "strace")?);
    strace.args(["-f", "-c", "-U", "calls,name", "-o"]).arg(&summary);
    run(&mut candidate.observed_by(strace))?;
    in_summary(&fs::read_to_string(summary)?).context("failed to read what strace wrote")
}

fn in_summary(summary: &str) -> Option<(u32, u32)> {
    let rows = summary.lines().filter_map(|line| line.trim().split_once(' '));
    let rows = rows.filter_map(|(calls, name)| Some((name, calls.parse::<u32>().ok()?)));
    let calls = rows.clone().find(|(name, _)| *name == "total")?.1;
    let processes = rows.filter(|(name, _)| FORKING.contains(name)).map(|(_, calls)| calls).sum();
    // strace does not count the call that a process ends by.
    Some((calls + processes, processes))
}

pub(super) fn instructions(stand: &Stand, candidate: &Candidate) -> Option<u64> {
    or_left_out("Instructions", callgrind(stand, candidate))
}

/// valgrind loses its figures at an exec, so they are dumped at every entry into `execve`.
fn callgrind(stand: &Stand, candidate: &Candidate) -> anyhow::Result<u64> {
    let dumps = stand.sh.create_dir(format!("callgrind/{}", candidate.name))?;
    let mut valgrind = Command::new(project::require("valgrind", "valgrind")?);
    valgrind
        .args(["--tool=callgrind", "--dump-before=execve", "--trace-children=yes"])
        .arg(format!("--callgrind-out-file={}/%p", dumps.display()));
    let process = run(&mut candidate.observed_by(valgrind))?;
    let dumps = stand.sh.read_dir(dumps)?;
    let dumps = dumps.iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    let counted = dumps.iter().filter_map(|dump| in_dump(dump, process)).sum();
    anyhow::ensure!(counted > 0, "callgrind saw no exec of {}", candidate.name);
    Ok(counted)
}

/// What counts of a dump: the candidate's own way to its exec, and the whole run of each program that it
/// started. A forked child begins with a copy of its parent's figures: of such a child only what comes
/// after its own exec counts.
fn in_dump(dump: &str, candidate: u32) -> Option<u64> {
    let value = |name: &str| dump.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let is_candidate = value("pid:")?.parse() == Ok(candidate);
    let at_exec = value("desc: Trigger:")?.starts_with("--dump-before");
    if is_candidate == at_exec { value("totals:")?.parse().ok() } else { None }
}

/// Runs it, and gives its number.
fn run(command: &mut Command) -> anyhow::Result<u32> {
    let mut child = command.spawn()?;
    let (id, status) = (child.id(), child.wait()?);
    anyhow::ensure!(status.success(), "{} failed ({status})", command.get_program().display());
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_summary_of_strace() {
        let summary = "    calls syscall\n--------- --------\n        4 execve\n        2 clone\n\
            \x20       1 vfork\n--------- --------\n        7 total\n";
        assert_eq!(in_summary(summary), Some((10, 3)));
        assert_eq!(in_summary(""), None);
    }

    #[test]
    fn a_forked_childs_copy_of_its_parent_does_not_count() {
        let dump = |process: u32, trigger: &str| {
            format!(
                "version: 1\npid: {process}\ncmd:  cargo build\npart: 1\n\n\
                 desc: Trigger: {trigger}\nevents: Ir\nsummary: 41\n\ntotals: 42\n"
            )
        };
        let table = [
            (dump(9, "--dump-before=execve"), Some(42)),
            (dump(9, "Program termination"), None),
            (dump(2, "--dump-before=execve"), None),
            (dump(2, "Program termination"), Some(42)),
            (String::new(), None),
        ];
        for (dump, expected) in table {
            assert_eq!(in_dump(&dump, 9), expected, "{dump}");
        }
    }
}
