//! A session's environment: the variables that hooks of shells, editors and desktops export.
//!
//! It is decided like a build, with the same [`Plan`], but without a working directory, because a shell
//! is used for builds in many directories. The shim decides again for each build.

pub(crate) mod env;
pub(crate) mod search_path;
pub(crate) mod shell;

use std::ffi::OsString;

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

/// The caller of `snapshot`, who is about to build something, in `/`.
pub(crate) fn of(snapshot: &Snapshot) -> Snapshot {
    Snapshot { cwd: "/".into(), args: vec!["build".into()], ..snapshot.clone() }
}

/// Decides the variables of a session, for the caller that [`of`] returns. Changes nothing.
///
/// # Errors
/// Mistakes in the settings.
pub(crate) fn decide<'a>(session: &'a Snapshot, flags: &[(Key, OsString)]) -> Result<Plan<'a>> {
    Plan::make(session, EntryPoint::Session, flags, &session.args)
}

/// The changes of a session, once [`Plan::prepare`] has succeeded. A cargo that bypasses the shim would
/// create the private directory itself, readable by everyone.
pub(crate) fn changes(plan: &Plan<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = path(plan).into_iter().collect();
    changes.extend(environment::changes(&plan.decision));
    changes.extend(choose::wrapping(plan).changes);
    changes
}

/// The change of PATH alone, for a refused private directory. The shim must be first even then: each
/// build reports the error, instead of using a directory that people share. `None` if the caller does
/// not use the shim.
fn path(plan: &Plan<'_>) -> Option<Change> {
    match plan.decision.rule {
        Rule::Bypassed | Rule::NoDirectory(_) => None,
        _ => with_shim_first(plan.snapshot, plan.settings()),
    }
}

/// PATH with the shim first, if the shim is installed and there is a cargo for it to execute. For
/// somebody without Rust, `command -v cargo` must fail, or rustup's installer refuses to run.
fn with_shim_first(snapshot: &Snapshot, settings: &Settings) -> Option<Change> {
    let shim_dir = Installation::of_this_program()?.shim_dir();
    let homes = Homes::new(snapshot);
    if !has_cargo(settings, &homes) {
        return None;
    }
    let path = snapshot.variable(PATH).unwrap_or_else(|| search_path::DEFAULT.into());
    let value = search_path::with_shim(&path, &shim_dir, homes.cargo_bin().as_deref());
    Some(Change { name: PATH, value: Some(value) })
}

/// Whether there is a real cargo, on PATH or where rustup puts it.
pub(crate) fn has_cargo(settings: &Settings, homes: &Homes<'_>) -> bool {
    let (no_arguments, trail) = (Invocation::default(), Trail::default());
    let caution = Caution::AsTheShell;
    real_cargo::find(homes, settings, &no_arguments, &trail, caution).cargo.is_some()
}
