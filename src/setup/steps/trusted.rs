//! Whether nobody but root and the caller can replace what is about to be installed.

use std::path::Path;

use rustix::process::geteuid;

use crate::os::accounts;
use crate::os::trust::Trust;
use crate::setup::error::SetupError;

/// Makes sure that every directory on the way to these places, as far as it exists, is root's or the
/// caller's and open to no other writer.
///
/// # Errors
/// [`SetupError::Prefix`] for the first that is not.
pub(crate) fn assert_trusted<'a>(places: impl Iterator<Item = &'a Path>) -> Result<(), SetupError> {
    let mut directories: Vec<&Path> = places.filter_map(Path::parent).collect();
    directories.sort();
    directories.dedup();
    let uid = geteuid().as_raw();
    let trust = Trust::of(uid);
    match directories.into_iter().find_map(|directory| trust.first_changeable(directory)) {
        None => Ok(()),
        Some((path, entry)) => {
            let owner = accounts::owner(entry.uid);
            Err(SetupError::Prefix { path, owner, mode: entry.mode })
        }
    }
}
