//! Starts fresh shells, as a person's next session will, and asks them what they find.
//!
//! Between a shell and the program that asks it is a process that keeps it, so that no shell runs longer
//! than its time limit, even if that program is killed. The keeper leads a session of its own, because an
//! interactive shell would otherwise fight for the terminal of the asking program.

pub(super) mod login;

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, setsid};

use crate::os::homes::Homes;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::session::search_path;
use crate::setup::ENTER;
use crate::setup::hooks::find_shell;
use crate::ui::report;

/// A kind of session: a shell, and a way to start it so that it reads a start-up file.
#[derive(PartialEq, Eq)]
pub(super) struct SessionKind {
    /// The shell's name.
    pub(super) shell: &'static str,
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
const INTERACTIVE: Start = ("interactive", &["-i", "-c"]);
/// Both: `ssh` and the console.
pub(super) const BOTH: Start = ("login, interactive", &["-l", "-i", "-c"]);

/// The ways to start a shell.
pub(super) const STARTS: [Start; 3] = [LOGIN, INTERACTIVE, BOTH];

/// bash's files for a login shell. bash reads only one of the last three, which reads `.bashrc`.
const OF_BASH: &[&str] = &[".bashrc", ".profile", ".bash_login", ".bash_profile"];

/// All kinds of session, grouped by shell. `sh` is whichever shell that is. An interactive `sh` or yash
/// has the environment of the session that starts it. tcsh reads the same file however it is started.
pub(super) static ASKED: [SessionKind; 14] = [
    asked("sh", LOGIN, &[".profile"], ".profile"),
    asked("sh", BOTH, &[".profile"], ".profile"),
    asked("bash", LOGIN, OF_BASH, ".profile"),
    asked("bash", INTERACTIVE, &[".bashrc"], ".bashrc"),
    asked("bash", BOTH, OF_BASH, ".profile"),
    asked("zsh", LOGIN, &[".zshenv", ".zprofile", ".zlogin"], ".zprofile"),
    asked("zsh", INTERACTIVE, &[".zshenv", ".zshrc"], ".zshrc"),
    asked("zsh", BOTH, &[".zshenv", ".zprofile", ".zshrc", ".zlogin"], ".zshrc"),
    asked("fish", LOGIN, &["config.fish"], "config.fish"),
    asked("fish", INTERACTIVE, &["config.fish"], "config.fish"),
    asked("fish", BOTH, &["config.fish"], "config.fish"),
    asked("tcsh", INTERACTIVE, &[".cshrc", ".tcshrc"], ".cshrc"),
    asked("yash", LOGIN, &[".yash_profile"], ".yash_profile"),
    asked("yash", BOTH, &[".yash_profile", ".yashrc"], ".yash_profile"),
];

const fn asked(
    shell: &'static str,
    start: Start,
    files: &'static [&'static str],
    new: &'static str,
) -> SessionKind {
    SessionKind { shell, start, files, new }
}

/// What a session reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShellAnswer {
    /// The first `cargo` that the shell finds.
    pub cargo: Option<PathBuf>,
    /// `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
    /// The directory of the shell's own start-up files, if the shell names it: zsh's `$ZDOTDIR`, and
    /// fish's configuration directory.
    pub config: Option<PathBuf>,
}

/// Whether to ask a shell for this account: the rarer ones only if people log in with them.
fn is_for(shell: &str, account: &Account) -> bool {
    match shell {
        "tcsh" => ["tcsh", "csh"].contains(&&*account.shell_name()),
        "yash" => account.shell_name() == "yash",
        _ => true,
    }
}

/// Whether sessions of this account begin with a shell: the login shell, the shell that this session
/// names, and `sh`, which display managers and scripts use.
pub(super) fn is_used(shell: &str, account: &Account, snapshot: &Snapshot) -> bool {
    let named = snapshot.variable("SHELL").map(PathBuf::from);
    let mut shells = account.shell.iter().chain(&named).filter_map(|shell| shell.file_name());
    shell == "sh" || shells.any(|used| used.to_string_lossy().ends_with(shell))
}

/// The command that prints the answer, in marked lines. So other output of a start-up file is not mistaken
/// for an answer, and cannot hide one by lacking a newline at its end. The answer is the program that
/// other programs find, whatever function or alias the person has, so `sh` looks for it.
fn question(shell: &str) -> String {
    let config = match shell {
        "fish" => "$__fish_config_dir",
        "zsh" => "${ZDOTDIR-}",
        _ => "",
    };
    let line = "\\n@@cargo-peruser:%s=%s";
    format!(
        "/bin/sh -c 'printf \"{line}{line}{line}\\n\" config \"$1\" cargo \"$(command -v cargo)\" \
         target \"${{CARGO_TARGET_DIR-}}\"' sh \"{config}\""
    )
}

/// The directories that fish creates in a home whenever it starts, and that do not exist yet, inner ones
/// first.
pub(super) fn absent_from(home: &Path, snapshot: &Snapshot) -> Vec<PathBuf> {
    let config = Homes::new(snapshot).own(CONFIG_HOME).unwrap_or_else(|| home.join(".config"));
    let data = home.join(".local/share");
    let all = [config.join("fish"), config, data.join("fish"), data, home.join(".local")];
    all.into_iter().filter(|path| !path.exists()).collect()
}

/// Starts one of the caller's fresh shells. `None` if the shell is not installed, or not to be asked.
pub(super) fn start(
    kind: &SessionKind,
    account: &Account,
    snapshot: &Snapshot,
) -> Option<io::Result<Child>> {
    let program = find_shell(kind.shell).filter(|_| is_for(kind.shell, account))?;
    let home = account.home.as_deref().unwrap_or("/".as_ref());
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.args(["setup", ENTER]).arg(&program).args(kind.start.1).arg(question(kind.shell));
    command.env_clear().envs(environment(account, snapshot, &program));
    command.envs(login::variables(home));
    command.current_dir(if home.is_dir() { home } else { "/".as_ref() });
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Some(command.spawn())
}

/// The variable that names a person's configuration directory.
const CONFIG_HOME: &str = "XDG_CONFIG_HOME";

/// The variables that `login` gives to a session, and where the session keeps fish's files.
fn environment(
    account: &Account,
    snapshot: &Snapshot,
    shell: &Path,
) -> impl Iterator<Item = (&'static str, OsString)> {
    let name = account.name.clone().unwrap_or_default();
    let home = account.home.clone().map_or_else(|| "/".into(), PathBuf::into_os_string);
    // Elsewhere, a login would not have it.
    let config = Homes::new(snapshot).own(CONFIG_HOME).filter(|_| shell.ends_with("fish"));
    let all = [
        ("HOME", Some(home)),
        ("USER", Some(name.clone())),
        ("LOGNAME", Some(name)),
        ("SHELL", Some(shell.into())),
        ("PATH", Some(search_path::DEFAULT.into())),
        ("TERM", Some("dumb".into())),
        ("LANG", snapshot.variable("LANG")),
        (CONFIG_HOME, config.map(PathBuf::into_os_string)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

/// The limit of output before the answer, in bytes.
const MAX_OUTPUT: u64 = 1 << 20;

/// Waits for the answer of a shell, and for the shell's end.
///
/// # Errors
/// Any I/O error, and a shell that ends or is ended without an answer.
pub(super) fn answer(mut shell: Child) -> io::Result<ShellAnswer> {
    let stdout = shell.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let answer = read(BufReader::new(stdout.take(MAX_OUTPUT)));
    shell.wait()?;
    answer
}

/// Reads until the answer is complete. It does not wait for the end of the output, because a start-up
/// file may have started a program that holds it open.
fn read(output: impl BufRead) -> io::Result<ShellAnswer> {
    let mut found = ShellAnswer::default();
    for line in output.split(b'\n') {
        let line = line?;
        let value = |name: &str| {
            let value = line.strip_prefix(format!("@@cargo-peruser:{name}=").as_bytes())?;
            Some(Some(PathBuf::from(OsStr::from_bytes(value))).filter(|_| !value.is_empty()))
        };
        if let Some(config) = value("config") {
            found.config = config;
        } else if let Some(cargo) = value("cargo") {
            found.cargo = cargo;
        } else if let Some(target_dir) = value("target") {
            return Ok(ShellAnswer { target_dir, ..found });
        } else if let Some(why) = line.strip_prefix(END.as_bytes()) {
            return Err(io::Error::other(String::from_utf8_lossy(why)));
        }
    }
    Err(io::Error::other("its start-up files end it, or print without end"))
}

/// How long a shell may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after the shell's hang-up the rest of its group is killed.
const GRACE: Duration = Duration::from_secs(5);

/// The beginning of a keeper's last line, which says why there is no answer by now.
const END: &str = "@@cargo-peruser:end=";

/// The keeper: starts a new session, runs a shell in it, and ends with that shell.
///
/// # Errors
/// Any I/O error.
pub(super) fn keep(words: &[OsString]) -> io::Result<()> {
    let (program, args) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    setsid()?;
    let mut command = Command::new(program);
    let mut shell = command.args(args).stdin(Stdio::null()).process_group(0).spawn()?;
    let begin = Instant::now();
    // If a shell ends by itself, the programs that it was told to leave running stay.
    while shell.try_wait()?.is_none() {
        if begin.elapsed() > PATIENCE {
            end_group(Pid::from_child(&shell));
            let late = format!("it has not got through its start-up files in {PATIENCE:?}");
            return report::line(format!("\n{END}{late}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    report::line(format!("\n{END}its start-up files end it, or start something else in its place"))
}

/// Ends a shell, and then everything in its process group: the programs that start-up files run get a
/// moment to finish by themselves, because they may hold a lock that nobody else removes.
fn end_group(shell: Pid) {
    let _ = kill_process(shell, Signal::HUP);
    std::thread::sleep(GRACE);
    let _ = kill_process_group(shell, Signal::KILL);
}
