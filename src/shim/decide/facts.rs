//! Pure: the facts for a decision, and what the rules ask about them: where a variable comes from, and
//! which build directory is configured.

use std::path::{Path, PathBuf};

use super::{
    BUILD, BUILD_BUILD_DIR, BUILD_TARGET_DIR, Choice, EntryPoint, RootState, TARGET, TARGET_DIR,
};
use crate::os::entry::Entry;
use crate::os::passwd::Account;
use crate::private_dir::place::{OWN_NAME, Place};
use crate::settings::Settings;
use crate::shim::argv::Invocation;
use crate::shim::build_dir::ConfiguredBuildDir;
use crate::workspace::Workspace;

/// Everything that the decision depends on. Unknown facts count as absent.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// How we were called.
    pub entry_point: EntryPoint,
    /// `CARGO_PERUSER=off`; or `cargo peruser`, which decides for itself.
    pub is_bypassed: bool,
    /// The merged settings.
    pub settings: Settings,
    /// The state of the shared root for the caller.
    pub root: RootState,
    /// The shared root's metadata, if it exists.
    pub root_entry: Option<Entry>,
    /// The caller.
    pub account: Account,
    /// The caller's own cache directory, `$XDG_CACHE_HOME` or `~/.cache`, if it is needed: the private
    /// directory will be below it, or a variable may point there.
    pub own_cache: Option<PathBuf>,
    /// The arguments that matter, with aliases expanded.
    pub invocation: Invocation,
    /// Whether a `--config` has `build.target-dir`.
    pub config_chooses: bool,
    /// Cargo's working directory.
    pub working_directory: PathBuf,
    /// The workspace that is built; `None` if there are no sources.
    pub workspace: Option<Workspace>,
    /// The build directory that cargo's configuration or `--config` asks for.
    pub configured_build_dir: Option<ConfiguredBuildDir>,
    /// The build directory that `CARGO_BUILD_BUILD_DIR` asks for, unless a `--config` overrides it.
    pub build_dir_variable: Option<ConfiguredBuildDir>,
    /// The inherited variables that matter.
    pub variables: Variables,
}

/// The variables that matter to the decision, as absolute paths; an empty one is treated as unset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
    /// `CARGO_BUILD_TARGET_DIR`.
    pub build_target_dir: Option<PathBuf>,
    /// `CARGO_BUILD_BUILD_DIR`.
    pub build_build_dir: Option<PathBuf>,
    /// `OUT_DIR`, if this runs in a build script.
    pub out_dir: Option<PathBuf>,
}

impl Variables {
    /// Reads cargo's three variables by their names.
    pub(in crate::shim) fn read(path: impl Fn(&str) -> Option<PathBuf>) -> Variables {
        Variables {
            target_dir: path(TARGET_DIR),
            build_target_dir: path(BUILD_TARGET_DIR),
            build_build_dir: path(BUILD_BUILD_DIR),
            out_dir: None,
        }
    }

    /// Those of cargo's three variables that are set.
    pub(in crate::shim) fn of_cargo(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let Variables { target_dir, build_target_dir, build_build_dir, .. } = self;
        let all = [
            (TARGET_DIR, target_dir),
            (BUILD_TARGET_DIR, build_target_dir),
            (BUILD_BUILD_DIR, build_build_dir),
        ];
        all.into_iter().filter_map(|(name, path)| Some((name, path.as_deref()?)))
    }
}

impl Facts {
    /// Whether only we can have set this value: it is in the shared root or in one of the caller's
    /// private directories. A session may have started before the caller got a private directory in the
    /// shared root.
    pub(super) fn is_ours(&self, path: &Path, place: Option<&Place>) -> bool {
        let in_cache = self.own_cache.as_ref().map(|cache| cache.join(OWN_NAME));
        self.settings.shared_root().is_some_and(|root| path.starts_with(root))
            || in_cache.is_some_and(|private| path.starts_with(private))
            || place.is_some_and(|place| path.starts_with(place.private_dir()))
    }

    /// The variables that only one of our sessions can have set: they point into the shared root, or
    /// into the private directory in the caller's own cache, which sessions use as a fallback.
    pub(super) fn variables_of_sessions(&self) -> Vec<&'static str> {
        let ours = self.variables.of_cargo().filter(|(_, path)| self.is_ours(path, None));
        ours.map(|(name, _)| name).collect()
    }

    /// The user's choice, in cargo's own order of precedence.
    pub(super) fn explicit_choice(&self, place: &Place) -> Option<Choice> {
        let counts = !self.settings.overrides_variables();
        let elsewhere = |path: &Option<PathBuf>| {
            counts && path.as_ref().is_some_and(|path| !self.is_ours(path, Some(place)))
        };
        let choices = [
            (Choice::Flag, self.invocation.target_dir.is_some()),
            (Choice::Variable, elsewhere(&self.variables.target_dir)),
            (Choice::Config, self.config_chooses),
            (Choice::BuildVariable, elsewhere(&self.variables.build_target_dir)),
        ];
        choices.into_iter().find_map(|(choice, is_made)| is_made.then_some(choice))
    }

    /// Whether an outer run chose a directory inside the private one, other than those that this
    /// decision gives: a nested run may be in another workspace, and must get its own directory.
    pub(super) fn inherits(&self, place: &Place) -> bool {
        self.variables.target_dir.as_ref().is_some_and(|directory| {
            directory.starts_with(place.private_dir()) && !is_assigned(directory, place)
        })
    }

    /// Whether one of our sessions or outer runs set `CARGO_BUILD_BUILD_DIR`.
    pub(super) fn inherits_build_dir(&self, place: &Place) -> bool {
        let ours = place.private_dir().join(BUILD);
        self.build_dir_variable
            .as_ref()
            .is_some_and(|dir| dir.path.starts_with(&ours) || is_assigned(&dir.path, place))
    }

    /// The configured build directory. The variable overrides files.
    pub(in crate::shim) fn build_dir(&self, place: &Place) -> Option<&ConfiguredBuildDir> {
        let variable = self.build_dir_variable.as_ref().filter(|_| !self.inherits_build_dir(place));
        variable.or(self.configured_build_dir.as_ref())
    }
}

/// Whether a name is that of a workspace's own target directory.
pub fn is_directory_name(name: &str) -> bool {
    let hash = name.rsplit_once('-').map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether this decision gives this directory: the private directory itself, its `target`, or a
/// workspace's own.
fn is_assigned(directory: &Path, place: &Place) -> bool {
    let Ok(inside) = directory.strip_prefix(place.private_dir()) else { return false };
    let mut names = inside.iter().map(|name| name.to_str());
    match (names.next(), names.next()) {
        (None, _) => true,
        (Some(Some(name)), None) => name == TARGET || is_directory_name(name),
        _ => false,
    }
}
