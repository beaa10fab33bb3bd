//! Pure: whether intermediates have to be moved to one of the user's own directories.
//!
//! `build.build-dir` (stable since cargo 1.91) puts `deps`, fingerprints and incremental state into
//! another directory. A checked-in configuration file with a shared path would bring the whole race
//! back.

use std::path::{Path, PathBuf};

use super::decide::{self, EntryPoint, Facts};
use crate::os::lexical;
use crate::private_dir::place::Place;

/// A build directory that the configuration, the environment or the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredBuildDir {
    /// Its absolute path, with the templates filled in as far as ownership depends on them.
    pub path: PathBuf,
    /// The variable, file or flag that asks for it, escaped for display.
    pub origin: String,
    /// The kind of request.
    pub asked: Asked,
}

/// The kind of request for a build directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// In a configuration file or an environment variable.
    ByConfiguration,
    /// On the command line: an explicit choice, which nothing overrides.
    Typed,
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
    pub(super) fn moved_build_dir(&self, place: &Place) -> Option<Moved> {
        let mut own = self.own_places.clone();
        own.push(place.private_dir());
        let configured = self.build_dir(place);
        // `{workspace-path-hash}` does not include the inode and the birth time; the name does.
        let name = self.own_directory.as_ref().map(|directory| directory.name.as_str());
        let to = decide::build_dir(&place.private_dir(), name);
        // Each commit that `cargo install --git` checks out is another workspace.
        let is_common = self.entry_point == EntryPoint::Session
            || self.invocation.builds_copies()
            || self.invocation.git.is_some();
        if configured.is_none() && is_common {
            let instead_of = "one directory for several workspaces".into();
            return Some(Moved { to, instead_of });
        }
        moved(configured, &own, &to)
    }
}

/// The build directory to use instead of the configured one, or `None`.
///
/// Only a configured directory that is not the user's own is replaced. To set the variable always would
/// make `cargo clean --target-dir X` delete the build directory, and nested builds hang (cargo#17053).
fn moved(configured: Option<&ConfiguredBuildDir>, own: &[PathBuf], to: &Path) -> Option<Moved> {
    let configured = configured.filter(|dir| dir.asked == Asked::ByConfiguration)?;
    // Some service accounts have the home `/`, which would make every path the user's own.
    let is_own = |place: &PathBuf| place.parent().is_some() && configured.path.starts_with(place);
    let moved = || Moved { to: to.to_path_buf(), instead_of: configured.origin.clone() };
    (!own.iter().any(is_own)).then(moved)
}

#[cfg(test)]
mod tests {
    use super::{Asked, ConfiguredBuildDir, Templates, moved};
    use std::path::{Path, PathBuf};

    #[test]
    fn moves_only_what_is_not_ones_own() {
        let templates = Templates {
            workspace_root: Path::new("/srv/app"),
            cargo_home: Path::new("/home/alice/.cargo"),
        };
        let own: Vec<PathBuf> = ["/home/alice", "/home/alice/.cargo", "/var/cache/r/alice", "/"]
            .map(PathBuf::from)
            .into();
        let target = Path::new("/var/cache/r/alice/target");
        for (value, asked, is_moved) in [
            ("/shared/build", Asked::ByConfiguration, true),
            ("/shared/build", Asked::Typed, false),
            ("{workspace-root}/build", Asked::ByConfiguration, true),
            ("{cargo-cache-home}/build/{workspace-path-hash}", Asked::ByConfiguration, false),
            ("/home/alice/build", Asked::ByConfiguration, false),
            ("/home/alice/../bob/build", Asked::ByConfiguration, true),
            ("/home/alicent", Asked::ByConfiguration, true),
            ("/var/cache/r/alice/b", Asked::ByConfiguration, false),
            ("relative", Asked::ByConfiguration, true),
        ] {
            let path = templates.fill(value, Path::new("/srv/app"));
            let configured = ConfiguredBuildDir { path, origin: String::new(), asked };
            let expected = is_moved.then(|| target.to_path_buf());
            let found = moved(Some(&configured), &own, target).map(|moved| moved.to);
            assert_eq!(found, expected, "{value}");
        }
        assert_eq!(moved(None, &own, target), None);
    }
}
