//! The crates that the projects of the tests depend on, taken out of the invoking user's CARGO_HOME.
//!
//! They are dependencies of this very workspace, in the versions of its Cargo.lock: whoever has
//! built these tests has them, so that they build without a network. Those that only other systems use
//! are missing until `cargo fetch` has run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

const LOCK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");

/// Copies what is there of them to a registry that everybody can read; returns what is missing.
pub(super) fn copy(to: &Path) -> Result<Vec<String>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?.join("registry");
    let sources = home.join("cache").read_dir().context("no registry cache")?;
    let sources: Vec<_> = sources.flatten().map(|entry| entry.file_name()).collect();
    let mut found = Vec::new();
    for index in sources.iter().map(|source| Path::new("index").join(source)) {
        found.extend([index.join("config.json"), index.join(".cache")]);
    }
    found.retain(|path| home.join(path).exists());
    let mut missing = Vec::new();
    for name in crate_files()? {
        let places = sources.iter().map(|source| Path::new("cache").join(source).join(&name));
        match places.into_iter().find(|path| home.join(path).is_file()) {
            Some(path) => found.push(path),
            None => missing.push(format!("no {name}, which `cargo fetch` brings")),
        }
    }
    fs::create_dir(to)?;
    let (mut copy, mut open) = (Command::new("cp"), Command::new("chmod"));
    copy.current_dir(&home).args(["-r", "--parents"]).args(found).arg(to);
    open.args(["-R", "a+rX"]).arg(to);
    for mut command in [copy, open] {
        ensure!(command.status()?.success(), "{command:?} failed");
    }
    Ok(missing)
}

/// The names of the files that the crates of the lock file come in.
fn crate_files() -> Result<Vec<String>> {
    let lock = fs::read_to_string(LOCK).context("no Cargo.lock")?;
    let packages = lock.split("[[package]]").filter(|package| package.contains("\nchecksum = "));
    let file = |package: &str| {
        let value = |key: &str| package.lines().find_map(|line| line.strip_prefix(key));
        let [name, version] =
            ["name = ", "version = "].map(|key| Some(value(key)?.trim_matches('"')));
        Some(format!("{}-{}.crate", name?, version?))
    };
    packages.map(file).collect::<Option<_>>().context("Cargo.lock names no versions")
}
