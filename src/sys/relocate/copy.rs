//! Copies a tree for one person, several files at once.
//!
//! Directories first, then the files, then the further names of those that have several, and the
//! directories' own times last, because everything before would change them. Each file is compared,
//! open, with what was looked at, before and after it is read.

mod entry;

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, fchmod, futimens, linkat, mkdirat};
use rustix::io::Errno;

use entry::times;

use super::content::Abilities;
pub use super::content::Contents;
use super::give::chown;
use super::workers::share_out;
use super::{Person, failed};
use crate::core::relocation::tree::{Inventory, Node, own_mode};
use crate::error::{Error, Kind, MigrateError, State};
use crate::sys::tree::Tree;
use crate::sys::{files, interrupt};

/// How far a copy is, for whoever watches.
#[derive(Debug, Default)]
pub struct Tally {
    /// Bytes of files that are done.
    pub bytes: AtomicU64,
    /// Files and symlinks that are done.
    pub files: AtomicU64,
}

/// Copies everything in `source` into the empty directory `to`; how the contents came there.
///
/// # Errors
/// [`MigrateError::Changed`], [`MigrateError::Closed`], [`MigrateError::Interrupted`], and
/// failures. The source is as it was then; what was copied is for the caller to take away.
pub fn copy(
    source: &Tree,
    inventory: &Inventory,
    to: &Tree,
    person: Person,
    tally: &Tally,
) -> Result<Contents, Error> {
    let copying = Copying { source, inventory, to, person, tally, abilities: Abilities::unknown() };
    copying.directories()?;
    let (files, further) = inventory.split();
    let died = || copying.failed(0, Errno::CANCELED.into());
    share_out(&files, |chunk| copying.chunk(chunk), died)?;
    copying.further_names(&further)?;
    copying.finish()?;
    Ok(copying.abilities.contents())
}

struct Copying<'a> {
    source: &'a Tree,
    inventory: &'a Inventory,
    to: &'a Tree,
    person: Person,
    tally: &'a Tally,
    abilities: Abilities,
}

impl Copying<'_> {
    fn directories(&self) -> Result<(), Error> {
        for (index, node) in self.nodes(Kind::Directory) {
            if let Some(parent) = node.parent {
                let names = self.inventory.path(parent);
                self.to
                    .go(&names)
                    .and_then(|at| Ok(mkdirat(&at, &*node.name, Mode::from_raw_mode(0o700))?))
                    .map_err(|cause| self.failed(index, cause))?;
            }
        }
        Ok(())
    }

    /// Copies some entries; those that stand in one directory follow one another.
    fn chunk(&self, chunk: &[usize]) -> Result<(), Error> {
        let mut open: Option<(usize, File, File)> = None;
        for &index in chunk {
            if interrupt::is_requested() {
                return Err(interrupted());
            }
            let Some(node) = self.inventory.nodes.get(index) else { continue };
            let parent = node.parent.unwrap_or_default();
            if open.as_ref().is_none_or(|(at, ..)| *at != parent) {
                let names = self.inventory.path(parent);
                let to = self.to.go(&names).map_err(|cause| self.failed(index, cause))?;
                open = Some((parent, self.source.enter(self.inventory, parent)?, to));
            }
            let Some((_, from, to)) = &open else { continue };
            match node.kind {
                Kind::Symlink => self.symlink(from, to, node, index)?,
                _ => self.file(from, to, node, index)?,
            }
            self.tally.files.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn further_names(&self, further: &[(usize, usize)]) -> Result<(), Error> {
        for &(index, original) in further {
            let place = |index: usize| {
                let node = self.inventory.nodes.get(index).ok_or(io::ErrorKind::NotFound)?;
                let names = self.inventory.path(node.parent.unwrap_or_default());
                Ok::<_, io::Error>((self.to.go(&names)?, node.name.clone()))
            };
            let link = || -> io::Result<()> {
                let ((from, old), (to, new)) = (place(original)?, place(index)?);
                Ok(linkat(&from, &*old, &to, &*new, AtFlags::empty())?)
            };
            link().map_err(|cause| self.failed(index, cause))?;
            self.tally.files.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Owner, mode and times of the directories, from the bottom up.
    fn finish(&self) -> Result<(), Error> {
        let mut directories: Vec<(usize, &Node)> = self.nodes(Kind::Directory).collect();
        directories.reverse();
        for (index, node) in directories {
            let finish = || -> io::Result<()> {
                let at = self.to.go(&self.inventory.path(index))?;
                if !self.person.is_oneself() {
                    chown(&at, self.person)?;
                }
                fchmod(&at, files::mode(own_mode(node.kind, node.mode)))?;
                Ok(futimens(&at, &times(node))?)
            };
            finish().map_err(|cause| self.failed(index, cause))?;
        }
        Ok(())
    }

    fn nodes(&self, kind: Kind) -> impl Iterator<Item = (usize, &Node)> {
        self.inventory.nodes.iter().enumerate().filter(move |(_, node)| node.kind == kind)
    }

    fn failed(&self, index: usize, cause: io::Error) -> Error {
        let names = self.inventory.path(index);
        failed("copy", &self.source.shown(&names), cause, State::Untouched)
    }
}

fn interrupted() -> Error {
    MigrateError::Interrupted { state: State::Untouched }.into()
}
