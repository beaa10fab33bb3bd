//! Which directories are the caller's own, so that intermediates may stay where they are configured to go.

use std::path::{Path, PathBuf};

use crate::os::files;
use crate::os::homes::Homes;
use crate::os::trust::Trust;
use crate::shim::build_dir::ConfiguredBuildDir;

/// The caller's home and cargo's home. The latter counts only if the caller owns it: a shared one would
/// mix users' files.
pub(super) fn own_homes(homes: &Homes<'_>) -> Vec<PathBuf> {
    let cargo_home = homes.cargo().filter(|path| homes.is_own(path));
    homes.home().map(Path::to_owned).into_iter().chain(cargo_home).collect()
}

/// The caller's own directories, as far as they matter to the configured build directories.
pub(super) fn own_places<'a>(
    homes: &Homes<'_>,
    uid: u32,
    asked: impl Iterator<Item = &'a ConfiguredBuildDir>,
) -> Vec<PathBuf> {
    let asked: Vec<&Path> = asked.map(|dir| dir.path.as_path()).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let mut places = own_homes(homes);
    let homes: Vec<PathBuf> = places.iter().filter_map(|it| it.canonicalize().ok()).collect();
    places.extend(homes.iter().cloned());
    // A symlink in a checkout may point out of the home.
    let stays = |path: &&Path, place: &Path| {
        files::without_symlinks(path).starts_with(files::without_symlinks(place))
    };
    places.retain(|place| {
        asked.iter().filter(|path| path.starts_with(place)).all(|path| stays(path, place))
    });
    places.extend(asked.iter().filter_map(|path| own_place(path, uid, &homes)));
    places
}

/// The nearest existing directory at or above a path, if only the caller can access it or it is inside
/// one of `homes`. A symlink in the path is accepted if no other user can change it.
fn own_place(path: &Path, uid: u32, homes: &[PathBuf]) -> Option<PathBuf> {
    let place = path.ancestors().find(|place| place.exists())?;
    let real = place.canonicalize().ok()?;
    let found = files::entry(&real).ok()?;
    let is_own =
        found.is_directory_only_for(uid) || homes.iter().any(|home| real.starts_with(home));
    (is_own && (real == place || Trust::of(uid).covers(place))).then(|| place.to_owned())
}
