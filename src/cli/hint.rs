//! Words that would go to cargo, and were probably meant for us.

use std::ffi::{OsStr, OsString};

use clap::Error;
use clap::error::ContextKind;

use crate::settings::Key;
use crate::shim::Plan;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;

/// Words that people try, and what does it.
const MEANT: [(&str, &str); 3] =
    [("status", "setup --status"), ("where", "path"), ("which", "explain")];

/// How alike two words are where one is a slip of the other (Jaro-Winkler).
const ALIKE: f64 = 0.88;

/// The failure that says what was probably meant, if cargo cannot have been.
///
/// `install` and `uninstall` are cargo's, but without a package they do something to the one that
/// somebody stands in, who has just wanted to be rid of cargo-peruser.
pub(super) fn misdirected<'v>(
    words: &[OsString],
    plan: &Plan<'_>,
    verbs: impl Iterator<Item = &'v str>,
) -> Option<Failure> {
    let first = words.first()?;
    if let [word] = words
        && (word == "install" || word == "uninstall")
    {
        let setup = if word == "install" { "setup" } else { "setup --uninstall" };
        let text = format!("`{}` names no package", escaped(word));
        let help = format!("cargo-peruser {setup}; cargo's own: cargo-peruser -- {}", quoted(word));
        return Some(failure(text, help));
    }
    if !plan.is_unknown_to_cargo(first) {
        return None;
    }
    let text = first.to_str()?;
    let meant = MEANT.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
    let alike = |verb: &&str| strsim::jaro_winkler(verb, text) >= ALIKE;
    let meant = meant.or_else(|| { verbs }.find(alike))?;
    let said = format!("neither cargo-peruser nor cargo has a command `{}`", escaped(first));
    Some(failure(said, format!("did you mean: cargo-peruser {meant}")))
}

/// The next step where a setting stands behind the verb.
pub(super) fn settings_come_first(words: &[OsString]) -> Option<String> {
    let setting = words.iter().find(|word| Key::of_flag(word).is_some())?;
    Some(format!(
        "settings come before the verb: cargo-peruser {} …",
        quoted::<OsStr>(setting.as_ref())
    ))
}

/// The next step where cargo's flags stand behind the verb without its command.
pub(super) fn cargos_command_is_missing(words: &[OsString], error: &Error) -> Option<String> {
    let [verb, flag, ..] = words else { return None };
    let takes_cargos = verb == "path" || verb == "explain";
    let is_slip_of_ours = error.get(ContextKind::SuggestedArg).is_some();
    (takes_cargos && !is_slip_of_ours && flag.as_encoded_bytes().starts_with(b"-")).then(|| {
        let (verb, flag) = (quoted(verb), quoted(flag));
        format!("cargo's arguments begin with its command: cargo-peruser {verb} build {flag} …")
    })
}

fn failure(text: String, help: String) -> Failure {
    Failure::new(text).help(help).exit(2)
}
