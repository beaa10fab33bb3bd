//! Which line of which start-up file gets in the way: found by its words, since no file is executed
//! to learn what it does. And where a line of ours wins.

use std::path::{Path, PathBuf};

use crate::os::files;
use crate::setup::fresh_shell::{AskedShell, Start};

/// A line of a start-up file.
pub(super) struct Line {
    /// The file.
    pub(super) file: PathBuf,
    /// The line, counted from 1.
    pub(super) number: usize,
}

/// The start-up files of one kind of session.
pub(super) struct StartUp<'a> {
    /// The shell.
    pub(super) shell: AskedShell,
    /// How it is started.
    pub(super) start: Start,
    /// The person's home.
    pub(super) home: &'a Path,
    /// Where the shell looks for its own files, if it says so.
    pub(super) config: Option<&'a Path>,
}

impl StartUp<'_> {
    /// The last line with this word, outside of blocks of ours, in what the session reads.
    pub(super) fn last_line_with(&self, word: &str) -> Option<Line> {
        let own = self.own_files();
        let mut all = own.into_iter().rev().chain(machine_files(self.shell));
        all.find_map(|file| line_with(word, file))
    }

    /// The file at whose end a line wins: one that the session surely reads, behind the culprit.
    pub(super) fn file_to_win_in(&self, culprit: Option<&Line>) -> PathBuf {
        let own = self.own_files();
        // All that zsh has are read, each to its end; bash reads one of three, and often only half
        // of `.bashrc`.
        let is_read = |line: &&Line| self.shell == AskedShell::Zsh && own.contains(&line.file);
        let place = culprit.filter(is_read).map(|line| line.file.clone());
        place.or_else(|| self.surely_read()).unwrap_or_else(|| self.file_to_make())
    }

    /// The last file of the person's that the session reads by itself, if there is one.
    fn surely_read(&self) -> Option<PathBuf> {
        match (self.shell, self.start) {
            (AskedShell::Bash, Start::Login | Start::LoginInteractive) => {
                let names = [".bash_profile", ".bash_login", ".profile"];
                names.iter().map(|name| self.home.join(name)).find(|path| path.exists())
            }
            (AskedShell::Fish, _) => None,
            _ => self.own_files().pop(),
        }
    }

    /// The file to make where there is none.
    fn file_to_make(&self) -> PathBuf {
        let name = match (self.shell, self.start) {
            (AskedShell::Bash, Start::Interactive) => ".bashrc",
            (AskedShell::Sh | AskedShell::Bash, _) => ".profile",
            (AskedShell::Zsh, _) if self.config.is_none() => ".zshenv",
            (AskedShell::Zsh, Start::Login) => ".zprofile",
            (AskedShell::Zsh, _) => ".zshrc",
            (AskedShell::Fish, _) => "config.fish",
        };
        self.directory().join(name)
    }

    /// Where the shell's own files are.
    fn directory(&self) -> PathBuf {
        match (self.config, self.shell) {
            (Some(config), _) => config.to_owned(),
            (None, AskedShell::Fish) => self.home.join(".config/fish"),
            (None, _) => self.home.to_owned(),
        }
    }

    /// The person's files that a session may read, in its order, as far as they exist.
    fn own_files(&self) -> Vec<PathBuf> {
        let names: &[&str] = match (self.shell, self.start) {
            (AskedShell::Sh, _) => &[".profile"],
            (AskedShell::Bash, Start::Interactive) => &[".bashrc"],
            (AskedShell::Bash, _) => &[".bashrc", ".profile", ".bash_login", ".bash_profile"],
            (AskedShell::Zsh, Start::Login) => &[".zshenv", ".zprofile", ".zlogin"],
            (AskedShell::Zsh, Start::Interactive) => &[".zshenv", ".zshrc"],
            (AskedShell::Zsh, Start::LoginInteractive) => {
                &[".zshenv", ".zprofile", ".zshrc", ".zlogin"]
            }
            (AskedShell::Fish, _) => &["config.fish"],
        };
        let directory = self.directory();
        let mut files = match self.shell {
            AskedShell::Fish => entries(&directory.join("conf.d")),
            // Read before it can say that the others are elsewhere.
            AskedShell::Zsh if directory != self.home => vec![self.home.join(".zshenv")],
            _ => Vec::new(),
        };
        files.extend(names.iter().map(|name| directory.join(name)));
        files.retain(|path| path.exists());
        files
    }
}

/// Our own hooks mention the words as well, in lines of their own and in comments.
fn line_with(word: &str, file: PathBuf) -> Option<Line> {
    let text = files::read_regular(&file).ok()?;
    let is_meant = |line: &str| {
        line.contains(word)
            && !line.trim_start().starts_with('#')
            && !line.contains("cargo-peruser")
    };
    let number = text.lines().enumerate().filter(|(_, line)| is_meant(line)).last()?.0 + 1;
    Some(Line { file, number })
}

/// The machine's files that may be to blame, the scripts of today's remedies first.
fn machine_files(shell: AskedShell) -> Vec<PathBuf> {
    let directory = match shell {
        AskedShell::Fish => "/etc/fish/conf.d",
        _ => "/etc/profile.d",
    };
    let mut files = entries(Path::new(directory));
    let others = ["/etc/profile", "/etc/bash.bashrc", "/etc/zsh/zshenv", "/etc/environment"];
    files.extend(others.map(PathBuf::from));
    files
}

/// What is in a directory of start-up files, in the order in which they are read.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = directory.read_dir().into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}
