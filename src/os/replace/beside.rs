//! The file that is written beside an old one and then replaces it in one step.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Gid, Uid, fchmod, fchown, flock};

use super::attributes;
use super::existing_file::ExistingFile;
use crate::os::files;

/// A new file beside the one that it will replace. Removed on drop, unless it was renamed.
pub(super) struct Beside {
    pub(super) file: File,
    path: PathBuf,
    /// Whether it still exists.
    is_left: bool,
}

impl Beside {
    pub(super) fn create(place: &Path) -> io::Result<Beside> {
        let path = beside(place);
        let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = create().or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => clear_leftover(place).and_then(|()| create()),
            _ => Err(error),
        })?;
        // Locked while the file is open, so that no other run takes it for a leftover.
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Beside { file, path, is_left: true })
    }

    /// Writes the content, and gives the file the attributes of `like`, or the mode if there is none.
    ///
    /// The mode is set last: until then no one else can open the file, changing the owner clears set-id
    /// bits, and with an ACL the group bits are its mask.
    pub(super) fn fill(
        &self,
        bytes: &[u8],
        like: Option<&ExistingFile>,
        mode: u32,
    ) -> io::Result<()> {
        (&self.file).write_all(bytes)?;
        if let Some(ExistingFile { entry, attributes, .. }) = like {
            let own = files::opened(&self.file)?;
            if (own.uid, own.gid) != (entry.uid, entry.gid) {
                let ids = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
                fchown(&self.file, Some(ids.0), Some(ids.1))?;
            }
            attributes::copy(attributes, &self.file)?;
        }
        let mode = like.map_or(mode, |found| found.entry.mode);
        fchmod(&self.file, files::mode(mode))?;
        self.file.sync_all()
    }

    pub(super) fn rename(mut self, place: &Path) -> io::Result<()> {
        self.is_left = false;
        std::fs::rename(&self.path, place).inspect_err(|_| self.is_left = true)
    }
}

/// The path of the new file. It is always the same, so that the next run finds the leftover of a killed
/// run.
pub fn beside(place: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(".peruser-new");
    place.with_file_name(name)
}

/// Removes the leftover of a killed run beside the file at `place`; a missing one is not an error.
///
/// # Errors
/// Any I/O error, and [`io::ErrorKind::WouldBlock`] while another run uses it.
pub fn clear_leftover(place: &Path) -> io::Result<()> {
    let path = beside(place);
    match OpenOptions::new().write(true).custom_flags(CAREFULLY).open(&path) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockExclusive)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // A symlink, or a file whose mode forbids it; it is removed all the same.
        Err(_) => {}
    }
    std::fs::remove_file(&path)
}

/// Does not follow a symlink, and does not wait for a fifo's reader.
const CAREFULLY: i32 =
    rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK).bits().cast_signed();

impl Drop for Beside {
    fn drop(&mut self) {
        if self.is_left {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
