//! Cargo's own configuration, as far as it sends intermediates away from the target directory.
//!
//! `build.build-dir` (stable since cargo 1.91) takes `deps`, fingerprints and incremental state
//! elsewhere. A checked-in file that points it at a shared path would bring the whole race back.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::lexical;

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
        // Most files have none of the keys; a look for their letters is far cheaper than parsing.
        if !["build-dir", "target-dir", "include"].iter().any(|key| text.contains(key)) {
            return Directories::default();
        }
        let Ok(table) = DeTable::parse(text) else {
            return Directories::default();
        };
        let build = table.get_ref().get("build").and_then(|build| build.get_ref().as_table());
        let text_of = |key: &str| build?.get(key)?.get_ref().as_str().map(str::to_owned);
        let mut includes = Vec::new();
        if let Some(include) = table.get_ref().get("include") {
            collect_includes(include.get_ref(), &mut includes);
        }
        // Of several included files the last one is the strongest.
        includes.reverse();
        Directories {
            sets_target_dir: text_of("target-dir").is_some(),
            build_dir: text_of("build-dir"),
            includes,
        }
    }
}

/// `include` is a path, a table with a `path`, or an array of these.
fn collect_includes(value: &DeValue<'_>, into: &mut Vec<String>) {
    match value {
        DeValue::String(path) => into.push(path.to_string()),
        DeValue::Array(items) => {
            items.iter().for_each(|item| collect_includes(item.get_ref(), into));
        }
        DeValue::Table(table) => {
            if let Some(path) = table.get("path") {
                collect_includes(path.get_ref(), into);
            }
        }
        _ => {}
    }
}

/// A build directory that the configuration or the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredBuildDir {
    /// Where it leads: absolute, with the templates filled in as far as ownership depends on them.
    pub path: PathBuf,
    /// The variable, file or flag that asks for it, fit for display.
    pub origin: String,
    /// Whether the person typed it, which makes it an explicit choice that nothing overrides.
    pub is_typed: bool,
}

/// What the templates in a build directory's path stand for.
#[derive(Clone, Copy, Debug)]
pub struct Templates<'a> {
    /// `{workspace-root}`. The checkout's top directory serves: both are the same person's.
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

/// The value for `CARGO_BUILD_BUILD_DIR`, or `None` to leave it alone.
///
/// Set where, and only where, a build directory is configured that is not the person's own; always
/// setting it would make `cargo clean --target-dir X` delete it and nested builds hang (cargo#17053).
/// `target` is the person's target directory, which is where cargo's intermediates go by default.
pub fn override_for(
    configured: Option<&ConfiguredBuildDir>,
    own: &[PathBuf],
    target: &Path,
) -> Option<PathBuf> {
    let configured = configured.filter(|dir| !dir.is_typed)?;
    // A home of `/`, as some service accounts have it, would make every path one's own.
    let is_own = |place: &PathBuf| place.parent().is_some() && configured.path.starts_with(place);
    (!own.iter().any(is_own)).then(|| target.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::{ConfiguredBuildDir, Directories, Templates, override_for};
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
            ("include = 'a.toml'", false, None, vec!["a.toml"]),
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
        for (value, typed, moved) in [
            ("/shared/build", false, true),
            ("/shared/build", true, false),
            ("{workspace-root}/build", false, true),
            ("{cargo-cache-home}/build/{workspace-path-hash}", false, false),
            ("/home/alice/build", false, false),
            ("/home/alice/../bob/build", false, true),
            ("/home/alicent", false, true),
            ("/var/cache/r/alice/b", false, false),
            ("relative", false, true),
        ] {
            let path = templates.fill(value, Path::new("/srv/app"));
            let configured = ConfiguredBuildDir { path, origin: String::new(), is_typed: typed };
            let expected = moved.then(|| target.to_path_buf());
            assert_eq!(override_for(Some(&configured), &own, target), expected, "{value}");
        }
        assert_eq!(override_for(None, &own, target), None);
    }
}
