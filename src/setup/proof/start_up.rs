//! Finds the offending line of a start-up file, and the file in which our line takes effect. The
//! offending line is found by searching for words: no file is executed to learn what it does.

use std::path::{Path, PathBuf};

use crate::os::files;
use crate::setup::fresh_shell::{BOTH, SessionKind, login};
use crate::shim::decide::{BUILD_TARGET_DIR, TARGET_DIR};

/// A line of a start-up file.
pub(super) struct Line {
    /// The file.
    pub(super) file: PathBuf,
    /// The line, counted from 1.
    pub(super) number: usize,
}

/// The start-up files of one kind of session.
pub(super) struct StartUp<'a> {
    /// The session.
    pub(super) kind: &'a SessionKind,
    /// The person's home.
    pub(super) home: &'a Path,
    /// Where the shell looks for its own files, if it says so.
    pub(super) config: Option<&'a Path>,
}

impl StartUp<'_> {
    /// The line that puts the directory of this `cargo` first. A line that names the directory in full
    /// is preferred. rustup's own `. "$HOME/.cargo/env"` prepends only what is absent, so it is tried
    /// last.
    pub(super) fn line_that_puts_first(&self, cargo: &Path) -> Option<Line> {
        let directory = cargo.parent()?;
        let below_home = directory.strip_prefix(self.home).unwrap_or(directory);
        let directory = Path::new("/").join(below_home).to_string_lossy().into_owned();
        self.last_line_with(&[&directory, "CARGO_HOME/bin", "CARGO_HOME}/bin", ".cargo/"])
    }

    /// The line that sets one of cargo's two variables, or at least names one.
    pub(super) fn line_that_sets_target(&self) -> Option<Line> {
        let [set, set_of_build] = [TARGET_DIR, BUILD_TARGET_DIR].map(|name| format!("{name}="));
        self.last_line_with(&[&set, &set_of_build, TARGET_DIR, BUILD_TARGET_DIR])
    }

    /// The last line with one of these words, the first one if possible, outside of our blocks, in the
    /// files that the session reads.
    fn last_line_with(&self, words: &[&str]) -> Option<Line> {
        let files: Vec<_> =
            self.own_files().into_iter().rev().chain(self.machine_files()).collect();
        words.iter().find_map(|word| files.iter().find_map(|file| line_with(word, file)))
    }

    /// The file at whose end our line takes effect: one that the session certainly reads, after the
    /// offending line.
    pub(super) fn file_to_win_in(&self, offending: Option<&Line>) -> PathBuf {
        let SessionKind { shell, start, files, new } = self.kind;
        // zsh reads all of its files, each to the end. bash reads one of three, which reads `.bashrc`,
        // but often only half of it if bash is not interactive.
        let is_read = |line: &&Line| match *shell {
            "zsh" => self.own_files().contains(&line.file),
            "bash" => *start == BOTH && line.file.ends_with(".bashrc"),
            _ => false,
        };
        if let Some(line) = offending.filter(is_read) {
            return line.file.clone();
        }
        let directory = self.directory();
        let read_by_itself =
            files.iter().rev().filter(|name| **name == *new || **name != ".bashrc");
        let mut read_by_itself = read_by_itself.map(|name| directory.join(name));
        read_by_itself.find(|path| path.exists()).unwrap_or_else(|| directory.join(new))
    }

    /// The directory of the shell's own files.
    fn directory(&self) -> PathBuf {
        self.config.unwrap_or(self.home).to_owned()
    }

    /// The person's files that a session may read, in that order, as far as they exist.
    fn own_files(&self) -> Vec<PathBuf> {
        let directory = self.directory();
        let mut files = match self.kind.shell {
            "fish" => files::sorted_entries(&directory.join("conf.d")),
            // zsh reads this one before it can learn that the others are elsewhere.
            "zsh" if directory != self.home => vec![self.home.join(".zshenv")],
            _ => Vec::new(),
        };
        files.extend(self.kind.files.iter().map(|name| directory.join(name)));
        files.retain(|path| path.exists());
        files
    }

    /// The machine's files that the session may read, beginning with the scripts of existing
    /// workarounds, and the files that set variables for every session.
    fn machine_files(&self) -> Vec<PathBuf> {
        let (directory, others): (_, &[&str]) = match self.kind.shell {
            "zsh" => ("/etc/zsh", &["/etc/zshenv"]),
            "fish" => ("/etc/fish/conf.d", &["/etc/fish/config.fish"]),
            "tcsh" => ("/etc/csh", &["/etc/csh.login", "/etc/csh.cshrc"]),
            "yash" => ("/usr/share/yash/initialization", &[]),
            _ => ("/etc/profile.d", &["/etc/profile", "/etc/bash.bashrc", "/etc/bashrc"]),
        };
        let mut files = files::sorted_entries(Path::new(directory));
        files.extend(others.iter().map(PathBuf::from));
        files.extend(login::files(self.home));
        files
    }
}

/// The last line with this word. Our own hooks contain such words too, in our lines and in comments, so
/// those are skipped.
fn line_with(word: &str, file: &Path) -> Option<Line> {
    let text = files::read_regular(file).ok()?;
    let is_meant = |line: &str| {
        line.contains(word)
            && !line.trim_start().starts_with('#')
            && !line.contains("cargo-peruser")
    };
    let number = text.lines().enumerate().filter(|(_, line)| is_meant(line)).last()?.0 + 1;
    Some(Line { file: file.to_owned(), number })
}
