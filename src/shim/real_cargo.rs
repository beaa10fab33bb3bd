//! Finds the cargo that the person would have executed without us.
//!
//! That is the next one on PATH, as found: rustup's proxy picks its tool from the name it is called
//! by, so the path is never resolved. Device and inode tell who we are; a second installation of
//! another version is told by the trail, when it hands the process back.
//!
//! PATH is other people's text: relative entries would run a `./cargo` out of the repository, and
//! in a directory that everyone can write to anyone can put one. We ourselves stand on it too, once
//! or several times.

use std::ffi::{OsStr, OsString};
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
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

/// Why a place was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// An empty entry or one that is relative to the working directory.
    RelativeEntry,
    /// The settings name it, and it is not an executable file.
    NotExecutable,
    /// Anyone can write to the directory.
    WritableByEveryone,
    /// It is in cargo's home, and another account can change what that leads to.
    ChangeableByOthers,
    /// It is this very program.
    Ourselves,
    /// It is another copy of this program.
    OurCopy,
    /// This process has executed it already and came back.
    TriedBefore,
}

impl Skip {
    /// The reason, as a message has it.
    pub fn reason(self) -> &'static str {
        match self {
            Skip::RelativeEntry => {
                "the entry is empty or relative, so it depends on the working directory"
            }
            Skip::NotExecutable => "it is not an executable file",
            Skip::WritableByEveryone => "everyone can write to its directory",
            Skip::ChangeableByOthers => "others can change it, or a directory that it is in",
            Skip::Ourselves => "it is cargo-peruser itself",
            Skip::OurCopy => "it is a copy of cargo-peruser",
            Skip::TriedBefore => "it handed the call back to cargo-peruser",
        }
    }
}

/// How much an executable is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// A directory that everyone can write to is passed over.
    Full,
    /// Executed where the plain shell would: somebody has named it, or nothing is protected anyway.
    AsTheShell,
}

/// The entries of a search path, each absolute or with the reason to leave it out.
pub fn entries(path: &OsStr) -> impl Iterator<Item = Result<&Path, &Path>> {
    path.as_bytes().split(|byte| *byte == b':').map(|entry| {
        let entry = Path::new(OsStr::from_bytes(entry));
        if entry.is_absolute() { Ok(entry) } else { Err(entry) }
    })
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct SearchResult {
    /// What to execute.
    pub cargo: Option<PathBuf>,
    /// What was passed over on the way, and why.
    pub skipped: Vec<(PathBuf, Skip)>,
    /// The rustup toolchain that leads back here, if one does, and the cargo that did.
    pub linked: Option<(OsString, PathBuf)>,
}

impl SearchResult {
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
        text += &format!("\n  passed over `{}`: {}", escaped(path), skip.reason());
    }
    let help = "install Rust, put its directory on PATH, or name the cargo to execute with \
                `real-cargo` in the settings or CARGO_PERUSER_REAL_CARGO";
    Failure::new(text).help(help).exit(127)
}

/// `cargo` has handed the call back.
fn is_linked(toolchain: &OsStr, cargo: &Path) -> Failure {
    let text = format!(
        "the toolchain `{}` is a link to a directory of cargo-peruser, which leads back to rustup: \
         `{}` handed the call back",
        escaped(toolchain),
        escaped(cargo)
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
) -> SearchResult {
    let found = SearchResult::default();
    let mut search = Search { found, ourselves: FileIdentity::ours(), head: None, trail, caution };
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
    let partner = partner(snapshot).and_then(|cargo| Some((executable(&cargo)?, cargo)));
    if let Some((identity, cargo)) = partner {
        if search.passes(&cargo, identity, caution) {
            return search.end_with(cargo);
        }
        // rustup has handed this very call back, because its toolchain is this directory. Whatever
        // else were found would ask the same rustup for a compiler.
        if let Some(toolchain) = linked(snapshot)
            && trail.tried.contains(&cargo)
        {
            return SearchResult { linked: Some((toolchain, cargo)), ..search.found };
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

/// Whether programs are looked for in a directory: where everyone can write anyone can put one.
pub fn holds_programs(directory: &Path) -> bool {
    std::fs::metadata(directory).is_ok_and(|found| found.mode() & 0o002 == 0)
}

/// Whether a path leads to a file that the caller may execute.
pub fn is_executable(path: &Path) -> bool {
    executable(path).is_some()
}

/// What is an executable file, as `which` would ask for an absolute path, and what tells it from others.
fn executable(path: &Path) -> Option<FileIdentity> {
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    rustix::fs::access(path, Access::EXEC_OK).ok()?;
    Some(FileIdentity::from(&metadata))
}

struct Search<'a> {
    found: SearchResult,
    ourselves: Option<FileIdentity>,
    /// The beginning of this program, once it was needed.
    head: Option<Vec<u8>>,
    trail: &'a Trail,
    caution: Caution,
}

impl Search<'_> {
    fn end_with(self, cargo: PathBuf) -> SearchResult {
        SearchResult { cargo: Some(cargo), ..self.found }
    }

    /// Wrappers change PATH, so what was tried before may not have been seen this time.
    fn end_empty_handed(mut self) -> SearchResult {
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
            let Some(identity) = executable(path) else { return false };
            if !trust.covers(path) {
                self.found.skipped.push((path.clone(), Skip::ChangeableByOthers));
                return false;
            }
            self.passes(path, identity, self.caution)
        })
    }

    /// The first of these paths that is an executable and is accepted. What is none is not worth a
    /// word: most of a search path's directories have no cargo.
    fn first_of(&mut self, mut paths: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
        paths.find(|path| {
            executable(path).is_some_and(|identity| self.passes(path, identity, self.caution))
        })
    }

    /// The index of the first place that leads to us.
    fn where_we_stand(&self, places: &[PathBuf]) -> Option<usize> {
        let ourselves = self.ourselves?;
        places.iter().position(|place| FileIdentity::of(place) == Some(ourselves))
    }

    /// Whether a path that somebody has named is a real cargo; notes it down if it is not.
    fn accepts_named(&mut self, path: &Path) -> bool {
        if let Some(identity) = executable(path) {
            return self.passes(path, identity, Caution::AsTheShell);
        }
        self.found.skipped.push((path.to_owned(), Skip::NotExecutable));
        false
    }

    /// Whether an executable is a real cargo; notes it down if it is not.
    fn passes(&mut self, path: &Path, identity: FileIdentity, caution: Caution) -> bool {
        let skip = self.skip(path, identity, caution);
        self.found.skipped.extend(skip.map(|reason| (path.to_owned(), reason)));
        skip.is_none()
    }

    fn skip(&mut self, path: &Path, identity: FileIdentity, caution: Caution) -> Option<Skip> {
        if self.ourselves == Some(identity) {
            Some(Skip::Ourselves)
        } else if self.is_our_copy(path, identity) {
            Some(Skip::OurCopy)
        } else if self.trail.tried.iter().any(|place| place == path) {
            Some(Skip::TriedBefore)
        } else if caution == Caution::Full && !path.parent().is_none_or(holds_programs) {
            Some(Skip::WritableByEveryone)
        } else {
            None
        }
    }

    /// A file is read only if it is as long as we are.
    fn is_our_copy(&mut self, path: &Path, other: FileIdentity) -> bool {
        let program = Path::new(OURSELVES);
        self.ourselves.is_some_and(|ours| ours.size == other.size)
            && is_copy(program, self.head.get_or_insert_with(|| head(program)), path)
    }
}

/// How much of a program is read to tell whether it is a copy: an ELF file has its build ID there.
const HEAD: u64 = 4 << 10;

/// Whether a file as long as `program`, which begins like this, has the same content. The linker's
/// build ID is a hash of the whole program, so with one the beginning tells; without one all is compared.
fn is_copy(program: &Path, beginning: &[u8], other: &Path) -> bool {
    if beginning.is_empty() || head(other) != beginning {
        return false;
    }
    let content = |path| std::fs::read(path).ok();
    has_build_id(beginning) || content(program).is_some_and(|it| content(other) == Some(it))
}

/// The beginning of a file; empty where it cannot be read.
fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_ok() { head } else { Vec::new() }
}

/// Whether the beginning of an ELF file has a note of the name `GNU` and the type 3 (`NT_GNU_BUILD_ID`).
fn has_build_id(head: &[u8]) -> bool {
    let (name_length, kind) = (4_u32.to_ne_bytes(), 3_u32.to_ne_bytes());
    head.windows(16)
        .any(|note| note.starts_with(&name_length) && note.ends_with(&[kind, *b"GNU\0"].concat()))
}

/// This very program, even where it has been replaced or deleted since it started.
const OURSELVES: &str = "/proc/self/exe";

/// What tells one file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
}

impl FileIdentity {
    fn ours() -> Option<FileIdentity> {
        FileIdentity::of(Path::new(OURSELVES))
            .or_else(|| FileIdentity::of(&std::env::current_exe().ok()?))
    }

    fn of(path: &Path) -> Option<FileIdentity> {
        Some(FileIdentity::from(&std::fs::metadata(path).ok()?))
    }

    fn from(metadata: &Metadata) -> FileIdentity {
        FileIdentity { device: metadata.dev(), inode: metadata.ino(), size: metadata.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::{HEAD, entries, has_build_id, head, is_copy};
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn takes_only_absolute_entries() {
        let found: Vec<_> = entries(OsStr::new("/a::.:b/c:/d/")).collect();
        let expected = [Ok("/a"), Err(""), Err("."), Err("b/c"), Ok("/d/")];
        assert_eq!(found, expected.map(|entry| entry.map(Path::new).map_err(Path::new)));
    }

    #[test]
    fn a_copy_is_told_by_its_build_id_and_without_one_by_all_of_it() {
        let place = tempfile::tempdir().unwrap();
        let [program, other] = ["program", "other"].map(|name| place.path().join(name));
        let with_note = |kind: u32, rest: &str| {
            let mut text = b"\x7fELF, and more".to_vec();
            text.extend([4_u32, 20, kind].map(u32::to_ne_bytes).concat());
            text.extend(b"GNU\0 and a hash");
            text.resize(HEAD as usize, b'.');
            text.extend(rest.bytes());
            text
        };
        for (ours, theirs, build_id, expected) in [
            (with_note(3, "a"), with_note(3, "a"), true, true),
            // A hash of it all is equal, so this cannot be; the rest is not even read.
            (with_note(3, "a"), with_note(3, "b"), true, true),
            (with_note(3, "a"), with_note(1, "a"), true, false),
            (with_note(1, "a"), with_note(1, "a"), false, true),
            (with_note(1, "a"), with_note(1, "b"), false, false),
            (b"short".to_vec(), b"short".to_vec(), false, true),
            (Vec::new(), Vec::new(), false, false),
        ] {
            std::fs::write(&program, &ours).unwrap();
            std::fs::write(&other, theirs).unwrap();
            let head = head(&program);
            assert_eq!(has_build_id(&head), build_id);
            assert_eq!(is_copy(&program, &head, &other), expected);
        }
        assert!(!is_copy(&program, b"short", &place.path().join("none")));
    }
}
