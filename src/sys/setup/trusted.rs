//! Whether nobody but root and the caller can replace what is about to be installed.

use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::core::safety::Entry;
use crate::error::{Kind, SetupError};
use crate::sys::{accounts, files};

/// Makes sure that every directory above these places, as far as it exists, is root's or the caller's
/// and open to no other writer.
///
/// # Errors
/// [`SetupError::Prefix`] for the first that is not.
pub fn assert_trusted<'a>(places: impl Iterator<Item = &'a Path>) -> Result<(), SetupError> {
    let mut seen: Vec<PathBuf> = Vec::new();
    for directory in places.filter_map(Path::parent) {
        // As it is written, and as it really is: a symlink's own way matters as much as its target's.
        for directory in [directory.to_owned(), files::without_symlinks(directory)] {
            if !seen.contains(&directory) {
                directory.ancestors().try_for_each(assert_part)?;
                seen.push(directory);
            }
        }
    }
    Ok(())
}

fn assert_part(directory: &Path) -> Result<(), SetupError> {
    let Ok(entry) = files::entry(directory) else { return Ok(()) };
    let is_foreign = entry.uid != 0 && entry.uid != geteuid().as_raw();
    if !is_foreign && !is_open(&entry) {
        return Ok(());
    }
    let owner = accounts::owner(entry.uid);
    Err(SetupError::Prefix { path: directory.to_owned(), owner, mode: entry.mode })
}

/// Whether others can replace what is in a directory. The mode of a symlink says nothing, and a group
/// without members, such as Debian's `staff`, lets nobody in.
fn is_open(entry: &Entry) -> bool {
    let writable = match entry.mode & 0o022 {
        _ if entry.kind == Kind::Symlink => false,
        0 => false,
        0o020 => !is_harmless(entry.gid),
        _ => true,
    };
    writable && entry.mode & 0o1000 == 0
}

fn is_harmless(group: u32) -> bool {
    accounts::private_group(geteuid().as_raw()) == Some(group) || accounts::has_no_members(group)
}
