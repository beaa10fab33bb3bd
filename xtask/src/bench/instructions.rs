//! How many instructions a candidate executes before the end takes over, counted by callgrind.
//!
//! valgrind loses its figures at an exec, so they are dumped at every entry into `execve`. A
//! forked child begins with a copy of its parent's figures: of such a child only what comes after
//! its own exec counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::candidate::Candidate;
use crate::{process, scratch};

/// The line under the table.
pub(super) const WHAT_IS_COUNTED: &str = "Instructions: in user space, the dynamic loader and the \
    programs started on the way included; without a forked child's way to its own exec.";

pub(super) struct Callgrind {
    program: PathBuf,
    directory: PathBuf,
}

impl Callgrind {
    pub(super) fn find(scratch: &Path) -> anyhow::Result<Self> {
        let program = process::require("valgrind", "valgrind")?;
        Ok(Self { program, directory: scratch.join("callgrind") })
    }

    pub(super) fn count(&self, candidate: &Candidate) -> anyhow::Result<u64> {
        let directory = self.directory.join(format!("{:?}", candidate.kind));
        fs::create_dir_all(&self.directory).context("failed to create a directory")?;
        scratch::directory(&directory, 0o755)?;
        let mut valgrind = Command::new(&self.program);
        valgrind
            .args(["--tool=callgrind", "--dump-before=execve", "--trace-children=yes"])
            .arg(format!("--trace-children-skip={}", candidate.end.display()))
            .arg(format!("--callgrind-out-file={}/%p", directory.display()));
        let (id, _) = process::capture_with_id(&mut candidate.observed_by(valgrind))?;
        total(&read_dumps(&directory)?, id)
            .with_context(|| format!("callgrind saw no exec of {}", candidate.kind.name()))
    }
}

/// One dump of one process.
#[derive(Debug, PartialEq)]
struct Dump {
    process: u32,
    at_exec: bool,
    instructions: u64,
}

impl Dump {
    fn parse(text: &str) -> Option<Self> {
        let value =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some(Self {
            process: value("pid:")?.parse().ok()?,
            at_exec: value("desc: Trigger:")?.starts_with("--dump-before"),
            instructions: value("totals:")?.parse().ok()?,
        })
    }
}

fn read_dumps(directory: &Path) -> anyhow::Result<Vec<Dump>> {
    let mut dumps = Vec::new();
    for entry in fs::read_dir(directory).context("failed to read what callgrind wrote")? {
        let text = fs::read(entry?.path()).context("failed to read what callgrind wrote")?;
        // A process that leaves by exec leaves an empty file beside its dumps.
        dumps.extend(Dump::parse(&String::from_utf8_lossy(&text)));
    }
    Ok(dumps)
}

/// The candidate's own way to its exec, and the whole run of each program that it started.
fn total(dumps: &[Dump], candidate: u32) -> Option<u64> {
    let counts = |dump: &&Dump| (dump.process == candidate) == dump.at_exec;
    let reached = dumps.iter().any(|dump| dump.process == candidate && dump.at_exec);
    reached.then(|| dumps.iter().filter(counts).map(|dump| dump.instructions).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(process: u32, at_exec: bool, instructions: u64) -> Dump {
        Dump { process, at_exec, instructions }
    }

    #[test]
    fn reads_a_dump() {
        let text = "version: 1\npid: 12\ncmd:  cargo build\npart: 1\n\n\
            desc: Trigger: --dump-before=execve\nevents: Ir\nsummary: 41\n\ntotals: 42\n";
        assert_eq!(Dump::parse(text), Some(dump(12, true, 42)));
        assert_eq!(Dump::parse(""), None);
    }

    #[test]
    fn a_forked_childs_copy_of_its_parent_does_not_count() {
        let dumps = [dump(9, true, 100), dump(2, true, 90), dump(2, false, 7), dump(3, false, 5)];
        assert_eq!(total(&dumps, 9), Some(112));
    }

    #[test]
    fn without_an_exec_there_is_nothing_to_count() {
        assert_eq!(total(&[dump(1, false, 100), dump(2, true, 5)], 1), None);
        assert_eq!(total(&[], 1), None);
    }
}
