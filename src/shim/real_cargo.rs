//! Finds the cargo that the person would have executed without us.
//!
//! That is the next one on PATH, as found: rustup's proxy picks its tool from the name it is called
//! by, so the path is never resolved. Device and inode tell who we are; a second installation of
//! another version is told by the trail, when it hands the process back.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::os::homes::Homes;
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::os::trust::Trust;
use crate::settings::Settings;
use crate::shim::argv::Invocation;
use crate::shim::candidate::{Candidate, Caution, Likeness, Skip, entries};
use crate::shim::toolchain;
use crate::shim::trail::Trail;
use crate::ui::escape::{quoted, shown};
use crate::ui::failure::{Failure, Result};

/// What a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// What to execute.
    pub cargo: Option<PathBuf>,
    /// What was passed over on the way, and why.
    pub skipped: Vec<(PathBuf, Skip)>,
    /// The rustup toolchain that leads back here, if one does, and the cargo that did.
    pub linked: Option<(OsString, PathBuf)>,
}

impl Found {
    /// The cargo to execute.
    ///
    /// # Errors
    /// Exit 127 with the places that were passed over, or with the toolchain that leads back here.
    pub fn cargo(self) -> Result<PathBuf> {
        if let Some((toolchain, cargo)) = self.linked {
            return Err(is_linked(&toolchain, &cargo));
        }
        self.cargo.ok_or_else(|| none(&self.skipped))
    }
}

fn none(skipped: &[(PathBuf, Skip)]) -> Failure {
    let mut text = "no cargo found to execute".to_owned();
    for (path, skip) in skipped {
        let is_empty = path.as_os_str().is_empty();
        let path = if is_empty { OsStr::new("(empty)") } else { path.as_os_str() };
        text += &format!("\n  passed over `{}`: {}", shown(path), skip.reason());
    }
    let help = "install Rust, mend what is said above, or name the cargo to execute with \
                `real-cargo` in the settings or CARGO_PERUSER_REAL_CARGO";
    Failure::new(text).help(help).exit(127)
}

/// `cargo` has handed the call back.
fn is_linked(toolchain: &OsStr, cargo: &Path) -> Failure {
    let text = format!(
        "the toolchain `{}` is a link to a directory of cargo-peruser, which leads back to rustup: \
         `{}` handed the call back",
        shown(toolchain),
        shown(cargo)
    );
    let help = match Path::new(toolchain).is_absolute() {
        true => "unset RUSTUP_TOOLCHAIN".to_owned(),
        false => format!("rustup toolchain uninstall {}", quoted(toolchain)),
    };
    Failure::new(text).help(help).exit(127)
}

/// Looks for the real cargo.
pub fn find(
    snapshot: &Snapshot,
    settings: &Settings,
    invocation: &Invocation,
    homes: &Homes<'_>,
    trail: &Trail,
    caution: Caution,
) -> Found {
    let found = Found::default();
    let mut search = Search { found, ourselves: Identity::ours(), trail, caution };
    let callers = callers(snapshot, invocation);
    if let Some(cargo) = callers.filter(|cargo| search.accepts_named(cargo)) {
        return search.end_with(cargo);
    }
    if let Some(cargo) = settings.real_cargo() {
        if search.accepts_named(cargo) {
            return search.end_with(cargo.to_owned());
        }
        // Another cargo than the one that was asked for would be a surprise, unless that one itself
        // asks for another.
        if !trail.tried.iter().any(|tried| tried == cargo) {
            return search.found;
        }
    }
    if let Some(cargo) = partner(snapshot).filter(|cargo| is_executable(cargo)) {
        if search.passes(&cargo, caution) {
            return search.end_with(cargo);
        }
        // rustup has handed this very call back, because its toolchain is this directory. Whatever
        // else were found would ask the same rustup for a compiler.
        if let Some(toolchain) = linked(snapshot)
            && trail.tried.contains(&cargo)
        {
            return Found { linked: Some((toolchain, cargo)), ..search.found };
        }
    }
    match search.on_path(snapshot).or_else(|| search.in_homes(homes, snapshot.uid)) {
        Some(cargo) => search.end_with(cargo),
        None => search.end_empty_handed(),
    }
}

/// The cargo that calls us as its subcommand. A toolchain's own cargo does not understand
/// `+toolchain`; a proxy on PATH does.
fn callers(snapshot: &Snapshot, invocation: &Invocation) -> Option<PathBuf> {
    let is_callers = snapshot.called_as == CalledAs::Subcommand && invocation.toolchain.is_none();
    snapshot.absolute_path("CARGO").filter(|_| is_callers)
}

/// The cargo that belongs to the `rustc` beside a shim that was called by its path: an editor calls
/// both, whatever its PATH is.
fn partner(snapshot: &Snapshot) -> Option<PathBuf> {
    let directory = snapshot.shim_directory()?;
    toolchain::partner(&directory, &std::fs::read_link(directory.join(toolchain::RUSTC)).ok()?)
}

/// The rustup toolchain whose `cargo` the shim was called as.
fn linked(snapshot: &Snapshot) -> Option<OsString> {
    let toolchain = snapshot.variable("RUSTUP_TOOLCHAIN")?;
    let directory = snapshot.shim_directory()?;
    toolchain::is_of(&directory, Path::new(&toolchain)).then_some(toolchain)
}

/// For an absolute path `which` only asks whether it is an executable file.
fn is_executable(path: &Path) -> bool {
    which::which_global(path).is_ok()
}

struct Search<'a> {
    found: Found,
    ourselves: Option<Identity>,
    trail: &'a Trail,
    caution: Caution,
}

impl Search<'_> {
    fn end_with(self, cargo: PathBuf) -> Found {
        Found { cargo: Some(cargo), ..self.found }
    }

    /// Wrappers change PATH, so what was tried before may not have been seen this time.
    fn end_empty_handed(mut self) -> Found {
        let is_unseen =
            |place: &&PathBuf| self.found.skipped.iter().all(|(seen, _)| seen != *place);
        let unseen: Vec<PathBuf> = self.trail.tried.iter().filter(is_unseen).cloned().collect();
        self.found.skipped.extend(unseen.into_iter().map(|place| (place, Skip::TriedBefore)));
        self.found
    }

    fn on_path(&mut self, snapshot: &Snapshot) -> Option<PathBuf> {
        let path = snapshot.variable("PATH")?;
        let mut places: Vec<PathBuf> = Vec::new();
        for entry in entries(&path) {
            match entry {
                Ok(directory) => places.push(directory.join("cargo")),
                Err(relative) => self.found.skipped.push((relative.into(), Skip::RelativeEntry)),
            }
        }
        if snapshot.called_as == CalledAs::ShimOnPath
            && let Some(index) = self.where_we_stand(&places)
        {
            // A shell found us there; what stands before it was not meant.
            let ourselves = places.drain(..=index).next_back();
            self.found.skipped.extend(ourselves.map(|path| (path, Skip::Ourselves)));
        }
        self.first_of(places.into_iter())
    }

    /// Where rustup puts it. No shell would have looked there, so it has to be the caller's or root's
    /// all the way: an inherited HOME or CARGO_HOME may be that of somebody who would like others to
    /// execute their cargo.
    fn in_homes(&mut self, homes: &Homes<'_>, uid: u32) -> Option<PathBuf> {
        let default = homes.home().map(|home| home.join(".cargo"));
        let mut places =
            homes.cargo().into_iter().chain(default).map(|home| home.join("bin/cargo"));
        let trust = Trust::of(uid);
        places.find(|path| {
            let is_trusted = trust.covers(path);
            if !is_trusted && is_executable(path) {
                self.found.skipped.push((path.clone(), Skip::ChangeableByOthers));
            }
            is_trusted && is_executable(path) && self.passes(path, self.caution)
        })
    }

    /// The first of these paths that is an executable and is accepted. What is none is not worth a
    /// word: most of a search path's directories have no cargo.
    fn first_of(&mut self, mut paths: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
        paths.find(|path| is_executable(path) && self.passes(path, self.caution))
    }

    /// The index of the first place that leads to us.
    fn where_we_stand(&self, places: &[PathBuf]) -> Option<usize> {
        let ourselves = self.ourselves?;
        places.iter().position(|place| Identity::of(place) == Some(ourselves))
    }

    /// Whether a path that somebody has named is a real cargo; notes it down if it is not.
    fn accepts_named(&mut self, path: &Path) -> bool {
        if is_executable(path) {
            return self.passes(path, Caution::AsTheShell);
        }
        self.found.skipped.push((path.to_owned(), Skip::NotExecutable));
        false
    }

    /// Whether an executable is a real cargo; notes it down if it is not.
    fn passes(&mut self, path: &Path, caution: Caution) -> bool {
        let directory = path.parent().and_then(|directory| std::fs::metadata(directory).ok());
        let directory_mode = directory.map_or(0, |metadata| metadata.mode());
        let candidate = Candidate { path, likeness: self.likeness(path), directory_mode };
        let skip = candidate.skip(caution, &self.trail.tried);
        self.found.skipped.extend(skip.map(|reason| (path.to_owned(), reason)));
        skip.is_none()
    }

    /// What a file has in common with us. Its bytes are read only if there are equally many.
    fn likeness(&self, path: &Path) -> Likeness {
        match (Identity::of(path), self.ourselves) {
            (Some(other), Some(ours)) if other == ours => Likeness::Same,
            (Some(other), Some(ours)) if other.size == ours.size => {
                let ours = std::fs::read(OURSELVES);
                let is_copy = ours.is_ok_and(|ours| std::fs::read(path).is_ok_and(|it| it == ours));
                if is_copy { Likeness::Copy } else { Likeness::None }
            }
            _ => Likeness::None,
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
