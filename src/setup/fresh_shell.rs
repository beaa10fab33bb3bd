//! Starts fresh shells, as a person's next session will, and asks them what they find.
//!
//! No shell runs longer than its time limit, or than the program that asks.

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
    /// `sh`, whichever shell that is.
    Sh,
    /// bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// csh, usually tcsh.
    Tcsh,
    /// yash.
    Yash,
}

/// A kind of session: a shell, and a way to start it so that it reads a start-up file.
pub(super) struct SessionKind {
    /// The shell.
    pub(super) shell: AskedShell,
    /// How it is started: what people call it, and the arguments.
    pub(super) start: Start,
    /// The person's files that it may read, in that order.
    pub(super) files: &'static [&'static str],
    /// The file to create if there is none.
    pub(super) new: &'static str,
}

type Start = (&'static str, &'static [&'static str]);
/// As a login shell, without a terminal: `ssh` and display managers with a command.
const LOGIN: Start = ("login", &["-l", "-c"]);
/// With a terminal: a new window.
pub(super) const INTERACTIVE: Start = ("interactive", &["-i", "-c"]);
/// Both: `ssh` and the console.
pub(super) const BOTH: Start = ("login, interactive", &["-l", "-i", "-c"]);

/// bash's files for a login shell. bash reads only one of the last three, which reads `.bashrc`.
const OF_BASH: &[&str] = &[".bashrc", ".profile", ".bash_login", ".bash_profile"];

/// All kinds of session, grouped by shell. An interactive `sh` or yash has the environment of the
/// session that starts it. tcsh reads the same file however it is started.
pub(super) static ASKED: [SessionKind; 14] = {
    use AskedShell::{Bash, Fish, Sh, Tcsh, Yash, Zsh};
    [
        asked(Sh, LOGIN, &[".profile"], ".profile"),
        asked(Sh, BOTH, &[".profile"], ".profile"),
        asked(Bash, LOGIN, OF_BASH, ".profile"),
        asked(Bash, INTERACTIVE, &[".bashrc"], ".bashrc"),
        asked(Bash, BOTH, OF_BASH, ".profile"),
        asked(Zsh, LOGIN, &[".zshenv", ".zprofile", ".zlogin"], ".zprofile"),
        asked(Zsh, INTERACTIVE, &[".zshenv", ".zshrc"], ".zshrc"),
        asked(Zsh, BOTH, &[".zshenv", ".zprofile", ".zshrc", ".zlogin"], ".zshrc"),
        asked(Fish, LOGIN, &["config.fish"], "config.fish"),
        asked(Fish, INTERACTIVE, &["config.fish"], "config.fish"),
        asked(Fish, BOTH, &["config.fish"], "config.fish"),
        asked(Tcsh, INTERACTIVE, &[".cshrc", ".tcshrc"], ".cshrc"),
        asked(Yash, LOGIN, &[".yash_profile"], ".yash_profile"),
        asked(Yash, BOTH, &[".yash_profile", ".yashrc"], ".yash_profile"),
    ]
};

const fn asked(
    shell: AskedShell,
    start: Start,
    files: &'static [&'static str],
    new: &'static str,
) -> SessionKind {
    SessionKind { shell, start, files, new }
}

/// What a session reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShellAnswer {
    /// The first `cargo` that the shell finds.
    pub cargo: Option<PathBuf>,
    /// `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
    /// The directory of the shell's own start-up files, if the shell names it: zsh's `$ZDOTDIR`, and
    /// fish's configuration directory.
    pub config: Option<PathBuf>,
}

impl AskedShell {
    /// Whether to ask it for this account: the rarer shells only if people log in with them.
    pub(super) fn is_for(self, account: &Account) -> bool {
        let login_shell = account.shell.as_deref().and_then(Path::file_name).unwrap_or_default();
        match self {
            AskedShell::Tcsh => login_shell == "tcsh" || login_shell == "csh",
            AskedShell::Yash => login_shell == "yash",
            _ => true,
        }
    }

    /// Whether sessions of this account begin with it: the login shell, the shell that this session
    /// names, and `sh`, which display managers and scripts use.
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

    /// The command that prints the answer, in marked lines. So other output of a start-up file is not
    /// mistaken for an answer, and cannot hide one by lacking a newline at its end. The answer is the
    /// program that other programs find, whatever function or alias the person has, so `sh` looks for
    /// it.
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

    /// The directories that this shell creates in a home whenever it starts, and that do not exist yet,
    /// inner ones first. `config` is where it keeps its configuration, if not in `.config`.
    fn absent_from(self, home: Option<&Path>, config: Option<&Path>) -> Vec<PathBuf> {
        let Some(home) = home.filter(|_| self == AskedShell::Fish) else { return Vec::new() };
        let config = config.map_or_else(|| home.join(".config"), Path::to_owned);
        let data = home.join(".local/share");
        let all = [config.join("fish"), config, data.join("fish"), data, home.join(".local")];
        all.into_iter().filter(|path| !path.exists()).collect()
    }
}

/// Asks one of the caller's fresh shells. `None` if the shell is not installed, or not to be asked.
///
/// # Errors
/// Any I/O error, [`io::ErrorKind::TimedOut`] for a shell that does not end, and
/// [`io::ErrorKind::UnexpectedEof`] for one that ends without an answer.
pub(super) fn ask(
    asked: &SessionKind,
    account: &Account,
    snapshot: &Snapshot,
) -> io::Result<Option<ShellAnswer>> {
    let (shell, (_, flags)) = (asked.shell, asked.start);
    let program = find_shell(shell.name()).filter(|_| shell.is_for(account));
    let Some(program) = program else { return Ok(None) };
    let home = account.home.as_deref();
    // The session decides where fish keeps its files, before fish reads any of them.
    let config = Some(CONFIG_HOME).filter(|_| shell == AskedShell::Fish);
    let config = config.and_then(|name| Homes::new(snapshot).own(name));
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["setup", ENTER]).arg(&program).args(flags).arg(shell.question());
    command.env_clear().envs(environment(account, snapshot, program.as_os_str()));
    command.envs(login::variables(home.unwrap_or("/".as_ref())));
    command.envs(config.iter().map(|path| (CONFIG_HOME, path)));
    command.current_dir(home.filter(|home| home.is_dir()).unwrap_or("/".as_ref()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let absent = shell.absent_from(home, config.as_deref());
    let output = keeper::finish(command.spawn()?, is_complete);
    // Somebody may have put something there meanwhile; then the directory stays.
    absent.iter().for_each(|directory| drop(std::fs::remove_dir(directory)));
    let output = output?;
    let value = |name: &[u8]| {
        let line = output.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name));
        line.filter(|line| !line.is_empty()).map(|line| PathBuf::from(OsStr::from_bytes(line)))
    };
    Ok(Some(ShellAnswer { cargo: value(CARGO), target_dir: value(TARGET), config: value(CONFIG) }))
}

/// The variable that names a person's configuration directory.
const CONFIG_HOME: &str = "XDG_CONFIG_HOME";

/// The variables that `login` gives to a session.
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
