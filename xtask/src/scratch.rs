//! A directory that goes away with the run, on success, on error and on Ctrl-C alike.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::screen;

/// How long a removal is retried while processes that were told to end still write.
const PATIENCE: Duration = Duration::from_secs(5);

/// A fresh directory in which a shared root can stand; dropping it removes it.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes `cargo-peruser-<purpose>-<process id>` with exactly `mode`. The path holds no
    /// symlinks, because the shim accepts no shared root that is reached through one.
    pub(crate) fn create(purpose: &str, mode: u32) -> anyhow::Result<Self> {
        let parent = parent()?;
        let path = parent.join(format!("cargo-peruser-{purpose}-{}", std::process::id()));
        directory(&path, mode)?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = remove(&self.path) {
            if Instant::now() >= deadline {
                let path = self.path.display();
                screen::note(format_args!("warning: failed to remove `{path}`: {error}"));
                screen::note(format_args!("help: rm -rf {path}"));
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The first place above which nobody else can write, as the shim wants it for a shared root.
fn parent() -> anyhow::Result<PathBuf> {
    let is_closed = |directory: &Path| {
        fs::metadata(directory).is_ok_and(|found| found.permissions().mode() & 0o022 == 0)
    };
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let places = [
        Some(std::env::temp_dir()),
        Some("/srv".into()),
        Some("/var/cache".into()),
        variable("XDG_RUNTIME_DIR"),
        variable("HOME"),
    ];
    let mut places = places.into_iter().flatten().filter_map(|place| place.canonicalize().ok());
    let found = places.find(|place| {
        let is_ours = rustix::fs::access(place, rustix::fs::Access::WRITE_OK).is_ok();
        is_ours && place.ancestors().all(is_closed)
    });
    found.context(
        "no place for a shared root: others can write above each\n\
         help: set TMPDIR to a directory below which only you can write",
    )
}

/// Makes one directory with exactly `mode`, whatever the umask; fails if the name is taken.
pub(crate) fn directory(path: &Path, mode: u32) -> anyhow::Result<()> {
    let made = DirBuilder::new().mode(0o700).create(path);
    made.with_context(|| format!("failed to create directory `{}`", path.display()))?;
    set_mode(path, mode)
}

/// Gives a file or directory of ours exactly `mode`.
pub(crate) fn set_mode(path: &Path, mode: u32) -> anyhow::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .with_context(|| format!("failed to set the mode of `{}`", path.display()))
}

/// Writes a new file, readable by everybody.
pub(crate) fn file(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write `{}`", path.display()))?;
    set_mode(path, 0o644)
}

#[expect(clippy::disallowed_methods, reason = "a directory that this process has made itself")]
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_nothing_behind_when_dropped() {
        let scratch = Scratch::create("scratch-test", 0o755).unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "text").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o755);
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn never_takes_over_a_directory_that_is_already_there() {
        let scratch = Scratch::create("scratch-taken", 0o700).unwrap();
        assert!(directory(scratch.path(), 0o700).is_err());
    }
}
