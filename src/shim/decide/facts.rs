//! Pure: what a decision is made from, and the questions that its rules ask of it: what a variable
//! comes from, and where intermediates have to go.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{
    BUILD, BUILD_BUILD_DIR, BUILD_TARGET_DIR, Choice, EntryPoint, RootState, TARGET, TARGET_DIR,
};
use crate::os::entry::Entry;
use crate::os::lexical;
use crate::os::passwd::Account;
use crate::private_dir::place::{OWN_NAME, Place};
use crate::settings::{ExplicitTargetDir, Settings};
use crate::shim::argv::Invocation;
use crate::shim::build_dir::{Asked, ConfiguredBuildDir};
use crate::workspace::Workspace;

/// Everything that the decision depends on; what was not looked for counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// How we were called.
    pub entry_point: EntryPoint,
    /// `CARGO_PERUSER=off`; or `cargo peruser`, which decides for itself.
    pub is_bypassed: bool,
    /// The settings that apply.
    pub settings: Settings,
    /// What the shared root that they name offers the caller.
    pub root: RootState,
    /// What stands there.
    pub root_entry: Option<Entry>,
    /// The caller.
    pub account: Account,
    /// The caller's own cache directory, `$XDG_CACHE_HOME` or `~/.cache`, where it matters: a private
    /// directory below it is to be used, or may be where a variable points.
    pub own_cache: Option<PathBuf>,
    /// The arguments that matter, aliases expanded.
    pub invocation: Invocation,
    /// Whether a `--config` has `build.target-dir`.
    pub config_chooses: bool,
    /// Where cargo works from.
    pub working_directory: PathBuf,
    /// What is being built; `None` where there are no sources.
    pub workspace: Option<Workspace>,
    /// The directory that it has of its own.
    pub own_directory: Option<OwnDirectory>,
    /// The build directory that cargo's configuration or `--config` asks for.
    pub configured_build_dir: Option<ConfiguredBuildDir>,
    /// The build directory that `CARGO_BUILD_BUILD_DIR` asks for.
    pub build_dir_variable: Option<ConfiguredBuildDir>,
    /// Places that are the caller's own: home, cargo's home, what is theirs and closed to others.
    pub own_places: Vec<PathBuf>,
    /// The variables that matter, as they were inherited.
    pub variables: Variables,
}

/// A target directory of a workspace's own, or of a script's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnDirectory {
    /// Its name in the private directory.
    pub name: String,
    /// Whether it is a script's: those have their own whatever the scope is.
    pub is_script: bool,
}

/// The variables that matter to the decision; an empty one counts as unset.
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

impl Facts {
    fn absolute(&self, value: &OsStr) -> PathBuf {
        lexical::absolute(&self.working_directory, Path::new(value))
    }

    /// Whether a value can only come from us: it is in the shared root or in a private directory of
    /// the caller's. A session may have begun before the caller got one in the shared root.
    pub(super) fn is_ours(&self, value: Option<&OsStr>, place: &Place) -> bool {
        let in_cache = self.own_cache.as_ref().map(|cache| cache.join(OWN_NAME));
        let is_in_place = |path: &Path| {
            path.starts_with(place.private_dir())
                || in_cache.as_ref().is_some_and(|own| path.starts_with(own))
        };
        self.is_in_root(value) || value.is_some_and(|value| is_in_place(&self.absolute(value)))
    }

    fn is_in_root(&self, value: Option<&OsStr>) -> bool {
        let path = value.map(|value| self.absolute(value));
        let root = self.settings.shared_root();
        path.is_some_and(|path| root.is_some_and(|root| path.starts_with(root)))
    }

    /// The variables that only a session of ours can have set: they point into the shared root, or into
    /// the private directory in the caller's own cache, where a session falls back to that.
    pub(super) fn variables_of_sessions(&self) -> Vec<&'static str> {
        let Variables { target_dir, build_target_dir, build_build_dir, .. } = &self.variables;
        let own = self.own_cache.as_ref().map(|cache| cache.join(OWN_NAME));
        let is_in_own = |value: &OsString| {
            let own = own.as_ref().filter(|_| self.settings.shared_root().is_some());
            own.is_some_and(|own| self.absolute(value).starts_with(own))
        };
        [
            (TARGET_DIR, target_dir),
            (BUILD_TARGET_DIR, build_target_dir),
            (BUILD_BUILD_DIR, build_build_dir),
        ]
        .into_iter()
        .filter(|(_, value)| {
            self.is_in_root(value.as_deref()) || value.as_ref().is_some_and(is_in_own)
        })
        .map(|(name, _)| name)
        .collect()
    }

    /// The person's choice, in cargo's own order of precedence.
    pub(super) fn explicit_choice(&self, place: &Place) -> Option<Choice> {
        let counts = self.settings.explicit_target_dir() == ExplicitTargetDir::Honour;
        let elsewhere = |value: &Option<OsString>| {
            counts && value.is_some() && !self.is_ours(value.as_deref(), place)
        };
        if self.invocation.target_dir.is_some() {
            Some(Choice::Flag)
        } else if elsewhere(&self.variables.target_dir) {
            Some(Choice::Variable)
        } else if self.config_chooses {
            Some(Choice::Config)
        } else if elsewhere(&self.variables.build_target_dir) {
            Some(Choice::BuildVariable)
        } else {
            None
        }
    }

    /// Whether an outer run has chosen a directory inside the private one, other than those that this
    /// decision gives: a nested run may be in another workspace, and has to be given its own.
    pub(super) fn inherits(&self, place: &Place) -> bool {
        let directory = self.variables.target_dir.as_deref().map(|value| self.absolute(value));
        directory.is_some_and(|directory| {
            directory.starts_with(place.private_dir()) && !is_given(&directory, place)
        })
    }

    /// Whether `CARGO_BUILD_BUILD_DIR` is what a session or an outer run of ours has set it to.
    pub(super) fn inherits_build_dir(&self, place: &Place) -> bool {
        let ours = place.private_dir().join(BUILD);
        self.build_dir_variable
            .as_ref()
            .is_some_and(|dir| dir.path.starts_with(&ours) || is_given(&dir.path, place))
    }

    /// The build directory that is asked for, by cargo's precedence: typed, variable, configured.
    pub(in crate::shim) fn build_dir(&self, place: &Place) -> Option<&ConfiguredBuildDir> {
        let configured = self.configured_build_dir.as_ref();
        let typed = configured.filter(|dir| dir.asked == Asked::Typed);
        let variable = self.build_dir_variable.as_ref().filter(|_| !self.inherits_build_dir(place));
        typed.or(variable).or(configured)
    }
}

/// Whether a name is that of a workspace's own target directory.
pub fn is_directory_name(name: &str) -> bool {
    let hash = name.rsplit_once('-').map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a directory is one that the decision gives: the private directory itself, its `target`,
/// or a workspace's own.
fn is_given(directory: &Path, place: &Place) -> bool {
    let Ok(inside) = directory.strip_prefix(place.private_dir()) else { return false };
    let mut names = inside.iter().map(|name| name.to_str());
    match (names.next(), names.next()) {
        (None, _) => true,
        (Some(Some(name)), None) => name == TARGET || is_directory_name(name),
        _ => false,
    }
}
