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
use super::give::chown;
use super::journal::{Journal, Next};
use super::source::Source;
use crate::caches::MOVED_ASIDE;
use crate::os::accounts;
use crate::os::facts::{facts, facts_of};
use crate::os::files;
use crate::os::lock;
use crate::os::remove::{self, Left};
use crate::os::tree::{FILE, Tree, directory, names, rename};
use crate::private_dir::provision::Person;
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
    /// The staging directory of an interrupted run, and its journal.
    pub(super) fn interrupted(
        destination: &Destination<'_>,
    ) -> Result<Option<(Staging, Journal)>, Failure> {
        let Some(staging) = Staging::open(destination)? else { return Ok(None) };
        match staging.journal(destination)? {
            Some(journal) => Ok(Some((staging, journal))),
            None => {
                // That run was stopped before its first step or after its last one.
                if !destination.request.is_dry {
                    staging.dismiss();
                }
                Ok(None)
            }
        }
    }

    /// Opens and locks the staging directory if there is one. Root does not use another user's: they could
    /// replace everything in it at any moment.
    fn open(destination: &Destination<'_>) -> Result<Option<Staging>, Failure> {
        let Some(top) = destination.existing()? else { return Ok(None) };
        let private = Tree { top, path: destination.private_dir.clone() };
        let path = private.path.join(NAME);
        let failed = |cause: io::Error| Failure::step("open", &path, cause);
        let at = match directory(&private.top, NAME.as_ref()) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            at => at,
        };
        // Another account's directory cannot be opened.
        let found = at.as_ref().map_or_else(|_| facts(&private.top, NAME), facts_of);
        let found = found.map_err(failed)?;
        if found.uid != accounts::own_uid() {
            return Err(destination.begun_by(&path, found.uid));
        }
        let at = at.map_err(failed)?;
        match flock(&at, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                let holder = lock::holders(found.identity);
                let text = format!("another migration to this directory is running: {holder}");
                return Err(Failure::new(text).help("wait for it and run this again"));
            }
            locked => locked.map_err(|cause| failed(cause.into()))?,
        }
        // The run that had it may have ended between open and lock.
        if !facts(&private.top, NAME).is_ok_and(|it| it.identity == found.identity) {
            return Err(failed(Errno::STALE.into()));
        }
        let staging = Staging { private, at };
        if found.mode & 0o077 != 0 {
            return Err(staging.unusable(&format!("others can reach it (mode {:04o})", found.mode)));
        }
        Ok(Some(staging))
    }

    /// Creates it, mode 0700, or opens the existing one, and locks it. Creates the private directory if it
    /// is missing.
    pub(super) fn make(destination: &Destination<'_>) -> Result<Staging, Failure> {
        let private = destination.establish()?;
        let failed =
            |cause| Failure::step("create directory", &destination.private_dir.join(NAME), cause);
        if let Err(cause) = make_directory(&private, NAME)
            && cause.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(failed(cause));
        }
        let staging = Staging::open(destination)?;
        let staging = staging.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        // Another migration may have been interrupted here while this one asked its question.
        match staging.journal(destination)? {
            Some(journal) => Err(destination.unfinished(&journal)),
            None => Ok(staging),
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
    /// the only copy. So is the journal of another source's move.
    fn journal(&self, destination: &Destination<'_>) -> Result<Option<Journal>, Failure> {
        let read = || -> io::Result<Option<Journal>> {
            let file = match openat(&self.at, JOURNAL, OFlags::RDONLY | FILE, Mode::empty()) {
                Err(Errno::NOENT) if !self.is_anything_waiting() => return Ok(None),
                file => File::from(file?),
            };
            let journal: Journal = serde_json::from_str(&files::text(&file)?)?;
            let other = || io::Error::other("another version of this program has written it");
            if journal.is_sound() { Ok(Some(journal)) } else { Err(other()) }
        };
        let journal = read().map_err(|cause| self.unusable(&reason(&cause)))?;
        let Some(journal) = journal else { return Ok(None) };
        let source = journal.source();
        if journal.arrived.is_none() && !files::is_there(&source) {
            let why = format!("`{}` is gone, so its copy stays incomplete", escaped(&source));
            return Err(self.unusable(&why));
        }
        match source == destination.request.source {
            true => Ok(Some(journal)),
            false => Err(destination.unfinished(&journal)),
        }
    }

    /// What to do about an interrupted move from this source.
    ///
    /// # Errors
    /// The moved directory is neither here nor in its place.
    pub(super) fn next(&self, source: &Source, journal: &Journal) -> Result<Next, Failure> {
        let placed = facts(&self.private.top, &*journal.name).ok().map(|it| it.identity.1);
        let next = journal.next(source.holds(journal.inode), self.waiting(), placed);
        if next == Next::Lost {
            let from = escaped(&source.path);
            let text = format!(
                "an earlier migration has moved `{from}`, and the directory cannot be found"
            );
            let [inside, aside] = [&self.private.path, &source.aside_path()].map(quoted);
            return Err(Failure::new(text).help(format!("look for it in {inside}, and at {aside}")));
        }
        let (from, to) = (&source.path, self.private.path.join(&journal.name));
        let (from, to) = (escaped(from), escaped(&to));
        report::note(&format!("an earlier migration of `{from}` to `{to}` was interrupted"));
        Ok(next)
    }

    /// The error for a staging directory that a person must look at first. Its help is never a command that
    /// could delete the only copy.
    fn unusable(&self, why: &str) -> Failure {
        let path = self.path();
        let text = format!(
            "an earlier migration is unfinished, and its journal in `{}` cannot be used: {why}",
            escaped(&path)
        );
        Failure::new(text).help(format!(
            "it may hold the only copy; keep that, and move it elsewhere before you continue: ls -lAR {}",
            quoted(&path)
        ))
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

    /// Opens the new target directory in it.
    pub(super) fn incoming(&self) -> Result<Tree, Failure> {
        let path = self.incoming_path();
        let tree = Tree::open(&self.at, INCOMING.as_ref(), path.clone());
        tree.map_err(|cause| Failure::step("open", &path, cause))
    }

    /// Creates an empty directory, mode 0700, for the new target directory. The new owner must be able to
    /// read it, because it becomes the top of their tree.
    pub(super) fn make_incoming(&self, person: Person) -> Result<Tree, Failure> {
        let path = self.incoming_path();
        let made = make_directory(&self.at, INCOMING)
            .and_then(|top| chown(&top, person).map(|()| top))
            .map_err(|cause| Failure::step("create directory", &path, cause));
        Ok(Tree { top: made?, path })
    }

    /// The inode of the new target directory in it.
    pub(super) fn waiting(&self) -> Option<u64> {
        facts(&self.at, INCOMING).ok().map(|found| found.identity.1)
    }

    /// Removes the new target directory, which must be a copy that we made, or empty.
    pub(super) fn discard(&self) -> Result<(), Failure> {
        let cause = match remove::entry(&self.at, INCOMING.as_ref()) {
            Ok(Left::Nothing) => return Ok(()),
            Ok(Left::Something) => Errno::NOTEMPTY.into(),
            Err(cause) => cause,
        };
        Err(Failure::step("remove", &self.incoming_path(), cause))
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
