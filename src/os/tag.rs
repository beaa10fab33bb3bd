//! `CACHEDIR.TAG`: tells backup programs to skip a directory, and cargo that it may clean it.

use std::fs::File;
use std::io::{self, Write};

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, unlinkat};

use super::{files, tree};

/// The tag's file name.
pub const NAME: &str = "CACHEDIR.TAG";

/// The tag's content: the signature that <https://bford.info/cachedir/> demands, and cargo's remark.
const CONTENT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
# This file is a cache directory tag created by cargo.\n\
# For information about cache directory tags see https://bford.info/cachedir/\n";

/// The signature: a file that starts with it is a tag.
pub const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55";

const READABLE: Mode = Mode::from_raw_mode(0o644);

/// Whether an open directory contains a valid tag that is a regular file.
pub fn is_valid(directory: &File) -> bool {
    let file = tree::inside(directory, NAME, OFlags::RDONLY | tree::FILE);
    let text = file.map(|file| files::text(&file).unwrap_or_default());
    text.is_ok_and(|text| text.starts_with(SIGNATURE))
}

/// Writes the tag into an open directory, as a whole or not at all, and returns it, open. An existing tag
/// stays; then the result is `None`.
///
/// # Errors
/// Any I/O error.
pub fn write(directory: &File) -> io::Result<Option<File>> {
    let written = match without_a_name(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => with_a_name(directory),
        written => written,
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        written => written.map(Some),
    }
}

/// The file gets its name when it is complete, so a killed run leaves nothing behind. Not every file
/// system supports files without a name.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn without_a_name(directory: &File) -> io::Result<File> {
    use rustix::fs::linkat;
    use std::os::fd::AsRawFd;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = File::from(openat(directory, ".", flags, READABLE)?);
    fill(&file)?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(rustix::fs::CWD, path, directory, NAME, AtFlags::SYMLINK_FOLLOW)?;
    Ok(file)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn without_a_name(_: &File) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The same under a name that no other process uses. A killed process with the same id may have left it.
fn with_a_name(directory: &File) -> io::Result<File> {
    let name = format!(".{NAME}.{}", std::process::id());
    let _ = unlinkat(directory, &name, AtFlags::empty());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = File::from(openat(directory, &name, flags, READABLE)?);
    let place = || tree::rename(directory, name.as_ref(), directory, NAME.as_ref());
    let placed = fill(&file).and_then(|()| place()).inspect_err(|_| {
        let _ = unlinkat(directory, &name, AtFlags::empty());
    });
    placed.map(|()| file)
}

fn fill(mut file: &File) -> io::Result<()> {
    // The umask may remove the owner's permissions, but the tag must be readable.
    fchmod(file, READABLE)?;
    file.write_all(CONTENT.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{NAME, is_valid, with_a_name};
    use crate::os::tree::directory_at;

    #[test]
    fn what_a_killed_process_of_the_same_number_has_left_is_no_tag() {
        let scratch = tempfile::tempdir().unwrap();
        let leftover = scratch.path().join(format!(".{NAME}.{}", std::process::id()));
        std::fs::write(&leftover, "Sig").unwrap();
        let directory = directory_at(scratch.path()).unwrap();
        with_a_name(&directory).unwrap();
        assert!(is_valid(&directory) && !leftover.exists());
    }
}
