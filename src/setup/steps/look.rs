//! Determines the current state of a piece, and whether the caller may put it in its place. All pieces are
//! examined before anything is done; otherwise half an installation would result.

use std::path::Path;

use rustix::io::Errno;
use rustix::process::geteuid;

use super::{Step, assert_ours, unfinished};
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::Entry;
use crate::os::entry::Kind;
use crate::os::files;
use crate::os::marked::{Blocks, SHELL, split, with_blocks};
use crate::os::replace::{Original, assert_can_create};
use crate::os::trust::Trust;
use crate::private_dir::{READ_ABOVE, UNFINISHED};
use crate::setup::pieces::{Did, Piece, PieceKind, Receipt, Root};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// The current state of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceState {
    /// It is not there; for blocks, none of ours is in the file.
    Missing,
    /// It is as it should be.
    InPlace,
    /// It exists, with other content or another mode.
    Outdated,
    /// It is the shared root, with wrong permissions.
    WrongPermissions {
        /// The current ones.
        before: ModeAndGroup,
        /// The expected ones.
        after: ModeAndGroup,
    },
}

/// The permissions of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ModeAndGroup {
    /// The permission bits (`07777`).
    pub mode: u32,
    /// The group.
    pub group: u32,
}

/// Determines the state of a piece.
///
/// # Errors
/// Something of another kind is in its place, or something that no earlier run has put there, which
/// would be lost.
pub(crate) fn look(piece: &Piece, receipt: &Receipt) -> Result<PieceState, Failure> {
    let path = &piece.path;
    let state = match &piece.what {
        PieceKind::Blocks(wanted) => return blocks(path, wanted, receipt),
        PieceKind::Root(root) => return shared_root(path, root),
        PieceKind::Link(to) => link(path, to)?,
        PieceKind::File(bytes, mode) => file(path, bytes, *mode)?,
    };
    match state {
        PieceState::Outdated if receipt.did(path).is_none() => Err(taken(path)),
        _ => Ok(state),
    }
}

/// Checks that the caller may put a piece in its place.
///
/// # Errors
/// Why not.
pub(crate) fn assert_possible(Step { piece, state }: &Step) -> Result<(), Failure> {
    let path = &piece.path;
    let own = geteuid().as_raw();
    match (&piece.what, state) {
        (_, PieceState::InPlace) => Ok(()),
        (PieceKind::Blocks(_), _) => Original::read(path)?.assert_writable(),
        (_, PieceState::WrongPermissions { .. }) => match entry(path)? {
            Some(entry) if own != 0 && entry.uid != own => {
                Err(Failure::file("change the mode of", path, Errno::PERM))
            }
            _ => Ok(()),
        },
        _ => assert_can_create(path, path),
    }
}

/// Why blocks cannot be put into a start-up file, or `None` if they can. Other programs may have written
/// it, as a read-only link, or several people may share it.
pub(crate) fn cannot_change(piece: &Piece, receipt: &Receipt) -> Option<Failure> {
    match look(piece, receipt) {
        Ok(PieceState::InPlace) => None,
        // Other failures are reported when all pieces are examined.
        _ => Original::read(&piece.path).and_then(|file| file.assert_writable()).err(),
    }
}

fn link(path: &Path, to: &Path) -> Result<PieceState, Failure> {
    match entry(path)? {
        None => Ok(PieceState::Missing),
        Some(Entry { kind: Kind::Symlink, .. }) => {
            let is_ours = std::fs::read_link(path).is_ok_and(|found| found == to);
            Ok(if is_ours { PieceState::InPlace } else { PieceState::Outdated })
        }
        Some(_) => Err(taken(path)),
    }
}

/// Everybody runs or reads it, so it must not be a symlink to a file that another user can change, or
/// belong to one.
fn file(path: &Path, bytes: &[u8], mode: u32) -> Result<PieceState, Failure> {
    let Some(found) = entry(path)? else { return Ok(PieceState::Missing) };
    if found.kind != Kind::File {
        return Err(taken(path));
    }
    let is_ours = [0, geteuid().as_raw()].contains(&found.uid) && found.mode == mode;
    let is_same = is_ours && Original::read(path)?.bytes() == Some(bytes);
    Ok(if is_same { PieceState::InPlace } else { PieceState::Outdated })
}

fn blocks(path: &Path, wanted: &Blocks, receipt: &Receipt) -> Result<PieceState, Failure> {
    let original = Original::read(path)?;
    let text = original.bytes().unwrap_or_default();
    if with_blocks(SHELL, text, wanted).map_err(unfinished(path))? == text {
        return Ok(PieceState::InPlace);
    }
    let (_, found) = split(SHELL, text).map_err(unfinished(path))?;
    match (found.first(), receipt.did(path)) {
        (None, _) => {}
        (_, Some(Did::PutBlocks { bodies, .. })) => assert_ours(path, &found, bodies)?,
        (Some((line, _)), _) => {
            let text = format!(
                "the block in `{}` line {line} belongs to another installation of cargo-peruser",
                escaped(path)
            );
            return Err(Failure::new(text).help(format!(
                "uninstall that one first: cargo-peruser setup --uninstall --prefix …; if there is \
                 none, remove its block: ${{EDITOR:-vi}} +{line} {}",
                quoted(path)
            )));
        }
    }
    Ok(if found.is_empty() { PieceState::Missing } else { PieceState::Outdated })
}

fn shared_root(path: &Path, root: &Root) -> Result<PieceState, Failure> {
    let Some(entry) = entry(path)? else { return Ok(PieceState::Missing) };
    if entry.kind != Kind::Directory {
        return Err(taken(path));
    }
    let own = geteuid().as_raw();
    if entry.uid != 0 && entry.uid != own {
        let fault = format!("it is owned by {}", accounts::owner(entry.uid));
        let help = "name another directory with --shared-root, or none for the usual";
        return Err(not_a_root(path, &fault).help(Look::Entry.at(path, help)));
    }
    let before = ModeAndGroup { mode: entry.mode, group: entry.gid };
    let is_closed = root.is_for_everyone() && entry.is_only_for_root() && !acls::has_acl(path);
    let mode = if is_closed { root.mode } else { root.mended(entry.mode) };
    let after = ModeAndGroup { mode, group: root.group.unwrap_or(entry.gid) };
    if before == after {
        assert_only_private_dirs(path, READ_ABOVE)?;
        return Ok(PieceState::InPlace);
    }
    assert_only_private_dirs(path, &[])?;
    Ok(PieceState::WrongPermissions { before, after })
}

/// Checks that a shared root holds only private directories, each named for its owner. Anything else
/// shows that the root also serves another purpose, or that other users have left files there that
/// builds would read. If `only` is not empty, only these names are checked.
pub(super) fn assert_only_private_dirs(root: &Path, only: &[&str]) -> Result<(), Failure> {
    let failed = |cause| Failure::file("look at", root, cause);
    let mut others = Vec::new();
    for found in std::fs::read_dir(root).map_err(failed)? {
        let inside = found.map_err(failed)?.path();
        let entry = files::entry(&inside).map_err(failed)?;
        let name = inside.file_name().unwrap_or_default().to_string_lossy();
        let is_looked_for = only.is_empty() || (only.contains(&&*name) && entry.uid != 0);
        if is_looked_for && !(entry.kind == Kind::Directory && is_private_dir(&name, entry.uid)) {
            others.push(inside);
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    others.sort();
    let names: Vec<_> = others.iter().map(|path| format!("`{}`", escaped(path))).collect();
    let fault = format!(
        "it holds more than private directories, and builds may read that: {}",
        names.join(", ")
    );
    let help = "move them away, or name another directory with --shared-root";
    Err(not_a_root(root, &fault).help(help))
}

/// The refusal of a directory that cannot be the shared root (exit 77).
pub(in crate::setup) fn not_a_root(root: &Path, fault: &str) -> Failure {
    let text = format!("refusing to use `{}` as shared root: {fault}", escaped(root));
    Failure::new(text).exit(77)
}

/// Whether a directory has the name of its owner's private directory, or may have had it, if the account
/// is departed.
fn is_private_dir(name: &str, owner: u32) -> bool {
    let account = accounts::account(owner, &[]);
    let is_departed = account.name.is_none() && !name.starts_with('.');
    name == account.directory_name()
        || is_departed
        || (name.starts_with(UNFINISHED) && owner == 0)
        || name == "lost+found"
}

fn entry(path: &Path) -> Result<Option<Entry>, Failure> {
    files::entry_if_any(path).map_err(|cause| Failure::file("look at", path, cause))
}

fn taken(path: &Path) -> Failure {
    let kind = files::entry(path).map_or(Kind::File, |entry| entry.kind);
    let text = format!(
        "cannot install `{}`: the place is taken by a {kind} that setup has not put there",
        escaped(path)
    );
    let help = "move it away, or uninstall the other installation that it belongs to";
    Failure::new(text).help(Look::Entry.at(path, help))
}

/// Checks that every ancestor directory of these places, as far as it exists, belongs to root or the
/// caller, and that no other user can write to it.
///
/// # Errors
/// A refusal (exit 77) that names the first directory that is not safe.
pub(crate) fn assert_trusted<'a>(places: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    let mut directories: Vec<&Path> = places.filter_map(Path::parent).collect();
    directories.sort();
    directories.dedup();
    let uid = geteuid().as_raw();
    let trust = Trust::of(uid);
    match directories.into_iter().find_map(|directory| trust.first_changeable(directory)) {
        None => Ok(()),
        // Other users could replace the program that everyone is about to run.
        Some((path, entry)) => {
            let text = format!(
                "refusing to install below `{}`: it is owned by {} and has mode {:04o}, so others \
                 could replace what everyone runs",
                escaped(&path),
                accounts::owner(entry.uid),
                entry.mode
            );
            let help = "name another place with --prefix, that only root can change";
            Err(Failure::new(text).help(Look::Ancestors.at(&path, help)).exit(77))
        }
    }
}
