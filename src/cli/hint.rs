//! Hints for mistyped commands: words that would go to cargo, but were probably meant for us.

use std::ffi::{OsStr, OsString};

use super::VERBS;
use crate::settings::Key;
use crate::shim::Plan;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;

/// Words that people try, and the command that does what they want.
const MEANT: [(&str, &str); 10] = [
    ("status", "cargo-peruser setup --status"),
    ("where", "cargo-peruser path"),
    ("which", "cargo-peruser explain"),
    ("diagnose", "cargo-peruser doctor"),
    ("du", "cargo-peruser usage"),
    ("cleanup", "cargo-peruser gc"),
    ("prune", "cargo-peruser gc"),
    ("off", "CARGO_PERUSER=off cargo build"),
    ("disable", "CARGO_PERUSER=off cargo build"),
    // A command of cargo's; listed here for misspellings of it.
    ("uninstall", "cargo-peruser setup --uninstall"),
];

/// The Jaro-Winkler similarity from which on a word counts as a misspelling of another.
const ALIKE: f64 = 0.88;

/// Flags with which `install` and `uninstall` are meant for cargo, even without a package name.
const CARGOS: [&str; 7] = ["--list", "--path", "--git", "-p", "--package", "--help", "-h"];

/// The failure for `install` or `uninstall` without a package name.
///
/// Both are cargo commands. Without a name they act on the package in the working directory, although
/// the person probably wanted to install or uninstall cargo-peruser.
pub(super) fn names_no_package(words: &[OsString]) -> Option<Failure> {
    let (command, after) = words.split_first()?;
    let setup = match command.to_str()? {
        "install" => "setup",
        "uninstall" => "setup --uninstall",
        _ => return None,
    };
    let is_cargos = |word: &OsString| {
        let word = word.to_string_lossy();
        !word.starts_with('-') || CARGOS.iter().any(|cargos| word.starts_with(cargos))
    };
    let text = format!("`{}` names no package", escaped(command));
    let help = format!("cargo-peruser {setup}; cargo's own: cargo-peruser -- {}", quoted(command));
    (!after.iter().any(is_cargos)).then(|| failure(text, help))
}

/// The failure with the command that was probably meant, if cargo has no command of this name.
pub(super) fn mistyped(word: &OsStr, plan: &Plan<'_>) -> Option<Failure> {
    let text = word.to_str()?;
    if !plan.is_unknown_to_cargo(word) {
        return None;
    }
    let alike = |known: &str| strsim::jaro_winkler(known, text) >= ALIKE;
    let known = VERBS.iter().map(|verb| (verb.name, format!("cargo-peruser {}", verb.name)));
    let tried = MEANT.iter().map(|(word, command)| (*word, (*command).to_owned()));
    let (_, command) = tried.chain(known).find(|(known, _)| alike(known))?;
    let said = format!("neither cargo-peruser nor cargo has a command `{}`", escaped(word));
    Some(failure(said, format!("did you mean: {command}")))
}

/// The next step for a setting after the verb.
pub(super) fn settings_come_first(words: &[OsString]) -> Option<String> {
    let setting = words.iter().find(|word| Key::of_flag(word).is_some())?;
    Some(format!(
        "settings come before the verb: cargo-peruser {} …",
        quoted::<OsStr>(setting.as_ref())
    ))
}

fn failure(text: String, help: String) -> Failure {
    Failure::new(text).help(help).exit(2)
}
