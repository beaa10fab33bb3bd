//! Pure: which build directory has to be moved to where it is the person's own.
//!
//! `build.build-dir` (stable since cargo 1.91) takes `deps`, fingerprints and incremental state
//! elsewhere. A checked-in file that points it at a shared path would bring the whole race back.

use std::path::{Path, PathBuf};

use super::decide::{self, EntryPoint, Facts};
use crate::os::lexical;
use crate::private_dir::place::Place;

/// A build directory that the configuration or the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredBuildDir {
    /// Where it leads: absolute, with the templates filled in as far as ownership depends on them.
    pub path: PathBuf,
    /// The variable, file or flag that asks for it, fit for display.
    pub origin: String,
    /// How it is asked for.
    pub asked: Asked,
}

/// How a build directory is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By a configuration file or an environment variable.
    ByConfiguration,
    /// On the command line: an explicit choice, which nothing overrides.
    Typed,
}

/// What the templates in a build directory's path stand for.
#[derive(Clone, Copy, Debug)]
pub struct Templates<'a> {
    /// `{workspace-root}`.
    pub workspace_root: &'a Path,
    /// `{cargo-cache-home}`.
    pub cargo_home: &'a Path,
}

impl Templates<'_> {
    /// The absolute path that `value` means, seen from `base`.
    pub fn fill(&self, value: &str, base: &Path) -> PathBuf {
        let text = value
            .replace("{workspace-root}", &self.workspace_root.to_string_lossy())
            .replace("{cargo-cache-home}", &self.cargo_home.to_string_lossy())
            .replace("{workspace-path-hash}", "workspace-path-hash");
        lexical::absolute(base, Path::new(&text))
    }
}

/// A build directory that is moved to where it is the person's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The new value of `CARGO_BUILD_BUILD_DIR`.
    pub to: PathBuf,
    /// What asks for another one, fit for display.
    pub instead_of: String,
}

impl Facts {
    /// Where intermediates have to go instead of where they would. What goes past the shim has one
    /// target directory for all workspaces and all copies, so there each gets its own for them.
    pub(super) fn moved_build_dir(&self, place: &Place) -> Option<Moved> {
        let mut own = self.own_places.clone();
        own.push(place.private_dir());
        let configured = self.build_dir(place);
        // `{workspace-path-hash}` knows no inode and no time of birth, which the name does.
        let name = self.own_directory.as_ref().map(|directory| directory.name.as_str());
        let to = decide::build_dir(&place.private_dir(), name);
        // What `cargo install --git` has checked out is another workspace at each commit.
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

/// Where intermediates have to go instead of where they are configured to, or `None`.
///
/// Moved where, and only where, a build directory is configured that is not the person's own;
/// always doing it would make `cargo clean --target-dir X` delete it and nested builds hang
/// (cargo#17053).
fn moved(configured: Option<&ConfiguredBuildDir>, own: &[PathBuf], to: &Path) -> Option<Moved> {
    let configured = configured.filter(|dir| dir.asked == Asked::ByConfiguration)?;
    // A home of `/`, as some service accounts have it, would make every path one's own.
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
