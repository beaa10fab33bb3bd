//! Puts what has arrived in its place, in one step, and what stood there aside.
//!
//! What stood there is never deleted and never merged with, unless it is an empty directory or holds
//! nothing but its tag.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Mode, fchmod, renameat, unlinkat};
use rustix::io::Errno;

use super::give::chown;
use super::workplace::{FORMER, INCOMING, Workplace};
use super::{Person, failed};
use crate::error::{Error, Kind, MigrateError, State};
use crate::sys::facts::facts_if_any;
use crate::sys::tag;
use crate::sys::tree::{Tree, directory, names};

/// Whether a destination that has content may be moved aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It may not: the move is refused.
    Never,
    /// `--replace`.
    Aside,
}

/// Whether nothing has to be kept of what stands under this name.
///
/// # Errors
/// The system's.
pub fn is_free(private: &File, name: &str) -> io::Result<bool> {
    match facts_if_any(private, name)? {
        None => Ok(true),
        Some(found) if found.kind == Kind::Directory => {
            holds_nothing(&directory(private, name.as_ref())?)
        }
        Some(_) => Ok(false),
    }
}

fn holds_nothing(directory: &File) -> io::Result<bool> {
    Ok(names(directory)?.iter().all(|name| name.as_bytes() == tag::NAME.as_bytes()))
}

/// Makes the top of what has arrived what a target directory is: mode 0700, with its tag.
///
/// # Errors
/// [`MigrateError::Failed`].
pub fn prepare(tree: &Tree, person: Person) -> Result<(), Error> {
    let prepare = || -> io::Result<()> {
        fchmod(&tree.top, Mode::from_raw_mode(0o700))?;
        if tag::is_valid(&tree.top) {
            return Ok(());
        }
        // Whatever it is: a run that was stopped, or a script, has left it.
        let _ = unlinkat(&tree.top, tag::NAME, AtFlags::empty());
        let Some(tag) = tag::write(&tree.top)? else { return Ok(()) };
        // Its name is written with whatever is renamed next, and its text otherwise half a minute later:
        // without it no cargo cleans here any more.
        tag.sync_all()?;
        // Only what was made here changes hands: the directory is the person's already, and what has
        // the name now need not be that.
        if !person.is_oneself() {
            chown(&tag, person)?;
        }
        Ok(())
    };
    prepare().map_err(|cause| failed("prepare", &tree.path, cause, State::Journaled))
}

/// Puts what has arrived in its place; what had content there is moved aside.
///
/// # Errors
/// [`MigrateError::Occupied`] and failures; what has arrived then still waits for its place.
pub fn put(workplace: &Workplace, name: &str, replace: Replace) -> Result<(), Error> {
    let path = workplace.private.path.join(name);
    let doing = |cause: io::Error| failed("put in its place", &path, cause, State::Journaled);
    while facts_if_any(&workplace.private.top, name).map_err(doing)?.is_none() {
        match rename(&workplace.at, INCOMING.as_ref(), &workplace.private.top, name.as_ref()) {
            // A build of the person's was faster by a moment.
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            renamed => return renamed.map_err(doing),
        }
    }
    let may = replace == Replace::Aside || is_free(&workplace.private.top, name).map_err(doing)?;
    if !may {
        return Err(MigrateError::Occupied { destination: path }.into());
    }
    exchange(workplace, name).map_err(doing)
}

/// Takes what has arrived and what stands in its place for one another.
fn exchange(workplace: &Workplace, name: &str) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        match rustix::fs::renameat_with(
            &workplace.at,
            INCOMING,
            &workplace.private.top,
            name,
            flags,
        ) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            exchanged => return Ok(exchanged?),
        }
    }
    // In two steps, where the system cannot do it in one; a next run knows the state in between.
    rename(&workplace.private.top, name.as_ref(), &workplace.at, FORMER.as_ref())?;
    rename(&workplace.at, INCOMING.as_ref(), &workplace.private.top, name.as_ref())
}

/// Deals with what stood in the place before: a directory without content goes away, everything else
/// is kept beside it, and this is its new path.
///
/// # Errors
/// [`MigrateError::Failed`].
pub fn keep_former(workplace: &Workplace, name: &str) -> Result<Option<PathBuf>, Error> {
    let mut kept = None;
    for place in [INCOMING, FORMER] {
        let keep = || -> io::Result<Option<PathBuf>> {
            match facts_if_any(&workplace.at, place)? {
                None => Ok(None),
                Some(found)
                    if found.kind == Kind::Directory && remove_if_empty(&workplace.at, place)? =>
                {
                    Ok(None)
                }
                Some(_) => beside(workplace, place, name, "replaced").map(Some),
            }
        };
        let path = workplace.private.path.join(name);
        let found = keep().map_err(|cause| failed("move aside", &path, cause, State::Journaled))?;
        kept = kept.or(found);
    }
    Ok(kept)
}

/// Removes a directory that holds nothing but its tag; whether it is gone.
fn remove_if_empty(at: &File, place: &str) -> io::Result<bool> {
    let directory = directory(at, place.as_ref())?;
    if !holds_nothing(&directory)? {
        return Ok(false);
    }
    let _ = unlinkat(&directory, tag::NAME, AtFlags::empty());
    // It stays, and is kept, if somebody has put something there at this very moment.
    Ok(unlinkat(at, place, AtFlags::REMOVEDIR).is_ok())
}

/// Puts what has arrived beside its place instead, where it can be moved from anew; its new path.
///
/// # Errors
/// [`MigrateError::Failed`].
pub fn give_back(workplace: &Workplace, name: &str) -> Result<PathBuf, Error> {
    beside(workplace, INCOMING, name, "returned").map_err(|cause| {
        failed("move aside", &workplace.private.path.join(name), cause, State::Journaled)
    })
}

fn beside(workplace: &Workplace, place: &str, name: &str, what: &str) -> io::Result<PathBuf> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.map(|since| since.as_secs()).unwrap_or_default();
    for number in seconds.. {
        let aside = format!("{name}.{what}-{number}");
        match rename(&workplace.at, place.as_ref(), &workplace.private.top, aside.as_ref()) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            renamed => return renamed.map(|()| workplace.private.path.join(aside)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Renames an entry to a name that must be free.
///
/// # Errors
/// The system's; [`io::ErrorKind::AlreadyExists`] where the name is taken.
pub fn rename(from: &File, old: &OsStr, to: &File, new: &OsStr) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(from, old, to, new, flags) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            renamed => return Ok(renamed?),
        }
    }
    // Without the flag there is a moment in between. What it could replace is an empty directory,
    // since a directory replaces nothing else.
    if facts_if_any(to, new)?.is_some() {
        return Err(Errno::EXIST.into());
    }
    Ok(renameat(from.as_fd(), old, to.as_fd(), new)?)
}
