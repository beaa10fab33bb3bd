//! Finds the cargo that the user would have executed without us.
//!
//! That is the next one on PATH. It is executed by the path as found, never by its canonical path,
//! because rustup's proxy picks its tool from its own name. Device and inode identify our own program;
//! a second installation of another version is recognized by the trail, after it executed us again.
//!
//! PATH may be unsafe: a relative entry would run a `./cargo` from the repository, and anyone can put a
//! program into a world-writable directory. The shim itself is on PATH too, perhaps several times.

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

/// Why a candidate was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The PATH entry is empty or relative to the working directory.
    RelativeEntry,
    /// The settings name it, but it is not an executable file.
    NotExecutable,
    /// Its directory is world-writable.
    WritableByEveryone,
    /// It is in cargo's home, and another account can change what it points to.
    ChangeableByOthers,
    /// It is this program.
    Ourselves,
    /// It is another copy of this program.
    OurCopy,
    /// This process has already executed it and was executed again.
    TriedBefore,
}

impl Skip {
    /// The reason, as messages show it.
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
            Skip::TriedBefore => "it executed cargo-peruser again",
        }
    }
}

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
#[derive(Debug, Default)]
pub struct SearchResult {
    /// The cargo to execute, if one was found.
    pub cargo: Option<PathBuf>,
    /// The skipped candidates, and why.
    pub skipped: Vec<(PathBuf, Skip)>,
    /// The rustup toolchain that is linked to our directory, if there is one, and the cargo that
    /// executed us because of it.
    pub linked: Option<(OsString, PathBuf)>,
}

impl SearchResult {
    /// The cargo to execute.
    ///
    /// # Errors
    /// Exit 127 with the skipped candidates, or with the toolchain that is linked to our directory.
    pub fn cargo(self) -> Result<PathBuf> {
        if let Some((toolchain, cargo)) = self.linked {
            return Err(toolchain_is_linked(&toolchain, &cargo));
        }
        self.cargo.ok_or_else(|| not_found(&self.skipped))
    }
}

fn not_found(skipped: &[(PathBuf, Skip)]) -> Failure {
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

/// The failure if `cargo` executed us again because of a linked toolchain.
fn toolchain_is_linked(toolchain: &OsStr, cargo: &Path) -> Failure {
    let text = format!(
        "the toolchain `{}` is a link to a directory of cargo-peruser, which calls rustup again: \
         `{}` executed cargo-peruser again",
        escaped(toolchain),
        escaped(cargo)
    );
    let help = match Path::new(toolchain).is_absolute() {
        true => "unset RUSTUP_TOOLCHAIN".to_owned(),
        false => format!("rustup toolchain uninstall {}", quoted(toolchain)),
    };
    Failure::new(text).help(help).exit(127)
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
    let found = SearchResult::default();
    let mut search = Search { found, ourselves: FileIdentity::ours(), head: None, trail, caution };
    let calling = calling_cargo(snapshot, invocation);
    if let Some(cargo) = calling.filter(|cargo| search.accepts_named(cargo)) {
        return search.end_with(cargo);
    }
    if let Some(cargo) = settings.real_cargo() {
        if search.accepts_named(cargo) {
            return search.end_with(cargo.to_owned());
        }
        // To execute another cargo than the named one would be a surprise, unless the named one has
        // already asked for another.
        if !trail.tried.iter().any(|tried| tried == cargo) {
            return search.found;
        }
    }
    let partner = partner(snapshot).and_then(|cargo| Some((executable(&cargo)?, cargo)));
    if let Some((identity, cargo)) = partner {
        if search.passes(&cargo, identity, caution) {
            return search.end_with(cargo);
        }
        // rustup has executed us for this very call, because its toolchain is this directory. Any other
        // cargo would ask the same rustup for a compiler.
        if let Some(toolchain) = linked_toolchain(snapshot)
            && trail.tried.contains(&cargo)
        {
            return SearchResult { linked: Some((toolchain, cargo)), ..search.found };
        }
    }
    match search.on_path(snapshot).or_else(|| search.in_homes(homes, snapshot.uid)) {
        Some(cargo) => search.end_with(cargo),
        None => search.end_without_result(),
    }
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

/// The rustup toolchain through which the shim was called as `cargo`.
fn linked_toolchain(snapshot: &Snapshot) -> Option<OsString> {
    let toolchain = snapshot.variable("RUSTUP_TOOLCHAIN")?;
    let directory = snapshot.shim_directory()?;
    toolchain::is_of(&directory, Path::new(&toolchain)).then_some(toolchain)
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
    let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    rustix::fs::access(path, Access::EXEC_OK).ok()?;
    Some(FileIdentity::from(&metadata))
}

struct Search<'a> {
    found: SearchResult,
    ourselves: Option<FileIdentity>,
    /// The start of this program's file, read when it is needed.
    head: Option<Vec<u8>>,
    trail: &'a Trail,
    caution: Caution,
}

impl Search<'_> {
    fn end_with(self, cargo: PathBuf) -> SearchResult {
        SearchResult { cargo: Some(cargo), ..self.found }
    }

    /// Wrappers change PATH, so a cargo that was tried before may not have been seen this time.
    fn end_without_result(mut self) -> SearchResult {
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
            && let Some(index) = self.position_of_ourselves(&places)
        {
            // The shell found the shim here, so earlier entries were not meant.
            let ourselves = places.drain(..=index).next_back();
            self.found.skipped.extend(ourselves.map(|path| (path, Skip::Ourselves)));
        }
        self.first_of(places.into_iter())
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
            let Some(identity) = executable(path) else { return false };
            if !trust.covers(path) {
                self.found.skipped.push((path.clone(), Skip::ChangeableByOthers));
                return false;
            }
            self.passes(path, identity, self.caution)
        })
    }

    /// The first path that is executable and accepted. Missing ones are not listed as skipped: most
    /// directories on PATH have no cargo.
    fn first_of(&mut self, mut paths: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
        paths.find(|path| {
            executable(path).is_some_and(|identity| self.passes(path, identity, self.caution))
        })
    }

    /// The index of the first candidate that is this program.
    fn position_of_ourselves(&self, places: &[PathBuf]) -> Option<usize> {
        let ourselves = self.ourselves?;
        places.iter().position(|place| FileIdentity::of(place) == Some(ourselves))
    }

    /// Whether a path that a user named is a real cargo; lists it as skipped if not.
    fn accepts_named(&mut self, path: &Path) -> bool {
        if let Some(identity) = executable(path) {
            return self.passes(path, identity, Caution::AsTheShell);
        }
        self.found.skipped.push((path.to_owned(), Skip::NotExecutable));
        false
    }

    /// Whether an executable is a real cargo; lists it as skipped if not.
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

    /// A file is read only if it has the same size as this program.
    fn is_our_copy(&mut self, path: &Path, other: FileIdentity) -> bool {
        let program = Path::new(OURSELVES);
        self.ourselves.is_some_and(|ours| ours.size == other.size)
            && is_copy(program, self.head.get_or_insert_with(|| head(program)), path)
    }
}

/// How much of a program is read to recognize a copy, in bytes: an ELF file has its build ID there.
const HEAD: u64 = 4 << 10;

/// Whether a file with the same size as `program`, which starts with `beginning`, has the same content.
/// The linker's build ID is a hash of the whole program, so if there is one the beginning is enough;
/// otherwise everything is compared.
fn is_copy(program: &Path, beginning: &[u8], other: &Path) -> bool {
    if beginning.is_empty() || head(other) != beginning {
        return false;
    }
    let content = |path| std::fs::read(path).ok();
    has_build_id(beginning) || content(program).is_some_and(|it| content(other) == Some(it))
}

/// The start of a file; empty if it cannot be read.
fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_ok() { head } else { Vec::new() }
}

/// Whether the start of an ELF file contains a note with the name `GNU` and the type 3
/// (`NT_GNU_BUILD_ID`).
fn has_build_id(head: &[u8]) -> bool {
    let (name_length, kind) = (4_u32.to_ne_bytes(), 3_u32.to_ne_bytes());
    head.windows(16)
        .any(|note| note.starts_with(&name_length) && note.ends_with(&[kind, *b"GNU\0"].concat()))
}

/// This program, even if its file was replaced or deleted after the start.
const OURSELVES: &str = "/proc/self/exe";

/// What identifies a file.
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
            // Equal hashes of the whole with different content cannot happen; the rest is not even
            // read.
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
