//! Starts fresh shells, as a person's next session will, and asks them what they have.
//!
//! None outlives its time, nor the program that asks.

mod keeper;
pub(super) mod login;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) use keeper::enter;

use crate::os::homes::Homes;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::session::search_path;
use crate::setup::ENTER;
use crate::setup::steps::find_shell;

/// A shell to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskedShell {
    /// `sh`, whichever that is.
    Sh,
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// csh, mostly tcsh.
    Tcsh,
    /// yash.
    Yash,
}

/// How it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// As a login shell, without a terminal: `ssh` and display managers with a command.
    Login,
    /// With a terminal: a new window.
    Interactive,
    /// Both: `ssh` and the console.
    LoginInteractive,
}

/// What a session says that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The first `cargo`, as the shell finds it.
    pub cargo: Option<PathBuf>,
    /// `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
    /// Where the shell looks for its own start-up files, if it says so: zsh's `$ZDOTDIR`, and fish's
    /// directory of configuration.
    pub config: Option<PathBuf>,
}

impl AskedShell {
    /// All of them.
    pub(super) const ALL: [AskedShell; 6] = [
        AskedShell::Sh,
        AskedShell::Bash,
        AskedShell::Zsh,
        AskedShell::Fish,
        AskedShell::Tcsh,
        AskedShell::Yash,
    ];

    /// Whether it is asked for this account: the rarer ones are only where people log in with them.
    pub(super) fn is_for(self, account: &Account) -> bool {
        let login_shell = account.shell.as_deref().and_then(Path::file_name).unwrap_or_default();
        match self {
            AskedShell::Tcsh => login_shell == "tcsh" || login_shell == "csh",
            AskedShell::Yash => login_shell == "yash",
            _ => true,
        }
    }

    /// Whether sessions of this account begin with it: its login shell, the one that this session names,
    /// and what display managers and scripts use.
    pub(super) fn is_used(self, account: &Account, snapshot: &Snapshot) -> bool {
        let named = snapshot.variable("SHELL").map(PathBuf::from);
        let mut shells = account.shell.iter().chain(&named).filter_map(|shell| shell.file_name());
        self == AskedShell::Sh || shells.any(|shell| shell.to_string_lossy().ends_with(self.name()))
    }

    /// The program's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            AskedShell::Sh => "sh",
            AskedShell::Bash => "bash",
            AskedShell::Zsh => "zsh",
            AskedShell::Fish => "fish",
            AskedShell::Tcsh => "tcsh",
            AskedShell::Yash => "yash",
        }
    }

    /// How it can be started so that it reads a start-up file. An interactive `sh` or yash has the
    /// environment of the session that it is started from; tcsh reads the same file however it is started.
    pub(super) fn starts(self) -> &'static [Start] {
        match self {
            AskedShell::Sh | AskedShell::Yash => &[Start::Login, Start::LoginInteractive],
            AskedShell::Tcsh => &[Start::Interactive],
            _ => &[Start::Login, Start::Interactive, Start::LoginInteractive],
        }
    }

    /// Prints marked lines: what a start-up file prints besides is not taken for an answer, nor does
    /// it hide one that it has no newline before. What counts is the program that others find,
    /// whatever the person wraps around it, so another shell is asked.
    fn question(self) -> String {
        let config = match self {
            AskedShell::Fish => "printf '\\n@@config=%s' \"$__fish_config_dir\"; ",
            AskedShell::Zsh => "printf '\\n@@config=%s' \"${ZDOTDIR-}\"; ",
            _ => "",
        };
        format!(
            "{config}/bin/sh -c 'printf \"\\n@@cargo=%s\\n@@target=%s\\n\" \
             \"$(command -v cargo)\" \"${{CARGO_TARGET_DIR-}}\"'"
        )
    }

    /// The directories that it makes in a home wherever it starts and that are not there yet, the
    /// inner ones first; `config` is where it keeps its configuration, if not in `.config`.
    fn absent_from(self, home: Option<&Path>, config: Option<&Path>) -> Vec<PathBuf> {
        let Some(home) = home.filter(|_| self == AskedShell::Fish) else { return Vec::new() };
        let config = config.map_or_else(|| home.join(".config"), Path::to_owned);
        let data = home.join(".local/share");
        let all = [config.join("fish"), config, data.join("fish"), data, home.join(".local")];
        all.into_iter().filter(|path| !path.exists()).collect()
    }
}

impl Start {
    /// As people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Start::Login => "login",
            Start::Interactive => "interactive",
            Start::LoginInteractive => "login, interactive",
        }
    }

    /// The words that start it so.
    pub(super) fn flags(self) -> &'static [&'static str] {
        match self {
            Start::Login => &["-l", "-c"],
            Start::Interactive => &["-i", "-c"],
            Start::LoginInteractive => &["-l", "-i", "-c"],
        }
    }
}

/// Asks a fresh shell of the caller's; `None` for a shell that is not installed, or not asked.
///
/// # Errors
/// Any I/O error, [`io::ErrorKind::TimedOut`] for a shell that never comes to an end, and
/// [`io::ErrorKind::UnexpectedEof`] for one that ends without an answer.
pub(super) fn ask(
    shell: AskedShell,
    start: Start,
    account: &Account,
    snapshot: &Snapshot,
) -> io::Result<Option<Answer>> {
    let program = find_shell(shell.name()).filter(|_| shell.is_for(account));
    let Some(program) = program else { return Ok(None) };
    let home = account.home.as_deref();
    // Where fish keeps its files is for the session to say, and it says so before any of them.
    let config = Some(CONFIG_HOME).filter(|_| shell == AskedShell::Fish);
    let config = config.and_then(|name| Homes::new(snapshot).own(name));
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["setup", ENTER]).arg(&program).args(start.flags()).arg(shell.question());
    command.env_clear().envs(environment(account, snapshot, program.as_os_str()));
    command.envs(login::variables(home.unwrap_or("/".as_ref())));
    command.envs(config.iter().map(|path| (CONFIG_HOME, path)));
    command.current_dir(home.filter(|home| home.is_dir()).unwrap_or("/".as_ref()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let absent = shell.absent_from(home, config.as_deref());
    let output = keeper::finish(command.spawn()?, is_complete);
    // Somebody may have put something there meanwhile, and then it stays.
    absent.iter().for_each(|directory| drop(std::fs::remove_dir(directory)));
    let output = output?;
    let value = |name: &[u8]| {
        let line = output.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name));
        line.filter(|line| !line.is_empty()).map(|line| PathBuf::from(OsStr::from_bytes(line)))
    };
    Ok(Some(Answer { cargo: value(CARGO), target_dir: value(TARGET), config: value(CONFIG) }))
}

/// The variable that says where a person's configuration is.
const CONFIG_HOME: &str = "XDG_CONFIG_HOME";

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

fn is_complete(output: &[u8]) -> bool {
    let mut lines = output.split_inclusive(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(TARGET) && line.ends_with(b"\n"))
}

const CARGO: &[u8] = b"@@cargo=";
const CONFIG: &[u8] = b"@@config=";
const TARGET: &[u8] = b"@@target=";
