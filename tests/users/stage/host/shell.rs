//! The shells that people log in with, and the files that a new account's home has for them.

use std::fs;

use super::super::make;
use super::Host;
use crate::machine::{Need, account};

/// A login shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// bash.
    Bash,
    /// dash, as `sh`.
    Dash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// In the manner of most distributions: the login file of Bourne shells reads bash's own.
const PROFILE: &str = r#"if [ -n "$BASH_VERSION" ] && [ -f "$HOME/.bashrc" ]; then
    . "$HOME/.bashrc"
fi
if [ -d "$HOME/.local/bin" ]; then
    PATH="$HOME/.local/bin:$PATH"
fi
"#;

/// In the manner of most distributions: nothing but for terminals.
const BASHRC: &str = "\
case $- in
*i*) ;;
*) return ;;
esac
alias ll='ls -l'
";

/// Without any file of its own zsh asks a new person questions.
const ZSHRC: &str = "bindkey -e\n";

impl Shell {
    /// All of them.
    pub(crate) const ALL: [Shell; 4] = [Shell::Bash, Shell::Dash, Shell::Zsh, Shell::Fish];

    /// The name.
    pub(crate) fn name(self) -> &'static str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    /// The path in the account database.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Shell::Bash => "/bin/bash",
            Shell::Dash => "/bin/dash",
            Shell::Zsh => "/usr/bin/zsh",
            Shell::Fish => "/usr/bin/fish",
        }
    }

    /// What a test with it needs.
    pub(crate) fn need(self) -> Need {
        match self {
            Shell::Bash => Need::Bash,
            Shell::Dash => Need::Dash,
            Shell::Zsh => Need::Zsh,
            Shell::Fish => Need::Fish,
        }
    }

    /// Makes a home.
    pub(super) fn move_in(self, host: &Host<'_>, name: &str) {
        let uid = account(name).uid;
        let home = host.home(name);
        make::directory(&home, uid, uid, 0o755);
        let files: &[(&str, &str)] = match self {
            Shell::Bash | Shell::Dash => &[(".profile", PROFILE), (".bashrc", BASHRC)],
            Shell::Zsh => &[(".profile", PROFILE), (".zshrc", ZSHRC)],
            Shell::Fish => &[(".profile", PROFILE)],
        };
        for (file, text) in files {
            make::file(&home.join(file), text, uid, 0o644);
        }
        if self == Shell::Fish {
            // Where this exists, fish does not read all manuals in the background, which would outlive
            // the shell and the test.
            make::directories(&home, ".local/share/fish/generated_completions", uid);
            let settings = make::directories(&home, ".config/fish", uid);
            make::file(&settings.join("config.fish"), "", uid, 0o644);
        }
    }
}

impl Host<'_> {
    /// Appends a line to a file in somebody's home, which becomes theirs if it is new.
    pub(crate) fn append(&self, name: &str, file: &str, line: &str) {
        let path = self.home(name).join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let uid = account(name).uid;
        make::file(&path, format!("{text}{line}\n"), uid, 0o644);
    }
}
