//! How rustup was installed in alice's sessions.

use super::*;

/// Whether she has rustup, and how her files change PATH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rustup {
    /// She has none: cargo came with a package.
    Absent,
    /// As `rustup-init` leaves it: its lines prepend `~/.cargo/bin` unless PATH has it.
    IfAbsent,
    /// The same, and the last line of her own files always prepends it.
    Always,
}

impl Rustup {
    /// In the order of the tables' columns.
    pub(super) const ALL: [Rustup; 3] = [Rustup::Absent, Rustup::IfAbsent, Rustup::Always];

    /// For the names of tests.
    pub(super) fn name(self) -> &'static str {
        match self {
            Rustup::Absent => "without_rustup",
            Rustup::IfAbsent => "where_rustup_prepends_if_absent",
            Rustup::Always => "where_rustup_prepends_always",
        }
    }

    /// What a test with it needs.
    pub(super) fn needs(self) -> &'static [Need] {
        match self {
            Rustup::Absent => &[],
            Rustup::IfAbsent | Rustup::Always => &[Need::Rustup],
        }
    }

    /// Installs it for alice.
    pub(super) fn install(self, host: &Host<'_>) {
        if self == Rustup::Absent {
            return;
        }
        let alice = host.person("alice");
        // rustup refuses because there is a cargo in `/usr/bin`.
        let words = ["-y", "--quiet", "--default-toolchain", "none"];
        let run = host.run(&alice, places::RUSTUP_INIT, words);
        run.env("RUSTUP_INIT_SKIP_PATH_CHECK", "yes").run().ok();
        if self == Rustup::Always {
            for (file, line) in lines(host.shell) {
                host.append("alice", file, line);
            }
        }
    }
}

const BOURNE: &str = "export PATH=\"$HOME/.cargo/bin:$PATH\"";
const FISH: &str = "set -gx PATH $HOME/.cargo/bin $PATH";

/// Where people put such a line, file by file.
fn lines(shell: Shell) -> &'static [(&'static str, &'static str)] {
    match shell {
        Shell::Bash => &[(".profile", BOURNE), (".bashrc", BOURNE)],
        Shell::Dash => &[(".profile", BOURNE)],
        Shell::Zsh => &[(".zshenv", BOURNE), (".zshrc", BOURNE)],
        Shell::Fish => &[(".config/fish/config.fish", FISH)],
    }
}
