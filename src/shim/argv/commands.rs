//! Pure: the lists of cargo's commands, and how each uses a target directory.

use std::ffi::OsStr;

/// How a cargo command uses a target directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetUse {
    /// Not at all.
    None,
    /// It only reads an existing one, and never creates one.
    Reads,
    /// It writes to one, or may.
    Writes,
}

/// Cargo's own commands that do not use a target directory.
///
/// The lists of cargo's own commands contain neither external commands nor one-letter names, however
/// harmless: an alias may replace those, but cargo lets no alias replace the commands in these lists.
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
    "search",
    "uninstall",
    "verify-project",
    "version",
    "yank",
];

/// Cargo's own commands that never create a target directory. They trust the files in an existing one,
/// such as rustc's cached answers, and `clean` empties it.
const USES_EXISTING_TARGET: &[&str] = &[
    "add",
    "clean",
    "fetch",
    "generate-lockfile",
    "info",
    "metadata",
    "remove",
    "report",
    "tree",
    "update",
    "vendor",
];

/// Cargo's own commands that build.
const BUILDS: &[&str] = &[
    "bench", "build", "check", "doc", "fix", "install", "package", "publish", "run", "rustc",
    "rustdoc", "test",
];

/// Commands that are not in the lists above but read cargo's options or pass them on: the one-letter
/// names, and external commands that wrap cargo's own.
const READS_OPTIONS: &[&str] =
    &["b", "c", "clippy", "d", "hack", "llvm-cov", "miri", "nextest", "r", "rm", "t"];

/// Commands that run a program: their first word and all that follow belong to it.
const RUN_A_PROGRAM: &[&str] = &["run", "r", "rustc", "rustdoc"];

/// How a command uses a target directory.
///
/// `clean` without options only deletes. With options it deletes a part, and creates the lock files
/// that it takes.
pub(super) fn target_use(command: &OsStr, has_options: bool) -> TargetUse {
    // `fmt` is an external command, which no alias has replaced.
    if among(WITHOUT_TARGET, command) || command == "fmt" {
        TargetUse::None
    } else if command == "clean" && has_options {
        TargetUse::Writes
    } else if among(USES_EXISTING_TARGET, command) {
        TargetUse::Reads
    } else {
        TargetUse::Writes
    }
}

/// Whether a word is one of cargo's own commands.
pub(super) fn is_cargos_own(command: &OsStr) -> bool {
    [BUILDS, USES_EXISTING_TARGET, WITHOUT_TARGET].iter().any(|list| among(list, command))
}

/// Whether cargo's options mean the same after this command as after cargo's own.
pub(super) fn reads_options(command: &OsStr) -> bool {
    is_cargos_own(command) || among(READS_OPTIONS, command)
}

/// Whether the words after the command's first word belong to another program.
pub(super) fn runs_a_program(command: &OsStr) -> bool {
    among(RUN_A_PROGRAM, command)
}

pub(super) fn among(list: &[&str], name: &OsStr) -> bool {
    list.iter().any(|known| name == *known)
}
