//! An open directory tree: reading it and descending in it by descriptor.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use rustix::fs::ResolveFlags;
use rustix::fs::{FileType, Mode, OFlags, SeekFrom, openat, renameat};
use rustix::io::Errno;
use rustix::path::Arg;

use super::facts::{facts_if_any, facts_of};
use super::{files, interrupt};
use crate::os::entry::Kind;
use crate::os::node::{Inventory, MAX_DEPTH, Node, is_mounted};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;

/// The flags to open a directory.
pub(crate) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The flags to open a file.
pub(crate) const FILE: OFlags = files::CAREFULLY.union(OFlags::NOFOLLOW);

/// The flags to open an entry that is only named and need not be readable, on systems that have such a
/// flag.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(crate) const NAMED: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(crate) const NAMED: OFlags = OFlags::RDONLY;

/// A directory tree with an open top directory.
#[derive(Debug)]
pub struct Tree {
    /// The top directory.
    pub top: File,
    /// The top's path when it was opened; for messages only.
    pub path: PathBuf,
}

impl Tree {
    /// Opens a directory in another one, without following a symlink.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn open(parent: &File, name: &OsStr, path: PathBuf) -> io::Result<Tree> {
        Ok(Tree { top: directory(parent, name)?, path })
    }

    /// The same tree, with a new descriptor.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn try_clone(&self) -> io::Result<Tree> {
        Ok(Tree { top: self.top.try_clone()?, path: self.path.clone() })
    }

    /// Lists everything in the tree, sorted by name, without mounted file systems. Skips the top-level
    /// entries for which `leave_out` is true.
    ///
    /// # Errors
    /// An entry cannot be examined (exit 1), the tree is too deep (77), an interrupt (130).
    pub fn walk(&self, leave_out: &dyn Fn(&OsStr) -> bool) -> Result<Inventory, Failure> {
        let top = facts_of(&self.top).map_err(|cause| self.failed("look at", &[], cause))?;
        let mut inventory = Inventory { nodes: vec![top.clone()] };
        // Indices, not descriptors: there may be more directories than a process may have open.
        let mut pending = vec![0];
        while let Some(index) = pending.pop() {
            interrupt::check()?;
            let above = inventory.path(index);
            if above.len() > MAX_DEPTH {
                let path = self.at(&above);
                let text = format!(
                    "refusing `{}`: it is nested deeper than any target directory",
                    escaped(&path)
                );
                return Err(Failure::new(text).exit(77));
            }
            let failed = |cause| self.failed("look at", &above, cause);
            let directory = self.enter(&inventory, index).map_err(failed)?;
            for name in names(&directory).map_err(failed)? {
                if above.is_empty() && leave_out(os_str(&name)) {
                    continue;
                }
                // It may have been removed since its name was read.
                let Some(found) = facts_if_any(&directory, &name).map_err(failed)? else {
                    continue;
                };
                if found.kind == Kind::Directory && !is_mounted(&top, &found) {
                    pending.push(inventory.nodes.len());
                }
                inventory.nodes.push(Node { parent: Some(index), ..found });
            }
        }
        Ok(inventory)
    }

    /// Opens a directory of the tree, and makes sure that it is the one in the inventory.
    ///
    /// # Errors
    /// Any I/O error; `ESTALE` if it is another one.
    pub fn enter(&self, inventory: &Inventory, index: usize) -> io::Result<File> {
        as_seen(self.go(&inventory.path(index))?, inventory.nodes.get(index))
    }

    /// Opens an entry of the tree, and makes sure that it is the one in the inventory.
    ///
    /// # Errors
    /// The same as [`Tree::enter`].
    pub fn open_entry(
        &self,
        inventory: &Inventory,
        index: usize,
        access: OFlags,
    ) -> io::Result<File> {
        let node = inventory.nodes.get(index);
        let Some((node, parent)) = node.and_then(|node| Some((node, node.parent?))) else {
            return self.enter(inventory, index);
        };
        let directory = self.enter(inventory, parent)?;
        let opened = openat(&directory, &*node.name, access | FILE, Mode::empty())?;
        as_seen(opened.into(), Some(node))
    }

    /// Opens a directory of the tree by the names from the top down to it.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn go(&self, names: &[CString]) -> io::Result<File> {
        let mut at = self.top.try_clone()?;
        for name in names {
            at = directory(&at, os_str(name))?;
        }
        Ok(at)
    }

    /// A path in the tree; for messages only.
    pub fn at(&self, names: &[CString]) -> PathBuf {
        names.iter().fold(self.path.clone(), |path, name| path.join(os_str(name)))
    }

    /// The failure of a step, or the failure for an entry that was changed meanwhile.
    pub fn failed(&self, doing: &str, names: &[CString], cause: io::Error) -> Failure {
        use Errno as E;
        let path = self.at(names);
        match E::from_io_error(&cause) {
            Some(E::NOENT | E::NOTDIR | E::LOOP | E::NXIO | E::STALE) => {
                Failure::new(format!("`{}` was changed meanwhile", escaped(&path)))
            }
            Some(E::ACCESS) => {
                Failure::step(doing, &path, cause).help(format!("namei -l {}", quoted(&path)))
            }
            _ => Failure::step(doing, &path, cause),
        }
    }
}

fn as_seen(file: File, seen: Option<&Node>) -> io::Result<File> {
    let found = facts_of(&file)?;
    let is_it =
        seen.is_some_and(|seen| (seen.identity, seen.mount) == (found.identity, found.mount));
    if is_it { Ok(file) } else { Err(Errno::STALE.into()) }
}

/// Opens a directory in another one.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::NotADirectory`] also for a symlink.
pub fn directory(parent: &File, name: &OsStr) -> io::Result<File> {
    match openat(parent.as_fd(), name, DIRECTORY, Mode::empty()) {
        Err(Errno::LOOP) => Err(Errno::NOTDIR.into()),
        opened => Ok(File::from(opened?)),
    }
}

/// Opens an entry of a directory, unless it is a symlink or a mount point. A process that serves a
/// mounted file system (FUSE) is not even asked, so it cannot make the caller wait.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::CrossesDevices`] for a mount point, if the system can tell.
pub fn inside(parent: &File, name: impl Arg, access: OFlags) -> io::Result<File> {
    let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    name.into_with_c_str(|name| {
        #[cfg(target_os = "linux")]
        match rustix::fs::openat2(parent, name, flags, Mode::empty(), ResolveFlags::NO_XDEV) {
            // Linux before 5.6, and sandboxes that do not know the call.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return Ok(opened.map(File::from)),
        }
        Ok(openat(parent, name, flags, Mode::empty()).map(File::from))
    })?
    .map_err(|cause| if cause == Errno::LOOP { Errno::NOTDIR } else { cause }.into())
}

/// Opens a directory by the names from another one down to it, without leaving that one's mount.
///
/// # Errors
/// The same as [`inside`].
pub fn descend(from: &File, names: &[OsString]) -> io::Result<File> {
    names.iter().try_fold(from.try_clone()?, |at, name| inside(&at, name, DIRECTORY))
}

/// Opens a directory by the names from another one down to it, without following symlinks. None of them
/// need be readable, because searching a directory takes no right to read it.
///
/// # Errors
/// Any I/O error; `ENOENT` without a name.
pub fn reach<N: Arg>(from: impl AsFd, names: impl IntoIterator<Item = N>) -> Result<File, Errno> {
    let flags = NAMED | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at: Option<File> = None;
    for name in names {
        let from = at.as_ref().map_or(from.as_fd(), AsFd::as_fd);
        at = Some(openat(from, name, flags, Mode::empty())?.into());
    }
    at.ok_or(Errno::NOENT)
}

/// Opens a directory by its path; the caller has checked its ancestors.
///
/// # Errors
/// Any I/O error.
pub fn directory_at(path: &Path) -> io::Result<File> {
    Ok(File::from(rustix::fs::open(path, DIRECTORY, Mode::empty())?))
}

/// Calls a function with each name in a directory, without `.` and `..`, and with its type if the file
/// system reports it.
///
/// # Errors
/// Any I/O error, and the function's errors.
pub fn each_name(
    directory: &File,
    mut seen: impl FnMut(&CStr, FileType) -> io::Result<()>,
) -> io::Result<()> {
    // It may have been read before.
    rustix::fs::seek(directory, SeekFrom::Start(0))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let mut buffer = Vec::with_capacity(64 << 10);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let mut entries = rustix::fs::RawDir::new(directory, buffer.spare_capacity_mut());
    // Opens the directory again, which takes a tenth of the time that counting takes.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let mut entries = rustix::fs::Dir::read_from(directory)?;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if ![c".", c".."].contains(&entry.file_name()) {
            seen(entry.file_name(), entry.file_type())?;
        }
    }
    Ok(())
}

/// The names in a directory, sorted.
///
/// # Errors
/// Any I/O error.
pub fn names(directory: &File) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    each_name(directory, |name, _| {
        names.push(name.to_owned());
        Ok(())
    })?;
    names.sort();
    Ok(names)
}

/// A name in a directory, for paths and for display.
pub(crate) fn os_str(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

/// Renames an entry to a name that must be free.
///
/// # Errors
/// Any I/O error; [`io::ErrorKind::AlreadyExists`] if the name is taken.
pub fn rename(from: &File, old: &OsStr, to: &File, new: &OsStr) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(from, old, to, new, flags) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            renamed => return Ok(renamed?),
        }
    }
    // Without the flag there is a moment in between, in which a directory could replace an empty
    // directory, and a file another file.
    if facts_if_any(to, new)?.is_some() {
        return Err(Errno::EXIST.into());
    }
    Ok(renameat(from, old, to, new)?)
}

#[cfg(test)]
mod tests {
    use super::{Tree, directory_at, names, reach};
    use rustix::fs::OFlags;
    use rustix::io::Errno;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_symlink_leads_to_the_directory_that_it_stands_in() {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir_all(scratch.path().join("real/below")).unwrap();
        symlink("real", scratch.path().join("link")).unwrap();
        let top = directory_at(scratch.path()).unwrap();
        let reach = |names: &[&str]| reach(&top, names.iter().copied());
        assert!(reach(&["real", "below"]).is_ok());
        assert!(reach(&["link", "below"]).is_err() && reach(&["link"]).is_err());
    }

    #[test]
    fn a_directory_can_be_listed_again() {
        let scratch = tempfile::tempdir().unwrap();
        fs::write(scratch.path().join("file"), "").unwrap();
        let directory = directory_at(scratch.path()).unwrap();
        for _ in 0..2 {
            assert_eq!(names(&directory).unwrap(), [c"file".to_owned()]);
        }
    }

    #[test]
    fn what_was_exchanged_since_it_was_looked_at_is_not_opened() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("top");
        fs::create_dir_all(path.join("directory")).unwrap();
        fs::write(path.join("file"), "").unwrap();
        let tree = Tree { top: directory_at(&path).unwrap(), path: path.clone() };
        let inventory = tree.walk(&|_| false).unwrap();
        let open = |index| tree.open_entry(&inventory, index, OFlags::RDONLY).map(drop);
        let names: Vec<_> = inventory.nodes.iter().map(|node| node.name.as_bytes()).collect();
        assert_eq!(names, [&b""[..], b"directory", b"file"]);
        assert!((0..3).all(|index| open(index).is_ok()));
        for name in ["directory", "file"] {
            fs::rename(path.join(name), scratch.path().join(name)).unwrap();
        }
        fs::create_dir(path.join("directory")).unwrap();
        fs::write(path.join("file"), "").unwrap();
        let is_stale = |failed: std::io::Error| Errno::from_io_error(&failed) == Some(Errno::STALE);
        assert!(open(0).is_ok());
        assert!(tree.enter(&inventory, 1).is_err_and(is_stale));
        assert!(open(2).is_err_and(is_stale));
    }
}
