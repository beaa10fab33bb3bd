//! Continues or undoes what an earlier run has left, by what its journal says and what is still there.

use std::path::PathBuf;

use super::carry::Carrying;
use super::preview::LeftOut;
use super::target::Target;
use super::{Request, copying, locking};
use crate::core::relocation::tree::first_difference;
use crate::core::relocation::{Journal, Next, Remains, Way, next};
use crate::error::{Error, MigrateError};
use crate::report;
use crate::shown::shown;
use crate::sys::accounts;
use crate::sys::lock::Locks;
use crate::sys::relocate::facts::facts_of;
use crate::sys::relocate::place;
use crate::sys::relocate::source::Site;
use crate::sys::relocate::tree::{Tree, directory};
use crate::sys::relocate::workplace::{NAME, Workplace};
use crate::sys::tag;

/// What has become of the earlier run.
pub(super) enum Outcome {
    /// It is undone, or had done nothing: begin.
    Begin,
    /// It is over; whether the cache has moved.
    Ended(bool),
    /// It cannot be given to the person, and stands here now: move it from there.
    Returned(PathBuf),
}

/// Deals with an interrupted move.
pub(super) fn resume(
    request: &Request,
    site: &Site,
    target: &Target<'_>,
    workplace: &Workplace,
    journal: &Journal,
) -> anyhow::Result<Outcome> {
    target.is_same(journal)?;
    let next = next(journal, remains(site, workplace, journal));
    let is_anothers = workplace.owner != rustix::process::geteuid().as_raw();
    // What the person has written down says nothing about what root may remove. What only waits to be
    // given to them is looked at as any source is.
    if is_anothers && !matches!(next, Next::Adopt) {
        return Err(target.of_another(workplace.owner).into());
    }
    report::note(&format!(
        "an earlier migration of `{}` was interrupted: {}",
        journal.shown,
        story(next)
    ));
    if request.is_dry {
        return Ok(if matches!(next, Next::Begin | Next::Discard) {
            Outcome::Begin
        } else {
            Outcome::Ended(false)
        });
    }
    match next {
        Next::Begin => return Ok(Outcome::Begin),
        Next::Discard => {
            request.confirm("Begin again?")?;
            workplace.discard()?;
            return Ok(Outcome::Begin);
        }
        Next::Lost => {
            let waits = workplace.waiting();
            let (source, workplace) = (journal.source(), workplace.path.join(NAME));
            return Err(Error::from(MigrateError::Lost { source, workplace, waits }).into());
        }
        _ => request.confirm("Continue it?")?,
    }
    Ok(continued(request, site, target, workplace, journal, next)?)
}

/// Goes on, or puts aside what cannot be given to the person.
fn continued(
    request: &Request,
    site: &Site,
    target: &Target<'_>,
    workplace: &Workplace,
    journal: &Journal,
    next: Next,
) -> Result<Outcome, Error> {
    let mut workplace = workplace.try_clone()?;
    if workplace.owner != rustix::process::geteuid().as_raw() {
        let holds = seen(&workplace)?;
        report::note(&format!("root takes over what {} has begun: {holds}", target.owner));
        workplace.take_over(journal)?;
    }
    let carrying = Carrying { site, target, workplace, replace: request.replace };
    if next == Next::Adopt && journal.way == Way::Rename {
        let inventory = carrying.workplace.incoming()?.walk(&|_| false)?;
        if !carrying.can_give(&inventory) {
            let path = place::give_back(&carrying.workplace, &journal.name)?;
            report::note(&format!(
                "others have put files of theirs in it meanwhile, which only root can give you; it \
                 is `{}` now, and is copied from there",
                shown(&path)
            ));
            return Ok(Outcome::Returned(path));
        }
    }
    go_on(carrying, journal, next).map_err(Error::journaled)?;
    Ok(Outcome::Ended(true))
}

/// Whose the entries are that wait, for who decides about them.
fn seen(workplace: &Workplace) -> Result<String, Error> {
    let inventory = workplace.incoming()?.walk(&|_| false)?;
    let owners = inventory.owners().into_iter();
    let owners = owners.map(|(uid, count)| format!("{count} entries of {}", accounts::owner(uid)));
    Ok(owners.collect::<Vec<_>>().join(", "))
}

fn go_on(carrying: Carrying<'_>, journal: &Journal, next: Next) -> Result<(), Error> {
    match next {
        Next::Adopt if journal.way == Way::Gather => {
            let private = carrying.workplace.private_tree()?;
            let stays = LeftOut::Ours { name: journal.name.clone() };
            carrying.gather_rest(journal.clone(), &private, &|name| stays.has(name))
        }
        Next::Adopt => {
            let incoming = carrying.workplace.incoming()?;
            let inventory = incoming.walk(&|_| false)?;
            locking::judge(&incoming, &inventory, carrying.target.person)?;
            carrying.adopt(journal.clone(), &incoming, &inventory)
        }
        Next::Place => {
            carrying.put(journal)?;
            carrying.workplace.settle()?;
            clear(&carrying, journal)?;
            carrying.end(journal, "copied")
        }
        Next::Clear => {
            carrying.keep_former(journal)?;
            clear(&carrying, journal)?;
            carrying.end(journal, "copied")
        }
        Next::Finish => {
            carrying.keep_former(journal)?;
            carrying.end(journal, "moved")
        }
        Next::Begin | Next::Discard | Next::Lost => Ok(()),
    }
}

/// Takes the source away, if it still is what was copied: nobody has watched it meanwhile.
fn clear(carrying: &Carrying<'_>, journal: &Journal) -> Result<(), Error> {
    let site = carrying.site;
    let is_aside =
        journal.aside.as_ref().is_some_and(|aside| site.is_aside(aside, journal.identity));
    if is_aside {
        return copying::clear(carrying, journal, None);
    }
    let Some(tree) = site.tree()?.filter(|_| site.holds(journal.identity)) else { return Ok(()) };
    let mut locks = Locks::default();
    let person = carrying.target.person;
    let inventory = locking::wait(&mut locks, site, &tree, &LeftOut::Nothing, person, None)?;
    let is_foreign = inventory.has_foreign(person.uid) && !rustix::process::geteuid().is_root();
    let placed = directory(&carrying.workplace.private, journal.name.as_ref());
    let placed = placed.map(|top| Tree { top, path: carrying.target.path() });
    // The copy may have been given a tag that the source lacks.
    let no_tag = |name: &std::ffi::OsStr| name == tag::NAME;
    let original = tree.walk(&no_tag)?;
    let copy = placed.ok().and_then(|placed| placed.walk(&no_tag).ok());
    let is_copied = copy.is_some_and(|copy| first_difference(&original, &copy).is_none());
    if is_foreign || !is_copied {
        copying::stays(carrying);
        return Ok(());
    }
    let entries = inventory.nodes.iter().map(|node| node.identity).collect();
    copying::clear(carrying, journal, Some(&entries))
}

fn remains(site: &Site, workplace: &Workplace, journal: &Journal) -> Remains {
    let expected = journal.expected();
    let placed = directory(&workplace.private, journal.name.as_ref());
    let placed = placed.and_then(|placed| facts_of(&placed, None)).ok();
    Remains {
        has_source: site.holds(journal.identity),
        arrived: workplace.arrived(expected),
        is_placed: placed.is_some_and(|placed| Some(placed.identity) == expected),
    }
}

fn story(next: Next) -> &'static str {
    match next {
        Next::Begin => "it had moved nothing yet",
        Next::Discard => "its unfinished copy is taken away, and the source is as it was",
        Next::Adopt => "the cache waits to be given away and put in its place",
        Next::Place => "the cache waits to be put in its place",
        Next::Clear => "the copy is in its place, and the source is still to be removed",
        Next::Finish => "the cache is in its place",
        Next::Lost => "what it had moved is not there any more",
    }
}
