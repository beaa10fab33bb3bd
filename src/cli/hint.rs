//! Words that would go to cargo, and were probably meant for us.

use std::ffi::{OsStr, OsString};

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

fn failure(text: String, help: String) -> Failure {
    Failure::new(text).help(help).exit(2)
}
