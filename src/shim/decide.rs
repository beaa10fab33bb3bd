//! Pure: decides where a build goes, and by which rule.
//!
//! The shim, `path` and `explain` all call this one function. The rules are tried in the order of
//! [`Rule`]'s variants; the first that applies decides.

mod facts;

use std::path::{Path, PathBuf};

pub use facts::{Facts, Variables, is_directory_name};

use super::build_dir::Moved;
use crate::private_dir::place::{OWN_NAME, Place, PlaceKind, Required};
use crate::settings::Scope;
use crate::workspace::{Workspace, WorkspaceKind};

/// The variable with cargo's target directory.
pub const TARGET_DIR: &str = "CARGO_TARGET_DIR";
/// The same as a configuration variable; it is weaker.
pub const BUILD_TARGET_DIR: &str = "CARGO_BUILD_TARGET_DIR";
/// The variable with cargo's build directory, for intermediates.
pub const BUILD_BUILD_DIR: &str = "CARGO_BUILD_BUILD_DIR";
/// The name of the target directory for builds without one of their own.
const TARGET: &str = "target";
/// The name of the directory for intermediates that may not stay where they are configured, and for
/// those of programs that bypass the shim.
pub const BUILD: &str = "build";
/// Cargo's own template for a workspace (1.91): a hash of its root's path. With a fixed path, a
/// workspace that is built in another one's build script would wait for the outer build.
const WORKSPACE_TEMPLATE: &str = "{workspace-path-hash}";

/// How we were called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntryPoint {
    /// Under the name `cargo`: transparent.
    #[default]
    Shim,
    /// As `cargo-peruser`, or as cargo's subcommand: always gives a private directory.
    ByName,
    /// For a session, without a workspace: for programs that bypass the shim.
    Session,
}

/// The rules, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `CARGO_PERUSER=off`.
    Bypassed,
    /// No shared root is configured, or it does not exist.
    NoSharedRoot,
    /// The account gets no directory, and why.
    NoDirectory(String),
    /// Inside a build script.
    BuildScript,
    /// The user chose a target directory.
    Explicit(Choice),
    /// An outer run chose a directory inside the private one.
    Inherited,
    /// Everything else goes to the private directory.
    Redirected,
}

/// How a user chooses a target directory.
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

/// The state of the shared root for the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RootState {
    /// None is configured, or it does not exist.
    #[default]
    Absent,
    /// The caller's private directory is in it, or the caller may create it there. Whether it is safe
    /// is checked later.
    Usable,
    /// Only its owner can create private directories in it, and the caller's is missing or cannot be
    /// examined.
    NotProvisioned,
    /// A user namespace hides its owner.
    OwnerHidden,
    /// It is the caller's private directory itself: it is in their own cache directory, and they built in
    /// it before setup made it their shared root.
    IsPrivateDir,
}

impl RootState {
    /// Whether it exists, but has no private directory for the caller.
    pub fn is_out_of_reach(self) -> bool {
        matches!(self, RootState::NotProvisioned | RootState::OwnerHidden)
    }
}

/// The target directory that a session exports, for builds without one of their own.
pub fn session_target(private_dir: &Path) -> PathBuf {
    private_dir.join(TARGET)
}

/// The value of [`BUILD_BUILD_DIR`] that keeps each workspace's intermediates private and separate. `own`
/// is the name of a workspace's own directory; a session exports one for all of them.
pub fn build_dir(private_dir: &Path, own: Option<&str>) -> PathBuf {
    let common = private_dir.join(BUILD);
    own.map_or(common.clone(), |name| common.join(name)).join(WORKSPACE_TEMPLATE)
}

/// The result of the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The rule that decided.
    pub rule: Rule,
    /// The directories that must be safe before cargo runs.
    pub required: Option<Required>,
    /// The new value of `CARGO_TARGET_DIR`; `None` leaves it unchanged.
    pub target_dir: Option<PathBuf>,
    /// The new build directory; `None` leaves it unchanged.
    pub build_dir: Option<Moved>,
    /// Variables to remove.
    pub removed: Vec<&'static str>,
}

impl Decision {
    fn pass_through(rule: Rule, removed: Vec<&'static str>) -> Decision {
        Decision { rule, required: None, target_dir: None, build_dir: None, removed }
    }
}

/// Decides. See [`Rule`] for the order of the rules.
pub fn decide(facts: &Facts) -> Decision {
    // A variable of a session is removed, for example in a container that a session started, without
    // the root.
    let pass_through = |rule| Decision::pass_through(rule, facts.variables_of_sessions());
    if facts.is_bypassed {
        return pass_through(Rule::Bypassed);
    }
    let Some(place) = place(facts) else { return pass_through(Rule::NoSharedRoot) };
    if facts.root != RootState::Absent
        && let Some(reason) = facts.account.no_directory(&facts.settings)
    {
        return pass_through(Rule::NoDirectory(reason));
    }
    let target_dir = facts.variables.target_dir.as_ref();
    if let Some(out_dir) = &facts.variables.out_dir
        && target_dir.is_none_or(|path| facts.is_ours(path, Some(&place)))
    {
        return inside_build_script(facts, &place, out_dir);
    }
    if let Some(choice) = facts.explicit_choice(&place) {
        return explicit(facts, choice, &place);
    }
    if facts.inherits(&place) {
        return in_private_dir(facts, place, Rule::Inherited, None);
    }
    let own = facts.workspace.as_ref().filter(|workspace| {
        // Scripts have a directory of their own for every `scope`.
        workspace.kind == WorkspaceKind::Script || facts.settings.scope() == Scope::Workspace
    });
    let name = own.map_or_else(|| TARGET.to_owned(), Workspace::directory_name);
    in_private_dir(facts, place, Rule::Redirected, Some(name))
}

/// The place of the private directory, if there will be one: in the shared root, or, if the root is
/// missing or has none for the caller, in the caller's own cache directory.
fn place(facts: &Facts) -> Option<Place> {
    let in_root = |root: &Path| Place {
        parent: root.to_owned(),
        name: facts.account.directory_name(),
        kind: PlaceKind::BelowSharedRoot,
    };
    let in_cache = |cache: &Path| Place {
        parent: cache.into(),
        name: OWN_NAME.into(),
        kind: PlaceKind::InOwnCache,
    };
    let root = facts.settings.shared_root();
    let own_cache = facts.own_cache.as_deref().map(in_cache);
    match facts.root {
        RootState::Absent => own_cache.filter(|_| facts.entry_point == EntryPoint::ByName),
        RootState::IsPrivateDir => root.and_then(Path::parent).map(in_cache),
        // If the settings say `refuse`, the error comes when the place in the root cannot be used.
        state if state.is_out_of_reach() && !facts.settings.refuses_without_directory() => {
            own_cache.or_else(|| root.map(in_root))
        }
        _ => root.map(in_root),
    }
}

/// A nested run would wait forever for the outer cargo's lock on the same directory. So an inherited
/// directory of ours is replaced by one below `OUT_DIR`, which is private because it is inside a
/// private target directory.
fn inside_build_script(facts: &Facts, place: &Place, out_dir: &Path) -> Decision {
    // One script's nested workspaces must not share a directory.
    let mut own = out_dir.join(TARGET);
    own.extend(facts.workspace.as_ref().map(Workspace::directory_name));
    let Variables { target_dir, build_build_dir, .. } = &facts.variables;
    let build_dir = build_build_dir.as_ref();
    let is_build_dir_ours = build_dir.is_some_and(|path| facts.is_ours(path, Some(place)));
    let inherits = target_dir.is_some();
    // Without an inherited target directory, cargo uses its own default, and only a build directory of ours
    // has to be replaced.
    let configured = facts.build_dir(place).filter(|_| inherits).map(|dir| dir.origin.clone());
    let origin = configured.or_else(|| is_build_dir_ours.then(|| "an outer run".into()));
    Decision {
        target_dir: inherits.then(|| own.clone()),
        build_dir: origin.map(|instead_of| Moved { to: own, instead_of }),
        ..Decision::pass_through(Rule::BuildScript, Vec::new())
    }
}

/// Some choices are weaker in cargo than `CARGO_TARGET_DIR`. If that variable is not a choice itself,
/// because it is ours or the settings override it, it is removed.
fn explicit(facts: &Facts, choice: Choice, place: &Place) -> Decision {
    let is_weaker = matches!(choice, Choice::Config | Choice::BuildVariable);
    let removes_variable = is_weaker && facts.variables.target_dir.is_some();
    let mut removed = if removes_variable { vec![TARGET_DIR] } else { Vec::new() };
    removed.extend(inherited_build_dir(facts, place));
    Decision::pass_through(Rule::Explicit(choice), removed)
}

/// A build in the private directory; `target` is the directory to use there, if this decides it.
fn in_private_dir(facts: &Facts, place: Place, rule: Rule, target: Option<String>) -> Decision {
    let build_dir = facts.moved_build_dir(&place);
    let removed = if build_dir.is_none() { inherited_build_dir(facts, &place) } else { Vec::new() };
    let target_dir = target.as_ref().map(|name| place.private_dir().join(name));
    Decision { rule, required: Some(Required { place, target }), target_dir, build_dir, removed }
}

/// A build directory that a session or an outer run has set is not a choice.
fn inherited_build_dir(facts: &Facts, place: &Place) -> Vec<&'static str> {
    if facts.inherits_build_dir(place) { vec![BUILD_BUILD_DIR] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
