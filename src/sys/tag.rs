//! `CACHEDIR.TAG`: tells backup programs to leave a directory out, and cargo that it may clean it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, unlinkat};

use super::files;

/// The tag's name.
pub const NAME: &str = "CACHEDIR.TAG";

/// The signature that makes it a tag, as <https://bford.info/cachedir/> has it, and cargo's remark.
pub const CONTENT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
# This file is a cache directory tag created by cargo.\n\
# For information about cache directory tags see https://bford.info/cachedir/\n";

/// What makes a text a tag.
const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55";

const READABLE: Mode = Mode::from_raw_mode(0o644);

/// Whether an open directory has a valid tag that is a file of its own.
pub fn is_valid(directory: &File) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(directory.as_fd(), NAME, flags, Mode::empty()).map(File::from);
    let text = file.map(|file| files::text(&file).unwrap_or_default());
    text.is_ok_and(|text| text.starts_with(SIGNATURE))
}

/// Writes the tag into an open directory, and returns it, open; one that is there already stays, and
/// is none of ours.
///
/// # Errors
/// The system's; nothing half-written stays behind.
pub fn write(directory: &File) -> io::Result<Option<File>> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = match openat(directory.as_fd(), NAME, flags, READABLE) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::EXIST) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // A umask that takes away the owner's bits must not make a tag that nobody can read.
    let write = |mut file: &File| {
        fchmod(file, READABLE)?;
        file.write_all(CONTENT.as_bytes())
    };
    match write(&file) {
        Ok(()) => Ok(Some(file)),
        Err(cause) => {
            // The write's error is the one to report, whatever becomes of this.
            let _ = unlinkat(directory.as_fd(), NAME, AtFlags::empty());
            Err(cause)
        }
    }
}
