//! What the old place has left in the cache, and the cure.
//!
//! `env!("CARGO_BIN_EXE_…")`, `env!("OUT_DIR")` and the like are compiled into a workspace's own units
//! as absolute paths: its integration tests would look for the old place's programs, or run them as
//! long as they are there. Cargo makes those units dirty with `clean --workspace`, for one profile at
//! a time, and takes their incremental state away with them; that is kept aside meanwhile.

use super::Request;
use super::target::Target;
use crate::core::environment;
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
    profiles.iter().try_for_each(|profile| cargo.cure(profile))?;
    let names: Vec<&str> = profiles.iter().map(Profile::name).collect();
    report::line(format!(
        "the workspace's own units in `{}` will be rebuilt ({})",
        shown(&plan.snapshot.cwd),
        names.join(", ")
    ))?;
    if request.builds {
        let (fresh, all) = cargo.build()?;
        report::line(format!("{fresh} of {all} units were fresh"))?;
    }
    Ok(())
}
