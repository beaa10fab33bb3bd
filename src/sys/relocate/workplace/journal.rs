//! The journal of a migration: what was meant, and so what a next run does.

use std::fs::File;
use std::io::Write;

use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};

use super::{INCOMING, JOURNAL, NAME, NEW_JOURNAL, Workplace};
use crate::core::relocation::Journal;
use crate::error::{Error, Kind, MigrateError, State};
use crate::sys::files;
use crate::sys::relocate::facts::facts_of;
use crate::sys::relocate::failed;
use crate::sys::relocate::tree::{FILE, directory, names};

impl Workplace {
    /// Reads the journal, if there is a sound one. What cannot be read was never whole, or is another
    /// version's.
    ///
    /// # Errors
    /// [`MigrateError::Stranded`] where nothing says what has arrived here: it may be a whole cache.
    pub fn journal(&self) -> Result<Option<Journal>, Error> {
        let journal = self.sound_journal();
        let waits = || {
            let arrived = directory(&self.at, INCOMING.as_ref());
            arrived.is_ok_and(|arrived| names(&arrived).is_ok_and(|names| !names.is_empty()))
        };
        if journal.is_none() && waits() {
            let incoming = self.path.join(NAME).join(INCOMING);
            return Err(MigrateError::Stranded { incoming }.into());
        }
        Ok(journal)
    }

    fn sound_journal(&self) -> Option<Journal> {
        let file = openat(&self.at, JOURNAL, OFlags::RDONLY | FILE, Mode::empty());
        let file = File::from(file.ok()?);
        let found = facts_of(&file, None).ok()?;
        let us = rustix::process::geteuid().as_raw();
        if found.kind != Kind::File || found.uid != us {
            return None;
        }
        let journal: Journal = serde_json::from_str(&files::text(&file).ok()?).ok()?;
        journal.is_sound().then_some(journal)
    }

    /// Writes the journal, whole or not at all. Its text is on the disk when this returns; its name
    /// gets there before whatever is renamed on the same file system afterwards.
    ///
    /// # Errors
    /// Where it cannot be written; the earlier one then still holds.
    pub fn write(&self, journal: &Journal) -> Result<(), Error> {
        let path = self.path.join(NAME).join(JOURNAL);
        let doing = |cause: std::io::Error| failed("write", &path, cause, State::Journaled);
        let text = serde_json::to_string_pretty(journal).map_err(|error| doing(error.into()))?;
        let _ = unlinkat(&self.at, NEW_JOURNAL, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
        let write = || -> std::io::Result<()> {
            let mut file =
                File::from(openat(&self.at, NEW_JOURNAL, flags, Mode::RUSR | Mode::WUSR)?);
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(renameat(&self.at, NEW_JOURNAL, &self.at, JOURNAL)?)
        };
        write().map_err(doing)
    }
}
