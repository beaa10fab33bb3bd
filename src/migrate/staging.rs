//! The staging directory inside the private directory, with its lock and its journal. The new target
//! directory is there until it is put in place.
//!
//! It belongs to the account that runs the migration, which is root if it is for another user. No other
//! user can change anything in it, and one that belongs to another account is refused. The new owner could
//! move it away, because its parent is theirs, but that only spoils their own move.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, fchmod, flock, fsync, mkdirat, openat, renameat,
    unlinkat,
};
use rustix::io::Errno;

use super::destination::Destination;
use super::journal::Journal;
use crate::caches::MOVED_ASIDE;
use crate::os::accounts;
use crate::os::facts::{facts, facts_if_any, facts_of};
use crate::os::files;
use crate::os::lock;
use crate::os::remove::{self, Left, Selection};
use crate::os::tree::rename;
use crate::os::tree::{FILE, Tree, directory, names};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};
use crate::ui::report;

/// Its name in the private directory.
pub(super) const NAME: &str = ".migration";
/// The new target directory, inside it.
pub(super) const INCOMING: &str = "incoming";
/// The journal, inside it.
pub(super) const JOURNAL: &str = "journal";
const NEW_JOURNAL: &str = "journal.new";

/// The open staging directory, locked.
#[derive(Debug)]
pub(super) struct Staging {
    /// The private directory that it is in.
    pub(super) private: Tree,
    /// The staging directory itself.
    pub(super) at: File,
}

impl Staging {
    /// Opens the staging directory if it exists, and locks it. Root does not use another user's: they could
    /// replace everything in it at any moment.
    pub(super) fn open(
        private: &Tree,
        destination: &Destination<'_>,
    ) -> Result<Option<Staging>, Failure> {
        let path = private.path.join(NAME);
        let failed = |cause: io::Error| Failure::step("open", &path, cause);
        let us = accounts::own_uid();
        let at = match directory(&private.top, NAME.as_ref()) {
            Ok(at) => at,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            // Another account's directory cannot be opened.
            Err(cause) => match facts(&private.top, NAME) {
                Ok(found) if found.uid != us => return Err(destination.begun_by(&path, found.uid)),
                _ => return Err(failed(cause)),
            },
        };
        let found = facts_of(&at).map_err(failed)?;
        if found.uid != us {
            return Err(destination.begun_by(&path, found.uid));
        }
        match flock(&at, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let holder = lock::holders(found.identity);
                let text = format!("another migration to this directory is running: {holder}");
                return Err(Failure::new(text).help("wait for it and run this again"));
            }
            Err(cause) => return Err(failed(cause.into())),
        }
        // The run that had it may have ended between open and lock.
        if !facts(&private.top, NAME).is_ok_and(|it| it.identity == found.identity) {
            return Staging::open(private, destination);
        }
        let staging = Staging { private: private.try_clone().map_err(failed)?, at };
        if found.mode & 0o077 != 0 {
            return Err(staging.unusable(&format!("others can reach it (mode {:04o})", found.mode)));
        }
        Ok(Some(staging))
    }

    /// Creates it, mode 0700, or opens the existing one, and locks it.
    pub(super) fn make(private: &Tree, destination: &Destination<'_>) -> Result<Staging, Failure> {
        match make_directory(&private.top, NAME) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
                Err(Failure::step("create directory", &private.path.join(NAME), cause))
            }
            // A run that ends just now may have removed it again.
            _ => Staging::open(private, destination)?
                .map_or_else(|| Staging::make(private, destination), Ok),
        }
    }

    /// Removes the journal and the staging directory, unless the latter holds a target directory.
    ///
    /// This is not synced: after a power failure the earlier state is as good.
    pub(super) fn dismiss(&self) {
        if !self.is_anything_waiting() {
            let _ = unlinkat(&self.at, INCOMING, AtFlags::REMOVEDIR);
            for file in [NEW_JOURNAL, JOURNAL] {
                let _ = unlinkat(&self.at, file, AtFlags::empty());
            }
            let _ = unlinkat(&self.private.top, NAME, AtFlags::REMOVEDIR);
        }
    }

    /// Its path, for messages only.
    pub(super) fn path(&self) -> PathBuf {
        self.private.path.join(NAME)
    }

    /// The path of the new target directory in it, for messages only.
    pub(super) fn incoming_path(&self) -> PathBuf {
        self.path().join(INCOMING)
    }

    /// Reads the journal, if there is one. An unusable journal is an error: the directory beside it may be
    /// the only copy.
    pub(super) fn journal(&self) -> Result<Option<Journal>, Failure> {
        let read = || -> io::Result<Option<Journal>> {
            let file = match openat(&self.at, JOURNAL, OFlags::RDONLY | FILE, Mode::empty()) {
                Err(Errno::NOENT) if !self.is_anything_waiting() => return Ok(None),
                file => File::from(file?),
            };
            let journal: Journal = serde_json::from_str(&files::text(&file)?)?;
            let other = || io::Error::other("another version of this program has written it");
            if journal.is_sound() { Ok(Some(journal)) } else { Err(other()) }
        };
        read().map_err(|cause| self.unusable(&reason(&cause)))
    }

    /// The error for a staging directory that a person must look at first.
    fn unusable(&self, why: &str) -> Failure {
        let path = self.path();
        let text = format!(
            "an earlier migration is unfinished, and its journal in `{}` cannot be used: {why}",
            escaped(&path)
        );
        Failure::new(text).help(self.look())
    }

    /// The help line for the remains of an earlier run; never a command that could delete the only copy.
    pub(super) fn look(&self) -> String {
        let path = quoted(&self.path());
        format!(
            "it may hold the only copy; keep that, and move it elsewhere before you continue: ls -lAR \
             {path}"
        )
    }

    fn is_anything_waiting(&self) -> bool {
        let inside = directory(&self.at, INCOMING.as_ref()).and_then(|it| names(&it));
        inside
            .map_or_else(|cause| cause.kind() != io::ErrorKind::NotFound, |names| !names.is_empty())
    }

    /// Writes the journal, mode 0600, in one step. Its content and name are on disk when this returns: the
    /// next step may be on another disk, and reach that earlier.
    pub(super) fn write(&self, journal: &Journal) -> Result<(), Failure> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
        let write = || -> io::Result<()> {
            let text = serde_json::to_string_pretty(journal)?;
            let _ = unlinkat(&self.at, NEW_JOURNAL, AtFlags::empty());
            let file = openat(&self.at, NEW_JOURNAL, flags, Mode::from_raw_mode(0o600))?;
            let mut file = File::from(file);
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            renameat(&self.at, NEW_JOURNAL, &self.at, JOURNAL)?;
            Ok(fsync(&self.at)?)
        };
        write().map_err(|cause| Failure::step("write", &self.path().join(JOURNAL), cause))
    }

    /// The inode of the new target directory in it.
    pub(super) fn waiting(&self) -> Option<u64> {
        facts(&self.at, INCOMING).ok().map(|found| found.identity.1)
    }

    /// The inode of the target directory of this name in the private directory.
    pub(super) fn placed(&self, name: &str) -> Option<u64> {
        facts(&self.private.top, name).ok().map(|found| found.identity.1)
    }

    /// Opens the new target directory in it.
    pub(super) fn incoming(&self) -> Result<Tree, Failure> {
        let path = self.incoming_path();
        let tree = Tree::open(&self.at, INCOMING.as_ref(), path.clone());
        tree.map_err(|cause| Failure::step("open", &path, cause))
    }

    /// Creates an empty directory, mode 0700, for the new target directory.
    pub(super) fn make_incoming(&self) -> Result<Tree, Failure> {
        let path = self.incoming_path();
        let made = make_directory(&self.at, INCOMING);
        let top = made.map_err(|cause| Failure::step("create directory", &path, cause))?;
        Ok(Tree { top, path })
    }

    /// Removes the new target directory, which must be a copy that we made.
    pub(super) fn discard(&self) -> Result<(), Failure> {
        let discard = || -> io::Result<()> {
            let Some(found) = facts_if_any(&self.at, INCOMING)? else { return Ok(()) };
            match remove::tree(&self.at, INCOMING.as_ref(), found.identity, Selection::All)? {
                Left::Nothing => Ok(()),
                Left::Something => Err(Errno::NOTEMPTY.into()),
            }
        };
        discard().map_err(|cause| Failure::step("remove", &self.incoming_path(), cause))
    }

    /// Puts the new target directory in place. With `is_replacing`, an existing one is renamed; it is never
    /// merged.
    pub(super) fn put(&self, name: &str, is_replacing: bool) -> Result<(), Failure> {
        let path = self.private.path.join(name);
        let failed = |cause| Failure::step("put in place", &path, cause);
        let put = || rename(&self.at, INCOMING.as_ref(), &self.private.top, name.as_ref());
        match put() {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(failed(cause)),
            Err(_) if !is_replacing => Err(occupied(&path)),
            Err(_) => Ok(keep_beside(&self.private, name).and_then(|()| put()).map_err(failed)?),
            Ok(()) => Ok(()),
        }
    }

    /// Writes renames in the private directory to disk.
    pub(super) fn sync(&self) -> Result<(), Failure> {
        let synced = fsync(&self.private.top);
        synced.map_err(|cause| Failure::step("sync", &self.private.path, cause))
    }
}

/// The error for a destination that exists already.
pub(super) fn occupied(destination: &std::path::Path) -> Failure {
    Failure::new(format!("`{}` exists already", escaped(destination)))
        .help("--replace moves it aside; nothing in it is deleted or merged")
}

/// Renames an existing target directory, and reports its new name.
fn keep_beside(private: &Tree, name: &str) -> io::Result<()> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let beside = format!("{name}{MOVED_ASIDE}{}", since.map_or(0, |since| since.as_secs()));
    rename(&private.top, name.as_ref(), &private.top, beside.as_ref())?;
    let kept = private.path.join(beside);
    report::advice(
        &format!("the old directory is kept as `{}`", escaped(&kept)),
        &"`cargo-peruser gc --apply` removes it once it is a day old",
    );
    Ok(())
}

/// Creates a directory, mode 0700 whatever the umask is, and opens it.
fn make_directory(parent: &File, name: &str) -> io::Result<File> {
    mkdirat(parent, name, Mode::from_raw_mode(0o700))?;
    let made = directory(parent, name.as_ref())?;
    fchmod(&made, Mode::from_raw_mode(0o700))?;
    Ok(made)
}
