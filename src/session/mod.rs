//! A session's environment: the variables that hooks of shells, editors and desktops export.
//!
//! It is decided like a build, with the same [`Plan`], but without a working directory, because a shell
//! is used for builds in many directories. The shim decides again for each build.

pub(crate) mod env;
pub(crate) mod search_path;
pub(crate) mod shell;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::compile_cache::choose;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
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

/// The search path for programs.
const PATH: &str = "PATH";

/// The caller, without a working directory.
#[derive(Debug)]
pub(crate) struct SessionContext {
    snapshot: Snapshot,
    words: [OsString; 1],
}

impl SessionContext {
    /// The caller of `snapshot`, in `/`.
    pub(crate) fn of(snapshot: &Snapshot) -> SessionContext {
        let snapshot = Snapshot { cwd: PathBuf::from("/"), ..snapshot.clone() };
        SessionContext { snapshot, words: ["build".into()] }
    }

    /// Decides the variables of a session. Changes nothing.
    ///
    /// # Errors
    /// Mistakes in the settings.
    pub(crate) fn session(&self, flags: &[(Key, OsString)]) -> Result<Session<'_>> {
        let plan = Plan::make(&self.snapshot, EntryPoint::Session, flags, &self.words)?;
        Ok(Session { plan })
    }

    /// The change of PATH, for wrong settings or a refused private directory. The shim must be first even
    /// then: each build reports the error, instead of using a directory that people share.
    pub(crate) fn path(&self) -> Option<Change> {
        with_shim_first(&self.snapshot, &Settings::default())
    }
}

/// A decided session.
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

    /// The target directory to export; `None` if the caller gets none, or has chosen another one.
    pub(crate) fn target_dir(&self) -> Option<&Path> {
        self.plan.decision.target_dir.as_deref()
    }

    /// Creates the directories that are exported. A cargo that bypasses the shim would otherwise create
    /// the private directory itself, readable by everyone.
    ///
    /// # Errors
    /// Refusals, and directories that cannot be created.
    pub(crate) fn prepare(&self) -> Result<Vec<String>> {
        self.plan.prepare()
    }

    /// All changes, once [`Session::prepare`] has succeeded.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.path().into_iter().collect();
        changes.extend(environment::changes(&self.plan.decision));
        changes.extend(choose::wrapping(&self.plan).changes);
        changes
    }

    /// The change of PATH alone, as [`SessionContext::path`]; `None` if the caller does not use the
    /// shim.
    pub(crate) fn path(&self) -> Option<Change> {
        match self.rule() {
            Rule::Bypassed | Rule::NoDirectory(_) => None,
            _ => with_shim_first(self.plan.snapshot, self.settings()),
        }
    }
}

/// PATH with the shim first, if the shim is installed and there is a cargo for it to execute. For
/// somebody without Rust, `command -v cargo` must fail, or rustup's installer refuses to run.
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
    let (no_arguments, trail) = (Invocation::default(), Trail::default());
    let caution = Caution::AsTheShell;
    real_cargo::find(snapshot, settings, &no_arguments, homes, &trail, caution).cargo.is_some()
}
