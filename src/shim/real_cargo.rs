//! Finds the cargo that the user would have executed without us.
//!
//! That is the next one on PATH. It is executed by the path as found, never by its canonical path,
//! because rustup's proxy picks its tool from its own name. Device and inode identify our own program;
//! a second installation of another version is recognized by the trail, after it executed us again.
//!
//! PATH may be unsafe: a relative entry would run a `./cargo` from the repository, and anyone can put a
//! program into a world-writable directory. The shim itself is on PATH too, perhaps several times.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::os::homes::Homes;
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::os::trust::Trust;
use crate::settings::Settings;
use crate::shim::argv::Invocation;
use crate::shim::toolchain;
use crate::shim::trail::Trail;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};

/// How strictly a candidate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Skip world-writable directories.
    Full,
    /// Accept what the shell would execute: a user named it, or nothing is protected anyway.
    AsTheShell,
}

/// The entries of a search path: `Ok` for an absolute path, `Err` for an entry to skip.
pub fn entries(path: &OsStr) -> impl Iterator<Item = Result<&Path, &Path>> {
    path.as_bytes().split(|byte| *byte == b':').map(|entry| {
        let entry = Path::new(OsStr::from_bytes(entry));
        if entry.is_absolute() { Ok(entry) } else { Err(entry) }
    })
}

/// The result of a search.
#[derive(Debug)]
pub struct SearchResult {
    /// The cargo to execute, if one was found.
    pub cargo: Option<PathBuf>,
    /// The skipped candidates, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
}

impl SearchResult {
    /// The cargo to execute.
    ///
    /// # Errors
    /// Exit 127 with the skipped candidates.
    pub fn cargo(self) -> Result<PathBuf> {
        self.cargo.ok_or_else(|| {
            let mut text = "no cargo found to execute".to_owned();
            for (path, reason) in &self.skipped {
                let is_empty = path.as_os_str().is_empty();
                let path = if is_empty { OsStr::new("(empty)") } else { path.as_os_str() };
                text += &format!("\n  passed over `{}`: {reason}", escaped(path));
            }
            let help = "install Rust, put its directory on PATH, or name the cargo to execute with \
                        `real-cargo` in the settings or CARGO_PERUSER_REAL_CARGO";
            Failure::new(text).help(help).exit(127)
        })
    }
}

/// Searches for the real cargo.
pub fn find(
    snapshot: &Snapshot,
    settings: &Settings,
    invocation: &Invocation,
    homes: &Homes<'_>,
    trail: &Trail,
    caution: Caution,
) -> SearchResult {
    let mut search = Search { skipped: Vec::new(), ourselves: ourselves(), trail, caution };
    let named = calling_cargo(snapshot, invocation);
    if let Some(cargo) = named.filter(|cargo| search.accepts_named(cargo)) {
        return search.end_with(Some(cargo));
    }
    if let Some(cargo) = settings.real_cargo() {
        // To execute another cargo than the named one would be a surprise, unless the named one has
        // already asked for another.
        let is_accepted = search.accepts_named(cargo);
        if is_accepted || !search.was_tried(cargo) {
            return search.end_with(is_accepted.then(|| cargo.to_owned()));
        }
    }
    let partner = partner(snapshot).filter(|cargo| search.accepts(cargo));
    let cargo = partner.or_else(|| search.on_path(snapshot));
    let cargo = cargo.or_else(|| search.in_homes(homes, snapshot.uid));
    if cargo.is_none() {
        search.add_tried();
    }
    search.end_with(cargo)
}

/// The cargo that called us as its subcommand. A toolchain's own cargo does not understand
/// `+toolchain`; a proxy on PATH does.
fn calling_cargo(snapshot: &Snapshot, invocation: &Invocation) -> Option<PathBuf> {
    let is_calling = snapshot.called_as == CalledAs::Subcommand && invocation.toolchain.is_none();
    snapshot.absolute_path("CARGO").filter(|_| is_calling)
}

/// The cargo for the `rustc` beside a shim that was called by its path: an editor calls both, whatever
/// its PATH is.
fn partner(snapshot: &Snapshot) -> Option<PathBuf> {
    let directory = snapshot.shim_directory()?;
    toolchain::partner(&directory, &std::fs::read_link(directory.join(toolchain::RUSTC)).ok()?)
}

/// Whether programs in a directory are accepted: not if it is world-writable.
pub fn holds_programs(directory: &Path) -> bool {
    std::fs::metadata(directory).is_ok_and(|found| found.mode() & 0o002 == 0)
}

/// Whether a path points to a file that the caller may execute.
pub fn is_executable(path: &Path) -> bool {
    executable(path).is_some()
}

/// The identity of an executable file, by the same test as `which` for an absolute path.
fn executable(path: &Path) -> Option<FileIdentity> {
    let identity = FileIdentity::of(path)?;
    rustix::fs::access(path, Access::EXEC_OK).ok()?;
    Some(identity)
}

struct Search<'a> {
    skipped: Vec<(PathBuf, &'static str)>,
    ourselves: Option<FileIdentity>,
    trail: &'a Trail,
    caution: Caution,
}

impl Search<'_> {
    fn end_with(self, cargo: Option<PathBuf>) -> SearchResult {
        SearchResult { cargo, skipped: self.skipped }
    }

    fn was_tried(&self, cargo: &Path) -> bool {
        self.trail.tried.iter().any(|tried| tried == cargo)
    }

    /// Wrappers change PATH, so a cargo that was tried before may not have been seen this time.
    fn add_tried(&mut self) {
        for tried in &self.trail.tried {
            if !self.skipped.iter().any(|(seen, _)| seen == tried) {
                self.skipped.push((tried.clone(), TRIED));
            }
        }
    }

    fn on_path(&mut self, snapshot: &Snapshot) -> Option<PathBuf> {
        let path = snapshot.variable("PATH")?;
        let mut places: Vec<PathBuf> = Vec::new();
        for entry in entries(&path) {
            match entry {
                Ok(directory) => places.push(directory.join("cargo")),
                Err(relative) => self.skipped.push((
                    relative.into(),
                    "the entry is empty or relative, so it depends on the working directory",
                )),
            }
        }
        let is_ours = |place: &PathBuf| FileIdentity::of(place) == self.ourselves;
        if snapshot.called_as == CalledAs::ShimOnPath
            && self.ourselves.is_some()
            && let Some(index) = places.iter().position(is_ours)
        {
            // The shell found the shim here, so earlier entries were not meant.
            let ourselves = places.drain(..=index).next_back();
            self.skipped.extend(ourselves.map(|path| (path, OURS)));
        }
        // Missing ones are not listed as skipped: most directories on PATH have no cargo.
        places.into_iter().find(|path| self.accepts(path))
    }

    /// The places where rustup puts cargo. No shell would have looked there, so the caller or root must
    /// own the whole path: an inherited HOME or CARGO_HOME may belong to a user who wants others to
    /// execute their cargo.
    fn in_homes(&mut self, homes: &Homes<'_>, uid: u32) -> Option<PathBuf> {
        let default = homes.home().map(|home| home.join(".cargo"));
        let mut places =
            homes.cargo().into_iter().chain(default).map(|home| home.join("bin/cargo"));
        let trust = Trust::of(uid);
        places.find(|path| {
            if executable(path).is_some() && !trust.covers(path) {
                let reason = "others can change it, or a directory that it is in";
                self.skipped.push((path.clone(), reason));
                return false;
            }
            self.accepts(path)
        })
    }

    /// Whether a path that a user named is a real cargo; lists it as skipped if not.
    fn accepts_named(&mut self, path: &Path) -> bool {
        if let Some(identity) = executable(path) {
            return self.passes(path, identity, Caution::AsTheShell);
        }
        self.skipped.push((path.to_owned(), "it is not an executable file"));
        false
    }

    /// Whether a path is that of a real cargo; lists it as skipped if it is another program.
    fn accepts(&mut self, path: &Path) -> bool {
        executable(path).is_some_and(|identity| self.passes(path, identity, self.caution))
    }

    fn passes(&mut self, path: &Path, identity: FileIdentity, caution: Caution) -> bool {
        let reason = if self.ourselves == Some(identity) {
            OURS
        } else if self.is_our_copy(path, identity) {
            "it is a copy of cargo-peruser"
        } else if self.was_tried(path) {
            TRIED
        } else if caution == Caution::Full && !path.parent().is_none_or(holds_programs) {
            "everyone can write to its directory"
        } else {
            return true;
        };
        self.skipped.push((path.to_owned(), reason));
        false
    }

    /// Whether a file has the size and the start of this program. An ELF file has its layout there, and
    /// usually a hash of the whole.
    fn is_our_copy(&self, path: &Path, other: FileIdentity) -> bool {
        self.ourselves.is_some_and(|ours| ours.size == other.size)
            && head(path).is_some_and(|start| head(Path::new(OURSELVES)) == Some(start))
    }
}

const OURS: &str = "it is cargo-peruser itself";
const TRIED: &str = "it executed cargo-peruser again";

/// The first 4 KiB of a file.
fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(4 << 10).read_to_end(&mut head).ok()?;
    Some(head)
}

/// This program, even if its file was replaced or deleted after the start.
const OURSELVES: &str = "/proc/self/exe";

fn ourselves() -> Option<FileIdentity> {
    FileIdentity::of(Path::new(OURSELVES))
        .or_else(|| FileIdentity::of(&std::env::current_exe().ok()?))
}

/// What identifies a regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
}

impl FileIdentity {
    fn of(path: &Path) -> Option<FileIdentity> {
        let found = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(FileIdentity { device: found.dev(), inode: found.ino(), size: found.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::entries;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn takes_only_absolute_entries() {
        let found: Vec<_> = entries(OsStr::new("/a::.:b/c:/d/")).collect();
        let expected = [Ok("/a"), Err(""), Err("."), Err("b/c"), Ok("/d/")];
        assert_eq!(found, expected.map(|entry| entry.map(Path::new).map_err(Path::new)));
    }
}
