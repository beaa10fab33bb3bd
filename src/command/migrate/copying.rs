//! The copy, from its first byte to the removal of what it was made from.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::carry::Carrying;
use crate::core::relocation::tree::{Inventory, first_change, first_difference};
use crate::core::relocation::{Identity, Journal, Method, Stage};
use crate::error::{Error, Kind, Look, State};
use crate::report;
use crate::shown::{bytes, quoted, shown};
use crate::sys::accounts;
use crate::sys::relocate::compare;
use crate::sys::relocate::copy::{self, Contents, Tally};
use crate::sys::relocate::source::Site;
use crate::sys::relocate::{failed, place};
use crate::sys::remove::{Left, What};
use crate::sys::tree::Tree;

/// How often the progress is shown.
const BEAT: Duration = Duration::from_millis(100);

/// Copies, verifies, puts in place, and takes the source away.
pub(super) fn copy(
    carrying: Carrying<'_>,
    tree: &Tree,
    inventory: &Inventory,
    keeps_source: bool,
) -> Result<(), Error> {
    let journal = carrying.journal(Method::Copy, Stage::Copying, inventory);
    let copied = (|| {
        carrying.workplace.write(&journal)?;
        let arrived = Some(whole(&carrying, tree, inventory)?);
        let journal = Journal { stage: Stage::Placing, arrived, ..journal };
        carrying.workplace.write(&journal)?;
        Ok(journal)
    })();
    let journal = match copied {
        Ok(journal) => journal,
        Err(error) => {
            // The error that stopped it is the one to report; a next run takes away what this leaves.
            if carrying.workplace.discard().is_ok() {
                carrying.workplace.dismiss();
            }
            return Err(error);
        }
    };
    carrying.put(&journal)?;
    carrying.workplace.settle()?;
    if keeps_source {
        stays(&carrying);
    } else {
        remove_source(&carrying, &journal, &inventory.identities())?;
    }
    carrying.end(&journal, "copied")
}

/// Makes a copy and makes sure that it is whole, on the disk, and of a source that stood still.
fn whole(carrying: &Carrying<'_>, tree: &Tree, inventory: &Inventory) -> Result<Identity, Error> {
    let to = carrying.workplace.make_room()?;
    let started = Instant::now();
    let person = carrying.target.person;
    let contents =
        watched("copied", inventory, &to, |tally| copy::copy(tree, inventory, &to, person, tally))?;
    let took = started.elapsed();
    let found = to.walk(&|_| false)?;
    if let Some(index) = first_difference(inventory, &found) {
        let path = to.shown(&inventory.path(index));
        return Err(failed("verify", &path, compare::unlike(), State::Untouched));
    }
    if contents == Contents::Copied {
        watched("compared", inventory, &to, |tally| compare::compare(tree, inventory, &to, tally))?;
    }
    let again = tree.walk(&|_| false)?;
    if let Some(index) = first_change(inventory, &again) {
        let seen = if again.nodes.len() > index { &again } else { inventory };
        return Err(tree.changed(&seen.path(index)));
    }
    place::prepare(&to, carrying.target.person)?;
    sync(&to)?;
    let files = inventory.count(Kind::File);
    let size = bytes(inventory.bytes().0);
    report::note(&format!("copied {size} in {files} files in {:.2} s", took.as_secs_f64()));
    found.top().map(|top| top.identity).ok_or_else(|| to.changed(&[]))
}

/// Does the work on another thread, while this one shows how far it is.
fn watched<T: Send>(
    what: &'static str,
    inventory: &Inventory,
    to: &Tree,
    work: impl FnOnce(&Tally) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let tally = Tally::default();
    let total = inventory.nodes.len() - inventory.count(Kind::Directory);
    let (ended, end) = channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Nobody listens any more only if this thread's scope has ended.
            let _ = ended.send(work(&tally));
        });
        let progress = report::Progress::new(what, inventory.bytes().0);
        progress.at(0, 0, total as u64);
        loop {
            match end.recv_timeout(BEAT) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => progress.at(
                    tally.bytes.load(Ordering::Relaxed),
                    tally.files.load(Ordering::Relaxed),
                    total as u64,
                ),
                Err(RecvTimeoutError::Disconnected) => return Err(to.changed(&[])),
            }
        }
    })
}

/// Only what is on the disk may replace what is.
fn sync(to: &Tree) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    let synced = rustix::fs::syncfs(&to.top);
    #[cfg(not(target_os = "linux"))]
    let synced: Result<(), rustix::io::Errno> = {
        rustix::fs::sync();
        Ok(())
    };
    synced.map_err(|cause| failed("sync", &to.path, cause, State::Untouched))
}

/// Removes the copied source: first its name, in one step, then `entries`, which were copied.
pub(super) fn remove_source(
    carrying: &Carrying<'_>,
    journal: &Journal,
    entries: &HashSet<Identity>,
) -> Result<(), Error> {
    let site = carrying.site;
    let aside = journal.aside.clone().unwrap_or_else(|| site.aside());
    let journal = Journal { stage: Stage::Clearing, aside: Some(aside.clone()), ..journal.clone() };
    carrying.workplace.write(&journal)?;
    if !site.is_aside(&aside, journal.identity) {
        if !site.holds(journal.identity) {
            return Ok(());
        }
        if site.put_aside(&aside).is_err() {
            stays(carrying);
            return Ok(());
        }
        site.settle();
    }
    if site.remove_aside(&aside, journal.identity, What::Only(entries))? == Left::Something {
        let path = site.path.with_file_name(&aside);
        let holds = format!("`{}` holds what is not in the copy, and stays", shown(&path));
        report::note(&how_to_remove(site, &path, &holds));
    }
    Ok(())
}

/// The source stays where it is.
pub(super) fn stays(carrying: &Carrying<'_>) {
    let path = &carrying.site.path;
    report::note(&how_to_remove(carrying.site, path, &format!("`{}` stays", shown(path))));
}

/// Says what has stayed, and how to remove it. There is a command only where nobody else can exchange
/// what it would remove.
fn how_to_remove(site: &Site, path: &Path, what: &str) -> String {
    if site.is_closed(accounts::own_uid()) {
        return format!("{what}; if it is of no use to anybody: rm -r {}", quoted(path));
    }
    let words = format!("{what}; if it is of no use to anybody, whoever owns it can remove it");
    Look::Content.at(path, &words)
}
