//! Pure: what cargo's own commands are, and what each has to do with a target directory.

use std::ffi::OsStr;

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

/// Cargo's own commands that have nothing to do with a target directory.
///
/// External commands and the one-letter names are in none of the lists of cargo's own however
/// harmless, because an alias may stand in for them; cargo lets none stand in for these.
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

/// External commands that have nothing to do with one, once it is known that no alias stands in.
const EXTERNAL_WITHOUT_TARGET: &[&str] = &["fmt"];

/// Cargo's own commands that never create a target directory. They believe what they find in one,
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

/// Commands that are not cargo's own by the strict measure above, and yet read or hand on its
/// options: the one-letter names, and external commands around cargo's own.
const READS_OPTIONS: &[&str] =
    &["b", "c", "clippy", "d", "hack", "llvm-cov", "miri", "nextest", "r", "rm", "t"];

/// External commands that hand `run` on to cargo.
const HAND_ON_TO_RUN: &[&str] = &["careful", "hack", "llvm-cov", "miri", "xwin"];

/// Commands whose first word belongs to the program that they run, with all that follows.
const RUN_A_PROGRAM: &[&str] = &["run", "r", "rustc", "rustdoc"];

/// What a command does with a target directory.
///
/// `clean` alone takes away what is there; to take away a part of it, it makes what it locks.
pub(super) fn target_use(command: &OsStr, has_options: bool) -> TargetUse {
    if among(WITHOUT_TARGET, command) || among(EXTERNAL_WITHOUT_TARGET, command) {
        TargetUse::None
    } else if command == "clean" && has_options {
        TargetUse::Writes
    } else if among(USES_EXISTING_TARGET, command) {
        TargetUse::Reads
    } else {
        TargetUse::Writes
    }
}

/// Whether cargo itself reads the words after this one.
pub(super) fn is_cargos_own(command: &OsStr) -> bool {
    [BUILDS, USES_EXISTING_TARGET, WITHOUT_TARGET].iter().any(|list| among(list, command))
}

/// Whether cargo's options mean the same after this command as after cargo's own.
pub(super) fn reads_options(command: &OsStr) -> bool {
    is_cargos_own(command) || among(READS_OPTIONS, command)
}

/// Whether a `run` after this command is cargo's own, so that it runs a program.
pub(super) fn hands_on_to_run(command: &OsStr) -> bool {
    among(HAND_ON_TO_RUN, command)
}

/// Whether what follows the command's first word belongs to another program.
pub(super) fn runs_a_program(command: &OsStr) -> bool {
    among(RUN_A_PROGRAM, command)
}

pub(super) fn among(list: &[&str], name: &OsStr) -> bool {
    list.iter().any(|known| name == *known)
}
