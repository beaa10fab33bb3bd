//! Finds the user's own Rust tools, as they would be executed without the shim.
//!
//! Symlinks are not resolved: rustup's proxies are one program under many names.

use std::path::{Path, PathBuf};

use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::settings::Settings;
use crate::shim::installation::is_same_file;
use crate::shim::real_cargo::entries;
use crate::shim::real_cargo::{holds_programs, is_executable};
use crate::shim::toolchain::{CARGO, RUSTC};
use crate::toolchain::links::{Link, TOOLS};

/// The tools. Those beside the first `rustc` are preferred.
///
/// Searches beside the cargo that the settings name, on PATH, and where rustup puts them. Skips
/// `without`, the directory whose links are to be created.
pub(crate) fn find(
    snapshot: &Snapshot,
    settings: &Settings,
    homes: &Homes<'_>,
    without: &Path,
) -> Vec<Link> {
    let mut places = places(snapshot, settings, homes);
    places.retain(|place| holds_programs(place) && !is_ours(place, without));
    if let Some(first) = places.iter().position(|place| is_executable(&place.join(RUSTC))) {
        let first = places.remove(first);
        places.insert(0, first);
    }
    let find = |name: &'static str| {
        let mut paths = places.iter().map(|place| place.join(name));
        paths.find(|path| is_executable(path)).map(|to| Link { name, to })
    };
    TOOLS.into_iter().filter_map(find).collect()
}

fn places(snapshot: &Snapshot, settings: &Settings, homes: &Homes<'_>) -> Vec<PathBuf> {
    let named = settings.real_cargo().and_then(Path::parent).map(Path::to_owned);
    let path = snapshot.variable("PATH").unwrap_or_default();
    let on_path = entries(&path).filter_map(Result::ok).map(Path::to_owned);
    let cargo_home = homes.cargo().filter(|home| homes.is_own(home));
    let default = homes.home().map(|home| home.join(".cargo"));
    let in_homes = cargo_home.into_iter().chain(default).map(|home| home.join("bin"));
    named.into_iter().chain(on_path).chain(in_homes).collect()
}

/// Whether a directory is a toolchain directory of ours.
fn is_ours(place: &Path, directory: &Path) -> bool {
    is_same_file(place, directory)
        || std::env::current_exe().is_ok_and(|program| is_same_file(&place.join(CARGO), &program))
}
