//! The keeper: a process between a fresh shell and the program that asks it, so that no shell runs
//! longer than its time limit, even if that program is killed.
//!
//! The keeper leads a session of its own, because an interactive shell would otherwise fight for the
//! terminal of the asking program.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, setsid};

use crate::ui::report;

/// How long a shell may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after the shell's hang-up the rest of its group is killed.
const GRACE: Duration = Duration::from_secs(5);

/// The last lines of a keeper's output.
const ENDED: &str = "@@ended";
const LATE: &str = "@@late";

/// Why a shell has not answered, if this line is a keeper's last one.
pub(super) fn end(line: &[u8]) -> Option<String> {
    let late = format!("it has not got through its start-up files in {PATIENCE:?}");
    let ended = "its start-up files end it, or start something else in its place";
    match line {
        line if line == LATE.as_bytes() => Some(late),
        line if line == ENDED.as_bytes() => Some(ended.to_owned()),
        _ => None,
    }
}

/// Starts a new session, runs a shell in it, and ends with that shell.
///
/// # Errors
/// Any I/O error.
pub(crate) fn enter(words: &[OsString]) -> io::Result<Infallible> {
    let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    setsid()?;
    let mut command = Command::new(program);
    let mut shell = command.args(args).stdin(Stdio::null()).process_group(0).spawn()?;
    let begin = Instant::now();
    // If a shell ends by itself, the programs that it was told to leave running stay.
    while shell.try_wait()?.is_none() {
        if begin.elapsed() > PATIENCE {
            end_group(Pid::from_child(&shell));
            report::line(format!("\n{LATE}"))?;
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    report::line(format!("\n{ENDED}"))?;
    #[expect(clippy::exit, reason = "it stands for the shell, and nobody waits for a result")]
    std::process::exit(0);
}

/// Ends a shell, and then everything in its process group: the programs that start-up files run get a
/// moment to finish by themselves, because they may hold a lock that nobody else removes.
fn end_group(shell: Pid) {
    let _ = kill_process(shell, Signal::HUP);
    std::thread::sleep(GRACE);
    let _ = kill_process_group(shell, Signal::KILL);
}
