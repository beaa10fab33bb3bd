//! What the old place has left in the cache, and the cure.
//!
//! `env!("CARGO_BIN_EXE_…")`, `env!("OUT_DIR")` and the like are compiled into a workspace's own units
//! as absolute paths: its integration tests would look for the old place's programs, or run them as
//! long as they are there. Cargo makes those units dirty with `clean --workspace`, for one profile at
//! a time, and takes their incremental state away with them; that is kept aside meanwhile.

use std::collections::BTreeSet;

use super::target::Target;
use super::{Request, locking};
use crate::core::environment;
use crate::error::{Error, MigrateError};
use crate::report;
use crate::shim::Plan;
use crate::shown::{quoted, shown};
use crate::sys::interrupt;
use crate::sys::lock::Locks;
use crate::sys::relocate::cure::{Cargo, Cleaned};
use crate::sys::relocate::profiles::{Profile, Survey};

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
        if request.builds {
            report::note(&"`--build` is ignored: root runs nothing of another's checkout");
        }
        return Ok(());
    }
    let program = plan.real_cargo(&plan.trail()).cargo()?;
    let changes = environment::changes(&plan.decision);
    let cargo = Cargo { program: &program, checkout: &plan.snapshot.cwd, changes: &changes };
    let survey = cargo.survey(&path)?;
    let done = every(&cargo, &survey);
    let said = done.tell(&plan.snapshot.cwd);
    said.map_err(|cause| Error::from(MigrateError::Unsaid { cause, cache: Some(path.clone()) }))?;
    others(&survey);
    generating(&cargo, &survey);
    if !done.failed.is_empty() || interrupt::is_requested() {
        return Err(Error::from(MigrateError::Uncured {
            target: path,
            checkout: plan.snapshot.cwd.clone(),
            failed: done.failed,
            is_interrupted: interrupt::is_requested(),
        })
        .into());
    }
    if request.builds {
        let (fresh, all) = cargo.build()?;
        report::line(format!("{fresh} of {all} units were fresh"))?;
    }
    Ok(())
}

/// What has become of the profiles.
#[derive(Debug, Default)]
struct Done {
    cleaned: Vec<String>,
    unknown: Vec<String>,
    failed: Vec<String>,
}

/// Cures one profile after the other: one that cannot be is no reason to leave the next one stale.
fn every(cargo: &Cargo<'_>, survey: &Survey) -> Done {
    let mut done = Done::default();
    for profile in &survey.profiles {
        if interrupt::is_requested() {
            break;
        }
        match one(cargo, profile) {
            Ok(Cleaned::Dirty) => done.cleaned.push(profile.title()),
            Ok(Cleaned::Unknown) => done.unknown.push(profile.title()),
            Err(_) if interrupt::is_requested() => break,
            Err(error) => done.failed.push(error.to_string()),
        }
    }
    done
}

/// No build may lose its incremental state while it runs, so that is moved under cargo's locks.
/// While cargo cleans it needs them itself; a build that begins in between starts its own.
fn one(cargo: &Cargo<'_>, profile: &Profile) -> Result<Cleaned, Error> {
    let tree = profile.tree()?;
    locked(&tree, || profile.keep())?;
    let cleaned = cargo.clean(profile);
    // Whether it was cleaned or not, and even if nobody wants to wait for a build any more.
    locked(&tree, || Ok(())).and_then(|()| profile.restore()).or_else(|_| profile.restore())?;
    cleaned
}

fn locked(
    tree: &crate::sys::relocate::tree::Tree,
    act: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let mut locks = Locks::default();
    locking::wait_for_profile(&mut locks, tree)?;
    act()
}

impl Done {
    fn tell(&self, checkout: &std::path::Path) -> std::io::Result<()> {
        if !self.unknown.is_empty() {
            report::note(&format!(
                "the workspace has no profile {}: nothing of it was built with that",
                self.unknown.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ));
        }
        if self.cleaned.is_empty() {
            return Ok(());
        }
        report::line(format!(
            "the workspace's own units in `{}` will be rebuilt ({})",
            shown(checkout),
            self.cleaned.join(", ")
        ))
    }
}

/// Names the dependencies whose build scripts have left files: whether one of them has its path
/// compiled in, and looks for it when it runs, nothing tells.
fn generating(cargo: &Cargo<'_>, survey: &Survey) {
    let mut names: BTreeSet<String> =
        survey.profiles.iter().flat_map(Profile::generating).collect();
    if !names.is_empty() {
        let own = cargo.own();
        names.retain(|name| !own.contains(name));
    }
    if names.is_empty() {
        return;
    }
    let words: Vec<String> = names.iter().map(|name| format!("-p {}", quoted(name))).collect();
    report::note(&format!(
        "dependencies whose build scripts have made files stay fresh; one that looks for them when it \
         runs still looks at the old place, and has to be rebuilt: cargo clean {}",
        words.join(" ")
    ));
}

/// Names what cargo does not clean by a profile's name, and what would.
fn others(survey: &Survey) {
    for directory in &survey.others {
        // A tool that builds there, as rust-analyzer does, has its own target directory in this one.
        let is_target_dir = directory.join(".rustc_info.json").exists();
        let help = if is_target_dir {
            format!("cargo clean --target-dir {}", quoted(directory))
        } else {
            format!("rm -r {}", quoted(directory))
        };
        report::note(&format!(
            "not cleaned: `{}`, which is neither a profile's nor that of a target that rustc knows; \
             to have it rebuilt: {help}",
            shown(directory)
        ));
    }
}
