//! Determines the current state of a piece.

use std::path::Path;

use super::put::own_program;
use super::{assert_ours, unfinished};
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::Entry;
use crate::os::entry::Kind;
use crate::os::files;
use crate::os::marked::{Blocks, bodies, with_blocks, without_blocks};
use crate::os::replace::{Original, is_same_content};
use crate::private_dir::{READ_ABOVE, UNFINISHED};
use crate::setup::pieces::{Did, Piece, PieceKind, Receipt, Root};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// The current state of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PieceState {
    /// Nothing is there.
    Missing,
    /// It is as it should be.
    InPlace,
    /// It exists, with other content or another mode.
    Outdated,
    /// The file is not ours, and has none of our blocks yet.
    Untouched,
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
        PieceKind::Directory => directory(path)?,
        PieceKind::Program => program(path)?,
        PieceKind::Link(to) => link(path, to)?,
        PieceKind::File(bytes, mode) => file(path, bytes, *mode)?,
        PieceKind::Blocks(wanted) => blocks(path, wanted, receipt)?,
        PieceKind::Root(root) => shared_root(path, root)?,
    };
    let is_known = receipt.did(path).is_some();
    match (&piece.what, state) {
        (PieceKind::Blocks(_), _) => Ok(state),
        (PieceKind::File(..), PieceState::Outdated) if !is_known && is_a_hook(path) => {
            Err(belongs_to_another(path, &format!("rm {}", quoted(path))))
        }
        (_, PieceState::Outdated) if !is_known => Err(taken(path)),
        _ => Ok(state),
    }
}

/// Whether the file itself says that setup has put it there. If the receipt does not list it, that was
/// for another installation.
fn is_a_hook(path: &Path) -> bool {
    let original = Original::read(path);
    original
        .is_ok_and(|it| it.text().is_ok_and(|text| text.contains("`cargo-peruser setup` has put")))
}

fn directory(path: &Path) -> Result<PieceState, Failure> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(PieceState::InPlace),
        Ok(_) => Err(taken(path)),
        // A dangling symlink is in the way, too.
        Err(_) if files::is_there(path) => Err(taken(path)),
        Err(_) => Ok(PieceState::Missing),
    }
}

fn program(path: &Path) -> Result<PieceState, Failure> {
    match entry(path)? {
        None => Ok(PieceState::Missing),
        Some(Entry { kind: Kind::File, mode, .. }) => {
            let failed = |cause| Failure::file("read", path, cause);
            let is_ours = is_same_content(path, &own_program()?).map_err(failed)?;
            Ok(if is_ours && mode == 0o755 { PieceState::InPlace } else { PieceState::Outdated })
        }
        Some(_) => Err(taken(path)),
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

fn file(path: &Path, bytes: &[u8], mode: u32) -> Result<PieceState, Failure> {
    let original = Original::read(path)?;
    Ok(match original.bytes() {
        None => PieceState::Missing,
        Some(found) if found == bytes && original.mode() == Some(mode) => PieceState::InPlace,
        Some(_) => PieceState::Outdated,
    })
}

fn blocks(path: &Path, wanted: &Blocks, receipt: &Receipt) -> Result<PieceState, Failure> {
    let original = Original::read(path)?;
    let Some(text) = original.bytes() else { return Ok(PieceState::Missing) };
    if with_blocks(text, wanted).map_err(unfinished(path))? == text {
        return Ok(PieceState::InPlace);
    }
    let is_bare = without_blocks(text).map_err(unfinished(path))? == text;
    match receipt.did(path) {
        _ if is_bare => {}
        Some(Did::PutBlocks { bodies, .. }) => assert_ours(path, text, bodies)?,
        _ => {
            let line = bodies(text).map_err(unfinished(path))?.first().map_or(1, |(at, _)| *at);
            let edit = format!("${{EDITOR:-vi}} +{line} {}", quoted(path));
            return Err(belongs_to_another(path, &format!("remove its block: {edit}")));
        }
    }
    original.assert_writable()?;
    Ok(if is_bare { PieceState::Untouched } else { PieceState::Outdated })
}

fn shared_root(path: &Path, root: &Root) -> Result<PieceState, Failure> {
    let Some(entry) = entry(path)? else { return Ok(PieceState::Missing) };
    if entry.kind != Kind::Directory {
        return Err(taken(path));
    }
    let own = rustix::process::geteuid().as_raw();
    if entry.uid != 0 && entry.uid != own {
        let fault = format!("it is owned by {}", accounts::owner(entry.uid));
        let help = "name another directory with --shared-root, or none for the usual";
        return Err(not_a_root(path, &fault).help(Look::Entry.at(path, help)));
    }
    let before = ModeAndGroup { mode: entry.mode, group: entry.gid };
    let is_closed = root.is_for_everyone() && entry.is_only_for_root() && !acls::has_acl(path);
    let mode = if is_closed { root.mode } else { root.mended(entry.mode) };
    let after = ModeAndGroup { mode, group: root.group.unwrap_or(entry.gid) };
    assert_only_private_dirs(path, if before == after { READ_ABOVE } else { &[] })?;
    Ok(if before == after {
        PieceState::InPlace
    } else {
        PieceState::WrongPermissions { before, after }
    })
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
    Failure::new(text).help(Look::Entry.at(path, "move it away"))
}

/// The error for a file, or a block in it, that another installation has put there. `if_gone` helps if
/// uninstalling that one has left it, because somebody had changed it.
fn belongs_to_another(path: &Path, if_gone: &str) -> Failure {
    let text = format!("`{}` belongs to another installation of cargo-peruser", escaped(path));
    Failure::new(text).help(format!(
        "uninstall that one first: cargo-peruser setup --uninstall --prefix …; if there is none: {if_gone}"
    ))
}
