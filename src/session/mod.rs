//! A session's environment: what the hooks of shells, editors and desktops export.
//!
//! Decided like a build, with the same [`Plan`], but nowhere in particular: whoever starts a shell
//! will build in many places. The shim, which knows the place, decides anew for each build.

pub(crate) mod env;
pub(crate) mod search_path;
pub(crate) mod shell;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::compile_cache::choose;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::private_dir::Note;
use crate::settings::{Key, Settings};
use crate::shim::Plan;
use crate::shim::argv::Invocation;
use crate::shim::decide::{EntryPoint, Rule};
use crate::shim::environment::{self, Change};
use crate::shim::installation::Installation;
use crate::shim::real_cargo;
use crate::shim::real_cargo::Caution;
use crate::shim::trail::Trail;
use crate::ui::failure::Result;

/// The variable that says where programs are looked for.
const PATH: &str = "PATH";

/// The caller, standing nowhere.
#[derive(Debug)]
pub(crate) struct SessionContext {
    snapshot: Snapshot,
    words: [OsString; 1],
}

impl SessionContext {
    /// Takes the caller away from the working directory.
    pub(crate) fn of(snapshot: &Snapshot) -> SessionContext {
        let snapshot = Snapshot { cwd: PathBuf::from("/"), ..snapshot.clone() };
        SessionContext { snapshot, words: ["build".into()] }
    }

    /// Decides what a session is to have. Changes nothing.
    ///
    /// # Errors
    /// Mistakes in the settings.
    pub(crate) fn session(&self, flags: &[(Key, OsString)]) -> Result<Session<'_>> {
        let plan = Plan::make(&self.snapshot, EntryPoint::Session, flags, &self.words)?;
        Ok(Session { plan })
    }

    /// What is exported even where the settings are wrong or the private directory is refused. The shim
    /// is put in front all the same: each build then says what is wrong, instead of going to a directory
    /// that people share.
    pub(crate) fn path(&self) -> Option<Change> {
        with_shim_first(&self.snapshot, &Settings::default())
    }
}

/// What a session is to have.
pub(crate) struct Session<'a> {
    plan: Plan<'a>,
}

impl Session<'_> {
    /// The caller's own cache directory, if they have one.
    pub(crate) fn own_cache(&self) -> Option<PathBuf> {
        Homes::new(self.plan.snapshot).cache()
    }

    /// The settings that apply.
    pub(crate) fn settings(&self) -> &Settings {
        self.plan.settings()
    }

    /// The rule that decided.
    pub(crate) fn rule(&self) -> &Rule {
        &self.plan.decision.rule
    }

    /// The target directory to export; `None` where the caller gets none, or has chosen another.
    pub(crate) fn target_dir(&self) -> Option<&Path> {
        self.plan.decision.target_dir.as_deref()
    }

    /// Makes what is about to be exported. A cargo that comes first and bypasses the shim would
    /// make the private directory itself, open to everyone.
    ///
    /// # Errors
    /// Refusals, and directories that cannot be made.
    pub(crate) fn prepare(&self) -> Result<Vec<Note>> {
        self.plan.prepare()
    }

    /// Everything that changes, for a directory that is prepared.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.path().into_iter().collect();
        changes.extend(environment::changes(&self.plan.decision));
        changes.extend(choose::wrapping(&self.plan).changes);
        changes
    }

    /// What changes where the directory is refused: as [`SessionContext::path`], unless the caller has
    /// no use for the shim.
    pub(crate) fn path(&self) -> Option<Change> {
        match self.rule() {
            Rule::Bypassed | Rule::NoDirectory(_) => None,
            _ => with_shim_first(self.plan.snapshot, self.settings()),
        }
    }
}

/// PATH, if this program is installed and so has a shim, and there is a cargo for it to execute: for
/// somebody without Rust, `command -v cargo` has to fail, and rustup's installer to run.
fn with_shim_first(snapshot: &Snapshot, settings: &Settings) -> Option<Change> {
    let shim_dir = Installation::of_this_program()?.shim_dir();
    let homes = Homes::new(snapshot);
    if !has_cargo(snapshot, settings, &homes) {
        return None;
    }
    let path = snapshot.variable(PATH).unwrap_or_else(|| search_path::DEFAULT.into());
    let value = search_path::with_shim(&path, &shim_dir, homes.cargo_bin().as_deref());
    Some(Change { name: PATH, value: Some(value) })
}

/// Whether there is a real cargo, on PATH or where rustup puts it.
pub(crate) fn has_cargo(snapshot: &Snapshot, settings: &Settings, homes: &Homes<'_>) -> bool {
    let (nothing_asked, trail) = (Invocation::default(), Trail::default());
    let caution = Caution::AsTheShell;
    real_cargo::find(snapshot, settings, &nothing_asked, homes, &trail, caution).cargo.is_some()
}
