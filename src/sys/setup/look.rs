//! How a piece stands at the moment.

use std::path::{Path, PathBuf};

use crate::core::marked::with_blocks;
use crate::core::safety::Entry;
use crate::core::setup::{Piece, Root, What};
use crate::error::{Error, FileError, Kind, SetupError};
use crate::sys::replace::{Original, is_same_content};
use crate::sys::{accounts, files};

/// How a piece stands at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceState {
    /// Nothing is there.
    Missing,
    /// It is as it should be.
    InPlace,
    /// It is there, with other content.
    Outdated,
    /// It is the shared root, with other permissions.
    Loose {
        /// As they are.
        before: Rights,
        /// As they should be.
        after: Rights,
    },
}

/// Who may do what in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The permission bits (`07777`).
    pub mode: u32,
    /// The group.
    pub group: u32,
}

/// Looks at a piece's place.
///
/// # Errors
/// [`SetupError`] and [`FileError`] for what stands in its way.
pub fn look(piece: &Piece) -> Result<PieceState, Error> {
    match &piece.what {
        What::Directory => directory(&piece.path),
        What::Program => program(&piece.path),
        What::Link(to) => link(&piece.path, to),
        What::File(bytes, mode) => file(&piece.path, bytes, *mode),
        What::Blocks(blocks) => {
            let original = Original::read(&piece.path)?;
            let text = original.text()?;
            let wanted = with_blocks(text, blocks).map_err(|unfinished| {
                SetupError::Unfinished { path: piece.path.clone(), line: unfinished.line }
            })?;
            match original.bytes() {
                None => Ok(PieceState::Missing),
                Some(_) if wanted == text => Ok(PieceState::InPlace),
                Some(_) => {
                    original.assert_writable().map(|()| PieceState::Outdated).map_err(Into::into)
                }
            }
        }
        What::Root(root) => shared_root(&piece.path, root),
    }
}

fn directory(path: &Path) -> Result<PieceState, Error> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(PieceState::InPlace),
        Ok(_) => Err(taken(path)),
        // What leads nowhere is in the way as well.
        Err(_) if files::is_there(path) => Err(taken(path)),
        Err(_) => Ok(PieceState::Missing),
    }
}

fn program(path: &Path) -> Result<PieceState, Error> {
    match entry(path)? {
        None => Ok(PieceState::Missing),
        Some(Entry { kind: Kind::File, mode, .. }) => {
            let failed = |cause| FileError::failed("read", path, cause);
            let is_ours = is_same_content(path, &own_program()?).map_err(failed)?;
            Ok(if is_ours && mode == 0o755 { PieceState::InPlace } else { PieceState::Outdated })
        }
        Some(_) => Err(taken(path)),
    }
}

/// The file that this process runs, even where it has been replaced since.
pub(super) fn own_program() -> Result<PathBuf, FileError> {
    std::env::current_exe()
        .map_err(|cause| FileError::failed("find", Path::new("/proc/self/exe"), cause))
}

fn link(path: &Path, to: &Path) -> Result<PieceState, Error> {
    match entry(path)? {
        None => Ok(PieceState::Missing),
        Some(Entry { kind: Kind::Symlink, .. }) => {
            let is_ours = std::fs::read_link(path).is_ok_and(|found| found == to);
            Ok(if is_ours { PieceState::InPlace } else { PieceState::Outdated })
        }
        Some(_) => Err(taken(path)),
    }
}

fn file(path: &Path, bytes: &[u8], mode: u32) -> Result<PieceState, Error> {
    let original = Original::read(path)?;
    match original.bytes() {
        None => Ok(PieceState::Missing),
        Some(found) if found == bytes && original.mode() == Some(mode) => Ok(PieceState::InPlace),
        // All of ours name this tool; another file of the same name is somebody's.
        Some(found) if names_us(found) => Ok(PieceState::Outdated),
        Some(_) => Err(taken(path)),
    }
}

fn names_us(bytes: &[u8]) -> bool {
    let name = b"cargo-peruser";
    bytes.windows(name.len()).any(|window| window == name)
}

fn shared_root(path: &Path, root: &Root) -> Result<PieceState, Error> {
    let Some(entry) = entry(path)? else { return Ok(PieceState::Missing) };
    if entry.kind != Kind::Directory {
        return Err(taken(path));
    }
    let own = rustix::process::geteuid().as_raw();
    if entry.uid != 0 && entry.uid != own {
        let owner = accounts::owner(entry.uid);
        return Err(SetupError::RootForeign { path: path.to_owned(), owner }.into());
    }
    let before = Rights { mode: entry.mode, group: entry.gid };
    let after = Rights { mode: root.mended(entry.mode), group: root.group.unwrap_or(entry.gid) };
    Ok(if before == after { PieceState::InPlace } else { PieceState::Loose { before, after } })
}

fn entry(path: &Path) -> Result<Option<Entry>, FileError> {
    files::entry_if_any(path).map_err(|cause| FileError::failed("look at", path, cause))
}

fn taken(path: &Path) -> Error {
    let kind = files::entry(path).map_or(Kind::File, |entry| entry.kind);
    SetupError::Taken { path: path.to_owned(), kind }.into()
}
