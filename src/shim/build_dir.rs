//! Pure: what one text of cargo's configuration says about directories, and which build directory has to
//! be moved to where it is the person's own.
//!
//! `build.build-dir` (stable since cargo 1.91) takes `deps`, fingerprints and incremental state
//! elsewhere. A checked-in file that points it at a shared path would bring the whole race back.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::excerpt;
use crate::os::lexical;

/// What one configuration text says about directories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directories {
    /// Whether it has `build.target-dir`.
    pub sets_target_dir: bool,
    /// `build.build-dir`, as it is written.
    pub build_dir: Option<String>,
    /// Files that it includes, each weaker than itself and than those before it.
    pub includes: Vec<String>,
}

impl Directories {
    /// Reads a configuration file's text, or a `--config` argument of the form `key=value`.
    ///
    /// What is no TOML says nothing: cargo reports it in its own words.
    pub fn read(text: &str) -> Directories {
        excerpt::read(text, &["-dir", "include"], Directories::of).unwrap_or_default()
    }

    fn of(table: &DeTable<'_>) -> Directories {
        let build = table.get("build").and_then(|build| build.get_ref().as_table());
        let text_of = |key: &str| build?.get(key)?.get_ref().as_str().map(str::to_owned);
        let includes = table.get("include").and_then(|list| list.get_ref().as_array());
        // Of several included files the last one is the strongest.
        let includes = includes.into_iter().flat_map(|list| list.iter().rev());
        let includes = includes.filter_map(|item| included(item.get_ref())).collect();
        Directories {
            sets_target_dir: text_of("target-dir").is_some(),
            build_dir: text_of("build-dir"),
            includes,
        }
    }
}

/// `include` is an array of paths, or of tables with a `path`; cargo takes none but `*.toml`.
fn included(value: &DeValue<'_>) -> Option<String> {
    let path = value.as_table().and_then(|table| table.get("path")).map(|path| path.get_ref());
    let path = path.unwrap_or(value).as_str()?;
    (Path::new(path).extension() == Some("toml".as_ref())).then(|| path.to_owned())
}

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

/// Where intermediates have to go instead of where they are configured to, or `None`.
///
/// Moved where, and only where, a build directory is configured that is not the person's own;
/// always doing it would make `cargo clean --target-dir X` delete it and nested builds hang
/// (cargo#17053).
pub fn moved(configured: Option<&ConfiguredBuildDir>, own: &[PathBuf], to: &Path) -> Option<Moved> {
    let configured = configured.filter(|dir| dir.asked == Asked::ByConfiguration)?;
    // A home of `/`, as some service accounts have it, would make every path one's own.
    let is_own = |place: &PathBuf| place.parent().is_some() && configured.path.starts_with(place);
    let moved = || Moved { to: to.to_path_buf(), instead_of: configured.origin.clone() };
    (!own.iter().any(is_own)).then(moved)
}

#[cfg(test)]
mod tests {
    use super::{Asked, ConfiguredBuildDir, Directories, Templates, moved};
    use std::path::{Path, PathBuf};

    #[test]
    fn reads_the_forms_that_cargo_reads() {
        for (text, target, build, includes) in [
            ("", false, None, vec![]),
            ("[build]\njobs = 2", false, None, vec![]),
            ("[build]\nbuild-dir = \"/b\"", false, Some("/b"), vec![]),
            ("build.build-dir='/b'", false, Some("/b"), vec![]),
            ("build={build-dir='/b',target-dir='t'}", true, Some("/b"), vec![]),
            ("build.target-dir = \"t\"", true, None, vec![]),
            ("# build-dir\n[alias]\nx = 'build'", false, None, vec![]),
            ("include = 'a.toml'", false, None, vec![]),
            ("include = ['/dev/stdin', 'a', 'b.toml.bak', '.toml']", false, None, vec![]),
            (
                "include = ['a.toml', {path='b.toml', optional=true}]",
                false,
                None,
                vec!["b.toml", "a.toml"],
            ),
            ("build-dir = [broken", false, None, vec![]),
            ("build = 7 # build-dir", false, None, vec![]),
        ] {
            let read = Directories::read(text);
            let includes: Vec<String> = includes.into_iter().map(String::from).collect();
            let expected = Directories {
                sets_target_dir: target,
                build_dir: build.map(String::from),
                includes,
            };
            assert_eq!(read, expected, "{text}");
        }
    }

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
