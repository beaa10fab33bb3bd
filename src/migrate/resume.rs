//! Continues or undoes an interrupted migration, by its journal and the files that are still there.

use super::Request;
use super::carry::Move;
use super::copy::source_stays;
use super::destination::Destination;
use super::journal::{Journal, Method, Next};
use super::source::Source;
use super::staging::Staging;
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
    let (has_source, waiting) = (source.holds(journal.inode), staging.waiting());
    let next = journal.next(has_source, waiting, staging.placed(&journal.name));
    let (from, to) = (escaped(&source.path), staging.private.path.join(&journal.name));
    let to = escaped(&to);
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
    if request.is_dry {
        return Ok(Progress::NotMoved);
    }
    request.confirm("Continue it?")?;
    destination.name.clone_from(&journal.name);
    let moving = Move { source, destination, staging, is_replacing: request.is_replacing };
    go_on(&moving, journal, next)?;
    Ok(Progress::Moved)
}

fn go_on(moving: &Move<'_>, journal: &Journal, next: Next) -> Result<(), Failure> {
    match journal.method {
        _ if next == Next::Finish => {}
        Method::Rename => moving.adopt_incoming()?,
        Method::Descend => moving.descend_rest()?,
        Method::Copy => moving.staging.put(&journal.name, moving.is_replacing)?,
    }
    if journal.method == Method::Copy {
        // The earlier run may have been stopped before it synced.
        moving.staging.sync()?;
        // Others may have put something there since then, so nothing more is removed.
        moving.source.place_of(journal.inode).iter().for_each(|place| source_stays(place));
    }
    moving.end(journal.method)
}
