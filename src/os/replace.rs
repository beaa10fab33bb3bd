//! Replaces a user's file (settings, a shell's rc file, a program) as a whole or not at all.
//!
//! The new content is written to a file beside the old one, which is then renamed over it. After a
//! crash, with a full disk or for a reader in between, the file is either old or new. A symlink is kept
//! and the file that it points to is replaced, because people keep their dotfiles in repositories.

mod attributes;
mod beside;
mod existing_file;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use beside::Beside;
pub use beside::{beside, clear_leftover};
use existing_file::ExistingFile;
pub use existing_file::assert_can_create;

use super::files;
use crate::os::entry::Entry;
use crate::os::entry::Kind;
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// A file as it was read, to compare new content with and to be replaced.
#[derive(Clone, Debug)]
pub struct Original {
    path: PathBuf,
    /// Where the file really is: `path` without symlinks.
    place: PathBuf,
    found: Option<ExistingFile>,
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
                Some(ExistingFile::read(&place).map_err(failed)?)
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
        self.found.as_ref().map(|found| found.bytes.as_slice())
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
        self.found.as_ref().map(|found| found.entry.mode)
    }

    /// Makes sure that the file can be replaced: its owner has write permission, the caller owns it, it
    /// has no other hard link, and its directory is writable.
    ///
    /// # Errors
    /// The reason why it cannot be replaced.
    pub fn assert_writable(&self) -> Result<(), Failure> {
        if let Some(found) = &self.found {
            found.assert_replaceable(&self.path)?;
        }
        assert_can_create(&self.place, &self.path)
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
        let failed = |cause| Failure::file("write", &self.path, cause);
        let directory = self.place.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(directory).map_err(failed)?;
        let beside = Beside::create(&self.place).map_err(failed)?;
        beside.fill(bytes, self.found.as_ref(), mode).map_err(failed)?;
        self.assert_unchanged()?;
        beside.rename(&self.place).map_err(failed)?;
        sync(directory).map_err(failed)
    }

    /// Removes the file, if it is unchanged since it was read.
    ///
    /// # Errors
    /// The same as [`Original::replace`].
    pub fn remove(&self) -> Result<(), Failure> {
        self.assert_writable()?;
        self.assert_unchanged()?;
        match std::fs::remove_file(&self.place) {
            Err(error) if !files::is_absence(&error) => {
                Err(Failure::file("remove", &self.path, error))
            }
            _ => Ok(()),
        }
    }

    /// Removes a leftover of a killed run beside the file, unless that run is still active.
    ///
    /// # Errors
    /// Any I/O error.
    pub fn clear_leftover(&self) -> Result<(), Failure> {
        match clear_leftover(&self.place) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock || files::is_absence(&error) =>
            {
                Ok(())
            }
            cleared => {
                cleared.map_err(|error| Failure::file("remove", &beside(&self.place), error))
            }
        }
    }

    /// Another program may have saved the file meanwhile. A moment remains between this check and the
    /// rename, as in every program that replaces a file.
    fn assert_unchanged(&self) -> Result<(), Failure> {
        let now = Original::read(&self.path)?;
        if now.place == self.place && now.found == self.found {
            Ok(())
        } else {
            Err(changed_meanwhile(&self.path))
        }
    }
}

/// Whether two files have the same content.
///
/// # Errors
/// Any I/O error.
pub fn is_same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (files::open_regular(one)?.0, files::open_regular(other)?.0);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut content, mut others) = (Vec::new(), Vec::new());
    one.read_to_end(&mut content)?;
    other.read_to_end(&mut others)?;
    Ok(content == others)
}

/// Makes a rename survive a power loss.
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
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
