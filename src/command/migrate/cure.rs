//! What the old place has left in the cache, and the cure.
//!
//! `env!("CARGO_BIN_EXE_…")`, `env!("OUT_DIR")` and the like are compiled into a workspace's own units
//! as absolute paths: its integration tests would look for the old place's programs, or run them as
//! long as they are there. Cargo makes those units dirty with `clean --workspace`, for one profile at
//! a time, and takes their incremental state away with them; that is kept aside meanwhile.

mod told;

use std::path::Path;

use super::target::Target;
use super::{Request, locking, say};
use crate::core::environment;
use crate::error::{Error, MigrateError, State, Uncleaned};
use crate::report;
use crate::shim::Plan;
use crate::shown::quoted;
use crate::sys::interrupt;
use crate::sys::lock::Locks;
use crate::sys::relocate::cure::{Cargo, Cleaned};
use crate::sys::relocate::failed;
use crate::sys::relocate::profiles::{Profile, Survey};
use crate::sys::tree::{Tree, directory_at};

/// Cures a checkout's own units, or says what to run.
pub(super) fn after(plan: &Plan<'_>, request: &Request, target: &Target<'_>) -> anyhow::Result<()> {
    let path = target.path();
    let checkout = &plan.snapshot.cwd;
    if request.checkout.is_none() || target.is_anothers {
        later(request, target, checkout);
        return Ok(());
    }
    let program = plan.real_cargo(&plan.trail()).cargo()?;
    let changes = environment::changes(&plan.decision);
    let cargo = Cargo { program: &program, checkout, changes: &changes };
    let alone = alone(&path)?;
    let survey = cargo.survey(&path)?;
    let done = every(&cargo, &survey);
    drop(alone);
    told::done(&done, &path, checkout)?;
    if !interrupt::is_requested() {
        told::left_out(&survey, &path);
        told::other_layout(&cargo, &done);
        told::generating(&cargo, &done, checkout);
    }
    // Asked again: cargo has been run meanwhile.
    let is_interrupted = interrupt::is_requested();
    if !done.failed.is_empty() || is_interrupted {
        let (target, checkout, failed) = (path, checkout.clone(), done.failures());
        let error = MigrateError::Uncured { target, checkout, failed, is_interrupted };
        return Err(Error::from(error).into());
    }
    if request.builds {
        let built = cargo.build();
        if interrupt::is_requested() {
            report::end_line();
        }
        let (fresh, all) = built?;
        say(format!("{fresh} of {all} units were fresh"), &path)?;
    }
    Ok(())
}

/// Says what to run for a checkout: none was named, or it is another's, and decides what cargo runs.
fn later(request: &Request, target: &Target<'_>, checkout: &Path) {
    let who = if target.is_anothers { format!(", as {}", target.owner) } else { String::new() };
    let checkout = request.checkout.as_ref().map_or("CHECKOUT".into(), |_| quoted(checkout));
    report::advice(
        &"each workspace's own units still have the old place's paths built in",
        &format!(
            "to have them rebuilt, once for each checkout{who}: cargo-peruser migrate {} \
             --checkout {checkout}",
            quoted(&target.path())
        ),
    );
    if request.builds {
        report::note(&"`--build` is ignored: root runs nothing of another's checkout");
    }
}

/// Keeps other cures and moves of this cache away, by the lock that a move takes as well. Cargo's own
/// locks do not: none is held while cargo cleans, and what one cure has put back then would be another
/// one's cargo's to delete.
fn alone(target: &Path) -> Result<Locks, Error> {
    let doing = |cause| failed("open", target, cause, State::Journaled);
    let tree = Tree { top: directory_at(target).map_err(doing)?, path: target.to_owned() };
    let mut locks = Locks::default();
    locking::wait_for_its_own(&mut locks, &tree)?;
    Ok(locks)
}

/// What has become of the profiles.
#[derive(Debug, Default)]
struct Done<'s> {
    cleaned: Vec<&'s Profile>,
    unknown: Vec<&'s Profile>,
    /// The first line of each failure, for each text that may follow it.
    failed: Vec<(Vec<String>, String)>,
}

/// Cures one profile after the other: one that cannot be is no reason to leave the next one stale.
fn every<'s>(cargo: &Cargo<'_>, survey: &'s Survey) -> Done<'s> {
    let mut done = Done::default();
    for profile in &survey.profiles {
        if interrupt::is_requested() {
            break;
        }
        match one(cargo, profile) {
            Ok(Cleaned::Dirty) => done.cleaned.push(profile),
            Ok(Cleaned::Unknown) => done.unknown.push(profile),
            Err(_) if interrupt::is_requested() => break,
            Err(error) => done.fail(&error),
        }
    }
    done
}

/// No build may lose its incremental state while it runs, so that is moved under cargo's locks.
/// While cargo cleans it needs them itself; a build that begins in between starts its own.
fn one(cargo: &Cargo<'_>, profile: &Profile) -> Result<Cleaned, Uncleaned> {
    let tree = profile.tree()?;
    let mut locks = Locks::default();
    locking::wait_for_profile(&mut locks, &tree)?;
    profile.keep()?;
    drop(locks);
    let cleaned = cargo.clean(profile);
    // Whether it was cleaned or not. Where nobody wants to wait for a build any more, it goes back
    // without the locks: what the build has made since stays as it is.
    let mut locks = Locks::default();
    let held = locking::wait_for_profile(&mut locks, &tree);
    profile.restore()?;
    if !interrupt::is_requested() {
        held?;
    }
    cleaned
}

impl Done<'_> {
    /// Cargo may say the same of each profile; once is enough.
    fn fail(&mut self, error: &Uncleaned) {
        let text = error.to_string();
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        match self.failed.iter_mut().find(|(_, known)| !rest.is_empty() && known == rest) {
            Some((firsts, _)) => firsts.push(first.to_owned()),
            None => self.failed.push((vec![first.to_owned()], rest.to_owned())),
        }
    }

    fn failures(&self) -> Vec<String> {
        let whole = |(firsts, rest): &(Vec<String>, String)| {
            format!("{}\n{rest}", firsts.join("\n")).trim_end().to_owned()
        };
        self.failed.iter().map(whole).collect()
    }
}
