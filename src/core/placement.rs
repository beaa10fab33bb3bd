//! The decision: where a build goes, and by which rule.
//!
//! One pure function that the shim, `path` and `explain` all call. The rules are asked in the order
//! of [`Rule`]'s variants, and the first that applies decides.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::account::{Account, NoDirectory};
use super::build_dir::{ConfiguredBuildDir, override_for};
use super::checkout::{Checkout, CheckoutKind};
use super::invocation::Invocation;
use super::lexical;
use super::settings::{ExplicitTargetDir, Scope, Settings};

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

/// Everything that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// How we were called.
    pub door: Door,
    /// `CARGO_PERUSER=off`.
    pub is_bypassed: bool,
    /// The settings in force.
    pub settings: &'a Settings,
    /// Whether the shared root that they name is there.
    pub root_exists: bool,
    /// The caller.
    pub account: &'a Account,
    /// The caller's own cache directory: `$XDG_CACHE_HOME` or `~/.cache`.
    pub own_cache: Option<&'a Path>,
    /// What was typed.
    pub invocation: &'a Invocation<'a>,
    /// Whether a `--config` has `build.target-dir`.
    pub config_chooses: bool,
    /// Where cargo works from.
    pub working_directory: &'a Path,
    /// What is being built, where that is known.
    pub checkout: Option<&'a Checkout>,
    /// The build directory that is configured.
    pub build_dir: Option<&'a ConfiguredBuildDir>,
    /// Places that are the caller's own: home, cargo's home.
    pub own_places: &'a [PathBuf],
    /// The variables that matter, as they were inherited.
    pub variables: &'a Variables,
}

/// The variables that matter to the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// `CARGO_TARGET_DIR`.
    pub target_dir: Option<OsString>,
    /// `CARGO_BUILD_TARGET_DIR`.
    pub build_target_dir: Option<OsString>,
    /// `CARGO_BUILD_BUILD_DIR`.
    pub build_build_dir: Option<OsString>,
    /// `OUT_DIR`, if this runs in a build script.
    pub out_dir: Option<OsString>,
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

impl Facts<'_> {
    /// Where the private directory is to be, if there is to be one.
    fn place(&self) -> Option<Place> {
        match (&self.settings.shared_root, self.root_exists, self.door, self.own_cache) {
            (Some(root), true, ..) => Some(Place {
                parent: root.clone(),
                name: self.account.directory_name(),
                is_shared: true,
            }),
            (_, _, Door::ByName, Some(cache)) => {
                Some(Place { parent: cache.into(), name: "cargo-peruser".into(), is_shared: false })
            }
            _ => None,
        }
    }

    /// `CARGO_TARGET_DIR`, empty counting as unset.
    fn target_dir(&self) -> Option<&OsStr> {
        self.variables.target_dir.as_deref().filter(|value| !value.is_empty())
    }

    fn absolute(&self, value: &OsStr) -> PathBuf {
        lexical::absolute(self.working_directory, Path::new(value))
    }

    /// Whether a value can only come from us: it is in the shared root or in the private directory.
    fn is_ours(&self, value: Option<&OsStr>, place: &Place) -> bool {
        let Some(path) = value.map(|value| self.absolute(value)) else {
            return false;
        };
        let below_root = self.settings.shared_root.iter().any(|root| path.starts_with(root));
        below_root || path.starts_with(place.private_dir())
    }

    fn variables_into_root(&self) -> Vec<&'static str> {
        let Variables { target_dir, build_target_dir, build_build_dir, .. } = self.variables;
        let points_into_root = |value: &Option<OsString>| {
            let root = self.settings.shared_root.as_deref();
            let path = value
                .as_deref()
                .filter(|value| !value.is_empty())
                .map(|value| self.absolute(value));
            path.is_some_and(|path| root.is_some_and(|root| path.starts_with(root)))
        };
        [
            (TARGET_DIR, target_dir),
            (BUILD_TARGET_DIR, build_target_dir),
            (BUILD_BUILD_DIR, build_build_dir),
        ]
        .into_iter()
        .filter(|(_, value)| points_into_root(value))
        .map(|(name, _)| name)
        .collect()
    }

    fn explicit_choice(&self, place: &Place) -> Option<Choice> {
        if self.invocation.target_dir.is_some() {
            return Some(Choice::Flag);
        }
        if self.config_chooses {
            return Some(Choice::Config);
        }
        if self.settings.explicit_target_dir == ExplicitTargetDir::Override {
            return None;
        }
        let elsewhere = |value: Option<&OsStr>| value.is_some() && !self.is_ours(value, place);
        let weaker = self.variables.build_target_dir.as_deref().filter(|value| !value.is_empty());
        if elsewhere(self.target_dir()) {
            Some(Choice::Variable)
        } else if elsewhere(weaker) {
            Some(Choice::BuildVariable)
        } else {
            None
        }
    }

    /// A directory inside the private one, other than its `target`, that an outer run has chosen.
    fn inherited(&self, place: &Place) -> Option<PathBuf> {
        let directory = self.absolute(self.target_dir()?);
        let inside = directory.strip_prefix(place.private_dir()).ok()?;
        let is_general = inside.as_os_str().is_empty() || inside == Path::new(TARGET);
        (!is_general).then_some(directory)
    }

    fn build_dir_override(&self, place: &Place, target: &Path) -> Option<PathBuf> {
        let mut own = self.own_places.to_vec();
        own.push(place.private_dir());
        override_for(self.build_dir, &own, target)
    }
}

#[cfg(test)]
mod tests;
