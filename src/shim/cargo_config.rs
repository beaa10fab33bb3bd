//! Reads cargo's own configuration: the two settings for the target and build directories, aliases, in
//! which these may be set as well, and a wrapper around the compiler.
//!
//! Only existing files are opened, and most of them are not even parsed. Cargo will report files that
//! cannot be read. A user who can write to one of these files must not be able to block another user's
//! login, so only regular files of bounded size and number are read, each once.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use toml::de::DeTable;

use crate::os::entry::Entry;
use crate::os::files;
use crate::os::lexical::near;
use crate::shim::alias;
use crate::shim::argv::Invocation;
use crate::shim::build_dir::{Asked, ConfiguredBuildDir, Templates};
use crate::shim::configured_directories::Directories;
use crate::shim::excerpt;
use crate::ui::escape::escaped;

/// The maximum number of bytes in all files; the file that exceeds it is still read.
const MAX_SIZE: usize = 1 << 20;
/// The maximum number of included files.
const MAX_INCLUDES: usize = 64;

/// One text of cargo's configuration.
struct ConfigText {
    text: String,
    /// The file or flag that it is from, escaped for display.
    origin: String,
    /// The base of its relative directories.
    base: PathBuf,
    /// The base of its relative includes.
    includes: PathBuf,
    /// Its directories, parsed when they are needed: the text may be a megabyte.
    directories: OnceCell<Directories>,
}

impl ConfigText {
    fn directories(&self) -> &Directories {
        self.directories.get_or_init(|| Directories::read(&self.text))
    }

    /// The build directory that it asks for, if any.
    fn build_dir(&self, templates: &Templates<'_>, asked: Asked) -> Option<ConfiguredBuildDir> {
        let value = self.directories().build_dir.as_ref()?;
        let path = templates.fill(value, &self.base);
        Some(ConfiguredBuildDir { path, origin: self.origin.clone(), asked })
    }

    /// Whether it has `build.rustc-wrapper`; an empty value also counts and means no wrapper.
    fn has_wrapper(&self) -> bool {
        let of = |table: &DeTable<'_>| {
            let build = table.get("build").and_then(|build| build.get_ref().as_table());
            build.is_some_and(|build| build.contains_key("rustc-wrapper"))
        };
        excerpt::read(&self.text, &["rustc-wrapper"], of).unwrap_or_default()
    }
}

/// Whether a `--config` has `build.target-dir`, and the build directory that a `--config` asks for.
pub fn typed_directories(
    invocation: &Invocation,
    working_directory: &Path,
    templates: &Templates<'_>,
) -> (bool, Option<ConfiguredBuildDir>) {
    let (mut sets_target_dir, mut build_dir) = (false, None);
    let look = |source: &ConfigText| {
        sets_target_dir |= source.directories().sets_target_dir;
        build_dir = build_dir.take().or_else(|| source.build_dir(templates, Asked::Typed));
        (sets_target_dir && build_dir.is_some()).then_some(())
    };
    let _ = typed(invocation, working_directory, look);
    (sets_target_dir, build_dir)
}

/// The build directory that configuration files ask for. The nearest file wins.
pub fn build_dir(
    working_directory: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
    templates: &Templates<'_>,
) -> Option<ConfiguredBuildDir> {
    let asked = |source: &ConfigText| source.build_dir(templates, Asked::ByConfiguration);
    in_files(working_directory, cargo_home, here, asked)
}

/// The meaning of an alias in configuration files. The nearest file wins.
pub fn alias(
    name: &str,
    working_directory: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
) -> Option<Vec<OsString>> {
    let meaning = |source: &ConfigText| alias::meaning(&source.text, name);
    in_files(working_directory, cargo_home, here, meaning)
}

/// Whether a `--config` or a configuration file names a wrapper around the compiler.
pub fn names_a_wrapper(
    invocation: &Invocation,
    working_directory: &Path,
    start: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
) -> bool {
    let names_one = |source: &ConfigText| source.has_wrapper().then_some(());
    typed(invocation, working_directory, names_one)
        .or_else(|| in_files(start, cargo_home, here, names_one))
        .is_some()
}

/// Calls `says` with the `--config` arguments, the strongest (last) first, until it returns a result.
/// Each is a file's path or TOML.
fn typed<T>(
    invocation: &Invocation,
    working_directory: &Path,
    mut says: impl FnMut(&ConfigText) -> Option<T>,
) -> Option<T> {
    let mut reader = Reader::default();
    invocation.configs.iter().rev().find_map(|argument| {
        let file = working_directory.join(argument);
        let source = match reader.read(&file) {
            Some(source) => source,
            // A pipe from the shell (`--config <(…)`): reading it here would leave nothing for cargo.
            None if files::is_there(&file) => return None,
            None => ConfigText {
                text: argument.to_string_lossy().into_owned(),
                origin: "--config".to_owned(),
                base: working_directory.to_owned(),
                includes: working_directory.to_owned(),
                directories: OnceCell::new(),
            },
        };
        reader.search(&source, &mut says)
    })
}

/// Calls `says` with the configuration files that cargo reads for a directory, the nearest first, until
/// it returns a result.
fn in_files<T>(
    working_directory: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
    mut says: impl FnMut(&ConfigText) -> Option<T>,
) -> Option<T> {
    let mut reader = Reader { here, ..Reader::default() };
    let is_there = |place: &Path| rustix::fs::access(&*near(here, place), Access::EXISTS).is_ok();
    let above = working_directory.ancestors().map(|directory| directory.join(".cargo"));
    let places = above.filter(|place| is_there(place));
    // Then it was read on the way up.
    let is_above = |home: &Path| {
        home.ends_with(".cargo")
            && home.parent().is_some_and(|it| working_directory.starts_with(it))
    };
    let cargo_home = cargo_home.filter(|home| !is_above(home)).map(Path::to_owned);
    places.chain(cargo_home).find_map(|place| {
        // If both exist, cargo reads the one without an extension.
        let names = ["config", "config.toml"];
        let source = names.iter().find_map(|name| reader.read(&place.join(name)))?;
        reader.search(&source, &mut says)
    })
}

/// Reads each file at most once: cargo itself refuses files that include each other.
#[derive(Default)]
struct Reader<'a> {
    /// The process's working directory.
    here: Option<&'a Path>,
    /// Device and inode of every file that was read.
    seen: Vec<(u64, u64)>,
    /// The number of included files so far, whether they exist or not.
    included: usize,
    /// The number of bytes read so far.
    size: usize,
}

impl Reader<'_> {
    /// Calls `says` with a text and then with the files that it includes, until it returns a result.
    fn search<T>(
        &mut self,
        source: &ConfigText,
        says: &mut impl FnMut(&ConfigText) -> Option<T>,
    ) -> Option<T> {
        let found = says(source);
        if found.is_some() {
            return found;
        }
        for path in &source.directories().includes {
            self.included += 1;
            if self.included > MAX_INCLUDES {
                break;
            }
            let included = self.read(&source.includes.join(path));
            if let Some(found) = included.and_then(|source| self.search(&source, says)) {
                return Some(found);
            }
        }
        None
    }

    /// Reads a file that was not read before. Its directories are relative to the parent of its own
    /// directory, whether that is `.cargo` or not.
    fn read(&mut self, path: &Path) -> Option<ConfigText> {
        let (file, Entry { identity, .. }) = files::open_regular(&near(self.here, path)).ok()?;
        if self.seen.contains(&identity) {
            return None;
        }
        self.seen.push(identity);
        let text = files::text(&file).ok().filter(|_| self.size <= MAX_SIZE)?;
        self.size += text.len();
        let includes = path.parent().unwrap_or(Path::new("/")).to_owned();
        let base = includes.parent().unwrap_or(Path::new("/")).to_owned();
        let (origin, directories) = (format!("`{}`", escaped(path)), OnceCell::new());
        Some(ConfigText { text, origin, base, includes, directories })
    }
}

#[cfg(test)]
mod tests {
    use super::{Templates, build_dir, typed_directories};
    use crate::shim::argv::Invocation;
    use crate::shim::build_dir::Asked;
    use std::ffi::OsString;
    use std::fs::{create_dir_all, write};
    use std::path::Path;

    fn templates() -> Templates<'static> {
        Templates { workspace_root: Path::new("/w"), cargo_home: Path::new("/c") }
    }

    #[test]
    fn directories_in_files_are_relative_to_what_holds_their_directory() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path();
        create_dir_all(top.join("a/.cargo")).unwrap();
        create_dir_all(top.join("a/b")).unwrap();
        write(top.join("a/.cargo/config.toml"), "include = ['more.toml']").unwrap();
        write(top.join("a/.cargo/more.toml"), "build.build-dir = 'out'").unwrap();
        let found = build_dir(&top.join("a/b"), None, None, &templates()).unwrap();
        assert_eq!(found.path, top.join("a/out"));
        assert_eq!(found.asked, Asked::ByConfiguration);
    }

    #[test]
    fn the_nearest_file_and_the_name_without_an_ending_win() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path();
        create_dir_all(top.join(".cargo")).unwrap();
        create_dir_all(top.join("a/.cargo")).unwrap();
        write(top.join(".cargo/config.toml"), "build.build-dir = 'far'").unwrap();
        let found = || build_dir(&top.join("a"), None, None, &templates()).unwrap().path;
        assert_eq!(found(), top.join("far"));
        write(top.join("a/.cargo/config.toml"), "build.build-dir = 'near'").unwrap();
        assert_eq!(found(), top.join("a/near"));
        write(top.join("a/.cargo/config"), "build.build-dir = 'old'").unwrap();
        assert_eq!(found(), top.join("a/old"));
    }

    #[test]
    fn what_is_included_is_bounded_in_number_and_in_size() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path();
        create_dir_all(top.join(".cargo")).unwrap();
        // Of several that are included the last is asked first.
        for (files, padding, is_found) in [(64, 0, true), (65, 0, false), (3, 600_000, false)] {
            let names: Vec<String> = (0..files).map(|file| format!("'{file}.toml'")).collect();
            let including = format!("include = [{}]", names.join(", "));
            write(top.join(".cargo/config.toml"), including).unwrap();
            for file in 0..files {
                let text = if file == 0 { "build.build-dir = 'out'\n" } else { "" };
                let text = text.to_owned() + &"#".repeat(padding);
                write(top.join(format!(".cargo/{file}.toml")), text).unwrap();
            }
            let found = build_dir(top, None, None, &templates());
            assert_eq!(found.is_some(), is_found, "{files} files with {padding} bytes");
        }
    }

    #[test]
    fn typed_configuration_is_a_file_or_toml_and_the_last_wins() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path();
        create_dir_all(top.join("sub")).unwrap();
        write(top.join("sub/c.toml"), "[build]\ntarget-dir = 't'\nbuild-dir = 'in-file'").unwrap();
        for (words, sets, path) in [
            (vec!["--config", "sub/c.toml"], true, Some("in-file")),
            (vec!["--config", "build.build-dir='typed'"], false, Some("typed")),
            (
                vec!["--config", "sub/c.toml", "--config", "build.build-dir='typed'"],
                true,
                Some("typed"),
            ),
            (vec!["--config", "include=['sub/c.toml']"], true, Some("in-file")),
            (vec!["--config", "build.target-dir='x'"], true, None),
            (vec!["--config", "nonsense"], false, None),
        ] {
            let args: Vec<OsString> = words.iter().map(OsString::from).collect();
            let invocation = Invocation::read(&args);
            let (sets_target_dir, found) = typed_directories(&invocation, top, &templates());
            assert_eq!(sets_target_dir, sets, "{words:?}");
            let found = found.map(|dir| dir.path);
            assert_eq!(found, path.map(|path| top.join(path)), "{words:?}");
        }
    }
}
