//! Creates private directories and restricts their permissions by descriptor: open first, then check
//! the open directory.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchmod, fchown, fstatvfs, mkdirat, unlinkat};
use rustix::io::Errno;

use super::{Caller, exposed_contents, refusal, unreadable};
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::Entry;
use crate::os::facts::is_noexec;
use crate::os::files;
use crate::os::tag;
use crate::os::tree::{self, Tree};
use crate::private_dir::judge::judge_own;
use crate::private_dir::place::{Place, PlaceKind};
use crate::private_dir::refusal::Flaw;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

const PRIVATE: Mode = Mode::from_raw_mode(0o700);
/// The step's name in failures.
const CREATE: &str = "create directory";
/// The prefix of a directory's name while root is creating it for another user.
pub const UNFINISHED: &str = ".unfinished-";

/// Creates the private directory in `place.parent`, which was judged as `judged`. An entry that has
/// that name by now stays, for the caller to judge.
pub(super) fn private(
    place: &Place,
    judged: &Entry,
    caller: &Caller<'_>,
    notes: &mut Vec<String>,
) -> Result<()> {
    let path = place.private_dir();
    let not_made = |error| cannot_create(&path, error, place, caller);
    let parent = open_judged(&place.parent, judged, tree::NAMED, caller)?;
    if caller.acting != caller.uid {
        return give(&parent, place, caller);
    }
    let name = OsStr::new(&place.name);
    if !make_directory(&parent, name).map_err(not_made)? {
        return Ok(());
    }
    let directory = tree::directory(&parent, name).map_err(not_made)?;
    if let Err(error) = make_private(&directory, &path, caller) {
        // This run has just created it, and it is empty.
        let _ = unlinkat(parent.as_fd(), name, AtFlags::REMOVEDIR);
        return Err(error);
    }
    if fstatvfs(&directory).is_ok_and(|system| is_noexec(&system)) {
        notes.push(format!(
            "`{}` is on a file system mounted noexec: build scripts and tests cannot run there",
            escaped(&path)
        ));
    }
    Ok(())
}

/// Creates a private directory for another user, as root. It gets its name only after it has its owner,
/// so that neither an interrupted run nor a build at the same time finds a directory owned by root.
fn give(parent: &File, place: &Place, caller: &Caller<'_>) -> Result<()> {
    let path = place.private_dir();
    let not_made = |error| cannot_create(&path, error, place, caller);
    let unfinished = format!("{UNFINISHED}{}.{}", place.name, std::process::id());
    let unfinished = OsStr::new(&unfinished);
    clear_unfinished(&place.parent);
    if !make_directory(parent, unfinished).map_err(not_made)? {
        return Err(not_made(Errno::EXIST.into()));
    }
    let made = tree::directory(parent, unfinished).map_err(not_made).and_then(|directory| {
        make_private(&directory, &path, caller)?;
        match tree::rename(parent, unfinished, parent, place.name.as_ref()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            renamed => renamed.map_err(not_made),
        }
    });
    // It is still there if it did not get its name.
    let _ = unlinkat(parent, unfinished, AtFlags::REMOVEDIR);
    made
}

/// Removes the empty directories that interrupted runs have left. The name ends in a process id, which
/// in a container may be this run's own.
fn clear_unfinished(root: &Path) {
    let is_over = |name: &OsStr| {
        let id = name.to_str().and_then(|name| name.rsplit('.').next()?.parse().ok());
        let id = id.and_then(rustix::process::Pid::from_raw);
        id.is_some_and(|id| {
            id == rustix::process::getpid()
                || rustix::process::test_kill_process(id) == Err(Errno::SRCH)
        })
    };
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_unfinished = name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
        if is_unfinished && is_over(&name) {
            // An entry that is not an empty directory stays.
            let _ = std::fs::remove_dir(entry.path());
        }
    }
}

/// Removes other users' access to a directory that the caller owns and that was judged as `judged`.
///
/// A subdirectory that others can write to would stay writable for a process that is already in it. So
/// everything inside is checked first: if no one else can write anywhere inside, no one can add
/// anything between the check and the change.
pub(super) fn tighten(path: &Path, judged: &Entry, caller: &Caller<'_>) -> Result<()> {
    let tree = tree_of(path, judged, caller)?;
    let contents = exposed_contents::check(&tree, caller)?;
    make_private(&tree.top, path, caller)?;
    exposed_contents::make_private(&tree, contents, caller)
}

/// Checks the contents of a directory that others can read, which was judged as `judged`.
pub(super) fn look_through(path: &Path, judged: &Entry, caller: &Caller<'_>) -> Result<()> {
    exposed_contents::check(&tree_of(path, judged, caller)?, caller).map(drop)
}

fn tree_of(path: &Path, judged: &Entry, caller: &Caller<'_>) -> Result<Tree> {
    let top = open_judged(path, judged, OFlags::RDONLY, caller)?;
    Ok(Tree { top, path: path.to_owned() })
}

/// Creates a directory on the way to the caller's own cache directory, mode 0700, as the XDG base
/// directory specification demands. Its parent has been judged.
pub(super) fn ancestor(path: &Path) -> Result<()> {
    let made = open_parent(path)
        .and_then(|parent| make_directory(&parent, path.file_name().unwrap_or_default()));
    made.map(drop).map_err(|error| failed(CREATE, path, error))
}

/// Creates a target directory and its tag, or whichever of them is missing.
pub(super) fn target(path: &Path, caller: &Caller<'_>) -> Result<()> {
    let failed_here = |error| failed(CREATE, path, error);
    let name = path.file_name().unwrap_or_default();
    let parent = open_parent(path).map_err(failed_here)?;
    let is_new = make_directory(&parent, name).map_err(failed_here)?;
    let directory = tree::directory(&parent, name).map_err(failed_here)?;
    let entry = files::opened(&directory).map_err(failed_here)?;
    judge_own(&entry, caller.uid).map_err(|flaw| refusal(path, entry.uid, flaw, caller))?;
    tag::write(&directory).map(drop).map_err(|cause| {
        if is_new {
            // The new directory is empty; the tag's error is the one to report.
            let _ = unlinkat(parent.as_fd(), name, AtFlags::REMOVEDIR);
        }
        failed("write", &path.join(tag::NAME), cause)
    })
}

/// Calls `mkdirat` so that the mode is exactly 0700 whatever the umask is; cargo inherits the umask
/// unchanged. Returns false if the name is taken.
fn make_directory(parent: &File, name: &OsStr) -> io::Result<bool> {
    // The umask belongs to the whole process, which has only one thread.
    let umask = rustix::process::umask(Mode::empty());
    let made = mkdirat(parent.as_fd(), name, PRIVATE);
    rustix::process::umask(umask);
    match made {
        Err(Errno::EXIST) => Ok(false),
        made => Ok(made.map(|()| true)?),
    }
}

/// Opens a directory and makes sure that it is the one that was judged.
pub(super) fn open_judged(
    path: &Path,
    judged: &Entry,
    access: OFlags,
    caller: &Caller<'_>,
) -> Result<File> {
    let opened = files::open_judged(path, judged, access | OFlags::DIRECTORY);
    opened.map_err(|error| unreadable(path, error, caller))
}

/// Opens a directory's parent, which need not be readable.
fn open_parent(path: &Path) -> io::Result<File> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let flags = tree::DIRECTORY | tree::NAMED;
    Ok(rustix::fs::open(parent, flags, Mode::empty())?.into())
}

/// Gives an open directory exactly mode 0700, and makes sure that it has it.
fn make_private(directory: &File, path: &Path, caller: &Caller<'_>) -> Result<()> {
    let unusable = |error: io::Error| failed("make private", path, error);
    acls::strip(directory).map_err(|error| unusable(error.into()))?;
    if caller.acting != caller.uid {
        // Root acts for another user: an existing directory already belongs to them, a new one does not
        // yet.
        let (uid, gid) = (Uid::from_raw(caller.uid), Gid::from_raw(caller.gid));
        fchown(directory, Some(uid), Some(gid)).map_err(|error| unusable(error.into()))?;
    }
    fchmod(directory, PRIVATE).map_err(|error| unusable(error.into()))?;
    let entry = files::opened(directory).map_err(unusable)?;
    if entry.mode == 0o700 && entry.uid == caller.uid {
        Ok(())
    } else {
        Err(refusal(path, entry.uid, Flaw::ModesIgnored(entry.mode), caller))
    }
}

/// The failure to create the private directory. If the caller may not create it, root can.
fn cannot_create(path: &Path, error: io::Error, place: &Place, caller: &Caller<'_>) -> Failure {
    // An immutable directory refuses root as well, with another error number.
    let is_denied = Errno::from_io_error(&error) == Some(Errno::ACCESS);
    if !is_denied || place.kind != PlaceKind::BelowSharedRoot {
        return failed(CREATE, path, error);
    }
    Failure::step(CREATE, path, error).help(provision_command(caller.uid))
}

/// The command with which root creates an account's private directory.
pub fn provision_command(uid: u32) -> String {
    let owner = accounts::owner(uid);
    match owner.name {
        Some(_) => format!("sudo cargo-peruser provision {}", owner.word()),
        None => format!("sudo cargo-peruser provision --uid {uid}"),
    }
}

/// A failure at `path`, with the command that shows who may create something there.
fn failed(doing: &'static str, path: &Path, cause: io::Error) -> Failure {
    let is_denied = Errno::from_io_error(&cause) == Some(Errno::ACCESS);
    let failure = Failure::step(doing, path, cause);
    let parent = quoted(path.parent().unwrap_or(path));
    if is_denied { failure.help(format!("ls -ld {parent}")) } else { failure }
}
