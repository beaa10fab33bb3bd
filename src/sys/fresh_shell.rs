//! Starts fresh shells, as a person's next session will, and asks them what they have.
//!
//! Each runs in a session of its own: an interactive shell would otherwise fight for the terminal
//! of the one that is asking. None outlives its time.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, setsid};

use super::setup::find_shell;
use super::snapshot::Snapshot;
use crate::core::account::Account;
use crate::core::search_path;

/// How long a shell may take for its start-up files.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it may take for its end, after it has answered.
const GRACE: Duration = Duration::from_millis(500);

/// A shell to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedShell {
    /// `sh`, whichever that is.
    Sh,
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// How it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// As a login shell, without a terminal: `ssh` and display managers with a command.
    Login,
    /// With a terminal: a new window.
    Interactive,
    /// Both: `ssh` and the console.
    LoginInteractive,
}

/// What a session says that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The first `cargo`, as the shell finds it.
    pub cargo: Option<PathBuf>,
    /// `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
}

impl AskedShell {
    /// All of them.
    pub const ALL: [AskedShell; 4] =
        [AskedShell::Sh, AskedShell::Bash, AskedShell::Zsh, AskedShell::Fish];

    /// The program's name.
    pub fn name(self) -> &'static str {
        match self {
            AskedShell::Sh => "sh",
            AskedShell::Bash => "bash",
            AskedShell::Zsh => "zsh",
            AskedShell::Fish => "fish",
        }
    }

    /// How it can be started so that it reads a start-up file. An interactive `sh` has the
    /// environment of the session that it is started from, and reads none.
    pub fn starts(self) -> &'static [Start] {
        match self {
            AskedShell::Sh => &[Start::Login, Start::LoginInteractive],
            _ => &[Start::Login, Start::Interactive, Start::LoginInteractive],
        }
    }

    /// Prints marked lines: what a start-up file prints besides is not taken for an answer.
    fn question(self) -> &'static str {
        match self {
            AskedShell::Fish => {
                "printf '@@cargo=%s\\n' (command -s cargo); \
                 printf '@@target=%s\\n' \"$CARGO_TARGET_DIR\""
            }
            AskedShell::Zsh => {
                "printf '@@cargo=%s\\n' \"$(whence -p cargo)\"; \
                 printf '@@target=%s\\n' \"$CARGO_TARGET_DIR\""
            }
            AskedShell::Sh | AskedShell::Bash => {
                "printf '@@cargo=%s\\n' \"$(command -v cargo)\"; \
                 printf '@@target=%s\\n' \"${CARGO_TARGET_DIR-}\""
            }
        }
    }

    /// The directories that it makes in a home wherever it starts and that are not there yet, the
    /// inner ones first.
    fn absent_from(self, home: Option<&Path>) -> Vec<PathBuf> {
        let names: &[&str] = match self {
            AskedShell::Fish => {
                &[".config/fish", ".config", ".local/share/fish", ".local/share", ".local"]
            }
            _ => &[],
        };
        let paths = home.into_iter().flat_map(|home| names.iter().map(|name| home.join(name)));
        paths.filter(|path| !path.exists()).collect()
    }
}

impl Start {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Start::Login => "login",
            Start::Interactive => "interactive",
            Start::LoginInteractive => "login, interactive",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Start::Login => &["-l", "-c"],
            Start::Interactive => &["-i", "-c"],
            Start::LoginInteractive => &["-l", "-i", "-c"],
        }
    }
}

/// Asks a fresh shell of the caller's; `None` for a shell that is not installed.
///
/// `words` are those with which this program calls [`enter`].
///
/// # Errors
/// The system's, and [`io::ErrorKind::TimedOut`] for a shell that never comes to an end.
pub fn ask(
    shell: AskedShell,
    start: Start,
    account: &Account,
    snapshot: &Snapshot,
    words: &[&str],
) -> io::Result<Option<Answer>> {
    let Some(program) = find_shell(shell.name()) else { return Ok(None) };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(words).arg(&program).args(start.flags()).arg(shell.question());
    command.env_clear().envs(environment(account, snapshot, program.as_os_str()));
    command
        .current_dir(account.home.as_deref().filter(|home| home.is_dir()).unwrap_or("/".as_ref()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let absent = shell.absent_from(account.home.as_deref());
    let output = finish(command.spawn()?);
    // Somebody may have put something there meanwhile, and then it stays.
    absent.iter().for_each(|directory| drop(std::fs::remove_dir(directory)));
    let output = output?;
    let value = |name: &[u8]| {
        let line = output.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name));
        line.filter(|line| !line.is_empty()).map(|line| PathBuf::from(OsStr::from_bytes(line)))
    };
    Ok(Some(Answer { cargo: value(CARGO), target_dir: value(TARGET) }))
}

/// Begins a session of its own and becomes the shell.
///
/// # Errors
/// The system's.
pub fn enter(words: &[OsString]) -> io::Result<Infallible> {
    let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    setsid()?;
    Err(Command::new(program).args(args).exec())
}

/// What `login` gives to a session.
fn environment(
    account: &Account,
    snapshot: &Snapshot,
    shell: &OsStr,
) -> Vec<(&'static str, OsString)> {
    let name = account.name.clone().unwrap_or_default();
    let home = account.home.clone().map_or_else(|| "/".into(), PathBuf::into_os_string);
    let mut all = vec![
        ("HOME", home),
        ("USER", name.clone()),
        ("LOGNAME", name),
        ("SHELL", shell.to_owned()),
        ("PATH", search_path::DEFAULT.into()),
        ("TERM", "dumb".into()),
    ];
    all.extend(snapshot.variable("LANG").map(|language| ("LANG", language)));
    all
}

/// Reads until the answer is complete. A start-up file may have left a program behind that holds the
/// output open, so its end is not waited for.
fn finish(mut child: Child) -> io::Result<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut block = [0; 1 << 12];
            while let Ok(length @ 1..) = stdout.read(&mut block) {
                if sender.send(block.get(..length).unwrap_or_default().to_vec()).is_err() {
                    return;
                }
            }
        });
    }
    let until = Instant::now() + PATIENCE;
    let mut output = Vec::new();
    let outcome = loop {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(block) => output.extend(block),
            Err(RecvTimeoutError::Disconnected) => break Ok(output),
            Err(RecvTimeoutError::Timeout) => break Err(io::ErrorKind::TimedOut.into()),
        }
        if is_complete(&output) {
            break Ok(output);
        }
    };
    if outcome.is_ok() {
        // What it does at its end, it may do in peace.
        let until = Instant::now() + GRACE;
        while child.try_wait()?.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    if child.try_wait()?.is_none() {
        // It leads its session and group, and has not been waited for.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        child.wait()?;
    }
    outcome
}

fn is_complete(output: &[u8]) -> bool {
    let mut lines = output.split_inclusive(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(TARGET) && line.ends_with(b"\n"))
}

const CARGO: &[u8] = b"@@cargo=";
const TARGET: &[u8] = b"@@target=";
