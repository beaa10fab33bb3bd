//! Nothing may build in a cache while it moves: takes cargo's locks, and waits for who has them.
//!
//! As cargo does, it tries without a word first, and then says what it waits for.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::judging;
use super::preview::{LeftOut, Preview};
use crate::core::relocation::tree::{Inventory, LOCKS};
use crate::error::{Error, MigrateError, State};
use crate::report;
use crate::shown::shown;
use crate::sys::interrupt;
use crate::sys::lock::{Attempt, Holder, Locks};
use crate::sys::relocate::Person;
use crate::sys::relocate::source::Site;
use crate::sys::tree::Tree;

/// How often a lock is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether the source still stands where it was named.
fn is_there(site: &Site, inventory: &Inventory) -> bool {
    inventory.top().is_some_and(|top| site.holds(top.identity))
}

/// Takes every lock of the source. It is looked at again once nobody builds there any more, unless
/// the first attempt, by what was `seen`, finds every lock free.
pub(super) fn wait(
    locks: &mut Locks,
    site: &Site,
    tree: &Tree,
    left_out: &LeftOut,
    person: Person,
    mut seen: Option<Inventory>,
) -> Result<Inventory, Error> {
    let mut announced = None;
    loop {
        let inventory = match seen.take() {
            // It was judged when it was looked at.
            Some(inventory) => inventory,
            None => {
                let inventory = tree.walk(&|name| left_out.has(name))?;
                // It may have been given to somebody else meanwhile.
                if !is_there(site, &inventory) {
                    return Err(tree.changed(&[]));
                }
                judging::judge(tree, &inventory, person)?;
                inventory
            }
        };
        match locks.take(tree, &inventory)? {
            Attempt::Held => {
                return if is_there(site, &inventory) {
                    Ok(inventory)
                } else {
                    Err(tree.changed(&[]))
                };
            }
            Attempt::Busy { path, holders } => pause(path, &holders, &mut announced)?,
        }
    }
}

/// Waits until nobody builds in what the destination holds; it is moved aside.
pub(super) fn wait_for_former(locks: &mut Locks, former: &Tree) -> Result<(), Error> {
    wait_for(locks, former, &|_| false)
}

/// Waits until nobody builds with a profile, by the locks in its directory.
pub(super) fn wait_for_profile(locks: &mut Locks, profile: &Tree) -> Result<(), Error> {
    wait_for(locks, profile, &|name| !LOCKS.iter().any(|lock| name == *lock))
}

/// Waits until no other cure or move is at work in a target directory, by its own lock.
pub(super) fn wait_for_its_own(locks: &mut Locks, target: &Tree) -> Result<(), Error> {
    wait_for(locks, target, &|_| true)
}

fn wait_for(
    locks: &mut Locks,
    tree: &Tree,
    leave_out: &dyn Fn(&OsStr) -> bool,
) -> Result<(), Error> {
    let mut announced = None;
    loop {
        let inventory = tree.walk(leave_out)?;
        match locks.take(tree, &inventory)? {
            Attempt::Held => return Ok(()),
            Attempt::Busy { path, holders } => pause(path, &holders, &mut announced)?,
        }
    }
}

fn pause(path: PathBuf, holders: &[Holder], announced: &mut Option<PathBuf>) -> Result<(), Error> {
    if announced.as_ref() != Some(&path) {
        report::note(&format!("waiting for {} to finish with `{}`", named(holders), shown(&path)));
        *announced = Some(path);
    }
    std::thread::sleep(PAUSE);
    if interrupt::is_requested() {
        return Err(MigrateError::Interrupted { state: State::Untouched }.into());
    }
    Ok(())
}

fn named(holders: &[Holder]) -> String {
    let holders: Vec<String> = holders.iter().map(ToString::to_string).collect();
    if holders.is_empty() { "a process that does not show".into() } else { holders.join(", ") }
}

/// Says who builds in the source at the moment.
pub(super) fn report_busy(preview: &Preview<'_>) -> Result<(), Error> {
    let mut locks = Locks::default();
    if let Attempt::Busy { path, holders } = locks.take(&preview.tree, &preview.inventory)? {
        report::note(&format!("`{}` is held by {}", shown(&path), named(&holders)));
    }
    Ok(())
}
