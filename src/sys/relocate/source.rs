//! Where the old cache stands: the directory that holds it, and its name there.
//!
//! The way there is opened from the root of the file system, one name at a time and without
//! following symlinks, so that what is moved is what was shown.

mod way;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Access, AtFlags, Mode, OFlags, accessat, fsync, openat};

use super::{failed, place};
use crate::core::relocation::Identity;
use crate::core::relocation::tree::{FileSystem, Node};
use crate::error::{Error, Kind, MigrateError, State, reason};
use crate::sys::facts::{facts, facts_of};
use crate::sys::remove::{self, Left, Patience, What};
use crate::sys::tree::Tree;
use crate::sys::{accounts, files};
use way::{Step, descend, gone, is_closed};

/// A place in the file system where a cache stands or stood.
#[derive(Debug)]
pub struct Site {
    /// The whole path, without symlinks.
    pub path: PathBuf,
    /// The directory that it stands in, if that is there.
    parent: Option<File>,
    /// Owner and mode of the directories from the root of the file system to that one.
    way: Vec<Step>,
    /// Its name there.
    name: OsString,
}

impl Site {
    /// Finds the place that a person has typed. What stands there need not exist any more, nor the
    /// directory that it stood in: a move that was interrupted goes on without.
    ///
    /// # Errors
    /// [`MigrateError::Source`] where the directory above it cannot be reached.
    pub fn find(typed: &Path, working_directory: &Path) -> Result<Site, Error> {
        let typed = working_directory.join(typed);
        let refused = |cause: &io::Error| -> Error {
            MigrateError::Source { path: typed.clone(), why: reason(cause), help: None }.into()
        };
        // The last name is kept as it is: a symlink there is refused later, and never followed.
        let plain = typed.components().next_back();
        let real = match (plain, typed.parent(), typed.file_name()) {
            (Some(Component::Normal(_)), Some(parent), Some(name)) => {
                match std::fs::canonicalize(parent) {
                    Err(cause) if files::is_absence(&cause) => match gone(parent) {
                        Some(parent) => return Ok(Site::without_parent(parent.join(name), name)),
                        None => return Err(refused(&cause)),
                    },
                    parent => parent.map_err(|cause| refused(&cause))?.join(name),
                }
            }
            _ => std::fs::canonicalize(&typed).map_err(|cause| refused(&cause))?,
        };
        let name = real.file_name().ok_or_else(|| refused(&io::ErrorKind::InvalidInput.into()))?;
        let (parent, way) =
            descend(real.parent().unwrap_or(Path::new("/"))).map_err(|cause| refused(&cause))?;
        Ok(Site { name: name.to_owned(), parent: Some(parent), way, path: real })
    }

    fn without_parent(path: PathBuf, name: &OsStr) -> Site {
        Site { path, parent: None, way: Vec::new(), name: name.to_owned() }
    }

    fn parent(&self) -> io::Result<&File> {
        self.parent.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The directory that it stands in, if that is there.
    pub fn parent_identity(&self) -> Option<Identity> {
        let parent = self.parent().and_then(facts_of);
        parent.ok().map(|parent| parent.identity)
    }

    fn entry(&self, name: &OsStr) -> io::Result<Node> {
        facts(self.parent()?, name)
    }

    /// What stands there; `None` where nothing does.
    ///
    /// # Errors
    /// [`MigrateError::Source`] for what is no directory or cannot be opened.
    pub fn tree(&self) -> Result<Option<Tree>, Error> {
        let open = |parent| Tree::open(parent, &self.name, self.path.clone());
        match self.parent().and_then(open) {
            Ok(tree) => Ok(Some(tree)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => {
                let path = self.path.clone();
                let why = match self.entry(&self.name) {
                    Ok(Node { kind: Kind::Symlink, .. }) => match path.canonicalize() {
                        Ok(target) => return Err(MigrateError::Symlink { path, target }.into()),
                        Err(_) => "it is a symlink that leads nowhere".into(),
                    },
                    Ok(Node { kind, .. }) if kind != Kind::Directory => format!("it is a {kind}"),
                    _ => reason(&cause),
                };
                Err(MigrateError::Source { path, why, help: None }.into())
            }
        }
    }

    /// What stands there.
    ///
    /// # Errors
    /// Those of [`Site::tree`], and [`MigrateError::Source`] where nothing does.
    pub fn existing(&self) -> Result<Tree, Error> {
        let nothing = || {
            let why = "nothing is there".into();
            MigrateError::Source { path: self.path.clone(), why, help: None }.into()
        };
        self.tree()?.ok_or_else(nothing)
    }

    /// Whether this entry still has its place.
    pub fn holds(&self, identity: Identity) -> bool {
        self.entry(&self.name).is_ok_and(|found| found.identity == identity)
    }

    /// Whether the entry can be taken out of the directory that it stands in: that is writable, and
    /// where it is sticky, one of the two is the caller's own.
    pub fn can_leave(&self, entry: &Node) -> bool {
        let access = Access::WRITE_OK | Access::EXEC_OK;
        let Ok(parent) = self.parent() else { return false };
        if accessat(parent, ".", access, AtFlags::EACCESS).is_err() {
            return false;
        }
        let Ok(parent) = facts_of(parent) else { return false };
        let is_sticky = parent.mode & 0o1000 != 0;
        accounts::is_root() || !is_sticky || [entry.uid, parent.uid].contains(&accounts::own_uid())
    }

    /// Whether others can make something under its name again, once it has moved.
    pub fn is_open(&self) -> bool {
        let parent = self.parent().and_then(facts_of);
        parent.is_ok_and(|parent| parent.mode & 0o022 != 0)
    }

    /// Whether nobody but its owner, and root, can exchange an entry there.
    pub fn is_closed(&self, owner: u32) -> bool {
        is_closed(&self.way, owner)
    }

    /// The file system that it stands on, if the directory above is there.
    pub fn file_system(&self) -> Option<FileSystem> {
        self.parent().and_then(facts_of).ok().map(|parent| parent.file_system())
    }

    /// Renames the entry into another directory, where the name must be free.
    ///
    /// # Errors
    /// The system's.
    pub fn leave_to(&self, directory: &File, name: &str) -> io::Result<()> {
        place::rename(self.parent()?, &self.name, directory, name.as_ref())
    }

    /// Renames an entry back to here, if the name is still free.
    ///
    /// # Errors
    /// The system's.
    pub fn come_back(&self, directory: &File, name: &str) -> io::Result<()> {
        place::rename(directory, name.as_ref(), self.parent()?, &self.name)
    }

    /// Gives the entry the name that it has while it is being taken away.
    ///
    /// # Errors
    /// The system's.
    pub fn put_aside(&self, aside: &OsStr) -> io::Result<()> {
        place::rename(self.parent()?, &self.name, self.parent()?, aside)
    }

    /// The name that the entry is to have while it is being taken away.
    pub fn aside(&self) -> OsString {
        let mut aside = OsString::from(".");
        aside.push(&self.name);
        aside.push(format!(".migrated-{}", std::process::id()));
        aside
    }

    /// Whether the entry has that name now.
    pub fn is_aside(&self, aside: &OsStr, identity: Identity) -> bool {
        self.entry(aside).is_ok_and(|found| found.identity == identity)
    }

    /// The entry that was put aside, open.
    ///
    /// # Errors
    /// [`MigrateError::Failed`].
    pub fn tree_aside(&self, aside: &OsStr) -> Result<Tree, Error> {
        let path = self.path.with_file_name(aside);
        let tree = self.parent().and_then(|parent| Tree::open(parent, aside, path.clone()));
        tree.map_err(|cause| failed("open", &path, cause, State::Journaled))
    }

    /// Removes the entry that was put aside.
    ///
    /// # Errors
    /// Failures; what is left can be removed by a next run.
    pub fn remove_aside(
        &self,
        aside: &OsStr,
        identity: Identity,
        what: What<'_>,
    ) -> Result<Left, Error> {
        let removed = self
            .parent()
            .and_then(|parent| remove::tree(parent, aside, identity, what, Patience::UntilAsked));
        self.settle();
        removed.map_err(|cause| {
            let path = self.path.with_file_name(aside);
            match cause.kind() {
                io::ErrorKind::Interrupted => {
                    MigrateError::Interrupted { state: State::Journaled }.into()
                }
                _ => failed("remove", &path, cause, State::Journaled),
            }
        })
    }

    /// Makes a renaming last through a power failure, as far as this account may.
    pub fn settle(&self) {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let open = |parent| Ok(openat(parent, ".", flags, Mode::empty())?);
        if let Ok(parent) = self.parent().and_then(open) {
            let _ = fsync(&parent);
        }
    }
}
