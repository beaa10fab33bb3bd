//! Finds the cargo that the person would have executed without us.
//!
//! That is the next one on PATH, as found: rustup's proxy picks its tool from the name it is called
//! by, so the path is never resolved. Device and inode tell who we are; a second installation of
//! another version is told by the trail, when it hands the process back.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::homes::Homes;
use super::snapshot::{CalledAs, Snapshot};
use crate::core::candidate::{Candidate, Skip, entries};
use crate::core::invocation::Invocation;
use crate::core::settings::Settings;
use crate::core::trail::{MAX_HOPS, Trail};

/// What a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// What to execute.
    pub cargo: Option<PathBuf>,
    /// What was passed over on the way, and why.
    pub skipped: Vec<(PathBuf, Skip)>,
}

/// Looks for the real cargo.
pub fn find(
    snapshot: &Snapshot,
    settings: &Settings,
    invocation: &Invocation<'_>,
    homes: &Homes<'_>,
    trail: &Trail,
) -> Found {
    let mut search = Search { found: Found::default(), ourselves: Identity::ours(), trail };
    if trail.hops >= MAX_HOPS {
        let tried = trail.tried.iter().map(|place| (place.clone(), Skip::TriedBefore));
        search.found.skipped.extend(tried);
        return search.found;
    }
    if let Some(cargo) = &settings.real_cargo
        && !is_executable(cargo)
    {
        // Another cargo than the one that was asked for would be a surprise.
        search.found.skipped.push((cargo.clone(), Skip::NotExecutable));
        return search.found;
    }
    let named = callers(snapshot, invocation).into_iter().chain(settings.real_cargo.clone());
    search.found.cargo = search
        .among(named)
        .or_else(|| search.on_path(snapshot))
        .or_else(|| search.among(in_homes(homes)));
    search.found
}

/// The cargo that calls us as its subcommand. A toolchain's own cargo does not understand
/// `+toolchain`; a proxy on PATH does.
fn callers(snapshot: &Snapshot, invocation: &Invocation<'_>) -> Option<PathBuf> {
    let is_callers = snapshot.called_as == CalledAs::Subcommand && invocation.toolchain.is_none();
    snapshot.absolute_path("CARGO").filter(|_| is_callers)
}

/// For an absolute path `which` only asks whether it is an executable file.
fn is_executable(path: &Path) -> bool {
    which::which_global(path).is_ok()
}

fn in_homes(homes: &Homes<'_>) -> impl Iterator<Item = PathBuf> {
    let default = homes.home().map(|home| home.join(".cargo"));
    homes.cargo().into_iter().chain(default).map(|home| home.join("bin/cargo"))
}

struct Search<'a> {
    found: Found,
    ourselves: Option<Identity>,
    trail: &'a Trail,
}

impl Search<'_> {
    /// The first of these paths that is an executable and passes.
    fn among(&mut self, mut paths: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
        paths.find(|path| is_executable(path) && self.passes(path))
    }

    fn on_path(&mut self, snapshot: &Snapshot) -> Option<PathBuf> {
        let path = snapshot.variable("PATH")?;
        let mut dirs: Vec<&Path> = Vec::new();
        for entry in entries(&path) {
            match entry {
                Ok(directory) => dirs.push(directory),
                Err(relative) => self.found.skipped.push((relative.into(), Skip::RelativeEntry)),
            }
        }
        if snapshot.called_as == CalledAs::ShimOnPath
            && let Some(index) = self.where_we_stand(&dirs)
        {
            // A shell found us in that entry; what stands before it was not meant.
            let passed = dirs.drain(..=index).next_back().map(|entry| entry.join("cargo"));
            self.found.skipped.extend(passed.map(|path| (path, Skip::Ourselves)));
        }
        let joined = std::env::join_paths(dirs).unwrap_or_default();
        let mut executables = which::which_in_all("cargo", Some(joined), "/").ok()?;
        executables.find(|path| self.passes(path))
    }

    /// The index of the first entry that leads to us.
    fn where_we_stand(&self, dirs: &[&Path]) -> Option<usize> {
        let is_us = |directory: &&Path| {
            self.ourselves.is_some() && Identity::of(&directory.join("cargo")) == self.ourselves
        };
        dirs.iter().position(is_us)
    }

    fn passes(&mut self, path: &Path) -> bool {
        let identity = Identity::of(path);
        let directory_mode = path.parent().and_then(|directory| rustix::fs::stat(directory).ok());
        let candidate = Candidate {
            path,
            is_ourselves: identity.is_some() && identity == self.ourselves,
            is_our_copy: self.is_our_copy(path, identity),
            directory_mode: directory_mode.map_or(0, |stat| stat.st_mode),
        };
        match candidate.skip(&self.trail.tried) {
            None => true,
            Some(reason) => {
                self.found.skipped.push((path.to_owned(), reason));
                false
            }
        }
    }

    /// Whether the file's bytes are ours; they are read only if there are equally many.
    fn is_our_copy(&self, path: &Path, identity: Option<Identity>) -> bool {
        match (identity, self.ourselves) {
            (Some(other), Some(own)) if other.size == own.size && other != own => {
                let ours = std::fs::read(OURSELVES);
                ours.is_ok_and(|ours| std::fs::read(path).is_ok_and(|theirs| ours == theirs))
            }
            _ => false,
        }
    }
}

/// This very program, even where it has been replaced or deleted since it started.
const OURSELVES: &str = "/proc/self/exe";

/// What tells one file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
}

impl Identity {
    fn ours() -> Option<Identity> {
        Identity::of(Path::new(OURSELVES)).or_else(|| Identity::of(&std::env::current_exe().ok()?))
    }

    fn of(path: &Path) -> Option<Identity> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Identity { device: metadata.dev(), inode: metadata.ino(), size: metadata.len() })
    }
}

/// What was passed over, as an error lists it.
pub fn reasons(skipped: &[(PathBuf, Skip)]) -> Vec<(PathBuf, String)> {
    let reason = |(path, skip): &(PathBuf, Skip)| {
        let path =
            if path.as_os_str().is_empty() { OsStr::new("(empty)") } else { path.as_os_str() };
        (PathBuf::from(OsString::from(path)), skip.reason().to_owned())
    };
    skipped.iter().map(reason).collect()
}
