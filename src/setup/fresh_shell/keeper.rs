//! The keeper: a process between a fresh shell and the program that asks it, so that no shell is left
//! behind.
//!
//! The keeper leads a session of its own, because an interactive shell would otherwise fight for the
//! terminal of the asking program. That program holds the other end of the keeper's stdin. When that end
//! is closed, on purpose or because the program was killed, the keeper ends the shell, and then
//! everything else in its process group. The programs that start-up files run get a moment to finish by
//! themselves: they may hold a lock that nobody else removes.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, kill_process, kill_process_group, setsid, test_kill_process_group,
};

/// How long a shell may take for its start-up files.
const PATIENCE: Duration = Duration::from_secs(10);

/// The limit of output before the answer, in bytes.
const MAX_OUTPUT: usize = 1 << 20;

/// How long a shell may take to end after it has answered.
const GRACE: Duration = Duration::from_millis(500);

/// How long after the shell's hang-up the rest of its group is terminated, and then killed.
const TERMINATE: Duration = Duration::from_secs(3);
const KILL: Duration = Duration::from_secs(6);

/// Starts a new session, runs a shell in it, and ends with that shell.
///
/// # Errors
/// Any I/O error.
pub(crate) fn enter(words: &[OsString]) -> io::Result<Infallible> {
    let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    setsid()?;
    let mut command = Command::new(program);
    let mut shell = command.args(args).stdin(Stdio::null()).process_group(0).spawn()?;
    let group = Pid::from_child(&shell);
    let is_let_go = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_let_go);
    let end = std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        flag.store(true, Ordering::SeqCst);
        end_group(group);
    });
    shell.wait()?;
    // If a shell ends by itself, the programs that it was told to leave running stay.
    if is_let_go.load(Ordering::SeqCst) {
        let _ = end.join();
    }
    #[expect(clippy::exit, reason = "it stands for the shell, and nobody waits for a result")]
    std::process::exit(0);
}

/// Ends a shell and everything in its process group.
///
/// Only the shell gets the hang-up. A signal to the whole group would kill the `rm` of a script that is
/// about to remove its lock, whatever signals the script traps.
fn end_group(shell: Pid) {
    let begin = Instant::now();
    let _ = kill_process(shell, Signal::HUP);
    let _ = kill_process(shell, Signal::CONT);
    for (after, signal) in [(TERMINATE, Signal::TERM), (KILL, Signal::KILL)] {
        while begin.elapsed() < after {
            if test_kill_process_group(shell).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = kill_process_group(shell, signal);
    }
}

/// Waits for the answer of a keeper's shell, and then ends both.
pub(super) fn finish(
    mut keeper: Child,
    is_complete: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    let outcome = keeper.stdout.take().ok_or_else(unanswered);
    let outcome = outcome.and_then(|stdout| read(stdout, is_complete));
    if outcome.is_ok() {
        // Let it finish what it does at its end.
        let until = Instant::now() + GRACE;
        while keeper.try_wait()?.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    drop(keeper.stdin.take());
    keeper.wait()?;
    outcome
}

/// Reads until the answer is complete. It does not wait for the end of the output, because a start-up
/// file may have started a program that holds it open.
fn read(mut stdout: ChildStdout, is_complete: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let until = Instant::now() + PATIENCE;
    let (mut output, mut block) = (Vec::new(), [0; 1 << 12]);
    while !is_complete(&output) {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&left)) {
            _ if output.len() > MAX_OUTPUT => {
                return Err(hung("its start-up files print without end"));
            }
            Ok(0) => {
                let text = format!("it has not got through its start-up files in {PATIENCE:?}");
                return Err(hung(&text));
            }
            Err(Errno::INTR) => {}
            ready => match ready.map(|_| stdout.read(&mut block))?? {
                0 => return Err(unanswered()),
                length => output.extend(block.iter().take(length)),
            },
        }
    }
    Ok(output)
}

/// The error for a shell that is not worth asking again.
fn hung(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, text)
}

fn unanswered() -> io::Error {
    let text = "its start-up files end it, or start something else in its place";
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}
