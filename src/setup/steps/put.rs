//! Puts the pieces in their places, each in one step that is done completely or not at all.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::receipt::{ReceiptEntry, write_receipt};
use super::shared_root::open_directory;
use super::{PieceState, Receipt, Step, content_with, read_receipt, receipt_path};
use crate::os::accounts;
use crate::os::acls;
use crate::os::files;
use crate::os::replace::{Original, changed_meanwhile, link};
use crate::setup::pieces::PieceKind;
use crate::shim::installation::Installation;
use crate::ui::failure::Failure;

/// Writes the plan into the receipt, and carries it out.
///
/// # Errors
/// Any I/O error, and a file that has changed since it was examined. The next run continues from there.
pub(crate) fn install(
    installation: &Installation,
    steps: &[Step],
    mut receipt: Receipt,
) -> Result<(), Failure> {
    let path = receipt_path(installation);
    // If another run has changed the receipt, that run created some of what was found here, and this
    // receipt would not list it.
    let file = Original::read(&path)?;
    if read_receipt(&path)? != receipt {
        return Err(changed_meanwhile(&path));
    }
    receipt.prefix = Some(installation.prefix.clone());
    for entry in steps.iter().filter_map(ReceiptEntry::of) {
        missing_above(&entry.path)
            .into_iter()
            .map(ReceiptEntry::directory)
            .for_each(|directory| receipt.add(directory));
        receipt.add(entry);
    }
    // Other users must be able to reach what is in new directories. They have their mode from the first
    // moment on, because the next run would take one that a killed run has left for complete.
    let umask = accounts::is_root().then(|| rustix::process::umask(files::mode(0o022)));
    let all = || {
        make_directories(&path)?;
        write_receipt(&file, &receipt)?;
        steps.iter().try_for_each(put)
    };
    let done = all();
    umask.map(rustix::process::umask);
    done
}

/// Puts a piece in its place. A piece that is already there stays as it is.
fn put(Step { piece, state }: &Step) -> Result<(), Failure> {
    let path = &piece.path;
    if *state == PieceState::InPlace {
        return Ok(());
    }
    make_directories(path)?;
    match &piece.what {
        PieceKind::Link(to) => link(path, to).map_err(|cause| Failure::file("create", path, cause)),
        PieceKind::File(bytes, mode) => Original::read(path)?.overwrite(bytes, *mode),
        PieceKind::Blocks(blocks) => {
            let original = Original::read(path)?;
            original.replace(&content_with(&original, path, blocks)?, 0o644)
        }
        PieceKind::Root(root) => root.put(path, *state),
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
fn missing_above(path: &Path) -> Vec<&Path> {
    let mut missing: Vec<_> = path.ancestors().skip(1).take_while(|path| !path.exists()).collect();
    missing.reverse();
    missing
}

/// Creates the directories above a path.
fn make_directories(path: &Path) -> Result<(), Failure> {
    missing_above(path).into_iter().try_for_each(|directory| {
        make_directory(directory).map_err(|cause| Failure::file("create", directory, cause))
    })
}

/// Creates a directory; an existing one is not an error.
fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o755).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Otherwise a default ACL of the parent would let the users that it names enter, although not
        // write.
        made => made.and_then(|()| Ok(acls::strip(&open_directory(path)?)?)),
    }
}
