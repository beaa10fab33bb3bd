//! An open directory tree: looking at it and going down in it, by descriptor.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, Mode, OFlags, openat};
use rustix::io::Errno;

use super::facts::{facts_if_any, facts_of};
use super::{accounts, files, interrupt};
use crate::core::relocation::tree::{Inventory, MAX_DEPTH, Node};
use crate::error::{Error, Kind, MigrateError, Objection, State};

/// How a directory is opened, wherever it is.
const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// How a file is opened: if it has become a pipe or a terminal meanwhile, nothing waits for it.
pub(crate) const FILE: OFlags =
    OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// How that is opened which is only named and need not be readable, where the system has that.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(crate) const NAMED: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(crate) const NAMED: OFlags = OFlags::RDONLY;

/// A directory tree by the descriptor of its top.
#[derive(Debug)]
pub struct Tree {
    /// The top.
    pub top: File,
    /// Where it stood when it was opened; for messages only.
    pub path: PathBuf,
}

impl Tree {
    /// Opens a directory by its name in another one; a symlink there is not followed.
    ///
    /// # Errors
    /// The system's.
    pub fn open(parent: &File, name: &OsStr, path: PathBuf) -> io::Result<Tree> {
        Ok(Tree { top: directory(parent, name)?, path })
    }

    /// The same tree, by a descriptor of its own.
    ///
    /// # Errors
    /// The system's.
    pub fn try_clone(&self) -> io::Result<Tree> {
        Ok(Tree { top: self.top.try_clone()?, path: self.path.clone() })
    }

    /// Everything in it, sorted by name. Top-level entries that `leave_out` names are passed over.
    ///
    /// # Errors
    /// [`MigrateError::Source`] where something cannot be looked at, [`MigrateError::Hostile`] for
    /// what lies too deep, [`MigrateError::Interrupted`].
    pub fn walk(&self, leave_out: &dyn Fn(&OsStr) -> bool) -> Result<Inventory, Error> {
        let top = facts_of(&self.top).map_err(|cause| self.unseen(&[], &cause))?;
        let mut inventory = Inventory { nodes: vec![top] };
        // Numbers, not descriptors: there may be more directories than a process may have open.
        let mut pending = vec![0];
        while let Some(index) = pending.pop() {
            if interrupt::is_requested() {
                return Err(MigrateError::Interrupted { state: State::Untouched }.into());
            }
            let above = inventory.path(index);
            let directory = self.enter(&inventory, index)?;
            let names = names(&directory).map_err(|cause| self.unseen(&above, &cause))?;
            for name in names {
                if above.is_empty() && leave_out(OsStr::from_bytes(name.as_bytes())) {
                    continue;
                }
                let found = facts_if_any(&directory, &name);
                // It was taken away since its name was read.
                let Some(found) = found.map_err(|cause| self.unseen(&above, &cause))? else {
                    continue;
                };
                let node = Node { parent: Some(index), ..found };
                if node.kind == Kind::Directory {
                    pending.push(inventory.nodes.len());
                }
                inventory.nodes.push(node);
            }
        }
        Ok(inventory)
    }

    /// Opens a directory of the tree and checks that it is what was looked at.
    ///
    /// # Errors
    /// [`MigrateError::Hostile`] where another file system begins or it lies too deep,
    /// [`MigrateError::Changed`], [`MigrateError::Source`].
    pub fn enter(&self, inventory: &Inventory, index: usize) -> Result<File, Error> {
        let names = inventory.path(index);
        let Some(node) = inventory.nodes.get(index) else { return Err(self.changed(&names)) };
        if names.len() > MAX_DEPTH {
            return Err(self.hostile(inventory, index, Objection::TooDeep));
        }
        let opened = match self.go(&names) {
            Err(cause) if files::is_absence(&cause) => return Err(self.changed(&names)),
            opened => opened.map_err(|cause| self.unseen(&names, &cause))?,
        };
        let found = facts_of(&opened).map_err(|cause| self.unseen(&names, &cause))?;
        // Where a file system is mounted, the name shows what is below it and opening what is on it.
        let is_crossed = found.file_system() != node.file_system();
        match found.identity == node.identity {
            true if !is_crossed => Ok(opened),
            _ if is_crossed => Err(self.hostile(inventory, index, Objection::Mount)),
            _ => Err(self.changed(&names)),
        }
    }

    /// Opens a directory of the tree by the names that lead to it.
    ///
    /// # Errors
    /// The system's.
    pub fn go(&self, names: &[CString]) -> io::Result<File> {
        let mut at = self.top.try_clone()?;
        for name in names {
            at = directory(&at, OsStr::from_bytes(name.as_bytes()))?;
        }
        Ok(at)
    }

    /// A path in the tree, for messages.
    pub fn shown(&self, names: &[CString]) -> PathBuf {
        names
            .iter()
            .fold(self.path.clone(), |path, name| path.join(OsStr::from_bytes(name.as_bytes())))
    }

    /// Something was changed meanwhile.
    pub fn changed(&self, names: &[CString]) -> Error {
        MigrateError::Changed { path: self.shown(names), state: State::Untouched }.into()
    }

    /// Refuses an entry.
    pub fn hostile(&self, inventory: &Inventory, index: usize, objection: Objection) -> Error {
        let owner = inventory.nodes.get(index).map_or(0, |node| node.uid);
        let path = self.shown(&inventory.path(index));
        MigrateError::Hostile { path, owner: accounts::owner(owner), objection }.into()
    }

    fn unseen(&self, names: &[CString], cause: &io::Error) -> Error {
        let why = crate::error::reason(cause);
        MigrateError::Source { path: self.shown(names), why, help: None }.into()
    }
}

/// Opens a directory by its name in another one.
///
/// # Errors
/// The system's; [`io::ErrorKind::NotADirectory`] for a symlink as well.
pub fn directory(parent: &File, name: &OsStr) -> io::Result<File> {
    match openat(parent.as_fd(), name, DIRECTORY, Mode::empty()) {
        Err(Errno::LOOP) => Err(Errno::NOTDIR.into()),
        opened => Ok(File::from(opened?)),
    }
}

/// Opens a directory by its path, whose way was checked by whoever asks.
///
/// # Errors
/// The system's.
pub fn directory_at(path: &Path) -> io::Result<File> {
    Ok(File::from(rustix::fs::open(path, DIRECTORY, Mode::empty())?))
}

/// The names in a directory, sorted, without `.` and `..`.
///
/// # Errors
/// The system's.
pub fn names(directory: &File) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if ![c".", c".."].contains(&entry.file_name()) {
            names.push(entry.file_name().to_owned());
        }
    }
    names.sort();
    Ok(names)
}
