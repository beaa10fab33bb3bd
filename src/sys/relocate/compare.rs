//! Compares a copy with its original, byte by byte, before that is taken away.

use std::fs::File;
use std::io;
use std::sync::atomic::Ordering;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::content;
use super::copy::Tally;
use super::failed;
use super::workers::share_out;
use crate::core::relocation::tree::{Inventory, Node};
use crate::error::{Error, Kind, MigrateError, State};
use crate::sys::facts::is_unchanged;
use crate::sys::interrupt;
use crate::sys::tree::{FILE, Tree};

/// Compares the files' contents.
///
/// # Errors
/// [`MigrateError::Changed`] where the original is not what it was, [`MigrateError::Interrupted`], and
/// failures, of which a copy that is not like the original is one.
pub fn compare(
    source: &Tree,
    inventory: &Inventory,
    copy: &Tree,
    tally: &Tally,
) -> Result<(), Error> {
    let comparing = Comparing { source, inventory, copy, tally };
    let is_file = |index: &usize| {
        inventory.nodes.get(*index).is_some_and(|node| node.kind == Kind::File && node.size > 0)
    };
    let files: Vec<usize> = inventory.split().0.into_iter().filter(is_file).collect();
    let died = || comparing.failed(0, Errno::CANCELED.into());
    share_out(&files, |chunk| chunk.iter().try_for_each(|index| comparing.file(*index)), died)
}

struct Comparing<'a> {
    source: &'a Tree,
    inventory: &'a Inventory,
    copy: &'a Tree,
    tally: &'a Tally,
}

impl Comparing<'_> {
    fn file(&self, index: usize) -> Result<(), Error> {
        let Some(node) = self.inventory.nodes.get(index) else { return Ok(()) };
        let parent = node.parent.unwrap_or_default();
        let names = self.inventory.path(parent);
        let changed = || self.source.changed(&self.inventory.path(index));
        let original =
            open(&self.source.enter(self.inventory, parent)?, node).map_err(|_| changed())?;
        if !is_unchanged(&original, node) {
            return Err(changed());
        }
        let copy = self.copy.go(&names).and_then(|at| open(&at, node));
        let copy = copy.map_err(|cause| self.failed(index, cause))?;
        let compared = &self.tally.bytes;
        match content::is_alike(&original, &copy, node, compared) {
            Ok(true) => self.tally.files.fetch_add(1, Ordering::Relaxed),
            _ if interrupt::is_requested() => {
                return Err(MigrateError::Interrupted { state: State::Untouched }.into());
            }
            _ if !is_unchanged(&original, node) => return Err(changed()),
            Ok(false) => return Err(self.failed(index, unlike())),
            Err(cause) => return Err(self.failed(index, cause)),
        };
        Ok(())
    }

    fn failed(&self, index: usize, cause: io::Error) -> Error {
        let path = self.copy.shown(&self.inventory.path(index));
        failed("verify", &path, cause, State::Untouched)
    }
}

/// What is wrong with a copy that has other content.
pub fn unlike() -> io::Error {
    io::Error::other("the copy is not like the original")
}

fn open(directory: &File, node: &Node) -> io::Result<File> {
    Ok(openat(directory, &*node.name, OFlags::RDONLY | FILE, Mode::empty())?.into())
}
