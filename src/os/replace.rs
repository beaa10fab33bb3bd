//! Replaces a user's file (settings, a shell's rc file, a program) as a whole or not at all.
//!
//! The new content is written to a file beside the old one, which is then renamed over it. After a
//! crash, with a full disk or for a reader in between, the file is either old or new. A symlink is kept
//! and the file that it points to is replaced, because people keep their dotfiles in repositories.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Gid, OFlags, Uid, accessat, fchmod, fchown};
use rustix::process::{getegid, geteuid, getgroups};

use super::{accounts, acls, files};
use crate::os::entry::Entry;
use crate::os::entry::Kind;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// The largest file that is replaced, in bytes: this program, with debugging information.
const MAX_SIZE: u64 = 512 << 20;

/// A file as it was read, to compare new content with and to be replaced.
#[derive(Clone, Debug)]
pub struct Original {
    path: PathBuf,
    /// Where the file really is: `path` without symlinks.
    place: PathBuf,
    found: Option<(Entry, Vec<u8>)>,
}

impl Original {
    /// Reads the file that `path` points to; a missing file is not an error.
    ///
    /// # Errors
    /// The path is not a regular file, or cannot be read.
    pub fn read(path: &Path) -> Result<Original, Failure> {
        let failed = |cause| Failure::file("read", path, cause);
        let place = files::without_symlinks(path);
        let found = match files::entry_if_any(&place).map_err(failed)? {
            None => None,
            Some(Entry { kind: Kind::File, .. }) => {
                let (file, entry) = files::open_regular(&place).map_err(failed)?;
                Some((entry, content(&file).map_err(failed)?))
            }
            Some(Entry { kind, .. }) => {
                return Err(cannot_edit(path, &format!("it is a {kind}, not a file"))
                    .help("put a file of your own in its place"));
            }
        };
        Ok(Original { path: path.to_owned(), place, found })
    }

    /// The content, or `None` if the file does not exist yet.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.found.as_ref().map(|(_, bytes)| bytes.as_slice())
    }

    /// The content as text; empty if the file does not exist yet.
    ///
    /// # Errors
    /// The content is not UTF-8.
    pub fn text(&self) -> Result<&str, Failure> {
        let text = std::str::from_utf8(self.bytes().unwrap_or_default());
        text.map_err(|_| {
            cannot_edit(&self.path, "it is not UTF-8").help("convert it to UTF-8 first")
        })
    }

    /// Whether the path is the file itself and not a symlink to it.
    pub fn is_direct(&self) -> bool {
        files::entry(&self.path).is_ok_and(|entry| entry.kind == Kind::File)
    }

    /// The permission bits (`07777`), or `None` if the file does not exist yet.
    pub fn mode(&self) -> Option<u32> {
        self.found.as_ref().map(|(entry, _)| entry.mode)
    }

    /// Makes sure that the file can be replaced, and that the new one can have the same owner and group:
    /// the caller owns it and is in its group, it is writable and has no other hard link, and its
    /// directory is writable.
    ///
    /// # Errors
    /// The reason why it cannot be replaced.
    pub fn assert_writable(&self) -> Result<(), Failure> {
        if let Some((entry, _)) = &self.found {
            self.assert_replaceable(entry)?;
        }
        assert_can_create(&self.place, &self.path)
    }

    fn assert_replaceable(&self, entry: &Entry) -> Result<(), Failure> {
        let (path, own) = (&self.path, geteuid());
        let access = || accessat(CWD, &self.place, Access::WRITE_OK, AtFlags::EACCESS);
        let (why, help) = if !own.is_root() && entry.uid != own.as_raw() {
            let why = format!("it belongs to {}", accounts::owner(entry.uid));
            (why, Look::Entry.at(path, "put a file of your own in its place"))
        } else if !own.is_root() && !has_group(entry.gid) {
            let group = accounts::group_word(entry.gid);
            let why = format!(
                "you are not in its group {group}, so the changed file would lose that group"
            );
            (why, Look::Entry.at(path, "give it to one of your groups"))
        } else if entry.links > 1 {
            let links = entry.links;
            let why = format!("it is one of {links} hard links, and the others would not change");
            let find = format!("find ~ -xdev -samefile {}", quoted(path));
            (why, format!("make the others symlinks; to find them: {find}"))
        } else if entry.mode & 0o200 == 0 {
            ("it is read-only".to_owned(), format!("chmod u+w {}", quoted(path)))
        } else if access().is_err() {
            // By an attribute, as of an immutable file.
            ("it is not writable".to_owned(), Look::Entry.at(path, "make it writable"))
        } else {
            return Ok(());
        };
        Err(cannot_edit(path, &why).help(help))
    }

    /// Replaces the file's content. Its owner, group, mode, ACL and other attributes stay. A new file
    /// gets `mode` whatever the umask is, and missing directories above it are created with mode 0755
    /// less the umask.
    ///
    /// # Errors
    /// The same as [`Original::assert_writable`]; an attribute would be lost; the file has changed
    /// since it was read; any I/O error. The old file stays in each case.
    pub fn replace(&self, bytes: &[u8], mode: u32) -> Result<(), Failure> {
        self.assert_writable()?;
        self.write(bytes, mode, self.found.as_ref().map(|(entry, _)| entry))
    }

    /// Puts a new file in its place: the caller's, with this mode, whatever the old one had.
    ///
    /// # Errors
    /// The file has changed since it was read; any I/O error. The old file stays in each case.
    pub fn overwrite(&self, bytes: &[u8], mode: u32) -> Result<(), Failure> {
        self.write(bytes, mode, None)
    }

    fn write(&self, bytes: &[u8], mode: u32, like: Option<&Entry>) -> Result<(), Failure> {
        let failed = |cause| Failure::file("write", &self.path, cause);
        let directory = self.place.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(directory).map_err(failed)?;
        let (file, beside) = (create_beside(&self.place).map_err(failed)?, beside(&self.place));
        let filled = self.fill(&file, bytes, mode, like).map_err(failed);
        let renamed = filled
            .and_then(|()| self.assert_unchanged())
            .and_then(|()| std::fs::rename(&beside, &self.place).map_err(failed));
        renamed.inspect_err(|_| drop(std::fs::remove_file(&beside)))?;
        // So that the rename survives a power loss.
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
    }

    /// Writes the new file, and gives it the attributes of another one, or the mode.
    ///
    /// The mode is set last: until then no one else can open the file, changing the owner clears set-id
    /// bits, and with an ACL the group bits are its mask.
    fn fill(
        &self,
        mut file: &File,
        bytes: &[u8],
        mode: u32,
        like: Option<&Entry>,
    ) -> io::Result<()> {
        file.write_all(bytes)?;
        if let Some(like) = like {
            let own = files::opened(file)?;
            if (own.uid, own.gid) != (like.uid, like.gid) {
                fchown(file, Some(Uid::from_raw(like.uid)), Some(Gid::from_raw(like.gid)))?;
            }
            acls::strip(file)?;
            copy_attributes(&files::open_regular(&self.place)?.0, file)?;
        }
        fchmod(file, files::mode(like.map_or(mode, |like| like.mode)))?;
        file.sync_all()
    }

    /// Removes the file, if it is unchanged since it was read.
    ///
    /// # Errors
    /// The same as [`Original::replace`].
    pub fn remove(&self) -> Result<(), Failure> {
        self.assert_writable()?;
        self.assert_unchanged()?;
        let removed = files::if_any(std::fs::remove_file(&self.place));
        removed.map(drop).map_err(|cause| Failure::file("remove", &self.path, cause))
    }

    /// Removes a leftover of a killed run beside the file, unless that run is still active.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn clear_leftover(&self) -> Result<(), Failure> {
        let failed = |error| Failure::file("remove", &beside(&self.place), error);
        clear_leftover(&self.place).map_err(failed)
    }

    /// Another program may have saved the file meanwhile. A moment remains between this check and the
    /// rename, as in every program that replaces a file. The ctime shows every change but one in the same
    /// tick of the clock.
    fn assert_unchanged(&self) -> Result<(), Failure> {
        let key = |(entry, _): &(Entry, _)| (entry.identity, entry.changed);
        let now = Original::read(&self.path)?;
        let is_same_file = now.found.as_ref().map(key) == self.found.as_ref().map(key);
        match is_same_file && now.place == self.place && now.bytes() == self.bytes() {
            true => Ok(()),
            false => Err(changed_meanwhile(&self.path)),
        }
    }
}

/// Creates or replaces a symlink in one step.
///
/// # Errors
/// Any I/O error; then the old entry stays.
pub fn link(path: &Path, to: &Path) -> io::Result<()> {
    clear_leftover(path)?;
    let beside = beside(path);
    symlink(to, &beside)?;
    std::fs::rename(&beside, path).inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

/// Whether two files have the same content.
///
/// # Errors
/// Any I/O error.
pub fn is_same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let [(one, a), (other, b)] = [files::open_regular(one)?, files::open_regular(other)?];
    Ok(a.size == b.size && content(&one)? == content(&other)?)
}

fn content(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 512 MiB"));
    }
    Ok(bytes)
}

/// Whether this process may give files to this group.
fn has_group(gid: u32) -> bool {
    let is_listed = || getgroups().is_ok_and(|groups| groups.iter().any(|it| it.as_raw() == gid));
    getegid().as_raw() == gid || is_listed()
}

/// Makes sure that a file can be created at `place`; messages call it `path`.
///
/// # Errors
/// The existing directory above it is not writable.
pub fn assert_can_create(place: &Path, path: &Path) -> Result<(), Failure> {
    let Some(directory) = place.ancestors().skip(1).find(|directory| directory.exists()) else {
        return Ok(());
    };
    let access = Access::WRITE_OK | Access::EXEC_OK;
    accessat(CWD, directory, access, AtFlags::EACCESS).map_err(|_| {
        let why = format!("its directory `{}` is not writable", escaped(directory));
        cannot_edit(path, &why).help(format!("ls -ld {}", quoted(directory)))
    })
}

/// The path of the new file. It is always the same, so that the next run finds the leftover of a killed
/// run.
pub fn beside(place: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(".peruser-new");
    place.with_file_name(name)
}

/// Creates the new file. It is locked while it is open, so that no other run takes it for a leftover.
fn create_beside(place: &Path) -> io::Result<File> {
    clear_leftover(place)?;
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(beside(place))?;
    file.try_lock()?;
    Ok(file)
}

/// Removes the leftover of a killed run beside the file at `place`, unless that run is still active.
///
/// # Errors
/// Any I/O error.
pub fn clear_leftover(place: &Path) -> io::Result<()> {
    let path = beside(place);
    // Does not follow a symlink, and does not wait for a fifo's reader.
    let carefully = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().write(true).custom_flags(carefully).open(&path);
    // What cannot be opened is a symlink, or a file whose mode forbids it.
    if file.is_ok_and(|file| file.try_lock().is_err()) {
        return Ok(());
    }
    files::if_any(std::fs::remove_file(&path)).map(drop)
}

/// Copies extended attributes: ACLs, security labels, and what programs store there. In a file with an
/// ACL, the group bits show the ACL's mask. Without the ACL, the mask would become the group's
/// permissions.
///
/// # Errors
/// An attribute would be lost.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    use crate::ui::failure::reason;
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    use rustix::io::Errno;
    /// The maximum size of a list of names and of a value on Linux.
    const MAX: usize = 1 << 16;
    /// Attributes of the exact bytes: the kernel removes them when the file is written to.
    const OF_CONTENT: [&[u8]; 3] = [b"security.capability", b"security.ima", b"security.evm"];

    let mut names = Vec::with_capacity(MAX);
    match flistxattr(from, rustix::buffer::spare_capacity(&mut names)) {
        Err(Errno::OPNOTSUPP) => {}
        listed => drop(listed?),
    }
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    for name in names.filter(|name| !OF_CONTENT.contains(name)) {
        let mut value = Vec::with_capacity(MAX);
        match fgetxattr(from, name, rustix::buffer::spare_capacity(&mut value)) {
            // Removed meanwhile, or readable only for the superuser.
            Err(Errno::NODATA | Errno::PERM | Errno::ACCESS) => continue,
            read => drop(read?),
        }
        // The system assigns labels: the new file has the one for its place.
        let is_label = name.starts_with(b"security.") || name.starts_with(b"trusted.");
        match fsetxattr(to, name, &value, XattrFlags::empty()) {
            Err(error) if !is_label => {
                let (name, cause) = (String::from_utf8_lossy(name), reason(&error.into()));
                let text = format!("it would lose its attribute `{}`: {cause}", escaped(&*name));
                return Err(io::Error::other(text));
            }
            _ => {}
        }
    }
    Ok(())
}

/// On other systems only owner, group and mode are kept.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn copy_attributes(_: &File, _: &File) -> io::Result<()> {
    Ok(())
}

/// The failure to edit a file (exit 1), which stays unchanged.
fn cannot_edit(path: &Path, why: &str) -> Failure {
    Failure::new(format!("cannot edit `{}`: {why}", escaped(path)))
}

/// The failure to edit a file as root (exit 1) because another account can change `place`, which is on
/// the way to the file.
pub fn changeable_by_others(path: &Path, place: &Path) -> Failure {
    let why = format!("others can change `{}`, and you are root", escaped(place));
    let help = "run this without sudo, as the owner of the file";
    cannot_edit(path, &why).help(Look::Ancestors.at(path, help))
}

/// The failure to edit a file that another program has changed since it was read (exit 1).
pub fn changed_meanwhile(path: &Path) -> Failure {
    Failure::new(format!("`{}` was changed meanwhile by another program", escaped(path)))
        .help("run the same command again")
}

#[cfg(test)]
mod tests;
