//! A directory that goes away with the run, on success, on error and on Ctrl-C alike.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Context;
use tempfile::TempDir;

/// A fresh directory of ours in which a shared root can stand: as the shim wants it, no symlink leads
/// there and nobody else can write above it.
pub(crate) fn create() -> anyhow::Result<TempDir> {
    let is_closed = |directory: &Path| {
        fs::metadata(directory).is_ok_and(|found| found.permissions().mode() & 0o022 == 0)
    };
    let home = env::var_os("HOME").map(PathBuf::from);
    let places = [Some(env::temp_dir()), Some("/srv".into()), Some("/var/cache".into()), home];
    let places = places.into_iter().flatten().filter_map(|place| place.canonicalize().ok());
    let mut closed = places.filter(|place| place.ancestors().all(is_closed));
    let made =
        closed.find_map(|place| tempfile::Builder::new().prefix("xtask-").tempdir_in(place).ok());
    made.context(
        "no place for a shared root: others can write above each\n\
         help: set TMPDIR to a directory below which only you can write",
    )
}
