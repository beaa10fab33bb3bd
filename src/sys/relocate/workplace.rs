//! The directory inside the private one that a migration works in, with its lock and its journal.
//!
//! It belongs to the account that migrates, which for somebody else's cache is root: inside it
//! nobody else can do anything, and one that belongs to another account is not believed. The person
//! could move it away, since what it stands in is theirs; all that they can spoil is their own move.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, fchmod, flock, fsync, mkdirat, unlinkat};
use rustix::io::Errno;

use super::facts::{facts, facts_of};
use super::tree::{Tree, directory, names};
use super::{failed, journal};
use crate::core::relocation::{Arrived, Identity};
use crate::error::{Error, Kind, MigrateError, Owner, State};
use crate::sys::remove::{self, Patience, What};
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
    /// The private directory.
    pub private: File,
    /// Where that stood when it was opened; for messages only.
    pub path: PathBuf,
    /// The workplace.
    pub at: File,
    /// Whose it is: this account's, or for root the person's whose cache moves.
    pub owner: u32,
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
    /// Opens the workplace if there is one, and locks it. Root opens the person's own as well.
    ///
    /// # Errors
    /// [`MigrateError::AtWork`] where somebody works in it, [`MigrateError::Anothers`] where
    /// another account has left it, [`MigrateError::Stranded`] where others can change it.
    pub fn open(
        private: &File,
        path: &Path,
        errand: Errand<'_>,
    ) -> Result<Option<Workplace>, Error> {
        let doing =
            |cause: std::io::Error| failed("open", &path.join(NAME), cause, State::Untouched);
        // Whose it is comes first: what belongs to another account cannot even be opened.
        let seen = match facts(private, &c_name(NAME), None) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            seen => seen.map_err(doing)?,
        };
        let us = rustix::process::geteuid().as_raw();
        if seen.uid != us && (us, seen.uid) != (0, errand.person.uid) {
            return Err(anothers(path, seen.uid, errand));
        }
        let at = match directory(private, NAME.as_ref()) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            at => at.map_err(doing)?,
        };
        let found = facts_of(&at, None).map_err(doing)?;
        if found.uid != seen.uid {
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
        let is_there =
            facts(private, &c_name(NAME), None).is_ok_and(|it| it.identity == found.identity);
        if !is_there {
            return Workplace::open(private, path, errand);
        }
        let private = private.try_clone().map_err(doing)?;
        let workplace = Workplace { private, path: path.to_owned(), at, owner: found.uid };
        if found.mode & 0o077 != 0 {
            return Err(
                workplace.stranded(format!("others can reach it (mode {:04o})", found.mode))
            );
        }
        Ok(Some(workplace))
    }

    /// Makes the workplace, or opens the one that is there, and locks it.
    ///
    /// # Errors
    /// Those of [`Workplace::open`], and where it cannot be made.
    pub fn make(private: &File, path: &Path, errand: Errand<'_>) -> Result<Workplace, Error> {
        let doing = |cause: std::io::Error| {
            failed("create directory", &path.join(NAME), cause, State::Untouched)
        };
        loop {
            match mkdirat(private, NAME, Mode::RWXU) {
                Ok(()) => {
                    // Whatever the umask is.
                    let at = directory(private, NAME.as_ref()).map_err(doing)?;
                    fchmod(&at, Mode::RWXU).map_err(|cause| doing(cause.into()))?;
                }
                Err(Errno::EXIST) => {}
                Err(cause) => return Err(doing(cause.into())),
            }
            if let Some(workplace) = Workplace::open(private, path, errand)? {
                return Ok(workplace);
            }
        }
    }

    /// What stands in the place for arrivals.
    pub fn arrived(&self, expected: Option<Identity>) -> Arrived {
        match facts(&self.at, &c_name(INCOMING), None) {
            Ok(found) if Some(found.identity) == expected => Arrived::Expected,
            Ok(_) => Arrived::Other,
            Err(_) => Arrived::Nothing,
        }
    }

    /// Where something waits for its place, if anything does.
    pub fn waiting(&self) -> Option<PathBuf> {
        let waits = |place: &&&str| {
            facts(&self.at, &c_name(place), None).is_ok_and(|found| {
                let inside = directory(&self.at, place.as_ref()).and_then(|place| names(&place));
                found.kind != Kind::Directory || inside.map_or(true, |names| !names.is_empty())
            })
        };
        let place = [INCOMING, FORMER];
        let place = place.iter().find(|place| waits(place));
        place.map(|place| self.path.join(NAME).join(place))
    }

    /// What has arrived, by its path here: where it came from is nothing any more.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn incoming(&self) -> Result<Tree, Error> {
        let path = self.path.join(NAME).join(INCOMING);
        Tree::open(&self.at, INCOMING.as_ref(), path.clone())
            .map_err(|cause| failed("open", &path, cause, State::Journaled))
    }

    /// Makes an empty place for arrivals.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn make_room(&self) -> Result<Tree, Error> {
        let path = self.path.join(NAME).join(INCOMING);
        let make = || -> std::io::Result<()> {
            mkdirat(&self.at, INCOMING, Mode::RWXU)?;
            Ok(fchmod(directory(&self.at, INCOMING.as_ref())?, Mode::RWXU)?)
        };
        make().map_err(|cause| failed("create directory", &path, cause, State::Untouched))?;
        self.incoming()
    }

    /// Takes away what has arrived, which must be a copy of ours.
    ///
    /// # Errors
    /// Failures.
    pub fn discard(&self) -> Result<(), Error> {
        let path = self.path.join(NAME).join(INCOMING);
        let discard = || -> std::io::Result<()> {
            let found = match facts(&self.at, &c_name(INCOMING), None) {
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                found => found?,
            };
            let (what, patience) = (What::All, Patience::Endless);
            remove::tree(&self.at, INCOMING.as_ref(), found.identity, what, patience).map(drop)
        };
        discard().map_err(|cause| failed("remove", &path, cause, State::Journaled))
    }

    /// Takes the journal and the workplace away, unless something waits in it.
    ///
    /// Nothing is forced to the disk: after a power failure the state of before is as good.
    pub fn dismiss(self) {
        // Made, and nothing has come: it goes if it is empty.
        let _ = unlinkat(&self.at, INCOMING, AtFlags::REMOVEDIR);
        let is_journal =
            |name: &CString| [journal::NAME, journal::NEW].iter().any(|it| *name == c_name(it));
        if !names(&self.at).is_ok_and(|names| names.iter().all(is_journal)) {
            return;
        }
        for file in [journal::NEW, journal::NAME] {
            let _ = unlinkat(&self.at, file, AtFlags::empty());
        }
        let _ = unlinkat(&self.private, NAME, AtFlags::REMOVEDIR);
    }

    /// The private directory as a tree.
    ///
    /// # Errors
    /// The system's.
    pub fn private_tree(&self) -> Result<Tree, Error> {
        Ok(Tree { top: self.cloned(&self.private)?, path: self.path.clone() })
    }

    /// The same workplace, under the same lock.
    ///
    /// # Errors
    /// The system's.
    pub fn try_clone(&self) -> Result<Workplace, Error> {
        let (private, at) = (self.cloned(&self.private)?, self.cloned(&self.at)?);
        Ok(Workplace { private, path: self.path.clone(), at, owner: self.owner })
    }

    fn cloned(&self, file: &File) -> Result<File, Error> {
        file.try_clone().map_err(|cause| failed("open", &self.path, cause, State::Journaled))
    }

    /// Makes what was renamed inside the private directory last through a power failure.
    ///
    /// # Errors
    /// The system's.
    pub fn settle(&self) -> Result<(), Error> {
        fsync(&self.private).map_err(|cause| failed("sync", &self.path, cause, State::Journaled))
    }
}

/// Another account has left it: only that one, and root for its owner, goes on.
pub(super) fn anothers(path: &Path, by: u32, errand: Errand<'_>) -> Error {
    let (workplace, source) = (path.join(NAME), errand.source.to_owned());
    let (by, person) = (accounts::owner(by), errand.person.word());
    MigrateError::Anothers { workplace, by, source, person }.into()
}

/// A constant name, as the system's calls take it.
pub(super) fn c_name(text: impl AsRef<OsStr>) -> CString {
    CString::new(text.as_ref().as_encoded_bytes()).unwrap_or_default()
}
