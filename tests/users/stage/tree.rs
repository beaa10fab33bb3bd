//! Everything below a directory.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// A place and everything below it, seen without following anything.
pub(crate) fn all_of(top: &Path) -> Vec<(PathBuf, Metadata)> {
    let metadata = top.symlink_metadata().unwrap();
    let below = if metadata.is_dir() { below(top) } else { Vec::new() };
    [vec![(top.to_owned(), metadata)], below].concat()
}

/// In order, seen without following anything.
#[track_caller]
pub(crate) fn below(directory: &Path) -> Vec<(PathBuf, Metadata)> {
    try_below(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
}

/// The same where it may change meanwhile, or not be there.
pub(crate) fn try_below(directory: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let metadata = path.symlink_metadata()?;
            if metadata.is_dir() {
                pending.push(path.clone());
            }
            found.push((path, metadata));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}
