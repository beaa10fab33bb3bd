//! Whether nobody but root and the caller can replace what is about to be installed.

use std::path::Path;

use rustix::process::geteuid;

use crate::os::accounts;
use crate::os::trust::Trust;
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// Makes sure that every directory on the way to these places, as far as it exists, is root's or the
/// caller's and open to no other writer.
///
/// # Errors
/// A refusal (exit 77) that names the first that is not.
pub(crate) fn assert_trusted<'a>(places: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    let mut directories: Vec<&Path> = places.filter_map(Path::parent).collect();
    directories.sort();
    directories.dedup();
    let uid = geteuid().as_raw();
    let trust = Trust::of(uid);
    match directories.into_iter().find_map(|directory| trust.first_changeable(directory)) {
        None => Ok(()),
        // Others could replace the program that everyone is about to run.
        Some((path, entry)) => {
            let text = format!(
                "refusing to install below `{}`: it is owned by {} and has mode {:04o}, so others \
                 could replace what everyone runs",
                escaped(&path),
                accounts::owner(entry.uid),
                entry.mode
            );
            let help = "name another place with --prefix, that only root can change";
            Err(Failure::new(text).help(Look::Ancestors.at(&path, help)).exit(77))
        }
    }
}
