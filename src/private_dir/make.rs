//! Creates private directories and restricts their permissions by descriptor: open first, then check
//! the open directory.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchmod, fchown, fstatvfs, mkdirat, unlinkat};
use rustix::io::Errno;

use super::Caller;
use crate::os::entry::Entry;
use crate::os::facts::is_noexec;
use crate::os::tree;
use crate::os::{accounts, acls, files, tag};
use crate::private_dir::judge::judge_own;
use crate::private_dir::place::{Place, PlaceKind};
use crate::private_dir::refusal::{Flaw, refusal, refused, unreadable};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

const PRIVATE: Mode = Mode::from_raw_mode(0o700);
/// The step's name in failures.
const CREATE: &str = "create directory";
/// The prefix of a directory's name while root is creating it for another user.
pub const UNFINISHED: &str = ".unfinished-";

/// Creates the private directory in `place.parent`, which was judged as `judged`. An entry that has
/// that name by now stays, for the caller to judge.
///
/// For another user root creates it under another name. It gets its own only after it has its owner, so
/// that neither an interrupted run nor a build at the same time finds a directory owned by root. What an
/// interrupted run has left, or another run has just begun, is completed.
pub(super) fn private(
    place: &Place,
    judged: &Entry,
    caller: &Caller<'_>,
    notes: &mut Vec<String>,
) -> Result<()> {
    let path = place.private_dir();
    let is_others_root = place.kind == PlaceKind::BelowSharedRoot && judged.uid != caller.uid;
    let not_made = |error| {
        let failure = failed(CREATE, &path, error);
        // If the caller may not create it, root can.
        let is_denied = failure.help.is_some() && is_others_root;
        if is_denied { failure.help(provision_command(caller.uid)) } else { failure }
    };
    let parent = open_judged(&place.parent, judged, tree::NAMED)?;
    let is_given = caller.acting != caller.uid;
    let unfinished = format!("{UNFINISHED}{}", place.name);
    let name = OsStr::new(if is_given { &unfinished } else { &place.name });
    if !make_directory(&parent, name).map_err(not_made)? && !is_given {
        return Ok(());
    }
    // It is gone if another run was faster.
    let opened = files::if_any(tree::directory(&parent, name)).map_err(not_made)?;
    let Some(directory) = opened else { return Ok(()) };
    let entry = files::opened(&directory).map_err(not_made)?;
    if ![caller.acting, caller.uid].contains(&entry.uid) {
        return Err(refusal(&place.parent.join(name), &entry, Flaw::Foreign, caller));
    }
    let made = make_private(&directory, &path, caller).and_then(|()| {
        if !is_given {
            return Ok(());
        }
        match tree::rename(&parent, name, &parent, place.name.as_ref()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            renamed => files::if_any(renamed).map(drop).map_err(not_made),
        }
    });
    if is_given || made.is_err() {
        // It is empty.
        let _ = unlinkat(&parent, name, AtFlags::REMOVEDIR);
    }
    if fstatvfs(&directory).is_ok_and(|system| is_noexec(&system)) {
        notes.push(format!(
            "`{}` is on a file system mounted noexec: build scripts and tests cannot run there",
            escaped(&path)
        ));
    }
    made
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
    judge_own(&entry, caller.uid).map_err(|flaw| refusal(path, &entry, flaw, caller))?;
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
pub(super) fn open_judged(path: &Path, judged: &Entry, access: OFlags) -> Result<File> {
    let opened = files::open_judged(path, judged, access | OFlags::DIRECTORY);
    opened.map_err(|error| unreadable(path, &error))
}

/// Opens a directory's parent, which need not be readable.
fn open_parent(path: &Path) -> io::Result<File> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let flags = tree::DIRECTORY | tree::NAMED;
    Ok(rustix::fs::open(parent, flags, Mode::empty())?.into())
}

/// Gives an open directory exactly mode 0700 and the caller as owner, and makes sure that it has them.
pub(super) fn make_private(directory: &File, path: &Path, caller: &Caller<'_>) -> Result<()> {
    let change = || {
        acls::strip(directory)?;
        if caller.acting != caller.uid {
            // Root acts for another user: an existing directory already belongs to them, a new one does
            // not yet.
            fchown(directory, Some(Uid::from_raw(caller.uid)), Some(Gid::from_raw(caller.gid)))?;
        }
        fchmod(directory, PRIVATE)?;
        files::opened(directory)
    };
    let Entry { mode, uid, .. } = change().map_err(|error| failed("make private", path, error))?;
    if (mode, uid) == (0o700, caller.uid) {
        return Ok(());
    }
    let fault = format!(
        "it was created with mode 0700, but has mode {mode:04o} and belongs to {}, so this file system \
         does not keep Unix permissions",
        accounts::owner(uid)
    );
    let help = "choose a shared root on a file system with Unix permissions";
    Err(refused("use", path, fault, help.into()))
}

/// The command with which root creates an account's private directory.
pub fn provision_command(uid: u32) -> String {
    let owner = accounts::owner(uid);
    match owner.name {
        Some(_) => format!("sudo cargo-peruser provision {}", owner.word()),
        None => format!("sudo cargo-peruser provision --uid {uid}"),
    }
}

/// A failure at `path`; if it was denied, with the command that shows who may create something there. An
/// immutable directory refuses root as well, with another error number.
fn failed(doing: &'static str, path: &Path, cause: io::Error) -> Failure {
    let is_denied = Errno::from_io_error(&cause) == Some(Errno::ACCESS);
    let failure = Failure::step(doing, path, cause);
    let parent = quoted(path.parent().unwrap_or(path));
    if is_denied { failure.help(format!("ls -ld {parent}")) } else { failure }
}
