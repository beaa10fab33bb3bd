//! What was typed after `cargo`, as far as it decides where a build goes.
//!
//! The arguments are only looked at, never rebuilt: cargo receives the ones that we received. They
//! are read as cargo reads them, without guessing: no abbreviations, no user-defined aliases (an
//! alias's `--target-dir` wins over the variable in cargo anyway).

mod commands;

use std::ffi::{OsStr, OsString};
use std::path::Path;

pub use commands::TargetUse;
use commands::{among, is_cargos_own, reads_options, runs_a_program};

use super::lexical;

/// The arguments that matter, borrowed from the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// A leading `+toolchain`, with its plus sign.
    pub toolchain: Option<&'a OsStr>,
    /// The first word that is no option.
    pub command: Option<&'a OsStr>,
    /// `-C`: where cargo goes before it does anything.
    pub directory: Option<&'a OsStr>,
    /// Where the package is, if that is said.
    pub manifest: Option<Manifest<'a>>,
    /// `--target-dir`.
    pub target_dir: Option<&'a OsStr>,
    /// Every `--config`, in order.
    pub configs: Vec<&'a OsStr>,
    /// Whether any option stands before `--`.
    pub has_options: bool,
    /// `--help`, `--version`, `--list` or `--explain`: cargo only prints.
    pub only_prints: bool,
}

/// Long options that take the next word, besides those whose values matter.
const TAKE_A_WORD: &[&str] = &[
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
];

/// Where a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manifest<'a> {
    /// `--manifest-path`.
    File(&'a Path),
    /// The `--path` of `cargo install`.
    Directory(&'a Path),
}

impl<'a> Invocation<'a> {
    /// Reads the arguments that follow the program's name.
    pub fn read(args: &'a [OsString]) -> Invocation<'a> {
        let mut invocation = Invocation::default();
        let mut words = args.iter().map(OsString::as_os_str).peekable();
        let mut runs = false;
        invocation.toolchain = words.next_if(|word| starts_with(word, "+"));
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            invocation.has_options |= starts_with(word, "-");
            if starts_with(word, "--") {
                if invocation.long_option(word) == Value::IsNext {
                    words.next().into_iter().for_each(|value| invocation.put(word, value));
                }
            } else if starts_with(word, "-") {
                if let Some((option, Value::IsNext)) = invocation.short_options(word) {
                    words.next().into_iter().for_each(|value| invocation.put(option, value));
                }
            } else if invocation.takes_command(word, &mut runs) {
                break;
            }
        }
        invocation
    }

    /// What the command does with a target directory.
    pub fn target_use(&self) -> TargetUse {
        match self.command {
            Some(command) if !self.only_prints => commands::target_use(command, self.has_options),
            _ => TargetUse::None,
        }
    }

    /// The directory that cargo works from.
    pub fn working_directory(&self, cwd: &Path) -> std::path::PathBuf {
        self.directory.map_or_else(|| cwd.into(), |dir| lexical::absolute(cwd, Path::new(dir)))
    }

    /// The cargo script that is run: the command is a path, or ends in `.rs`.
    pub fn script(&self) -> Option<&'a Path> {
        let command = Path::new(self.command?);
        let is_path =
            command.components().count() > 1 || command.extension() == Some("rs".as_ref());
        is_path.then_some(command)
    }

    /// Whether the sources are those of a workspace here, and not fetched from elsewhere as by `cargo
    /// install NAME`.
    pub fn builds_here(&self) -> bool {
        let is_install = self.command.is_some_and(|command| command == "install");
        !is_install || matches!(self.manifest, Some(Manifest::Directory(_)))
    }

    /// Whether cargo itself reads the words that follow, as far as is known.
    fn is_read_by_cargo(&self) -> bool {
        self.command.is_none_or(reads_options)
    }

    /// Takes a word that is no option. True if it begins what belongs to another program, which
    /// `run` does after its own options, also behind an external command: `cargo miri run`.
    fn takes_command(&mut self, word: &'a OsStr, runs: &mut bool) -> bool {
        if *runs {
            return true;
        }
        *runs = self.command.is_none_or(|command| !is_cargos_own(command)) && runs_a_program(word);
        self.command.get_or_insert(word);
        false
    }

    /// Reads `--name` or `--name=value`.
    fn long_option(&mut self, word: &'a OsStr) -> Value {
        for name in VALUED {
            if let Some(value) = strip_prefix(word, name).and_then(|rest| strip_prefix(rest, "=")) {
                self.put(OsStr::new(name), value);
                return Value::IsGiven;
            }
        }
        let is_before_command = self.command.is_none();
        self.only_prints |= match word.to_str() {
            Some("--help") => self.command.is_none_or(is_cargos_own),
            Some("--version" | "--list" | "--explain") => is_before_command,
            _ => false,
        };
        if among(&VALUED, word) || among(TAKE_A_WORD, word) {
            Value::IsNext
        } else {
            Value::IsGiven
        }
    }

    /// Reads `-q`, `-p name`, `-pname`, `-p=name` or a group like `-qp name`.
    fn short_options(&mut self, word: &'a OsStr) -> Option<(&'a OsStr, Value)> {
        use std::os::unix::ffi::OsStrExt;
        for (at, letter) in word.as_bytes().iter().enumerate().skip(1) {
            match letter {
                b'C' if self.command.is_none() => {}
                b'p' | b'F' | b'j' | b'Z' => {}
                b'h' => {
                    self.only_prints |= self.command.is_none_or(is_cargos_own);
                    continue;
                }
                b'V' => {
                    self.only_prints |= self.command.is_none();
                    continue;
                }
                _ => continue,
            }
            let option = OsStr::from_bytes(word.as_bytes().get(at..=at)?);
            let rest = OsStr::from_bytes(word.as_bytes().get(at + 1..)?);
            if rest.is_empty() {
                return Some((option, Value::IsNext));
            }
            self.put(option, strip_prefix(rest, "=").unwrap_or(rest));
            return Some((option, Value::IsGiven));
        }
        None
    }

    /// Keeps the value of an option, if that option matters.
    ///
    /// What follows an alias or an unknown external command may be meant for another program. A
    /// `--target-dir` that does reach cargo that way wins over the variable all the same.
    fn put(&mut self, option: &OsStr, value: &'a OsStr) {
        if !self.is_read_by_cargo() {
            return;
        }
        match option.to_str() {
            Some(TARGET_DIR) => self.target_dir = Some(value),
            Some(MANIFEST_PATH) => self.manifest = Some(Manifest::File(Path::new(value))),
            Some(PATH) if self.command.is_some_and(|command| command == "install") => {
                self.manifest = Some(Manifest::Directory(Path::new(value)));
            }
            Some(CONFIG) => self.configs.push(value),
            Some("C") => self.directory = Some(value),
            _ => {}
        }
    }
}

const TARGET_DIR: &str = "--target-dir";
const MANIFEST_PATH: &str = "--manifest-path";
const CONFIG: &str = "--config";
const PATH: &str = "--path";
/// The long options whose values matter.
const VALUED: [&str; 4] = [TARGET_DIR, MANIFEST_PATH, CONFIG, PATH];

/// Where an option's value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    /// In the same word, or nowhere.
    IsGiven,
    /// In the next word.
    IsNext,
}

fn starts_with(word: &OsStr, prefix: &str) -> bool {
    word.as_encoded_bytes().starts_with(prefix.as_bytes())
}

fn strip_prefix<'a>(word: &'a OsStr, prefix: &str) -> Option<&'a OsStr> {
    use std::os::unix::ffi::OsStrExt;
    word.as_bytes().strip_prefix(prefix.as_bytes()).map(OsStr::from_bytes)
}

#[cfg(test)]
mod tests;
