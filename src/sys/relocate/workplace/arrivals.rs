//! The place for arrivals in the workplace: where a cache stands until it is put in its own.

use std::path::PathBuf;

use rustix::fs::{Mode, fchmod, mkdirat};
use rustix::io::Errno;

use super::{FORMER, INCOMING, Workplace};
use crate::core::relocation::{Arrived, Identity};
use crate::error::{Error, Kind, State};
use crate::sys::facts::{facts, facts_if_any};
use crate::sys::relocate::failed;
use crate::sys::remove::{self, Left, Patience, What};
use crate::sys::tree::{Tree, directory, names};

impl Workplace {
    /// What stands in the place for arrivals.
    pub fn arrived(&self, expected: Option<Identity>) -> Arrived {
        match facts(&self.at, INCOMING) {
            Ok(found) if Some(found.identity) == expected => Arrived::Expected,
            Ok(_) => Arrived::Other,
            Err(_) => Arrived::Nothing,
        }
    }

    /// Where something waits for its place, if anything does.
    pub fn waiting(&self) -> Option<PathBuf> {
        let waits = |place: &&str| {
            facts(&self.at, *place).is_ok_and(|found| {
                let inside = directory(&self.at, place.as_ref()).and_then(|place| names(&place));
                found.kind != Kind::Directory || inside.map_or(true, |names| !names.is_empty())
            })
        };
        let place = [INCOMING, FORMER].into_iter().find(waits);
        place.map(|place| self.path().join(place))
    }

    /// What has arrived, by its path here: where it came from is nothing any more.
    ///
    /// # Errors
    /// [`Failed`](crate::error::MigrateError::Failed) where it cannot be opened.
    pub fn incoming(&self) -> Result<Tree, Error> {
        let path = self.incoming_path();
        Tree::open(&self.at, INCOMING.as_ref(), path.clone())
            .map_err(|cause| failed("open", &path, cause, State::Journaled))
    }

    /// Makes an empty place for arrivals, mode 0700.
    ///
    /// # Errors
    /// [`Failed`](crate::error::MigrateError::Failed) where it cannot be made.
    pub fn make_room(&self) -> Result<Tree, Error> {
        let path = self.incoming_path();
        let make = || -> std::io::Result<()> {
            mkdirat(&self.at, INCOMING, Mode::from_raw_mode(0o700))?;
            Ok(fchmod(directory(&self.at, INCOMING.as_ref())?, Mode::from_raw_mode(0o700))?)
        };
        make().map_err(|cause| failed("create directory", &path, cause, State::Untouched))?;
        self.incoming()
    }

    /// Takes away what has arrived, which must be a copy of ours.
    ///
    /// # Errors
    /// [`Failed`](crate::error::MigrateError::Failed), also where something of it has to stay.
    pub fn discard(&self) -> Result<(), Error> {
        let path = self.incoming_path();
        let discard = || -> std::io::Result<Left> {
            let found = facts_if_any(&self.at, INCOMING)?;
            let Some(found) = found else { return Ok(Left::Nothing) };
            let (what, patience) = (What::All, Patience::Endless);
            remove::tree(&self.at, INCOMING.as_ref(), found.identity, what, patience)
        };
        let discarded = discard().and_then(|left| match left {
            Left::Nothing => Ok(()),
            Left::Something => Err(Errno::NOTEMPTY.into()),
        });
        discarded.map_err(|cause| failed("remove", &path, cause, State::Journaled))
    }
}
