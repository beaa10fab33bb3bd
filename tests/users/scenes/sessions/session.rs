//! The kinds of sessions, and the question to each: which cargo is first, and where would it build?

use super::*;

/// A kind of session, as alice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// `bash -l -c …`, in the environment of `login`.
    Login,
    /// `bash -i -c …`, in the same.
    Interactive,
    /// `bash -l -i -c …`, in the same.
    LoginInteractive,
    /// `bash -c …`, in the same.
    Neither,
    /// An interactive shell that a login shell starts, as a terminal on a desktop does.
    Terminal,
    /// `su alice -c …`, as root.
    Su,
    /// `su alice`, as root at a terminal, and then typing.
    SuTerminal,
    /// `su - alice -c …`, as root.
    SuLogin,
    /// A line of a crontab.
    Cron,
    /// `ssh host …`.
    SshCommand,
    /// `ssh host`, and then typing.
    SshTerminal,
}

/// The kinds that need only the shell and `su`.
pub(super) const LOCAL: [Session; 9] = [
    Session::Login,
    Session::Interactive,
    Session::LoginInteractive,
    Session::Neither,
    Session::Terminal,
    Session::Su,
    Session::SuTerminal,
    Session::SuLogin,
    Session::Cron,
];

/// The kinds that setup starts.
pub(super) const ASKED: [Session; 3] =
    [Session::Login, Session::Interactive, Session::LoginInteractive];

/// The kinds over ssh.
pub(super) const REMOTE: [Session; 2] = [Session::SshCommand, Session::SshTerminal];

/// Runs it in a new session: otherwise it would stop at the terminal from which the tests run. `timeout`
/// ends it before the test's own limit.
const ALONE: [&str; 5] = ["setsid", "--wait", "timeout", "--signal=KILL", "30"];

const TYPE_SSH: &str = "printf %s \"$1\" | ssh -tt -F /etc/ssh/ssh_config alice@host";
const TYPE_SU: &str = "printf %s \"$1\" | script --quiet --command 'su alice' /dev/null";

impl Session {
    /// The beginning of its line in a table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Session::Login => "login",
            Session::Interactive => "interactive",
            Session::LoginInteractive => "login, interactive",
            Session::Neither => "neither",
            Session::Terminal => "terminal in a login",
            Session::Su => "su",
            Session::SuTerminal => "su, a terminal",
            Session::SuLogin => "su -",
            Session::Cron => "cron",
            Session::SshCommand => "ssh, a command",
            Session::SshTerminal => "ssh, a terminal",
        }
    }

    /// Enters the session and asks the question.
    pub(super) fn ask(self, host: &Host<'_>) -> Answer {
        let (alice, root) = (host.person("alice"), host.person("root"));
        let answer = ask(host, |line| self.that_runs(line, host, &alice, &root));
        // On a terminal the shell itself prints a prompt and echoes the input.
        let printed = if self.is_typed() { String::new() } else { answer.printed };
        Answer { printed, ..answer }
    }

    fn is_typed(self) -> bool {
        matches!(self, Session::SshTerminal | Session::SuTerminal)
    }

    /// Runs a shell command in the session.
    fn that_runs<'p>(
        self,
        line: &str,
        host: &Host<'_>,
        alice: &'p Person<'p>,
        root: &'p Person<'p>,
    ) -> Invocation<'p> {
        let shell = host.shell.path();
        let nested = format!("{shell} -i -c '{line}'");
        let typed = format!("{line}\nexit\n");
        match self {
            Session::Login => host.run(alice, shell, ["-l", "-c", line]),
            Session::Interactive => host.run(alice, shell, ["-i", "-c", line]),
            Session::LoginInteractive => host.run(alice, shell, ["-l", "-i", "-c", line]),
            Session::Neither => host.run(alice, shell, ["-c", line]),
            Session::Terminal => host.run(alice, shell, ["-l", "-c", &nested]),
            Session::Su => host.run(root, "su", ["alice", "-c", line]),
            Session::SuTerminal => host.run(root, "/bin/sh", ["-c", TYPE_SU, "sh", &typed]),
            Session::SuLogin => host.run(root, "su", ["-", "alice", "-c", line]),
            Session::Cron => host
                .run(alice, "/bin/sh", ["-c", line])
                .bare()
                .env("HOME", &alice.home)
                .env("LOGNAME", "alice")
                .env("SHELL", "/bin/sh")
                .env("PATH", "/usr/bin:/bin"),
            Session::SshCommand => {
                host.run(root, "ssh", ["-F", "/etc/ssh/ssh_config", "alice@host", line])
            }
            Session::SshTerminal => host.run(root, "/bin/sh", ["-c", TYPE_SSH, "sh", &typed]),
        }
    }
}

/// Lets a session source the question, a script that all shells understand. The answer is written to a
/// file, because the session may print other text.
pub(super) fn ask<'p>(host: &Host<'_>, session: impl FnOnce(&str) -> Invocation<'p>) -> Answer {
    let (question, answer) = (host.stage.at("question"), host.stage.at("answer"));
    make::file(&answer, "", 0, 0o666);
    let place = answer.display();
    let text = format!("echo \"first=$(command -v cargo)\" >{place}\nenv >>{place}\n");
    make::file(&question, text, 0, 0o644);
    let outcome = session(&format!(". {}", question.display())).after(ALONE).run();
    let _context = context(|| &outcome);
    read_answer(&answer, &outcome)
}

fn read_answer(file: &Path, outcome: &Outcome) -> Answer {
    let text = fs::read_to_string(file).unwrap();
    let value = |name: &str| {
        let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned());
        text.lines().find_map(value)
    };
    let lines = outcome.stdout.lines().chain(outcome.stderr.lines());
    let printed = lines.filter(|line| !NO_TERMINAL.iter().any(|it| line.starts_with(it)));
    Answer {
        first: value("first").expect("the session gave no answer"),
        path: value("PATH").unwrap_or_default(),
        target_dir: value("CARGO_TARGET_DIR"),
        printed: printed.flat_map(|line| [line, "\n"]).collect(),
    }
}

/// Asserts that each of alice's sessions has the shim first and her own directory, and prints nothing.
pub(super) fn all_win(host: &Host<'_>, setup: Setup, sessions: &[Session]) {
    for session in sessions {
        let answer = session.ask(host);
        let wins = answer.word(&setup.target_dir()) == "shim+";
        assert!(wins && answer.printed.is_empty(), "{session:?}: {answer:?}");
    }
}

/// Alice does what the help lines say.
pub(super) fn do_as_told(host: &Host<'_>, told: &Outcome) {
    let alice = host.person("alice");
    for line in told.stderr.lines().filter_map(|line| line.strip_prefix("help: ")) {
        host.run(&alice, "/bin/sh", ["-c", line]).run().silently();
    }
}

/// Messages of interactive shells without a terminal.
const NO_TERMINAL: [&str; 3] = [
    "bash: cannot set terminal process group (",
    "bash: no job control in this shell",
    "/bin/dash: 0: can't access tty; job control turned off",
];

/// The answer of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The path of `cargo`; empty if there is none.
    pub(super) first: String,
    /// PATH, as programs see it.
    pub(super) path: String,
    /// CARGO_TARGET_DIR, as programs see it.
    pub(super) target_dir: Option<String>,
    /// Unexpected output.
    pub(super) printed: String,
}

impl Answer {
    /// The word for it in the tables.
    pub(super) fn word(&self, expected_target_dir: &Path) -> String {
        let cargo = match self.first.as_str() {
            "" => "none",
            "/usr/bin/cargo" | "/bin/cargo" => "system",
            "/home/alice/.cargo/bin/cargo" => "rustup",
            path if path.ends_with("/lib/cargo-peruser/bin/cargo") => "shim",
            path => path,
        };
        let Some(target_dir) = &self.target_dir else { return cargo.to_owned() };
        assert!(Path::new(target_dir) == expected_target_dir, "builds in `{target_dir}`");
        format!("{cargo}+")
    }
}
