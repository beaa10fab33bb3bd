//! What was typed after `cargo`, as far as it decides where a build goes.
//!
//! The arguments are only looked at, never rebuilt: cargo receives the ones that we received. They
//! are read as cargo reads them, without guessing: no abbreviations, no user-defined aliases (an
//! alias's `--target-dir` wins over the variable in cargo anyway).

use std::ffi::{OsStr, OsString};
use std::path::Path;

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
    /// `--manifest-path`.
    pub manifest_path: Option<&'a OsStr>,
    /// `--target-dir`.
    pub target_dir: Option<&'a OsStr>,
    /// Every `--config`, in order.
    pub configs: Vec<&'a OsStr>,
    /// `--help`, `--version`, `--list` or `--explain`: cargo only prints.
    pub only_prints: bool,
}

/// What a cargo command does with a target directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetUse {
    /// Nothing at all.
    None,
    /// It reports or reads one that is there, and never makes one.
    Reads,
    /// It writes there, or may.
    Writes,
}

/// Commands of cargo itself that have nothing to do with a target directory. External commands are
/// not listed however harmless, because an alias may stand in for them.
const WITHOUT_TARGET: &[&str] = &[
    "config",
    "help",
    "init",
    "locate-project",
    "login",
    "logout",
    "new",
    "owner",
    "pkgid",
    "read-manifest",
    "report",
    "search",
    "uninstall",
    "verify-project",
    "version",
    "yank",
];

/// Commands that never create a target directory, but read rustc's cached answers from one.
const READS_TARGET: &[&str] = &[
    "add",
    "clean",
    "fetch",
    "generate-lockfile",
    "info",
    "metadata",
    "remove",
    "rm",
    "tree",
    "update",
    "vendor",
];

/// Options of `cargo run` that take the next word; the first word after them is the program's.
const TAKE_A_WORD: &[&str] = &[
    "--bin",
    "--example",
    "--package",
    "-p",
    "--features",
    "-F",
    "--jobs",
    "-j",
    "--profile",
    "--target",
    "--message-format",
    "--lockfile-path",
    "--color",
    "--artifact-dir",
    "-Z",
    "--explain",
];

impl<'a> Invocation<'a> {
    /// Reads the arguments that follow the program's name.
    pub fn read(args: &'a [OsString]) -> Invocation<'a> {
        let mut invocation = Invocation::default();
        let mut words = args.iter().map(OsString::as_os_str).peekable();
        invocation.toolchain = words.next_if(|word| starts_with(word, "+"));
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            if let Some(slot) = invocation.valued(word) {
                match slot {
                    Slot::Given(option, value) => invocation.put(option, value),
                    Slot::Next(option) => {
                        if let Some(value) = words.next() {
                            invocation.put(option, value);
                        }
                    }
                }
            } else if TAKE_A_WORD.iter().any(|option| word == *option) {
                invocation.only_prints |= word == "--explain";
                words.next();
            } else if ["--help", "-h", "--version", "-V", "--list"].iter().any(|flag| word == *flag)
            {
                invocation.only_prints |= invocation.command.is_none_or(is_known);
            } else if !starts_with(word, "-") && invocation.takes_command(word) {
                break;
            }
        }
        invocation
    }

    /// What the command does with a target directory.
    pub fn target_use(&self) -> TargetUse {
        let among = |list: &[&str], name: &OsStr| list.iter().any(|known| name == *known);
        match self.command {
            _ if self.only_prints => TargetUse::None,
            None => TargetUse::None,
            Some(name) if among(WITHOUT_TARGET, name) => TargetUse::None,
            Some(name) if among(READS_TARGET, name) => TargetUse::Reads,
            Some(_) => TargetUse::Writes,
        }
    }

    /// The directory that cargo works from.
    pub fn working_directory(&self, cwd: &Path) -> std::path::PathBuf {
        self.directory.map_or_else(|| cwd.into(), |dir| lexical::absolute(cwd, Path::new(dir)))
    }

    /// Takes a word that is no option. True if the rest belongs to the program that cargo runs.
    fn takes_command(&mut self, word: &'a OsStr) -> bool {
        match self.command {
            None => {
                self.command = Some(word);
                false
            }
            Some(command) => command == "run" || command == "r",
        }
    }

    /// Whether `word` is one of the options whose values matter, and where its value is.
    fn valued(&self, word: &'a OsStr) -> Option<Slot<'a>> {
        for (name, option) in OPTIONS {
            if *option == Valued::Directory && self.command.is_some() {
                continue;
            }
            if word == *name {
                return Some(Slot::Next(*option));
            }
            if let Some(rest) = strip_prefix(word, name) {
                let value = strip_prefix(rest, "=");
                match value {
                    Some(value) => return Some(Slot::Given(*option, value)),
                    // Only short options have their value glued to them.
                    None if !name.starts_with("--") => return Some(Slot::Given(*option, rest)),
                    None => {}
                }
            }
        }
        None
    }

    fn put(&mut self, option: Valued, value: &'a OsStr) {
        match option {
            Valued::TargetDir => self.target_dir = Some(value),
            Valued::ManifestPath => self.manifest_path = Some(value),
            Valued::Config => self.configs.push(value),
            Valued::Directory => self.directory = Some(value),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Valued {
    TargetDir,
    ManifestPath,
    Config,
    Directory,
}

const OPTIONS: &[(&str, Valued)] = &[
    ("--target-dir", Valued::TargetDir),
    ("--manifest-path", Valued::ManifestPath),
    ("--config", Valued::Config),
    ("-C", Valued::Directory),
];

enum Slot<'a> {
    Given(Valued, &'a OsStr),
    Next(Valued),
}

/// Whether cargo itself, and not some external command, answers `--help` after this word.
fn is_known(command: &OsStr) -> bool {
    const BUILDING: &[&str] = &[
        "bench", "build", "b", "check", "c", "doc", "d", "fix", "install", "package", "publish",
        "run", "r", "rustc", "rustdoc", "test", "t",
    ];
    [BUILDING, READS_TARGET, WITHOUT_TARGET]
        .iter()
        .any(|list| list.iter().any(|name| command == *name))
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
