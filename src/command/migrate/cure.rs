//! What the old place has left in the cache, and the cure.
//!
//! `env!("CARGO_BIN_EXE_…")`, `env!("OUT_DIR")` and the like are compiled into a workspace's own units
//! as absolute paths: its integration tests would look for the old place's programs, or run them as
//! long as they are there. Cargo makes those units dirty with `clean --workspace`, for one profile at
//! a time, and takes their incremental state away with them; that is kept aside meanwhile.

use super::Request;
use super::target::Target;
use std::path::Path;

use crate::core::environment;
use crate::error::{Error, MigrateError};
use crate::report;
use crate::shim::Plan;
use crate::shown::{quoted, shown};
use crate::sys::relocate::cure::{self, Cargo, Profile};

/// Cures a checkout's own units, or says what to run.
pub(super) fn after(plan: &Plan<'_>, request: &Request, target: &Target<'_>) -> anyhow::Result<()> {
    let path = target.path();
    if request.checkout.is_none() || target.is_anothers {
        let who =
            if target.is_anothers { format!(", as {},", target.owner) } else { String::new() };
        let checkout =
            request.checkout.as_ref().map_or("CHECKOUT".into(), |_| quoted(&plan.snapshot.cwd));
        report::note(&format!(
            "the old place's paths are still built into each workspace's own units; run once for each \
             checkout{who} to have them rebuilt: cargo-peruser migrate {} --checkout {checkout}",
            quoted(&path)
        ));
        return Ok(());
    }
    let profiles = cure::profiles(&path)?;
    let program = plan.real_cargo(&plan.trail()).cargo()?;
    let changes = environment::changes(&plan.decision);
    let cargo = Cargo { program: &program, checkout: &plan.snapshot.cwd, changes: &changes };
    let uncured = each(&profiles, &cargo, &plan.snapshot.cwd)?;
    if request.builds {
        let (fresh, all) = cargo.build()?;
        report::line(format!("{fresh} of {all} units were fresh"))?;
    }
    uncured.map_or(Ok(()), |error| Err(error.into()))
}

/// Cures one profile after the other, and says which. One cache serves many workspaces: this one need
/// not know a profile, and other tools keep directories that look like a target's. Those stay as they
/// are; the first other failure is returned, when all have had their turn.
fn each(profiles: &[Profile], cargo: &Cargo<'_>, checkout: &Path) -> anyhow::Result<Option<Error>> {
    let mut cured = Vec::new();
    let mut uncured = None;
    for profile in profiles {
        match cargo.cure(profile) {
            Ok(()) => cured.push(profile.name()),
            Err(error) if is_unknown(&error) => report::note(&format!(
                "`{}` stays as it is: this workspace builds nothing there",
                shown(profile.directory())
            )),
            Err(error) => {
                uncured.get_or_insert(error);
            }
        }
    }
    if !cured.is_empty() {
        let (checkout, names) = (shown(checkout), cured.join(", "));
        report::line(format!(
            "the workspace's own units in `{checkout}` will be rebuilt ({names})"
        ))?;
    }
    Ok(uncured)
}

/// Whether cargo knows no such profile or target, by its own words.
fn is_unknown(error: &Error) -> bool {
    let Error::Migrate(error) = error else { return false };
    let MigrateError::Cure { ended, .. } = &**error else { return false };
    let is_profile = ended.contains("profile `") && ended.contains("is not defined");
    is_profile || ended.contains("could not find specification for target")
}
