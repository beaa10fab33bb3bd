//! Finds the cargo that the user would have executed without us.
//!
//! That is the next one on PATH. It is executed by the path as found, never by its canonical path,
//! because rustup's proxy picks its tool from its own name. Device and inode identify our own program;
//! a second installation of another version is recognized by the trail, after it executed us again.
//!
//! PATH may be unsafe: a relative entry would run a `./cargo` from the repository, and anyone can put a
//! program into a world-writable directory. The shim itself is on PATH too, perhaps several times.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::os::entry::{Entry, Kind};
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::os::trust::Trust;
use crate::settings::{Key, Settings};
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

/// The result of a search.
#[derive(Debug)]
pub struct SearchResult {
    /// The cargo to execute, if one was found.
    pub cargo: Option<PathBuf>,
    /// The skipped candidates, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
    /// Where the settings name the cargo to execute, if they do.
    named: Option<String>,
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
            let help = match &self.named {
                Some(origin) => format!("correct `real-cargo`, which is set in {origin}"),
                None => {
                    "install Rust, put its directory on PATH, or name the cargo to execute with \
                         `real-cargo` in the settings or CARGO_PERUSER_REAL_CARGO"
                        .to_owned()
                }
            };
            Failure::new(text).help(help).exit(127)
        })
    }
}

/// Searches for the real cargo.
pub fn find(
    homes: &Homes<'_>,
    settings: &Settings,
    invocation: &Invocation,
    trail: &Trail,
    caution: Caution,
) -> SearchResult {
    let mut search = Search { skipped: Vec::new(), ourselves: ourselves(), trail, caution };
    let cargo = search.run(homes, settings, invocation);
    let named = settings.origin(Key::RealCargo).map(ToString::to_string);
    SearchResult { cargo, skipped: search.skipped, named }
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
    files::followed(directory).is_ok_and(|found| found.mode & 0o002 == 0)
}

/// Whether a path points to a file that the caller may execute.
pub fn is_executable(path: &Path) -> bool {
    executable(path).is_some()
}

/// An executable file, by the same test as `which` for an absolute path.
fn executable(path: &Path) -> Option<Entry> {
    let file = file(path)?;
    rustix::fs::access(path, Access::EXEC_OK).ok()?;
    Some(file)
}

fn file(path: &Path) -> Option<Entry> {
    files::followed(path).ok().filter(|found| found.kind == Kind::File)
}

struct Search<'a> {
    skipped: Vec<(PathBuf, &'static str)>,
    ourselves: Option<Entry>,
    trail: &'a Trail,
    caution: Caution,
}

impl Search<'_> {
    fn run(
        &mut self,
        homes: &Homes<'_>,
        settings: &Settings,
        invocation: &Invocation,
    ) -> Option<PathBuf> {
        let snapshot = homes.snapshot;
        let calling = calling_cargo(snapshot, invocation);
        if let Some(cargo) = calling.filter(|cargo| self.accepts_named(cargo)) {
            return Some(cargo);
        }
        if let Some(cargo) = settings.real_cargo() {
            // To execute another cargo than the named one would be a surprise, unless the named one has
            // already asked for another.
            if self.accepts_named(cargo) {
                return Some(cargo.to_owned());
            }
            if !self.trail.has_tried(cargo) {
                return None;
            }
        }
        let partner = partner(snapshot).filter(|cargo| self.accepts(cargo));
        let cargo = partner.or_else(|| self.on_path(snapshot));
        let cargo = cargo.or_else(|| self.in_homes(homes));
        if cargo.is_none() {
            // Wrappers change PATH, so a cargo that was tried before may not have been seen this time.
            let is_seen = |tried: &&PathBuf| self.skipped.iter().any(|(seen, _)| seen == *tried);
            let unseen = self.trail.tried.iter().filter(|tried| !is_seen(tried)).cloned();
            self.skipped.extend(unseen.map(|tried| (tried, TRIED)).collect::<Vec<_>>());
        }
        cargo
    }

    fn on_path(&mut self, snapshot: &Snapshot) -> Option<PathBuf> {
        let path = snapshot.variable("PATH")?;
        let mut places = Vec::new();
        for mut entry in std::env::split_paths(&path) {
            if entry.is_absolute() {
                entry.push("cargo");
                places.push(entry);
            } else {
                let reason =
                    "the entry is empty or relative, so it depends on the working directory";
                self.skipped.push((entry, reason));
            }
        }
        if snapshot.called_as == CalledAs::ShimOnPath
            && let Some(index) = places.iter().position(|place| self.is_ours(file(place)))
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
    fn in_homes(&mut self, homes: &Homes<'_>) -> Option<PathBuf> {
        let default = homes.home().map(|home| home.join(".cargo"));
        let mut places =
            homes.cargo().into_iter().chain(default).map(|home| home.join("bin/cargo"));
        let trust = Trust::of(homes.snapshot.uid);
        places.find(|path| match is_executable(path) && !trust.covers(path) {
            true => self.skip(path, "others can change it, or a directory that it is in"),
            false => self.accepts(path),
        })
    }

    /// Whether a path that a user named is a real cargo; lists it as skipped if not.
    fn accepts_named(&mut self, path: &Path) -> bool {
        match executable(path) {
            Some(file) => self.passes(path, file, Caution::AsTheShell),
            None => self.skip(path, "it is not an executable file"),
        }
    }

    /// Whether a path is that of a real cargo; lists it as skipped if it is another program.
    fn accepts(&mut self, path: &Path) -> bool {
        executable(path).is_some_and(|file| self.passes(path, file, self.caution))
    }

    fn passes(&mut self, path: &Path, file: Entry, caution: Caution) -> bool {
        if self.is_ours(Some(file)) {
            self.skip(path, OURS)
        } else if self.is_our_copy(path, file) {
            self.skip(path, "it is a copy of cargo-peruser")
        } else if self.trail.has_tried(path) {
            self.skip(path, TRIED)
        } else if caution == Caution::Full && !path.parent().is_none_or(holds_programs) {
            self.skip(path, "everyone can write to its directory")
        } else {
            true
        }
    }

    /// Lists a path as skipped, and returns false.
    fn skip(&mut self, path: &Path, reason: &'static str) -> bool {
        self.skipped.push((path.to_owned(), reason));
        false
    }

    fn is_ours(&self, file: Option<Entry>) -> bool {
        let identity = self.ourselves.map(|ourselves| ourselves.identity);
        identity.is_some() && file.map(|file| file.identity) == identity
    }

    /// Whether a file has the size and the start of this program. An ELF file has its layout there, and
    /// usually a hash of the whole.
    fn is_our_copy(&self, path: &Path, file: Entry) -> bool {
        self.ourselves.is_some_and(|ours| ours.size == file.size)
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

fn ourselves() -> Option<Entry> {
    file(Path::new(OURSELVES)).or_else(|| file(&std::env::current_exe().ok()?))
}
