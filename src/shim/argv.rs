//! Pure: reads cargo's arguments, as far as they decide where a build goes.
//!
//! The arguments are only inspected, never rebuilt: cargo receives exactly those that we received. They
//! are read as cargo reads them, without guessing: no abbreviations. Aliases are expanded.

mod commands;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use commands::TargetUse;
use commands::{among, is_cargos_own, reads_options, runs_a_program};

/// The arguments that matter to the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// A leading `+toolchain`, with its plus sign.
    pub toolchain: Option<OsString>,
    /// The first word that is not an option.
    pub command: Option<OsString>,
    /// `-C`: the directory to which cargo changes first.
    pub directory: Option<OsString>,
    /// The package to build, if the arguments say it.
    pub manifest: Option<Manifest>,
    /// The repository that `cargo install --git` builds.
    pub git: Option<OsString>,
    /// `--branch`, `--tag` and `--rev` with their values: the sources in that repository.
    pub revision: Vec<OsString>,
    /// `--target-dir`.
    pub target_dir: Option<OsString>,
    /// Every `--config`, in order.
    pub configs: Vec<OsString>,
    /// Whether there is an option before `--`.
    pub has_options: bool,
    /// `--help`, `--version`, `--list` or `--explain`: cargo only prints.
    pub only_prints: bool,
    /// The number of words before the command.
    pub(super) command_at: usize,
    /// Whether a word follows the command.
    has_operand: bool,
}

/// Long options that take the next word as their value.
const TAKE_A_WORD: &[&str] = &[
    "--target-dir",
    "--manifest-path",
    "--config",
    "--path",
    "--git",
    "--branch",
    "--tag",
    "--rev",
    "--bin",
    "--example",
    "--package",
    "--features",
    "--jobs",
    "--profile",
    "--target",
    "--message-format",
    "--lockfile-path",
    "--color",
    "--artifact-dir",
    "--explain",
    "--root",
    "--index",
    "--registry",
    "--vers",
    "--test",
    "--bench",
    "--exclude",
    "--crate-type",
    "--print",
    "--output-format",
];

/// The location of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifest {
    /// `--manifest-path`.
    File(PathBuf),
    /// The `--path` of `cargo install`; without it, cargo's working directory.
    Directory(PathBuf),
}

impl Invocation {
    /// Reads the arguments after the program's name.
    pub fn read(args: &[OsString]) -> Invocation {
        let mut read = Invocation::default();
        let mut words = args.iter().map(OsString::as_os_str).peekable();
        read.toolchain = words.next_if(|word| starts_with(word, "+")).map(OsStr::to_owned);
        while let Some(word) = words.next().filter(|word| *word != "--") {
            if starts_with(word, "-") {
                read.has_options = true;
                let option = match starts_with(word, "--") {
                    true => read.long_option(word),
                    false => read.short_options(word),
                };
                if let Some((option, value)) = option
                    && let Some(value) = value.or_else(|| words.next())
                {
                    read.put(option, value);
                }
            } else if read.command.is_none() {
                read.command = Some(word.to_owned());
                read.command_at = args.len() - words.len() - 1;
            } else if read.command.as_deref().is_some_and(runs_a_program) {
                // This word and all that follow belong to the program.
                break;
            } else {
                read.has_operand = true;
            }
        }
        let says_where = read.manifest.is_some() || read.git.is_some();
        if read.is_install() && !read.has_operand && !says_where {
            read.manifest = Some(Manifest::Directory(".".into()));
        }
        read
    }

    /// What the command does with a target directory.
    pub fn target_use(&self) -> TargetUse {
        match &self.command {
            Some(command) if !self.only_prints => commands::target_use(command, self.has_options),
            _ => TargetUse::None,
        }
    }

    /// Whether the command is one of cargo's own.
    pub fn is_cargos_own(&self) -> bool {
        self.command.as_deref().is_none_or(is_cargos_own)
    }

    /// Whether the command is a tool that lets the real cargo build copies of the workspace. Cargo
    /// takes all copies for the same packages.
    pub fn builds_copies(&self) -> bool {
        self.command.as_deref().is_some_and(|command| command == "mutants")
    }

    /// Whether the command installs a program from a registry, so that none of the user's sources are
    /// built.
    pub fn installs_from_registry(&self) -> bool {
        self.is_install() && self.manifest.is_none() && self.git.is_none()
    }

    fn is_install(&self) -> bool {
        self.command.as_deref().is_some_and(|command| command == "install")
    }

    /// The cargo script that is run: a command that is a path or ends in `.rs`.
    pub fn script(&self) -> Option<&Path> {
        let command = Path::new(self.command.as_deref()?);
        let is_path =
            command.components().count() > 1 || command.extension() == Some("rs".as_ref());
        is_path.then_some(command)
    }

    /// Whether cargo only prints something if it gets this option here.
    fn prints_for(&self, option: &OsStr) -> bool {
        match option.to_str() {
            Some("--help" | "h") => self.is_cargos_own(),
            Some("--version" | "--list" | "--explain" | "V") => self.command.is_none(),
            _ => false,
        }
    }

    /// Reads `--name` or `--name=value`. Returns an option that takes a value, and the value, if it is
    /// in this word.
    fn long_option<'a>(&mut self, word: &'a OsStr) -> Option<(&'a OsStr, Option<&'a OsStr>)> {
        if let Some(at) = word.as_bytes().iter().position(|byte| *byte == b'=') {
            let (option, value) = word.as_bytes().split_at(at);
            let value = strip_prefix(OsStr::from_bytes(value), "=");
            return Some((OsStr::from_bytes(option), value));
        }
        self.only_prints |= self.prints_for(word);
        let is_version = word == "--version" && self.is_install();
        (among(TAKE_A_WORD, word) || is_version).then_some((word, None))
    }

    /// The same for `-q`, `-p name`, `-pname`, `-p=name` or a group like `-qp name`.
    fn short_options<'a>(&mut self, word: &'a OsStr) -> Option<(&'a OsStr, Option<&'a OsStr>)> {
        for (at, letter) in word.as_bytes().iter().enumerate().skip(1) {
            let option = OsStr::from_bytes(word.as_bytes().get(at..=at)?);
            self.only_prints |= self.prints_for(option);
            let is_directory = *letter == b'C' && self.command.is_none();
            if is_directory || b"pFjZ".contains(letter) {
                let rest = OsStr::from_bytes(word.as_bytes().get(at + 1..)?);
                let value = Some(strip_prefix(rest, "=").unwrap_or(rest));
                return Some((option, value.filter(|_| !rest.is_empty())));
            }
        }
        None
    }

    /// Stores the value of an option, if that option matters.
    ///
    /// Arguments after an unknown external command may be meant for another program. If a
    /// `--target-dir` reaches cargo that way, cargo prefers it to the variable anyway. A manifest,
    /// however, is the one that is built, whichever program reads it.
    fn put(&mut self, option: &OsStr, value: &OsStr) {
        let value = || value.to_owned();
        let is_install = self.is_install();
        match option.to_str() {
            Some("--manifest-path") => self.manifest = Some(Manifest::File(value().into())),
            Some("--path") if is_install => {
                self.manifest = Some(Manifest::Directory(value().into()));
            }
            Some("--git") if is_install => self.git = Some(value()),
            Some("--branch" | "--tag" | "--rev") if is_install => {
                self.revision.extend([option.to_owned(), value()]);
            }
            _ if !self.command.as_deref().is_none_or(reads_options) => {}
            Some("--target-dir") => self.target_dir = Some(value()),
            Some("--config") => self.configs.push(value()),
            Some("C") => self.directory = Some(value()),
            _ => {}
        }
    }
}

fn starts_with(word: &OsStr, prefix: &str) -> bool {
    word.as_encoded_bytes().starts_with(prefix.as_bytes())
}

fn strip_prefix<'a>(word: &'a OsStr, prefix: &str) -> Option<&'a OsStr> {
    word.as_bytes().strip_prefix(prefix.as_bytes()).map(OsStr::from_bytes)
}

#[cfg(test)]
mod tests;
