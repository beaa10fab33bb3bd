//! `CACHEDIR.TAG`: tells backup programs to skip a directory, and cargo that it may clean it.

use std::fs::File;
use std::io::{self, Write};

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, unlinkat};

use super::{files, tree};

/// The tag's file name.
pub const NAME: &str = "CACHEDIR.TAG";

/// The tag's content: the signature that <https://bford.info/cachedir/> demands, and cargo's remark.
pub const CONTENT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
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

/// Writes the tag into an open directory, as a whole or not at all, and returns it, open. An existing
/// tag stays; then the result is `None`.
///
/// # Errors
/// Any I/O error.
pub fn write(directory: &File) -> io::Result<Option<File>> {
    // It gets its name when it is complete. A killed process with the same id may have left it.
    let name = format!(".{NAME}.{}", std::process::id());
    let clear = || {
        let _ = unlinkat(directory, &name, AtFlags::empty());
    };
    clear();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = File::from(openat(directory, &name, flags, READABLE)?);
    let place = || tree::rename(directory, name.as_ref(), directory, NAME.as_ref());
    let placed = fill(&file).and_then(|()| place()).inspect_err(|_| clear());
    match placed {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        placed => placed.map(|()| Some(file)),
    }
}

fn fill(mut file: &File) -> io::Result<()> {
    // The umask may remove the owner's permissions, but the tag must be readable.
    fchmod(file, READABLE)?;
    file.write_all(CONTENT.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{NAME, is_valid, write};
    use crate::os::tree::directory_at;

    #[test]
    fn what_a_killed_process_of_the_same_number_has_left_is_no_tag() {
        let scratch = tempfile::tempdir().unwrap();
        let leftover = scratch.path().join(format!(".{NAME}.{}", std::process::id()));
        std::fs::write(&leftover, "Sig").unwrap();
        let directory = directory_at(scratch.path()).unwrap();
        write(&directory).unwrap();
        assert!(is_valid(&directory) && !leftover.exists());
    }
}
