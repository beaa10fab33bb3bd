//! Which inherited variables count: another user may have set them, as after `su -m` or `sudo -E`.

use std::path::{Component, Path, PathBuf};

use super::gather::private_dir;
use super::own_places::{is_inside, own_homes};
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::lexical;
use crate::os::trust::Trust;
use crate::private_dir::place::OWN_NAME;
use crate::shim::decide::{Facts, Variables};

impl Facts {
    /// `OUT_DIR` alone does not prove a build script: cargo also sets it for `cargo run` and `cargo
    /// test` of a package with a build script, and other build systems use the name. The other
    /// variables are set only for build scripts, and remain if a script removes every `CARGO_*`
    /// variable.
    ///
    /// Another user may have set all of them, as after `sudo -E`, and a build in `OUT_DIR` is only as
    /// private as that directory. So it must be one of the caller's own.
    pub(super) fn read_variables(&self, homes: &Homes<'_>) -> Variables {
        let snapshot = homes.snapshot;
        let signs = ["HOST", "TARGET", "NUM_JOBS"];
        let is_build_script = signs.iter().all(|name| snapshot.variable(name).is_some());
        let is_own = |out_dir: &PathBuf| {
            let private = self.settings.shared_root();
            let private = private.map(|root| private_dir(root, &self.account));
            let path = files::without_symlinks(out_dir);
            let nearest = path.ancestors().find_map(|above| files::entry(above).ok());
            let is_closed = nearest.is_some_and(|entry| entry.mode & 0o002 == 0)
                && !path.components().any(|part| part == Component::ParentDir);
            is_closed
                && (is_inside(&path, own_homes(homes).into_iter().chain(private))
                    || (files::owner(&path).is_ok_and(|owner| owner == Some(snapshot.uid))
                        && Trust::of(snapshot.uid).covers(&path)))
        };
        let out_dir = snapshot.variable("OUT_DIR").map(PathBuf::from);
        Variables {
            out_dir: out_dir.filter(|_| is_build_script).filter(is_own),
            ..Variables::read(|name| self.directory_variable(homes, name))
        }
    }

    /// A variable with a directory. If it points into the shared root through a symlink, the symlink is
    /// resolved, because the rules compare paths lexically.
    fn directory_variable(&self, homes: &Homes<'_>, name: &str) -> Option<PathBuf> {
        let value = homes.snapshot.variable(name)?;
        let path = lexical::absolute(&self.working_directory, Path::new(&value));
        if homes.snapshot.uid == 0 && belongs_to_ordinary_account(&path) {
            // Passed down by `su -m` or `sudo -E`: not root's choice. It is treated like a value that
            // an outer run of ours has set.
            let cache = || Some(homes.cache()?.join(OWN_NAME));
            return self.settings.shared_root().map(Path::to_owned).or_else(cache);
        }
        let Some(root) = self.settings.shared_root() else { return Some(path) };
        if path.starts_with(root) {
            return Some(path);
        }
        if is_in_cache_of_another_user(&path, homes.snapshot.uid) {
            return Some(root.into());
        }
        let real = files::without_symlinks(&path);
        Some(if real.starts_with(root) { real } else { path })
    }
}

/// Whether a path is in the private directory in another account's cache directory: after `su` or `sudo
/// -E`, variables of that account's session are still set.
fn is_in_cache_of_another_user(path: &Path, uid: u32) -> bool {
    let place = path.ancestors().find(|above| above.ends_with(OWN_NAME));
    place.is_some_and(|place| match files::owner(place) {
        Ok(owner) => owner.is_some_and(|owner| owner != uid),
        // The caller may not even examine it.
        Err(_) => true,
    })
}

/// Whether a path belongs to an ordinary account, or would if it were created.
fn belongs_to_ordinary_account(path: &Path) -> bool {
    let owners = path.ancestors().map(files::owner);
    let nearest = owners.map(Result::transpose).find_map(|owner| owner);
    !nearest.is_some_and(|owner| owner.is_ok_and(|owner| owner == 0))
}
