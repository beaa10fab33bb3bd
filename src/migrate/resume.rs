//! Continues or undoes an interrupted migration, by its journal and the files that are still there.

use super::Request;
use super::carry::Move;
use super::copy::{remove_source, source_stays};
use super::destination::Destination;
use super::judge::compare;
use super::plan::{Journal, Method, Next, Remains, next};
use super::source::Source;
use super::staging::Staging;
use crate::os::facts::{facts, facts_of};
use crate::os::tag;
use crate::os::tree::{Tree, directory};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::report;

/// The result of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is nothing to continue: begin.
    Begin,
    /// The target directory is in place.
    Moved,
    /// Nothing was moved.
    NotMoved,
}

/// Continues an interrupted move, or prepares a new start. Its destination stays the one in the journal.
pub(super) fn resume(
    request: &mut Request,
    source: &Source,
    destination: &mut Destination<'_>,
    staging: &Staging,
    journal: &Journal,
) -> Result<Progress, Failure> {
    if journal.source() != source.path {
        return Err(destination.unfinished(journal));
    }
    let next = next(journal, remains(source, staging, journal));
    let target = staging.private.path.join(&journal.name);
    let (from, to) = (escaped(&source.path), escaped(&target));
    report::note(&format!("an earlier migration of `{from}` to `{to}` was interrupted"));
    if next == Next::Lost {
        let text =
            format!("an earlier migration has moved `{from}`, and the directory cannot be found");
        let places = [staging.private.path.clone(), source.aside_path()]
            .map(|it| format!("`{}`", escaped(&it)));
        let help = format!("look for it in {}; {}", places.join(" and as "), staging.look());
        return Err(Failure::new(text).help(help));
    }
    if next == Next::Begin {
        if !request.is_dry {
            request.confirm("Begin again?")?;
            staging.discard()?;
        }
        return Ok(Progress::Begin);
    }
    destination.name.clone_from(&journal.name);
    if request.is_dry {
        return Ok(Progress::NotMoved);
    }
    request.confirm("Continue it?")?;
    let moving = Move { source, destination, staging, is_replacing: request.is_replacing };
    go_on(&moving, journal, next)?;
    Ok(Progress::Moved)
}

fn go_on(moving: &Move<'_>, journal: &Journal, next: Next) -> Result<(), Failure> {
    let staging = moving.staging;
    match next {
        Next::Adopt if journal.method == Method::Descend => {
            moving.descend_rest(journal, &staging.private)
        }
        Next::Adopt => moving.adopt_incoming(journal),
        Next::Place | Next::Remove => {
            if next == Next::Place {
                staging.put(&journal.name, moving.is_replacing)?;
            }
            // The earlier run may have been stopped before it synced.
            staging.sync()?;
            remove_rest(moving, journal)?;
            moving.end(journal)
        }
        Next::Finish => moving.end(journal),
        Next::Begin | Next::Lost => Ok(()),
    }
}

/// Continues to remove the source under its temporary name. Others may have added files since then, even
/// if they cannot enter its top now, so only entries with an equal one in the copy are removed. A source
/// that still has its own name stays: somebody may have built in it meanwhile.
fn remove_rest(moving: &Move<'_>, journal: &Journal) -> Result<(), Failure> {
    let source = moving.source;
    let aside = source.open_aside(journal.inode);
    let aside = aside.map_err(|cause| Failure::step("open", &source.aside_path(), cause))?;
    let Some(tree) = aside else {
        if source.holds(journal.inode) {
            source_stays(source);
        }
        return Ok(());
    };
    // The copy may have a tag that the source lacks.
    let walk = |tree: &Tree| tree.walk(&|name| name == tag::NAME);
    let original = walk(&tree)?;
    let placed = directory(&moving.staging.private.top, journal.name.as_ref());
    let placed =
        placed.map_err(|cause| Failure::step("open", &moving.destination.path(), cause))?;
    let copy = walk(&Tree { top: placed, path: moving.destination.path() })?;
    let mut entries = compare(&original, &copy).equal;
    entries.extend(facts(&tree.top, tag::NAME).map(|tag| tag.identity));
    let top = original.top().map(|top| top.identity).unwrap_or_default();
    remove_source(moving, journal, top, &entries)
}

fn remains(source: &Source, staging: &Staging, journal: &Journal) -> Remains {
    let expected = journal.expected();
    let placed = directory(&staging.private.top, journal.name.as_ref());
    let placed = placed.and_then(|placed| facts_of(&placed)).ok();
    Remains {
        has_source: source.holds(journal.inode),
        arrived: staging.arrived(expected),
        is_placed: placed.is_some_and(|placed| Some(placed.identity.1) == expected),
    }
}
