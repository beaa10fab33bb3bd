//! An interactive shell in a real terminal, provided by tmux. Tests type keys, and a stub records what
//! the shell executes.

use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

use crate::prelude::*;

/// The prompt of every shell here.
pub(crate) const PROMPT: &str = "ready>";

/// The limit for an answer. No working shell takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shell that waits for keys. It ends with the test.
pub(crate) struct Terminal<'w> {
    world: &'w World,
    socket: PathBuf,
    executed: PathBuf,
}

/// A program on PATH, or where `.ci/run` puts nushell. Skips what needs one that this machine does not have.
pub(crate) fn program(name: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let ours = Some(tools.join("nu/node_modules/.bin/nu"));
    let ours = ours.filter(|path| name == "nu" && path.exists());
    ours.or_else(|| which::which(name).ok())
        .unwrap_or_else(|| skip(format!("{name} is not installed")))
}

impl<'w> Terminal<'w> {
    /// Starts a shell. On its PATH is a `cargo-peruser` that records its arguments, one a line.
    pub(crate) fn start(
        world: &'w World,
        shell: &[&str],
        variables: &[(&str, String)],
    ) -> Terminal<'w> {
        let tmux = program("tmux");
        let executed = world.at("executed");
        let note = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" >'{0}.new'\nmv '{0}.new' '{0}'\n",
            executed.display()
        );
        world.executable("noted/cargo-peruser", note);
        let socket = world.at("tmux");
        let mut command = Command::new(tmux);
        command.arg("-S").arg(&socket).args(["-f", "/dev/null", "new-session", "-d"]);
        command.args(["-x", "150", "-y", "50", "--"]);
        // tmux ends with its shell, and the shell ends even if the test is killed.
        command.args(["timeout", "--foreground", "--signal=KILL", "300"]).args(shell);
        command.env_clear().env("HOME", world.at("home")).env("LANG", "C.UTF-8");
        let path = format!("{}:/usr/bin:/bin", world.at("noted").display());
        command.env("PATH", path).env("TERM", "xterm").env("TMPDIR", world.at("home"));
        // A shell that ends after its world is removed would write its history there again.
        command.env("HISTFILE", "");
        // Without an account, fish could not find a directory of its own.
        command.env("XDG_RUNTIME_DIR", world.directory("runtime", 0o700));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let started = command.current_dir(world.at("checkout")).stdin(Stdio::null()).status();
        assert!(started.unwrap().success(), "{command:?}");
        let terminal = Terminal { world, socket, executed };
        terminal.wait("a prompt", || terminal.screen().contains(PROMPT));
        terminal
    }

    /// Types a line, lets the shell complete it, and returns the arguments that it then executes
    /// `cargo-peruser` with.
    pub(crate) fn completed(&self, line: &str) -> Vec<String> {
        self.tmux(&["send-keys", "-l", "--", line]);
        self.tmux(&["send-keys", "Tab"]);
        self.executed()
    }

    /// Types a line and returns the arguments that the shell executes `cargo-peruser` with.
    pub(crate) fn typed(&self, line: &str) -> Vec<String> {
        self.tmux(&["send-keys", "-l", "--", line]);
        self.executed()
    }

    fn executed(&self) -> Vec<String> {
        let typed = self.settled();
        // A completion function may print errors in the middle of the line.
        assert!(!["compopt", "_cargo", "rror"].iter().any(|word| typed.contains(word)), "{typed}");
        self.tmux(&["send-keys", "Enter"]);
        self.wait(&format!("execution of {typed}"), || self.executed.exists());
        let executed = fs::read_to_string(&self.executed).unwrap();
        fs::remove_file(&self.executed).unwrap();
        // Keys that are typed before the shell reads again may be lost.
        self.wait("a prompt", || {
            let screen = self.screen();
            screen
                .lines()
                .last()
                .is_some_and(|line| line.contains(PROMPT) && !line.contains("cargo"))
        });
        executed.lines().map(str::to_owned).collect()
    }

    /// The screen, once it has not changed for a moment. A slower shell still gets the keys in order.
    fn settled(&self) -> String {
        let start = Instant::now();
        let mut last = self.screen();
        let mut since = Instant::now();
        while since.elapsed() < Duration::from_millis(150) && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(30));
            let now = self.screen();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        last
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"]).trim_end().to_owned()
    }

    fn wait(&self, what: &str, is_there: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_there() {
            let screen = || self.world.redact(&self.screen());
            assert!(start.elapsed() < PATIENCE, "no {what} in\n{}", screen());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn tmux(&self, words: &[&str]) -> String {
        let output = Command::new("tmux").arg("-S").arg(&self.socket).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        // The server belongs to this test; its shell ends with it.
        self.tmux(&["kill-server"]);
    }
}
