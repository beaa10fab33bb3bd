//! The project's texts, read once; every rule works on this and on nothing else.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::scan;

/// Where Rust sources and manifests are looked for, beside the manifest at the top.
const PLACES: [&str; 3] = ["src", "tests", "xtask"];

#[derive(Default)]
pub(super) struct Tree {
    pub(super) sources: Vec<Source>,
    pub(super) manifests: Vec<Manifest>,
    /// The names at the repository's top level.
    pub(super) top_level: Vec<String>,
}

/// A Rust file.
pub(super) struct Source {
    /// From the repository's top, with `/` between the names.
    pub(super) path: String,
    pub(super) text: String,
    /// The text without what comments, literals and test code say, line for line.
    pub(super) code: String,
}

/// A `Cargo.toml`.
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let code = scan::without_tests(&scan::masked(&text));
        Self { path, text, code }
    }

    /// Whether all of it is test code, by the name that the rule `test-files` holds to its word.
    pub(super) fn is_test_file(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Whether it is part of the shipped program rather than of a test, xtask or the build script.
    pub(super) fn is_shipped(&self) -> bool {
        self.path.starts_with("src/") && self.path != "src/build.rs" && !self.is_test_file()
    }

    /// Line number, counted from 1, and text of each line of code.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(at, line)| (at + 1, line))
    }
}

impl Tree {
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self { top_level: names(root)?, ..Self::default() };
        tree.add_file(root, "Cargo.toml")?;
        for place in PLACES {
            tree.add_directory(root, place)?;
        }
        Ok(tree)
    }

    fn add_directory(&mut self, root: &Path, path: &str) -> anyhow::Result<()> {
        for name in names(&root.join(path))? {
            let path = format!("{path}/{name}");
            if root.join(&path).is_dir() {
                self.add_directory(root, &path)?;
            } else {
                self.add_file(root, &path)?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, root: &Path, path: &str) -> anyhow::Result<()> {
        let read = || {
            fs::read_to_string(root.join(path)).with_context(|| format!("failed to read `{path}`"))
        };
        if path.ends_with(".rs") {
            self.sources.push(Source::new(path, read()?));
        } else if path == "Cargo.toml" || path.ends_with("/Cargo.toml") {
            self.manifests.push(Manifest { path: path.to_owned(), text: read()? });
        }
        Ok(())
    }
}

/// The sorted names in a directory.
fn names(directory: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries =
        entries.with_context(|| format!("failed to read directory `{}`", directory.display()))?;
    let mut names: Vec<String> =
        entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}
