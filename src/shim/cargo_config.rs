//! Reads cargo's own configuration: the two settings for the target and build directories, aliases, in
//! which these may be set as well, and a wrapper around the compiler.
//!
//! Only existing files are opened, and most of them are not even parsed. Cargo will report files that
//! cannot be read. A user who can write to one of these files must not be able to block another user's
//! login, so only regular files of bounded size and number are read, each once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use toml::Spanned;
use toml::de::DeValue;

use crate::os::entry::Entry;
use crate::os::files;
use crate::os::lexical::near;
use crate::shim::alias;
use crate::shim::argv::Invocation;
use crate::shim::build_dir::{ConfiguredBuildDir, Templates};
use crate::shim::excerpt;
use crate::ui::escape::escaped;

/// The maximum number of bytes in all files; the file that exceeds it is still read.
const MAX_SIZE: usize = 1 << 20;
/// The maximum number of included files.
const MAX_INCLUDES: usize = 64;

/// One text of cargo's configuration. Cargo will report one that is not TOML; here it counts as empty.
pub struct ConfigText {
    text: String,
    /// The file or flag that it is from, escaped for display.
    origin: String,
    /// The base of its relative directories.
    base: PathBuf,
}

impl ConfigText {
    /// The build directory that it asks for, if any.
    pub fn build_dir(&self, templates: &Templates<'_>) -> Option<ConfiguredBuildDir> {
        let path = templates.fill(&self.build_key("build-dir")?, &self.base);
        Some(ConfiguredBuildDir { path, origin: self.origin.clone(), stays: false })
    }

    /// Whether it has `build.target-dir`.
    pub fn sets_target_dir(&self) -> bool {
        self.build_key("target-dir").is_some()
    }

    /// Its `build.rustc-wrapper`, if any; an empty value means no wrapper.
    pub fn wrapper(&self) -> Option<String> {
        self.build_key("rustc-wrapper")
    }

    /// The meaning of an alias, if it defines one.
    pub fn alias(&self, name: &str) -> Option<Vec<OsString>> {
        alias::meaning(&self.text, name)
    }

    fn build_key(&self, key: &str) -> Option<String> {
        excerpt::value(&self.text, key, &["build", key], |value| Some(value.as_str()?.to_owned()))
    }
}

/// The `--config` arguments, the strongest (last) first. Each is a file's path or TOML.
pub fn typed(invocation: &Invocation, working_directory: &Path) -> Vec<ConfigText> {
    let mut reader = Reader::default();
    for argument in invocation.configs.iter().rev() {
        let file = working_directory.join(argument);
        // A pipe from the shell (`--config <(…)`) exists but is not read: that would leave nothing for
        // cargo.
        if reader.read(&file).is_none() && !files::is_there(&file) {
            let (text, origin) = (argument.to_string_lossy().into_owned(), "--config".to_owned());
            reader.add(text, origin, working_directory, working_directory);
        }
    }
    reader.texts
}

/// The configuration files that cargo reads for a directory, the nearest first.
pub fn in_files(
    working_directory: &Path,
    cargo_home: Option<&Path>,
    here: Option<&Path>,
) -> Vec<ConfigText> {
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
    for place in places.chain(cargo_home) {
        // If both exist, cargo reads the one without an extension.
        let names = ["config", "config.toml"];
        let _ = names.iter().find_map(|name| reader.read(&place.join(name)));
    }
    reader.texts
}

/// Reads each file at most once: cargo itself refuses files that include each other.
#[derive(Default)]
struct Reader<'a> {
    /// The process's working directory.
    here: Option<&'a Path>,
    /// The texts so far; each is followed by those that it includes, which are weaker.
    texts: Vec<ConfigText>,
    /// Device and inode of every file that was read.
    seen: Vec<(u64, u64)>,
    /// The number of included files so far, whether they exist or not.
    included: usize,
    /// The number of bytes read so far.
    size: usize,
}

impl Reader<'_> {
    /// Adds a text, and the files that it includes. `includes` is the base of their paths.
    fn add(&mut self, text: String, origin: String, base: &Path, includes: &Path) {
        let included = included_files(&text);
        self.texts.push(ConfigText { text, origin, base: base.to_owned() });
        for path in included {
            self.included += 1;
            if self.included > MAX_INCLUDES {
                break;
            }
            self.read(&includes.join(path));
        }
    }

    /// Adds a file that was not read before. Its directories are relative to the parent of its own
    /// directory, whether that is `.cargo` or not.
    fn read(&mut self, path: &Path) -> Option<()> {
        let (file, Entry { identity, .. }) = files::open_regular(&near(self.here, path)).ok()?;
        if self.seen.contains(&identity) {
            return None;
        }
        self.seen.push(identity);
        let text = files::text(&file).ok().filter(|_| self.size <= MAX_SIZE)?;
        self.size += text.len();
        let includes = path.parent().unwrap_or(Path::new("/"));
        let base = includes.parent().unwrap_or(Path::new("/"));
        self.add(text, format!("`{}`", escaped(path)), base, includes);
        Some(())
    }
}

/// The files that a text includes, the strongest (last) first; all are weaker than the text itself.
/// `include` is an array of paths, or of tables with a `path`; cargo accepts only `*.toml`.
pub(super) fn included_files(text: &str) -> Vec<String> {
    let path = |item: &Spanned<DeValue<'_>>| {
        let item = item.get_ref();
        let path = item.get("path").map_or(item, Spanned::get_ref).as_str()?;
        (Path::new(path).extension() == Some("toml".as_ref())).then(|| path.to_owned())
    };
    let all = |list: &DeValue<'_>| Some(list.as_array()?.iter().rev().filter_map(path).collect());
    excerpt::value(text, "include", &["include"], all).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{ConfigText, Templates, in_files, included_files, typed};
    use crate::shim::argv::Invocation;
    use std::ffi::OsString;
    use std::fs::{create_dir_all, write};
    use std::path::{Path, PathBuf};

    fn build_dir(texts: &[ConfigText]) -> Option<PathBuf> {
        let templates = Templates { workspace_root: Path::new("/w"), cargo_home: Path::new("/c") };
        texts.iter().find_map(|text| text.build_dir(&templates)).map(|dir| dir.path)
    }

    #[test]
    fn reads_the_forms_that_cargo_reads() {
        for (text, target, build, included) in [
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
            let read = ConfigText { text: text.into(), origin: String::new(), base: "/".into() };
            let found = build_dir(std::slice::from_ref(&read));
            let found = (read.sets_target_dir(), found, included_files(text));
            let included = included.into_iter().map(String::from).collect();
            assert_eq!(found, (target, build.map(PathBuf::from), included), "{text}");
        }
    }

    #[test]
    fn directories_in_files_are_relative_to_what_holds_their_directory() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path();
        create_dir_all(top.join("a/.cargo")).unwrap();
        create_dir_all(top.join("a/b")).unwrap();
        write(top.join("a/.cargo/config.toml"), "include = ['more.toml']").unwrap();
        write(top.join("a/.cargo/more.toml"), "build.build-dir = 'out'").unwrap();
        assert_eq!(build_dir(&in_files(&top.join("a/b"), None, None)), Some(top.join("a/out")));
    }

    #[test]
    fn the_nearest_file_and_the_name_without_an_ending_win() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path();
        create_dir_all(top.join(".cargo")).unwrap();
        create_dir_all(top.join("a/.cargo")).unwrap();
        write(top.join(".cargo/config.toml"), "build.build-dir = 'far'").unwrap();
        let found = || build_dir(&in_files(&top.join("a"), None, None)).unwrap();
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
            let found = build_dir(&in_files(top, None, None));
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
            let texts = typed(&invocation, top);
            assert_eq!(texts.iter().any(ConfigText::sets_target_dir), sets, "{words:?}");
            assert_eq!(build_dir(&texts), path.map(|path| top.join(path)), "{words:?}");
        }
    }
}
