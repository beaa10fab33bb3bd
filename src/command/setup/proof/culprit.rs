//! Which line of which start-up file gets in the way: found by its words, since no file is executed
//! to learn what it does.

use std::path::{Path, PathBuf};

use crate::command::setup::site::Site;
use crate::sys::files;
use crate::sys::fresh_shell::{AskedShell, Start};

/// A line of a start-up file.
pub(super) struct Line {
    /// The file.
    pub(super) file: PathBuf,
    /// The line, counted from 1.
    pub(super) number: usize,
}

/// The last line with this word, outside of blocks of ours, in what the session reads.
pub(super) fn last_line_with(
    word: &str,
    shell: AskedShell,
    start: Start,
    site: &Site,
) -> Option<Line> {
    let own = own_files(shell, start, site);
    own.into_iter().rev().chain(machine_files(shell)).find_map(|file| line_with(word, file))
}

/// The last file of the caller's that the session reads, or the one to make.
pub(super) fn last_file(shell: AskedShell, start: Start, site: &Site) -> PathBuf {
    let default = match shell {
        AskedShell::Sh | AskedShell::Bash if start != Start::Interactive => ".profile",
        AskedShell::Sh | AskedShell::Bash => ".bashrc",
        AskedShell::Zsh => ".zshenv",
        AskedShell::Fish => ".config/fish/config.fish",
    };
    own_files(shell, start, site).pop().unwrap_or_else(|| site.home.join(default))
}

/// Our own hooks mention the words as well, in lines of their own and in comments.
fn line_with(word: &str, file: PathBuf) -> Option<Line> {
    let text = std::fs::File::open(&file).and_then(|file| files::text(&file)).ok()?;
    let is_meant = |line: &str| {
        line.contains(word)
            && !line.trim_start().starts_with('#')
            && !line.contains("cargo-peruser")
    };
    let number = text.lines().enumerate().filter(|(_, line)| is_meant(line)).last()?.0 + 1;
    Some(Line { file, number })
}

/// The caller's files that a session reads, in its order, as far as they exist.
fn own_files(shell: AskedShell, start: Start, site: &Site) -> Vec<PathBuf> {
    let names: &[&str] = match (shell, start) {
        (AskedShell::Sh, _) => &[".profile"],
        (AskedShell::Bash, Start::Interactive) => &[".bashrc"],
        (AskedShell::Bash, _) => &[".bashrc", ".profile", ".bash_login", ".bash_profile"],
        (AskedShell::Zsh, Start::Login) => &[".zshenv", ".zprofile", ".zlogin"],
        (AskedShell::Zsh, Start::Interactive) => &[".zshenv", ".zshrc"],
        (AskedShell::Zsh, Start::LoginInteractive) => {
            &[".zshenv", ".zprofile", ".zshrc", ".zlogin"]
        }
        (AskedShell::Fish, _) => &[".config/fish/conf.d/rustup.fish", ".config/fish/config.fish"],
    };
    names.iter().map(|name| site.home.join(name)).filter(|path| path.exists()).collect()
}

/// The machine's files that may be to blame, the scripts of today's remedies first.
fn machine_files(shell: AskedShell) -> Vec<PathBuf> {
    let directory =
        Path::new(if shell == AskedShell::Fish { "/etc/fish/conf.d" } else { "/etc/profile.d" });
    let mut files: Vec<PathBuf> =
        directory.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let others = ["/etc/profile", "/etc/bash.bashrc", "/etc/zsh/zshenv", "/etc/environment"];
    files.extend(others.map(PathBuf::from));
    files
}
