//! Pure: whether intermediates have to be moved to one of the user's own directories.
//!
//! `build.build-dir` (stable since cargo 1.91) puts `deps`, fingerprints and incremental state into
//! another directory. A checked-in configuration file with a shared path would bring the whole race
//! back.

use std::path::{Path, PathBuf};

use super::decide::{self, EntryPoint, Facts};
use crate::os::lexical;
use crate::private_dir::place::Place;
use crate::workspace::Workspace;

/// A build directory that the configuration, the environment or the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredBuildDir {
    /// Its absolute path, with the templates filled in as far as ownership depends on them.
    pub path: PathBuf,
    /// The variable, file or flag that asks for it, escaped for display.
    pub origin: String,
    /// Whether intermediates may stay there: it was typed, or is one of the caller's own places.
    pub stays: bool,
}

/// The values of the templates in a build directory's path.
#[derive(Clone, Copy, Debug)]
pub struct Templates<'a> {
    /// `{workspace-root}`.
    pub workspace_root: &'a Path,
    /// `{cargo-cache-home}`.
    pub cargo_home: &'a Path,
}

impl Templates<'_> {
    /// The absolute path of `value`, relative to `base`.
    pub fn fill(&self, value: &str, base: &Path) -> PathBuf {
        let text = value
            .replace("{workspace-root}", &self.workspace_root.to_string_lossy())
            .replace("{cargo-cache-home}", &self.cargo_home.to_string_lossy())
            .replace("{workspace-path-hash}", "workspace-path-hash");
        lexical::absolute(base, Path::new(&text))
    }
}

/// A build directory that replaces the configured one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The new value of `CARGO_BUILD_BUILD_DIR`.
    pub to: PathBuf,
    /// The origin of the replaced one, escaped for display.
    pub instead_of: String,
}

impl Facts {
    /// The build directory to use instead of the configured or default one. Builds past the shim,
    /// copies and fetched repositories have one target directory for many workspaces, so each workspace
    /// gets its own build directory there.
    ///
    /// Only a configured directory that is not the user's own is replaced. To set the variable always
    /// would make `cargo clean --target-dir X` delete the build directory, and nested builds hang
    /// (cargo#17053).
    pub(super) fn moved_build_dir(&self, place: &Place) -> Option<Moved> {
        // Each commit that `cargo install --git` checks out is another workspace.
        let is_common = self.entry_point == EntryPoint::Session
            || self.invocation.builds_copies()
            || self.invocation.git.is_some();
        let instead_of = match self.build_dir(place) {
            Some(dir) if dir.stays || dir.path.starts_with(place.private_dir()) => return None,
            Some(dir) => dir.origin.clone(),
            None if is_common => "one directory for several workspaces".into(),
            None => return None,
        };
        // `{workspace-path-hash}` does not include the inode and the birth time; the name does.
        let name = self.workspace.as_ref().map(Workspace::directory_name);
        Some(Moved { to: decide::build_dir(&place.private_dir(), name.as_deref()), instead_of })
    }
}

#[cfg(test)]
mod tests {
    use super::Templates;
    use std::path::Path;

    #[test]
    fn fills_in_what_decides_whose_it_is() {
        let (workspace_root, cargo_home) = (Path::new("/srv/app"), Path::new("/home/alice/.cargo"));
        let templates = Templates { workspace_root, cargo_home };
        for (value, expected) in [
            ("{workspace-root}/build", "/srv/app/build"),
            (
                "{cargo-cache-home}/b/{workspace-path-hash}",
                "/home/alice/.cargo/b/workspace-path-hash",
            ),
            ("/home/alice/../bob/build", "/home/bob/build"),
            ("relative", "/base/relative"),
        ] {
            assert_eq!(templates.fill(value, Path::new("/base")), Path::new(expected), "{value}");
        }
    }
}
