//! What a migration writes down in its workplace. A journal that cannot be used is never taken for none:
//! the only copy of a cache may be waiting beside it.

use std::fs::File;
use std::io::Write;

use rustix::fs::{AtFlags, Mode, OFlags, fsync, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::Workplace;
use crate::core::relocation::{Identity, Journal, VERSION};
use crate::error::{Error, Kind, MigrateError, State, reason};
use crate::sys::facts::facts_of;
use crate::sys::relocate::failed;
use crate::sys::tree::FILE;
use crate::sys::{accounts, files};

pub(super) const NAME: &str = "journal";
pub(super) const NEW: &str = "journal.new";

impl Workplace {
    /// Reads the journal, if there is one.
    ///
    /// # Errors
    /// [`MigrateError::Stranded`] where it cannot be used, or where something waits without one.
    pub fn journal(&self) -> Result<Option<Journal>, Error> {
        let file = match openat(&self.at, NAME, OFlags::RDONLY | FILE, Mode::empty()) {
            Err(Errno::NOENT) if self.waiting().is_none() => return Ok(None),
            file => File::from(file.map_err(|cause| self.unread(&cause.into()))?),
        };
        let found = facts_of(&file).map_err(|cause| self.unread(&cause))?;
        if found.kind != Kind::File {
            return Err(self.stranded(format!("it is a {}", found.kind)));
        }
        if found.uid != accounts::own_uid() {
            return Err(self.stranded(format!("it belongs to {}", accounts::owner(found.uid))));
        }
        let text = files::text(&file).map_err(|cause| self.unread(&cause))?;
        let journal: serde_json::Value =
            serde_json::from_str(&text).map_err(|cause| self.stranded(cause.to_string()))?;
        let version = journal.get("version").and_then(serde_json::Value::as_u64);
        if version != Some(VERSION.into()) {
            return Err(self.stranded("another version of this program has written it".into()));
        }
        let journal: Journal =
            serde_json::from_value(journal).map_err(|cause| self.stranded(cause.to_string()))?;
        if !journal.is_sound() {
            return Err(self.stranded("its names are no names".into()));
        }
        Ok(Some(journal))
    }

    /// What tells the workplace from all else, for the journal.
    pub fn identity(&self) -> Option<Identity> {
        facts_of(&self.at).ok().map(|found| found.identity)
    }

    /// Writes the journal, mode 0600, whole or not at all. Its text and its name are on the disk when
    /// this returns: what comes next may happen on another one, and lasts as soon as that has written it.
    ///
    /// # Errors
    /// Where it cannot be written; the earlier one then still holds.
    pub fn write(&self, journal: &Journal) -> Result<(), Error> {
        let path = self.path().join(NAME);
        let doing = |cause: std::io::Error| failed("write", &path, cause, State::Journaled);
        let text = serde_json::to_string_pretty(journal).map_err(|error| doing(error.into()))?;
        let _ = unlinkat(&self.at, NEW, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
        let write = || -> std::io::Result<()> {
            let mut file = File::from(openat(&self.at, NEW, flags, Mode::from_raw_mode(0o600))?);
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            renameat(&self.at, NEW, &self.at, NAME)?;
            Ok(fsync(&self.at)?)
        };
        write().map_err(doing)
    }

    fn unread(&self, cause: &std::io::Error) -> Error {
        self.stranded(reason(cause))
    }

    /// Nothing goes on here before a person has looked at it.
    pub(super) fn stranded(&self, why: String) -> Error {
        let (workplace, waits) = (self.path(), self.waiting());
        MigrateError::Stranded { workplace, waits, why }.into()
    }
}
