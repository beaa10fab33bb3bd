//! The old target directory: its open parent directory, and its name there.
//!
//! Its ancestors are opened from the root of the file system, one name at a time and without following
//! symlinks. So the directory that is moved is the one that was shown.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, accessat, fsync, openat};

use crate::os::entry::Kind;
use crate::os::facts::facts;
use crate::os::files;
use crate::os::interrupt;
use crate::os::node::Inventory;
use crate::os::remove::{self, Selection};
use crate::os::tree::{Tree, reach, rename};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, reason};
use crate::ui::look::Look;
use crate::ui::report;

/// The source. It and its parent need not exist: an interrupted move can continue without them.
#[derive(Debug)]
pub(super) struct Source {
    /// The absolute path, without symlinks.
    pub(super) path: PathBuf,
    /// Its name while it is being removed.
    aside: OsString,
    parent: Option<File>,
    name: OsString,
}

/// The error for a source that cannot be moved.
pub(super) fn unfit(path: &Path, why: &str) -> Failure {
    Failure::new(format!("cannot move `{}`: {why}", escaped(path)))
}

impl Source {
    /// Finds the source by its absolute path. If the last component is a symlink, it is refused later, and
    /// never followed.
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
        let parent = reach(CWD, parent.components().map(Component::as_os_str));
        let parent = files::if_any(parent.map_err(io::Error::from)).map_err(failed)?;
        let aside = [OsStr::new("."), name, OsStr::new(".migrated")].into_iter().collect();
        Ok(Source { aside, parent, name: name.to_owned(), path })
    }

    fn parent(&self) -> io::Result<&File> {
        self.parent.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether the directory with this inode has this name.
    fn has(&self, name: &OsStr, inode: u64) -> bool {
        let found = self.parent().and_then(|parent| facts(parent, name));
        found.is_ok_and(|found| found.identity.1 == inode)
    }

    /// Opens the source. `if_gone` is the help line for a source that does not exist.
    pub(super) fn open(&self, if_gone: &str) -> Result<Tree, Failure> {
        let opened =
            self.parent().and_then(|parent| Tree::open(parent, &self.name, self.path.clone()));
        opened.map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => unfit(&self.path, "it does not exist").help(if_gone),
            _ => {
                let found = self.parent().and_then(|parent| facts(parent, &*self.name));
                let kind = found.ok().map(|it| it.kind).filter(|kind| *kind != Kind::Directory);
                let why = kind.map_or_else(|| reason(&cause), |kind| format!("it is a {kind}"));
                unfit(&self.path, &why)
                    .help(Look::Entry.at(&self.path, "name the directory itself"))
            }
        })
    }

    /// Whether the source still is the directory with this inode.
    pub(super) fn holds(&self, inode: u64) -> bool {
        self.has(&self.name, inode)
    }

    /// Renames the source into another directory. The name must be free there.
    pub(super) fn move_to(&self, directory: &File, name: &str) -> io::Result<()> {
        rename(self.parent()?, &self.name, directory, name.as_ref())
    }

    /// Renames the source back, if its name is still free.
    pub(super) fn move_back(&self, directory: &File, name: &str) -> io::Result<()> {
        rename(directory, name.as_ref(), self.parent()?, &self.name)
    }

    /// Removes the entries that were copied. Renames the source first, in one step, so that nobody builds
    /// in half of it.
    pub(super) fn remove(&self, copied: &Inventory) -> Result<(), Failure> {
        let inode = copied.inode();
        let put_aside = || -> io::Result<&File> {
            let parent = self.parent()?;
            if !self.holds(inode) {
                return Err(io::ErrorKind::NotFound.into());
            }
            rename(parent, &self.name, parent, &self.aside)?;
            Ok(parent)
        };
        let (Some(top), Ok(parent)) = (copied.top(), put_aside()) else {
            self.report_rest(inode, "");
            return Ok(());
        };
        sync(parent);
        let entries = copied.nodes.iter().map(|node| node.identity).collect();
        let what = Selection::Only(&entries);
        let removed = remove::tree(parent, &self.aside, top.identity, what);
        sync(parent);
        if let Err(cause) = removed {
            interrupt::check()?;
            return Err(Failure::step("remove", &self.aside_path(), cause));
        }
        self.report_rest(inode, ": it holds files that are not in the copy");
        Ok(())
    }

    /// Reports what is left of a copied source, under either name. No command to remove it is printed: others
    /// may be able to replace the entries that it would remove.
    pub(super) fn report_rest(&self, inode: u64, why: &str) {
        for name in [&self.name, &self.aside].into_iter().filter(|name| self.has(name, inode)) {
            let path = self.path.with_file_name(name);
            let help = Look::Content.at(&path, "remove it, if nobody needs it");
            report::advice(&format!("`{}` stays{why}", escaped(&path)), &help);
        }
    }

    /// Whether this account may remove it from its parent directory.
    pub(super) fn may_be_removed(&self) -> bool {
        let access = Access::WRITE_OK | Access::EXEC_OK;
        let parent = self.parent.as_ref();
        parent.is_some_and(|parent| accessat(parent, ".", access, AtFlags::EACCESS).is_ok())
    }

    /// Where it is while it is being removed.
    pub(super) fn aside_path(&self) -> PathBuf {
        self.path.with_file_name(&self.aside)
    }
}

/// Writes a change of names to disk, if this account may read the directory.
fn sync(directory: &File) {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    if let Ok(directory) = openat(directory, ".", flags, Mode::empty()) {
        let _ = fsync(&directory);
    }
}
