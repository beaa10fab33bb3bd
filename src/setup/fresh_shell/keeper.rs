//! The process between a fresh shell and whoever asks it, so that the shell is never left behind.
//!
//! It leads a session of its own: an interactive shell would otherwise fight for the terminal of the
//! one that is asking. Whoever asks holds the other end of its stdin. When that end is closed, on purpose
//! or because its holder was killed, the shell is ended, and then everything else in its group. What its
//! start-up files run has a moment to finish by itself: it may hold a lock that nobody else removes.

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

/// How much may be printed before the answer, in bytes.
const MAX_OUTPUT: usize = 1 << 20;

/// How long it may take for its end, after it has answered.
const GRACE: Duration = Duration::from_millis(500);

/// How long after the shell the rest of its group is told to terminate, and then killed.
const TERMINATE: Duration = Duration::from_secs(3);
const KILL: Duration = Duration::from_secs(6);

/// Begins a session of its own, runs a shell in it, and ends with it.
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
    // A shell that ends by itself leaves behind what it was told to.
    if is_let_go.load(Ordering::SeqCst) {
        let _ = end.join();
    }
    #[expect(clippy::exit, reason = "it stands for the shell, and nobody waits for a result")]
    std::process::exit(0);
}

/// Ends a shell, and all that is in its group.
///
/// The hang-up is for the shell alone. A script that is about to remove its lock would lose the `rm` to a
/// signal for the whole group, whatever it traps.
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

/// Lets a keeper's shell answer, and then ends both.
pub(super) fn finish(
    mut keeper: Child,
    is_complete: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    let outcome = keeper.stdout.take().ok_or_else(unanswered);
    let outcome = outcome.and_then(|stdout| read(stdout, is_complete));
    if outcome.is_ok() {
        // What it does at its end, it may do in peace.
        let until = Instant::now() + GRACE;
        while keeper.try_wait()?.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    drop(keeper.stdin.take());
    keeper.wait()?;
    outcome
}

/// Reads until the answer is complete. A start-up file may have left a program behind that holds the
/// output open, so its end is not waited for.
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
