//! Which directories are the caller's own, so that intermediates may stay where they are configured to go.

use std::path::{Path, PathBuf};

use crate::os::files;
use crate::os::homes::Homes;
use crate::os::trust::Trust;

/// The caller's home and cargo's home. The latter counts only if the caller owns it: a shared one would
/// mix users' files.
pub(super) fn own_homes(homes: &Homes<'_>) -> Vec<PathBuf> {
    let cargo_home = homes.cargo().filter(|path| homes.is_own(path));
    homes.home().map(Path::to_owned).into_iter().chain(cargo_home).collect()
}

/// Whether a path is in one of the caller's homes, or only the caller can access its nearest existing
/// directory. A symlink in the path is accepted if no other user can change it.
pub(super) fn is_own(path: &Path, homes: &Homes<'_>) -> bool {
    let uid = homes.snapshot.uid;
    let real = files::without_symlinks(path);
    let nearest = real.ancestors().find_map(|above| files::entry(above).ok());
    let is_closed = nearest.is_some_and(|entry| entry.is_directory_only_for(uid));
    let existing = || path.ancestors().find(|above| above.exists());
    let all = own_homes(homes);
    // The home itself may be reached by a symlink, as where `/home` is one.
    let is_direct = real == path
        || all.iter().any(|home| {
            path.strip_prefix(home)
                .is_ok_and(|rest| real == files::without_symlinks(home).join(rest))
        });
    (is_closed || is_inside(&real, all))
        && (is_direct || existing().is_some_and(|path| Trust::of(uid).covers(path)))
}

/// Whether a path without symlinks is in one of these directories. Some service accounts have the home
/// `/`, which would make every path the user's own.
pub(super) fn is_inside(real: &Path, places: impl IntoIterator<Item = PathBuf>) -> bool {
    let mut places = places.into_iter().filter(|place| place.parent().is_some());
    places.any(|place| real.starts_with(files::without_symlinks(&place)))
}
