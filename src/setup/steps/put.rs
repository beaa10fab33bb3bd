//! Puts a piece in its place, in one step that is done completely or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, fchmod, fchown};

use super::look::{ModeAndGroup, PieceState, assert_only_private_dirs};
use super::{Step, unfinished};
use crate::os::acls;
use crate::os::files;
use crate::os::marked::{SHELL, with_blocks};
use crate::os::replace::{Original, link};
use crate::private_dir::READ_ABOVE;
use crate::setup::pieces::{PieceKind, Root};
use crate::ui::failure::Failure;

/// Puts a piece in its place. A piece that is already there stays as it is.
///
/// # Errors
/// Any I/O error, and a file that has changed since it was examined. The other pieces stay as they are,
/// and the next run continues from there.
pub(crate) fn put(step: &Step) -> Result<(), Failure> {
    let path = &step.piece.path;
    let failed = |cause| Failure::file("create", path, cause);
    if step.state == PieceState::InPlace {
        return Ok(());
    }
    make_directories(path)?;
    match &step.piece.what {
        PieceKind::Link(to) => link(path, to).map_err(failed),
        PieceKind::File(bytes, mode) => Original::read(path)?.overwrite(bytes, *mode),
        PieceKind::Blocks(blocks) => {
            let original = Original::read(path)?;
            let text = original.bytes().unwrap_or_default();
            let wanted = with_blocks(SHELL, text, blocks).map_err(unfinished(path))?;
            original.replace(&wanted, 0o644)
        }
        PieceKind::Root(root) => {
            shared_root(path, root, step.state).map_err(failed)?;
            // Another user may have added an entry before the mode changed. Now nobody can add any more,
            // but builds would read that entry. So restore the root's permissions, and refuse it.
            assert_only_private_dirs(path, READ_ABOVE).inspect_err(|_| {
                if let PieceState::WrongPermissions { before, .. } = step.state {
                    let _ = set_rights(path, before);
                }
            })
        }
    }
}

/// The file that this process runs. `/proc/self/exe`, if the system has it, is exactly that file, even
/// after another one, perhaps from another user, has taken its path.
pub(crate) fn own_program() -> Result<PathBuf, Failure> {
    let running = Path::new("/proc/self/exe");
    match running.exists() {
        true => Ok(running.to_owned()),
        false => std::env::current_exe().map_err(|cause| Failure::file("find", running, cause)),
    }
}

/// The directories above a path that do not exist yet, beginning with the uppermost.
pub(crate) fn missing_above(path: &Path) -> Vec<&Path> {
    let mut missing: Vec<_> = path.ancestors().skip(1).take_while(|path| !path.exists()).collect();
    missing.reverse();
    missing
}

/// Creates the directories above a path. They have their mode from the first moment on, because the next
/// run would take a directory that a killed run has left for complete.
///
/// # Errors
/// Any I/O error.
pub(crate) fn make_directories(path: &Path) -> Result<(), Failure> {
    let failed = |path| move |cause| Failure::file("create", path, cause);
    missing_above(path).into_iter().try_for_each(|path| make_directory(path).map_err(failed(path)))
}

/// Creates a directory; an existing one is not an error.
fn make_directory(path: &Path) -> io::Result<()> {
    let make = || DirBuilder::new().mode(0o755).create(path);
    let made = match rustix::process::geteuid().is_root() {
        // Whatever root's umask is: other users must be able to reach what is below.
        true => without_umask(make),
        false => make(),
    };
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Otherwise a default ACL of the parent would let the users that it names enter, although not
        // write.
        made => made.and_then(|()| Ok(acls::strip(&open_directory(path)?)?)),
    }
}

fn without_umask<T>(make: impl FnOnce() -> T) -> T {
    // The umask belongs to the whole process, which has one thread here.
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    let made = make();
    rustix::process::umask(umask);
    made
}

/// Until a new root has its permissions, it keeps everybody out. The next run completes one that a killed
/// run has left.
fn shared_root(path: &Path, root: &Root, state: PieceState) -> io::Result<()> {
    if let PieceState::WrongPermissions { after, .. } = state {
        return set_rights(path, after);
    }
    DirBuilder::new().mode(0o700).create(path)?;
    acls::strip(&open_directory(path)?)?;
    let group = root.group.unwrap_or(rustix::process::getegid().as_raw());
    set_rights(path, ModeAndGroup { mode: root.mode, group })
}

/// Changes an existing directory by descriptor, without following a symlink in its place.
pub(super) fn set_rights(path: &Path, rights: ModeAndGroup) -> io::Result<()> {
    let directory = open_directory(path)?;
    if files::opened(&directory)?.gid != rights.group {
        fchown(&directory, None, Some(Gid::from_raw(rights.group)))?;
    }
    // After the group, because changing the group clears set-id bits.
    fchmod(&directory, files::mode(rights.mode))?;
    Ok(())
}

/// Opens a directory. A symlink in its place is an error.
fn open_directory(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}
