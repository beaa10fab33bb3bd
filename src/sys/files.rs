//! `lstat` and `fstat` in the words of [`crate::core::safety`].

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FileType, Stat};

use crate::core::safety::Entry;
use crate::error::Kind;

/// What stands at a path, without following a symlink there.
///
/// # Errors
/// The system's, [`io::ErrorKind::NotFound`] included.
pub fn entry(path: &Path) -> io::Result<Entry> {
    Ok(from(&rustix::fs::lstat(path)?))
}

/// What a descriptor is open on.
///
/// # Errors
/// The system's.
pub fn opened(descriptor: impl AsFd) -> io::Result<Entry> {
    Ok(from(&rustix::fs::fstat(descriptor)?))
}

/// What stands at a path, or `None` where nothing does.
///
/// # Errors
/// The system's, for every reason but absence.
pub fn entry_if_any(path: &Path) -> io::Result<Option<Entry>> {
    match entry(path) {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a small file; what is beyond 1 MiB is not read.
///
/// # Errors
/// The system's, and [`io::ErrorKind::InvalidData`] for what is not UTF-8.
pub fn text(file: &File) -> io::Result<String> {
    let mut bytes = vec![0; 1 << 13];
    let mut length = 0;
    // A regular file gives less than was asked for only at its end, which saves the read that
    // would say so.
    while let Some(room) = bytes.get_mut(length..) {
        let read = (&mut &*file).read(room)?;
        length += read;
        if length < bytes.len() || length > 1 << 20 {
            break;
        }
        bytes.resize(bytes.len() * 2, 0);
    }
    bytes.truncate(length);
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Whether an error only says that nothing is there.
pub fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[expect(clippy::useless_conversion, reason = "the widths of these fields differ between systems")]
fn from(stat: &Stat) -> Entry {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::RegularFile => Kind::File,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        _ => Kind::Device,
    };
    Entry {
        kind,
        uid: stat.st_uid,
        mode: u32::from(stat.st_mode) & 0o7777,
        device: stat.st_dev,
        inode: stat.st_ino,
    }
}
