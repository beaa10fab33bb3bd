//! Continues or undoes what an earlier run has left, by what its journal says and what is still there.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::carry::Carrying;
use super::preview::LeftOut;
use super::target::Target;
use super::{Request, copying, judging, locking};
use crate::core::relocation::tree::secrets::{Known, Stands};
use crate::core::relocation::tree::{Inventory, counterparts, first_difference};
use crate::core::relocation::{Journal, Method, Next, Remains, next};
use crate::error::{Error, MigrateError};
use crate::report;
use crate::shown::{quoted, shown};
use crate::sys::facts::{facts, facts_of};
use crate::sys::lock::Locks;
use crate::sys::relocate::place::{self, Replace};
use crate::sys::relocate::source::Site;
use crate::sys::relocate::workplace::Workplace;
use crate::sys::tag;
use crate::sys::tree::{Tree, directory};

/// What has become of the earlier run.
pub(super) enum Outcome {
    /// It had moved nothing: begin.
    Begin,
    /// It is undone, as was agreed to: begin again.
    Again,
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
    let journal = match workplace.identity() {
        Some(identity) => &journal.renumbered(identity, site.parent_identity()),
        None => journal,
    };
    let next = next(journal, remains(site, workplace, journal));
    report::note(&format!(
        "an earlier migration of `{}` was interrupted: {}",
        journal.shown,
        story(next)
    ));
    match next {
        Next::Begin => return Ok(Outcome::Begin),
        Next::Discard if request.is_dry => return Ok(Outcome::Begin),
        Next::Discard => {
            request.confirm("Begin again?")?;
            workplace.discard()?;
            return Ok(Outcome::Again);
        }
        Next::Lost => {
            let waits = workplace.waiting();
            let (source, workplace) = (journal.source(), workplace.path());
            return Err(Error::from(MigrateError::Lost { source, workplace, waits }).into());
        }
        _ => {}
    }
    let is_to_be_put = matches!(next, Next::Adopt | Next::Place);
    if is_to_be_put && request.replace == Replace::Never && target.is_occupied() {
        return Err(Error::from(MigrateError::Occupied { destination: target.path() }).into());
    }
    if request.is_dry {
        return Ok(Outcome::Ended(false));
    }
    request.confirm("Continue it?")?;
    Ok(continued(request, site, target, workplace.try_clone()?, journal, next)?)
}

/// Goes on, or puts aside what cannot be given to the person.
fn continued(
    request: &Request,
    site: &Site,
    target: &Target<'_>,
    workplace: Workplace,
    journal: &Journal,
    next: Next,
) -> Result<Outcome, Error> {
    let carrying = Carrying { site, target, workplace, replace: request.replace };
    if next == Next::Adopt && journal.method == Method::Rename {
        let inventory = carrying.workplace.incoming()?.walk(&|_| false)?;
        if !target.can_be_given(&inventory) {
            let path = place::give_back(&carrying.workplace, &journal.name)?;
            report::note(&format!(
                "others have put files of theirs in it meanwhile, which only root can give you; it \
                 is copied from where it is now; should that end early: cargo-peruser migrate {}",
                quoted(&path)
            ));
            return Ok(Outcome::Returned(path));
        }
    }
    go_on(carrying, journal, next).map_err(Error::journaled)?;
    Ok(Outcome::Ended(next != Next::Leave))
}

fn go_on(carrying: Carrying<'_>, journal: &Journal, next: Next) -> Result<(), Error> {
    match next {
        Next::Adopt if journal.method == Method::Gather => {
            let private = carrying.workplace.private_tree()?;
            let stays = LeftOut::Ours { name: journal.name.clone() };
            carrying.gather_rest(journal.clone(), &private, &|name| stays.has(name))
        }
        Next::Adopt => {
            let incoming = carrying.workplace.incoming()?;
            let inventory = incoming.walk(&|_| false)?;
            let (person, known) = (carrying.target.person, Known::new());
            judging::judge_arrived(&incoming, &inventory, person, Stands::Whole, &known)?;
            carrying.adopt(journal.clone(), &incoming, &inventory)
        }
        Next::Place => {
            carrying.put(journal)?;
            carrying.workplace.settle()?;
            remove_source_if_same(&carrying, journal)?;
            carrying.end(journal, "copied")
        }
        Next::Clear => {
            carrying.keep_former(journal)?;
            // The earlier run may have been stopped before it did.
            carrying.workplace.settle()?;
            remove_source_if_same(&carrying, journal)?;
            carrying.end(journal, "copied")
        }
        Next::Finish => {
            carrying.keep_former(journal)?;
            carrying.end(journal, "moved")
        }
        Next::Leave => leave(carrying, journal),
        Next::Begin | Next::Discard | Next::Lost => Ok(()),
    }
}

/// Ends what nobody can go on with: the person has taken the copy away, and of the source there may be
/// some left. Nothing is removed where the copy is not.
fn leave(carrying: Carrying<'_>, journal: &Journal) -> Result<(), Error> {
    carrying.keep_former(journal)?;
    let site = carrying.site;
    if let Some(aside) = journal.aside.as_ref().filter(|it| site.is_aside(it, journal.identity)) {
        let left = site.path.with_file_name(aside);
        report::note(&format!("what is left of the source stays: `{}`", shown(&left)));
    }
    carrying.workplace.dismiss();
    Ok(())
}

/// Removes the source, if it still is what was copied: nobody has watched it meanwhile.
fn remove_source_if_same(carrying: &Carrying<'_>, journal: &Journal) -> Result<(), Error> {
    let site = carrying.site;
    let is_aside =
        journal.aside.as_ref().is_some_and(|aside| site.is_aside(aside, journal.identity));
    if is_aside {
        return go_on_removing(carrying, journal);
    }
    let Some(tree) = site.tree()?.filter(|_| site.holds(journal.identity)) else { return Ok(()) };
    let mut locks = Locks::default();
    let person = carrying.target.person;
    let inventory = locking::wait(&mut locks, site, &tree, &LeftOut::Nothing, person, None)?;
    let original = tree.walk(&no_tag)?;
    let is_foreign = !carrying.target.can_be_given(&inventory);
    if is_foreign || first_difference(&original, &placed(carrying, journal)?).is_some() {
        copying::stays(carrying);
        return Ok(());
    }
    copying::remove_source(carrying, journal, &inventory.identities())
}

/// Goes on removing the source under its other name. Others may have put something there since,
/// even where its top is closed to them: only what has its counterpart in the copy goes.
fn go_on_removing(carrying: &Carrying<'_>, journal: &Journal) -> Result<(), Error> {
    let aside = journal.aside.as_ref().map(|aside| carrying.site.tree_aside(aside)).transpose()?;
    let Some(tree) = aside else { return Ok(()) };
    let mut entries = counterparts(&tree.walk(&no_tag)?, &placed(carrying, journal)?);
    if let Ok(tag) = facts(&tree.top, tag::NAME) {
        entries.insert(tag.identity);
    }
    copying::remove_source(carrying, journal, &entries)
}

/// What is in the copy that has its place; nothing where that cannot be seen.
fn placed(carrying: &Carrying<'_>, journal: &Journal) -> Result<Inventory, Error> {
    match directory(&carrying.workplace.private.top, journal.name.as_ref()) {
        Ok(top) => Tree { top, path: carrying.target.path() }.walk(&no_tag),
        Err(_) => Ok(Inventory::default()),
    }
}

/// The copy may have been given a tag that the source lacks.
fn no_tag(name: &OsStr) -> bool {
    name == tag::NAME
}

fn remains(site: &Site, workplace: &Workplace, journal: &Journal) -> Remains {
    let expected = journal.expected();
    let placed = directory(&workplace.private.top, journal.name.as_ref());
    let placed = placed.and_then(|placed| facts_of(&placed)).ok();
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
        Next::Leave => "the copy has had its place, and is not there any more",
        Next::Finish => "the cache is in its place",
        Next::Lost => "what it had moved is not there any more",
    }
}
