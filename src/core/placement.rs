//! The decision: where a build goes, and by which rule.
//!
//! One pure function that the shim, `path` and `explain` all call. The rules are asked in the order
//! of [`Rule`]'s variants, and the first that applies decides.

mod facts;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub use facts::{Facts, Variables};

use super::account::NoDirectory;
use super::checkout::{Checkout, CheckoutKind};
use super::settings::Scope;

/// The variable that tells cargo where to build.
pub const TARGET_DIR: &str = "CARGO_TARGET_DIR";
/// The same by cargo's configuration, and weaker.
pub const BUILD_TARGET_DIR: &str = "CARGO_BUILD_TARGET_DIR";
/// The variable that tells cargo where to keep intermediates.
pub const BUILD_BUILD_DIR: &str = "CARGO_BUILD_BUILD_DIR";
/// The name of the target directory that a person has for everything they build.
const TARGET: &str = "target";

/// How we were called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Under the name `cargo`: transparent.
    Shim,
    /// As `cargo-peruser`, or as cargo's subcommand: asked for by name, it always gives a private
    /// directory.
    ByName,
}

/// The rules, in the order in which they are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `CARGO_PERUSER=off`.
    Bypassed,
    /// No shared root is configured, or it does not exist.
    NoSharedRoot,
    /// The account gets no directory.
    NoDirectory(NoDirectory),
    /// Inside a build script.
    BuildScript,
    /// The person chose a target directory.
    Explicit(Choice),
    /// An outer run chose a directory inside the private one.
    Inherited,
    /// Everything else goes to the private directory.
    Redirected,
}

/// How a person chooses a target directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// `--target-dir`.
    Flag,
    /// `--config build.target-dir=…`.
    Config,
    /// `CARGO_TARGET_DIR` outside the shared root.
    Variable,
    /// `CARGO_BUILD_TARGET_DIR` outside the shared root.
    BuildVariable,
}

/// A person's private directory, not yet made or checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The shared root, or the person's own cache directory.
    pub parent: PathBuf,
    /// The private directory's name in it.
    pub name: String,
    /// Whether `parent` is the shared root.
    pub is_shared: bool,
}

impl Place {
    /// The private directory.
    pub fn private_dir(&self) -> PathBuf {
        self.parent.join(&self.name)
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The rule that decided.
    pub rule: Rule,
    /// The private directory that must be safe before cargo runs.
    pub place: Option<Place>,
    /// The target directory to make inside it.
    pub make: Option<String>,
    /// The new value of `CARGO_TARGET_DIR`; `None` leaves it.
    pub target_dir: Option<PathBuf>,
    /// The new value of `CARGO_BUILD_BUILD_DIR`; `None` leaves it.
    pub build_dir: Option<PathBuf>,
    /// Variables to take away.
    pub removed: Vec<&'static str>,
}

impl Decision {
    fn pass_through(rule: Rule) -> Decision {
        let removed = Vec::new();
        Decision { rule, place: None, make: None, target_dir: None, build_dir: None, removed }
    }
}

/// Decides. See [`Rule`] for the order.
pub fn decide(facts: &Facts<'_>) -> Decision {
    if facts.is_bypassed {
        return Decision::pass_through(Rule::Bypassed);
    }
    let Some(place) = facts.place() else {
        return Decision::pass_through(Rule::NoSharedRoot);
    };
    if place.is_shared
        && let Some(reason) = facts.account.no_directory(facts.settings)
    {
        let removed = facts.variables_into_root();
        return Decision { removed, ..Decision::pass_through(Rule::NoDirectory(reason)) };
    }
    if let Some(out_dir) = &facts.variables.out_dir {
        if facts.target_dir().is_none() {
            return Decision::pass_through(Rule::BuildScript);
        }
        if facts.is_ours(facts.target_dir(), &place) {
            return inside_build_script(facts, out_dir);
        }
    }
    if let Some(choice) = facts.explicit_choice(&place) {
        return explicit(facts, choice, &place);
    }
    match facts.inherited(&place) {
        Some(directory) => inherited(facts, place, &directory),
        None => redirect(facts, place),
    }
}

/// A nested run would wait for ever for the lock that the outer cargo holds on the same directory,
/// so it gets one of its own below `OUT_DIR`, which is private because its target directory is.
fn inside_build_script(facts: &Facts<'_>, out_dir: &OsStr) -> Decision {
    let target = Path::new(out_dir).join(TARGET);
    let build_dir = facts.build_dir.map(|_| target.clone());
    let target_dir = Some(target);
    Decision { target_dir, build_dir, ..Decision::pass_through(Rule::BuildScript) }
}

/// An explicit choice that is weaker in cargo than `CARGO_TARGET_DIR` only counts without it, so
/// a value that came from us makes way.
fn explicit(facts: &Facts<'_>, choice: Choice, place: &Place) -> Decision {
    let is_weaker = matches!(choice, Choice::Config | Choice::BuildVariable);
    let makes_way = is_weaker && facts.is_ours(facts.target_dir(), place);
    let removed = if makes_way { vec![TARGET_DIR] } else { Vec::new() };
    Decision { removed, ..Decision::pass_through(Rule::Explicit(choice)) }
}

fn inherited(facts: &Facts<'_>, place: Place, directory: &Path) -> Decision {
    let build_dir = facts.build_dir_override(&place, directory);
    let place = Some(place);
    Decision { place, build_dir, ..Decision::pass_through(Rule::Inherited) }
}

fn redirect(facts: &Facts<'_>, place: Place) -> Decision {
    let own = facts.checkout.filter(|checkout| {
        checkout.kind == CheckoutKind::LinkedWorktree || facts.settings.scope == Scope::Checkout
    });
    let name = own.map_or_else(|| TARGET.to_owned(), Checkout::directory_name);
    let target = place.private_dir().join(&name);
    Decision {
        rule: Rule::Redirected,
        build_dir: facts.build_dir_override(&place, &target),
        target_dir: Some(target),
        make: Some(name),
        place: Some(place),
        removed: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
