//! The shared root: creates it, or removes other users' write access to it. It must hold nothing but
//! private directories.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Gid, OFlags, fchmod, fchown};
use serde::{Deserialize, Serialize};

use super::PieceState;
use super::look::{entry, taken};
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::{Entry, Kind};
use crate::os::files;
use crate::private_dir::{READ_ABOVE, UNFINISHED};
use crate::settings::StickyRoot;
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// How to create or change the shared root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// The permission bits (`07777`) of a new root, and of an existing one if its group is chosen. Only
    /// its owner can write to it, because builds read files above their target directories.
    pub mode: u32,
    /// The group that may use it, if one is chosen.
    pub group: Option<u32>,
    /// Whether the settings accept a sticky root in which other users can create files.
    pub sticky: StickyRoot,
}

/// The permissions of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModeAndGroup {
    /// The permission bits (`07777`).
    pub mode: u32,
    /// The group.
    pub group: u32,
}

impl Root {
    /// The permission bits that an existing root should have; `mode` is what it has.
    ///
    /// Removes other users' write access. Who may enter it stays the administrator's choice, unless a
    /// group is chosen now.
    fn mended(&self, mode: u32) -> u32 {
        match self.group {
            Some(_) => self.mode,
            None if self.sticky == StickyRoot::Accept && mode & 0o1000 != 0 => mode,
            None if mode & 0o022 != 0 => mode & 0o755,
            None => mode,
        }
    }

    /// Determines its state.
    ///
    /// # Errors
    /// The refusal of a directory that cannot be the shared root.
    pub(super) fn look(&self, path: &Path) -> Result<PieceState, Failure> {
        let Some(entry) = entry(path)? else { return Ok(PieceState::Missing) };
        if entry.kind != Kind::Directory {
            return Err(taken(path));
        }
        if ![0, accounts::own_uid()].contains(&entry.uid) {
            let fault = format!("it is owned by {}", accounts::owner(entry.uid));
            let help = "name another directory with --shared-root, or none for the usual";
            return Err(not_a_root(path, &fault).help(Look::Entry.at(path, help)));
        }
        let before = ModeAndGroup::of(&entry);
        // One for everyone that a strict umask has made.
        let is_for_everyone = self.mode & 0o001 != 0;
        let is_closed = is_for_everyone && entry.is_only_for_root() && !acls::has_acl(path);
        let mode = if is_closed { self.mode } else { self.mended(entry.mode) };
        let after = ModeAndGroup { mode, group: self.group.unwrap_or(entry.gid) };
        if before == after {
            assert_only_private_dirs(path, READ_ABOVE)?;
            return Ok(PieceState::InPlace);
        }
        assert_only_private_dirs(path, &[])?;
        Ok(PieceState::WrongPermissions { before, after })
    }

    /// Creates it, or changes its permissions. Until a new root has its permissions, it keeps everybody
    /// out. The next run completes one that a killed run has left.
    ///
    /// # Errors
    /// Any I/O error, and a root in which another user has left something.
    pub(super) fn put(&self, path: &Path, state: PieceState) -> Result<(), Failure> {
        let failed = |cause| Failure::file("create", path, cause);
        if let PieceState::WrongPermissions { before, after } = state {
            after.set(path).map_err(failed)?;
            // Another user may have added an entry before the mode changed. Now nobody can add any
            // more, but builds would read that entry. So restore the permissions, and refuse it.
            return assert_only_private_dirs(path, READ_ABOVE)
                .inspect_err(|_| drop(before.set(path)));
        }
        let group = self.group.unwrap_or(rustix::process::getegid().as_raw());
        let make = || -> io::Result<()> {
            DirBuilder::new().mode(0o700).create(path)?;
            acls::strip(&open_directory(path)?)?;
            ModeAndGroup { mode: self.mode, group }.set(path)
        };
        make().map_err(failed)
    }
}

impl ModeAndGroup {
    pub(crate) fn of(entry: &Entry) -> ModeAndGroup {
        ModeAndGroup { mode: entry.mode, group: entry.gid }
    }

    /// Changes an existing directory by descriptor, without following a symlink in its place.
    pub(crate) fn set(self, path: &Path) -> io::Result<()> {
        let directory = open_directory(path)?;
        if files::opened(&directory)?.gid != self.group {
            fchown(&directory, None, Some(Gid::from_raw(self.group)))?;
        }
        // After the group, because changing the group clears set-id bits.
        Ok(fchmod(&directory, files::mode(self.mode))?)
    }
}

/// Opens a directory. A symlink in its place is an error.
pub(super) fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

/// Checks that a shared root holds only private directories, each named for its owner. Anything else
/// shows that the root also serves another purpose, or that other users have left files there that
/// builds would read. If `only` is not empty, only these names are checked.
fn assert_only_private_dirs(root: &Path, only: &[&str]) -> Result<(), Failure> {
    let failed = |cause| Failure::file("look at", root, cause);
    let mut others = Vec::new();
    for found in std::fs::read_dir(root).map_err(failed)? {
        let inside = found.map_err(failed)?.path();
        let entry = files::entry(&inside).map_err(failed)?;
        let name = inside.file_name().unwrap_or_default().to_string_lossy();
        let is_looked_for = only.is_empty() || (only.contains(&&*name) && entry.uid != 0);
        if is_looked_for && !(entry.kind == Kind::Directory && is_private_dir(&name, entry.uid)) {
            others.push(format!("`{}`", escaped(&inside)));
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    others.sort();
    let fault = format!(
        "it holds more than private directories, and builds may read that: {}",
        others.join(", ")
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
        || name
            .strip_prefix(UNFINISHED)
            .is_some_and(|it| owner == 0 || it == account.directory_name())
        || name == "lost+found"
}

#[cfg(test)]
mod tests {
    use super::Root;
    use crate::settings::StickyRoot;

    #[test]
    fn mends_only_what_others_can_write_to() {
        let root = |mode, group| Root { mode, group, sticky: StickyRoot::Refuse };
        let [everyone, own] = [0o755, 0o700].map(|mode| root(mode, None));
        let members = root(0o750, Some(7));
        for (root, mode, expected) in [
            (everyone, 0o1777, 0o755),
            (everyone, 0o777, 0o755),
            (everyone, 0o2775, 0o755),
            (everyone, 0o3770, 0o750),
            (everyone, 0o755, 0o755),
            (everyone, 0o750, 0o750),
            (members, 0o2775, 0o750),
            (members, 0o1777, 0o750),
            (own, 0o700, 0o700),
        ] {
            assert_eq!(root.mended(mode), expected, "{mode:o}");
        }
        let accepted = Root { sticky: StickyRoot::Accept, ..everyone };
        assert_eq!(accepted.mended(0o1777), 0o1777);
        assert_eq!(accepted.mended(0o777), 0o755);
    }
}
