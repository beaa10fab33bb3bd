//! The few crates that the projects of the tests depend on, taken out of the invoking user's CARGO_HOME.
//!
//! They are dependencies of this very workspace, in the versions of its Cargo.lock: whoever has
//! built these tests has them, so that they build without a network.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use toml::de::{DeTable, DeValue};

/// What they name: a crate with a build script, one whose `derive` is a proc macro, and the one that
/// build scripts compile C with.
pub(super) const PLAIN: &[&str] = &["anyhow", "serde", "cc"];
/// One whose tests build in the target directory. It names crates for other systems, which only `cargo
/// fetch` downloads.
pub(super) const TRYBUILD: &[&str] = &["trybuild"];

/// The files of the registry that are needed, relative to `$CARGO_HOME/registry`.
pub(super) struct Registry {
    home: PathBuf,
    files: Vec<PathBuf>,
}

/// Finds the crates that `Cargo.lock` names, with all that they depend on.
pub(super) fn find(workspace: &Path, wanted: &[&str]) -> Result<Registry> {
    let lock = fs::read_to_string(workspace.join("Cargo.lock")).context("no Cargo.lock")?;
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?.join("registry");
    let mut files = Vec::new();
    for (name, version) in closure(&lock, wanted)? {
        let crate_file = format!("{name}-{version}.crate");
        let found = sources(&home)?.into_iter().find_map(|source| {
            let file = Path::new("cache").join(&source).join(&crate_file);
            let index = Path::new("index").join(&source);
            let entry = index.join(".cache").join(index_entry(&name));
            let settings = index.join("config.json");
            let all = [file, entry, settings];
            all.iter().all(|file| home.join(file).is_file()).then_some(all)
        });
        let found = found.with_context(|| {
            format!("the registry cache lacks {crate_file}, which `cargo fetch` brings")
        })?;
        files.extend(found);
    }
    Ok(Registry { home, files })
}

impl Registry {
    /// Copies the files to a registry of the machine's own.
    pub(super) fn copy_to(&self, registry: &Path) -> Result<()> {
        for file in &self.files {
            let to = registry.join(file);
            fs::create_dir_all(to.parent().unwrap_or(registry))?;
            fs::copy(self.home.join(file), to)?;
        }
        Ok(())
    }
}

fn sources(home: &Path) -> Result<Vec<PathBuf>> {
    let entries = home.join("cache").read_dir().context("no registry cache")?;
    Ok(entries.flatten().map(|entry| PathBuf::from(entry.file_name())).collect())
}

/// Where an index keeps a crate: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcdef`.
fn index_entry(name: &str) -> PathBuf {
    let part = |from: usize, to: usize| name.get(from..to).unwrap_or_default();
    match name.len() {
        1 | 2 => Path::new(&name.len().to_string()).join(name),
        3 => Path::new("3").join(part(0, 1)).join(name),
        _ => Path::new(part(0, 2)).join(part(2, 4)).join(name),
    }
}

/// Names and versions of what is wanted and all that it depends on.
fn closure(lock: &str, names: &[&str]) -> Result<BTreeSet<(String, String)>> {
    let lock = DeTable::parse(lock).map_err(|error| anyhow::anyhow!("Cargo.lock: {error}"))?;
    let packages = lock.get_ref().get("package").and_then(|value| value.get_ref().as_array());
    let packages = packages.context("Cargo.lock has no packages")?;
    let mut wanted: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    let mut found = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        let named =
            |package: &&toml::Spanned<DeValue<'_>>| text(package.get_ref(), "name") == Some(&name);
        let package = packages.iter().find(named).map(|package| package.get_ref());
        let package = package.with_context(|| format!("Cargo.lock has no `{name}`"))?;
        let version = text(package, "version").context("a package without version")?;
        if found.insert((name, version.to_owned())) {
            wanted.extend(dependencies(package));
        }
    }
    ensure!(found.len() > names.len(), "Cargo.lock names no dependencies");
    Ok(found)
}

fn text<'a>(package: &'a DeValue<'_>, key: &str) -> Option<&'a str> {
    package.get(key)?.get_ref().as_str()
}

/// The names alone: a dependency that exists in two versions stands as `name version`.
fn dependencies(package: &DeValue<'_>) -> Vec<String> {
    let listed = package.get("dependencies").and_then(|value| value.get_ref().as_array());
    let words =
        listed.into_iter().flat_map(|list| list.iter()).filter_map(|item| item.get_ref().as_str());
    words.filter_map(|word| word.split(' ').next()).map(str::to_owned).collect()
}
