//! The directory inside the private one that a migration works in, with its lock and its journal.
//!
//! It belongs to the account that migrates, which for somebody else's cache is root: inside it
//! nobody else can do anything, and one that belongs to another account is not believed. The person
//! could move it away, since what it stands in is theirs; all that they can spoil is their own move.

mod arrivals;
mod journal;

use std::ffi::CString;
use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, fchmod, flock, fsync, mkdirat, unlinkat};
use rustix::io::Errno;

use super::failed;
use crate::error::{Error, MigrateError, Owner, State};
use crate::sys::facts::{facts, facts_if_any, facts_of};
use crate::sys::tree::{Tree, directory, names};
use crate::sys::{accounts, lock};

/// Its name in the private directory.
pub const NAME: &str = ".migration";
/// Where what has arrived stands in it, until it is put in its place.
pub const INCOMING: &str = "incoming";
/// Where a target directory goes that had to make way for another one.
pub(super) const FORMER: &str = "former";

/// The open workplace, locked.
#[derive(Debug)]
pub struct Workplace {
    /// The private directory that it is in.
    pub private: Tree,
    /// The workplace itself.
    pub at: File,
}

/// What a workplace is opened for; for messages, but for the person's id.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'a> {
    /// Who receives the cache.
    pub person: &'a Owner,
    /// What was typed as the source.
    pub source: &'a Path,
}

impl Workplace {
    /// Opens the workplace if there is one, and locks it. Root does not work in the person's own: they
    /// could exchange everything in it at any moment.
    ///
    /// # Errors
    /// [`MigrateError::AtWork`] where somebody works in it, [`MigrateError::Anothers`] where
    /// another account has left it, [`MigrateError::Stranded`] where others can change it.
    pub fn open(private: &Tree, errand: Errand<'_>) -> Result<Option<Workplace>, Error> {
        let path = private.path.join(NAME);
        let doing = |cause: std::io::Error| failed("open", &path, cause, State::Untouched);
        // Whose it is comes first: what belongs to another account cannot even be opened.
        let seen = facts_if_any(&private.top, NAME).map_err(doing)?;
        let Some(seen) = seen else { return Ok(None) };
        let us = accounts::own_uid();
        if seen.uid != us {
            return Err(anothers(path, seen.uid, errand));
        }
        let at = match directory(&private.top, NAME.as_ref()) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            at => at.map_err(doing)?,
        };
        let found = facts_of(&at).map_err(doing)?;
        if found.uid != us {
            return Err(anothers(path, found.uid, errand));
        }
        match flock(&at, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let holder = lock::holders(found.identity).first().map(ToString::to_string);
                return Err(MigrateError::AtWork { holder }.into());
            }
            Err(cause) => return Err(doing(cause.into())),
        }
        // Between the opening and the locking, the run that had it may have ended.
        let is_there = facts(&private.top, NAME).is_ok_and(|it| it.identity == found.identity);
        if !is_there {
            return Workplace::open(private, errand);
        }
        let private = private.try_clone().map_err(doing)?;
        let workplace = Workplace { private, at };
        if found.mode & 0o077 != 0 {
            return Err(
                workplace.stranded(format!("others can reach it (mode {:04o})", found.mode))
            );
        }
        Ok(Some(workplace))
    }

    /// Makes the workplace, mode 0700, or opens the one that is there, and locks it.
    ///
    /// # Errors
    /// Those of [`Workplace::open`], and where it cannot be made.
    pub fn make(private: &Tree, errand: Errand<'_>) -> Result<Workplace, Error> {
        let path = private.path.join(NAME);
        let doing =
            |cause: std::io::Error| failed("create directory", &path, cause, State::Untouched);
        loop {
            match mkdirat(&private.top, NAME, Mode::from_raw_mode(0o700)) {
                Ok(()) => {
                    // Whatever the umask is.
                    let at = directory(&private.top, NAME.as_ref()).map_err(doing)?;
                    fchmod(&at, Mode::from_raw_mode(0o700)).map_err(|cause| doing(cause.into()))?;
                }
                Err(Errno::EXIST) => {}
                Err(cause) => return Err(doing(cause.into())),
            }
            if let Some(workplace) = Workplace::open(private, errand)? {
                return Ok(workplace);
            }
        }
    }

    /// Takes the journal and the workplace away, unless something waits in it.
    ///
    /// Nothing is forced to the disk: after a power failure the state of before is as good.
    pub fn dismiss(self) {
        // Made, and nothing has come: it goes if it is empty.
        let _ = unlinkat(&self.at, INCOMING, AtFlags::REMOVEDIR);
        let is_journal = |name: &CString| {
            [journal::NAME, journal::NEW].iter().any(|own| name.as_bytes() == own.as_bytes())
        };
        if !names(&self.at).is_ok_and(|names| names.iter().all(is_journal)) {
            return;
        }
        for file in [journal::NEW, journal::NAME] {
            let _ = unlinkat(&self.at, file, AtFlags::empty());
        }
        let _ = unlinkat(&self.private.top, NAME, AtFlags::REMOVEDIR);
    }

    /// The private directory as a tree.
    ///
    /// # Errors
    /// [`MigrateError::Failed`].
    pub fn private_tree(&self) -> Result<Tree, Error> {
        self.private.try_clone().map_err(|cause| self.unopened(cause))
    }

    /// The same workplace, under the same lock.
    ///
    /// # Errors
    /// [`MigrateError::Failed`].
    pub fn try_clone(&self) -> Result<Workplace, Error> {
        let at = self.at.try_clone().map_err(|cause| self.unopened(cause))?;
        Ok(Workplace { private: self.private_tree()?, at })
    }

    fn unopened(&self, cause: std::io::Error) -> Error {
        failed("open", &self.private.path, cause, State::Journaled)
    }

    /// Where it is; for messages only.
    pub fn path(&self) -> PathBuf {
        self.private.path.join(NAME)
    }

    /// Where what arrives is; for messages only.
    pub fn incoming_path(&self) -> PathBuf {
        self.path().join(INCOMING)
    }

    /// Makes what was renamed inside the private directory last through a power failure.
    ///
    /// # Errors
    /// [`MigrateError::Failed`].
    pub fn settle(&self) -> Result<(), Error> {
        fsync(&self.private.top)
            .map_err(|cause| failed("sync", &self.private.path, cause, State::Journaled))
    }
}

/// Another account has left it: only that one goes on.
fn anothers(workplace: PathBuf, by: u32, errand: Errand<'_>) -> Error {
    let (by, person) = (accounts::owner(by), errand.person.word());
    let source = errand.source.to_owned();
    MigrateError::Anothers { workplace, by, source, person }.into()
}
