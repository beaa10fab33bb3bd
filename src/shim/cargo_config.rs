//! Reads cargo's own configuration for the two settings that say where things are built, for aliases,
//! in which they may be chosen as well, and for a wrapper around the compiler.
//!
//! Only files that exist are opened, and most of those are not even parsed. What cannot be read is
//! left for cargo to report. Whoever can write a file that is read here must not be able to keep a
//! login waiting, so files are regular ones of bounded size and number, each read once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use toml::de::DeTable;

use crate::os::entry::Entry;
use crate::os::files;
use crate::os::lexical::near;
use crate::shim::alias;
use crate::shim::argv::Invocation;
use crate::shim::build_dir::{Asked, ConfiguredBuildDir, Directories, Templates};
use crate::shim::excerpt;
use crate::ui::escape::escaped;

/// How many bytes are read in all, but for the file that goes beyond.
const MAX_SIZE: usize = 1 << 20;
/// How many files may be included in all.
const MAX_INCLUDES: usize = 64;

/// What one source of configuration says, its includes followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// Whether it has `build.target-dir`.
    pub sets_target_dir: bool,
    /// `build.build-dir`, with the directory that it is relative to and the file that has it.
    build_dir: Option<(String, PathBuf, String)>,
}

impl Says {
    /// The build directory that it asks for.
    pub fn build_dir(self, templates: &Templates<'_>, is: Asked) -> Option<ConfiguredBuildDir> {
        let (value, base, origin) = self.build_dir?;
        Some(ConfiguredBuildDir { path: templates.fill(&value, &base), origin, asked: is })
    }

    /// Adds what a weaker source says.
    fn or(self, weaker: Says) -> Says {
        Says {
            sets_target_dir: self.sets_target_dir || weaker.sets_target_dir,
            build_dir: self.build_dir.or(weaker.build_dir),
        }
    }
}

/// Reads the `--config` arguments: each is the path of a file, or TOML. The last is the strongest.
pub fn typed(invocation: &Invocation, working_directory: &Path) -> Says {
    let mut reader = Reader::default();
    let says = |argument: &OsString| {
        let file = working_directory.join(argument);
        match reader.read(&file) {
            Some(text) => reader.file(&file, &text),
            // A pipe from the shell (`--config <(…)`) would be empty when cargo reads it.
            None if files::is_there(&file) => Says::default(),
            None => {
                let text = argument.to_string_lossy();
                let place = Place {
                    origin: "--config",
                    base: working_directory,
                    includes: working_directory,
                };
                reader.text(&text, &place)
            }
        }
    };
    invocation.configs.iter().rev().map(says).fold(Says::default(), Says::or)
}

/// The build directory that configuration files ask for, the nearest file first.
pub fn build_dir(
    working_directory: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
    templates: &Templates<'_>,
) -> Option<ConfiguredBuildDir> {
    first(working_directory, cargo_home, here, |reader, file, text| {
        reader.file(file, text).build_dir(templates, Asked::ByConfiguration)
    })
}

/// The words that configuration files have for an alias, the nearest file first.
pub fn alias(
    name: &str,
    working_directory: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
) -> Option<Vec<OsString>> {
    first(working_directory, cargo_home, here, |reader, file, text| {
        reader.search(file, text, &|text: &str| alias::meaning(text, name))
    })
}

/// Whether configuration, typed or in files, names a program to run in front of the compiler.
pub fn names_a_wrapper(
    invocation: &Invocation,
    working_directory: &Path,
    start: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
) -> bool {
    let names_one = |text: &str| has_wrapper(text).then_some(());
    let mut reader = Reader::default();
    let typed = invocation.configs.iter().any(|argument| {
        let file = working_directory.join(argument);
        let (file, text) = match reader.read(&file) {
            Some(text) => (file, text),
            None => (working_directory.join("--config"), argument.to_string_lossy().into_owned()),
        };
        reader.search(&file, &text, &names_one).is_some()
    });
    typed
        || first(start, cargo_home, here, |reader, file, text| {
            reader.search(file, text, &names_one)
        })
        .is_some()
}

/// Whether a text has `build.rustc-wrapper`; an empty one says that there is to be none.
fn has_wrapper(text: &str) -> bool {
    let of = |table: &DeTable<'_>| {
        let build = table.get("build").and_then(|build| build.get_ref().as_table());
        build.is_some_and(|build| build.contains_key("rustc-wrapper"))
    };
    excerpt::read(text, &["rustc-wrapper"], of).unwrap_or_default()
}

/// What the nearest of the files says that cargo reads from a directory, and has something to say.
fn first<T>(
    working_directory: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
    mut says: impl FnMut(&mut Reader<'_>, &Path, &str) -> Option<T>,
) -> Option<T> {
    let mut reader = Reader { here, ..Reader::default() };
    let is_there = |place: &Path| rustix::fs::access(&*near(here, place), Access::EXISTS).is_ok();
    let above = working_directory.ancestors().map(|directory| directory.join(".cargo"));
    let mut places = above.filter(|place| is_there(place));
    // Where it is one of those, it has been read.
    let is_above = |home: &Path| {
        home.ends_with(".cargo")
            && home.parent().is_some_and(|it| working_directory.starts_with(it))
    };
    let cargo_home = cargo_home.filter(|home| !is_above(home)).map(Path::to_owned);
    places.by_ref().chain(cargo_home).find_map(|place| {
        // Where both exist, cargo reads the one without an ending.
        let (file, text) = ["config", "config.toml"].iter().find_map(|name| {
            let file = place.join(name);
            let text = reader.read(&file)?;
            Some((file, text))
        })?;
        says(&mut reader, &file, &text)
    })
}

/// Where a text stands.
struct Place<'a> {
    origin: &'a str,
    /// What its directories are relative to.
    base: &'a Path,
    /// What its includes are relative to.
    includes: &'a Path,
}

/// Reads each file once: cargo itself refuses files that include one another.
#[derive(Default)]
struct Reader<'a> {
    /// Where the process works.
    here: Option<&'a Path>,
    /// Device and inode of what has been read.
    seen: Vec<(u64, u64)>,
    /// How many files were included so far, whether they exist or not.
    included: usize,
    /// How many bytes were read so far.
    size: usize,
}

impl Reader<'_> {
    /// Directories in a file are relative to the directory that holds its directory, `.cargo` or not.
    fn file(&mut self, file: &Path, text: &str) -> Says {
        let includes = file.parent().unwrap_or(Path::new("/"));
        let base = includes.parent().unwrap_or(Path::new("/"));
        self.text(text, &Place { origin: &format!("`{}`", escaped(file)), base, includes })
    }

    fn text(&mut self, text: &str, place: &Place<'_>) -> Says {
        let Directories { sets_target_dir, build_dir, includes } = Directories::read(text);
        let build_dir =
            build_dir.map(|value| (value, place.base.to_owned(), place.origin.to_owned()));
        let mut says = Says { sets_target_dir, build_dir };
        for path in &includes {
            self.included += 1;
            if self.included > MAX_INCLUDES {
                break;
            }
            let file = place.includes.join(path);
            if let Some(text) = self.read(&file) {
                says = says.or(self.file(&file, &text));
            }
        }
        says
    }

    /// What a file says, or else what it includes.
    fn search<T>(
        &mut self,
        file: &Path,
        text: &str,
        says: &impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let found = says(text);
        if found.is_some() {
            return found;
        }
        for path in &Directories::read(text).includes {
            self.included += 1;
            if self.included > MAX_INCLUDES {
                break;
            }
            let file = file.parent()?.join(path);
            let text = self.read(&file);
            if let Some(found) = text.and_then(|text| self.search(&file, &text, says)) {
                return Some(found);
            }
        }
        None
    }

    /// The text of a file that has not been read before.
    fn read(&mut self, path: &Path) -> Option<String> {
        let (file, Entry { device, inode, .. }) =
            files::open_regular(&near(self.here, path)).ok()?;
        if self.seen.contains(&(device, inode)) {
            return None;
        }
        self.seen.push((device, inode));
        let text = files::text(&file).ok().filter(|_| self.size <= MAX_SIZE)?;
        self.size += text.len();
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Templates, build_dir, typed};
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
            let says = typed(&Invocation::read(&args), top);
            assert_eq!(says.sets_target_dir, sets, "{words:?}");
            let found = says.build_dir(&templates(), Asked::Typed).map(|dir| dir.path);
            assert_eq!(found, path.map(|path| top.join(path)), "{words:?}");
        }
    }
}
