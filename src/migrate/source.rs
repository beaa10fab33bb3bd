//! Where the old target directory stands: the directory that holds it, and its name there.
//!
//! Its ancestors are opened from the root of the file system, one name at a time and without following
//! symlinks, so that what is moved is what was shown.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, fsync, openat};

use crate::os::entry::Kind;
use crate::os::facts::facts;
use crate::os::files;
use crate::os::node::{Identity, Node};
use crate::os::remove::{self, Left, Selection};
use crate::os::tree::rename;
use crate::os::tree::{NAMED, Tree};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, reason};
use crate::ui::look::Look;

/// The source; it need not be there any more, nor the directory that it stood in, since a move that was
/// interrupted goes on without.
#[derive(Debug)]
pub(super) struct Source {
    /// The whole path, without symlinks.
    pub(super) path: PathBuf,
    /// The name that it has while it is being removed.
    pub(super) aside: OsString,
    parent: Option<File>,
    name: OsString,
}

/// The error for a source that cannot be moved.
pub(super) fn unfit(path: &Path, why: &str) -> Failure {
    Failure::new(format!("cannot move `{}`: {why}", escaped(path)))
}

impl Source {
    /// Finds it by its absolute path. A symlink in the last place is refused later, and never followed.
    pub(super) fn find(typed: &Path) -> Result<Source, Failure> {
        let failed = |cause: io::Error| unfit(typed, &reason(&cause));
        let path = match (typed.parent(), typed.file_name()) {
            (Some(parent), Some(name)) => {
                parent.canonicalize().unwrap_or_else(|_| parent.to_owned()).join(name)
            }
            _ => typed.canonicalize().map_err(failed)?,
        };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(unfit(typed, "it is the root of the file system"));
        };
        let parent = match descend(parent) {
            Err(cause) if files::is_absence(&cause) => None,
            parent => Some(parent.map_err(failed)?),
        };
        let aside = [OsStr::new("."), name, OsStr::new(".migrated")].into_iter().collect();
        Ok(Source { aside, parent, name: name.to_owned(), path })
    }

    fn parent(&self) -> io::Result<&File> {
        self.parent.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn facts(&self, name: &OsStr) -> io::Result<Node> {
        facts(self.parent()?, name)
    }

    /// What stands there, open; with a next step for where nothing does.
    pub(super) fn open(&self, if_gone: &str) -> Result<Tree, Failure> {
        let opened =
            self.parent().and_then(|parent| Tree::open(parent, &self.name, self.path.clone()));
        let unfit = |cause: io::Error| {
            if cause.kind() == io::ErrorKind::NotFound {
                return unfit(&self.path, "nothing is there").help(if_gone);
            }
            let kind = self.facts(&self.name).ok().map(|node| node.kind);
            let kind = kind.filter(|kind| *kind != Kind::Directory);
            let why = kind.map_or_else(|| reason(&cause), |kind| format!("it is a {kind}"));
            unfit(&self.path, &why).help(Look::Entry.at(&self.path, "name the directory itself"))
        };
        opened.map_err(unfit)
    }

    /// Whether the directory of this inode still is there.
    pub(super) fn holds(&self, inode: u64) -> bool {
        self.facts(&self.name).is_ok_and(|found| found.identity.1 == inode)
    }

    /// What was put aside of the directory of this inode, if it is there.
    pub(super) fn open_aside(&self, inode: u64) -> io::Result<Option<Tree>> {
        if !self.facts(&self.aside).is_ok_and(|found| found.identity.1 == inode) {
            return Ok(None);
        }
        Tree::open(self.parent()?, &self.aside, self.aside_path()).map(Some)
    }

    /// For messages only.
    pub(super) fn aside_path(&self) -> PathBuf {
        self.path.with_file_name(&self.aside)
    }

    /// Renames it into another directory, where the name must be free.
    pub(super) fn move_to(&self, directory: &File, name: &str) -> io::Result<()> {
        rename(self.parent()?, &self.name, directory, name.as_ref())
    }

    /// Renames an entry back to here, if the name is still free.
    pub(super) fn move_back(&self, directory: &File, name: &str) -> io::Result<()> {
        rename(directory, name.as_ref(), self.parent()?, &self.name)
    }

    /// Gives it the name that it has while it is being removed, so that nobody builds in half of it.
    pub(super) fn put_aside(&self) -> io::Result<()> {
        rename(self.parent()?, &self.name, self.parent()?, &self.aside)?;
        self.sync();
        Ok(())
    }

    /// Removes these entries of what was put aside.
    pub(super) fn remove_aside(
        &self,
        top: Identity,
        entries: &HashSet<Identity>,
    ) -> io::Result<Left> {
        let removed = remove::tree(self.parent()?, &self.aside, top, Selection::Only(entries));
        self.sync();
        removed
    }

    /// Makes a renaming last through a power failure, as far as this account may.
    fn sync(&self) {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let open = |parent| Ok(openat(parent, ".", flags, Mode::empty())?);
        if let Ok(parent) = self.parent().and_then(open) {
            let _ = fsync(&parent);
        }
    }
}

/// Opens a directory from the root of the file system on. A directory above it need not be readable.
fn descend(path: &Path) -> io::Result<File> {
    let flags = NAMED | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = File::from(rustix::fs::open("/", flags, Mode::empty())?);
    for part in path.components() {
        match part {
            Component::RootDir => {}
            Component::Normal(name) => at = File::from(openat(&at, name, flags, Mode::empty())?),
            _ => return Err(io::ErrorKind::NotFound.into()),
        }
    }
    Ok(at)
}
