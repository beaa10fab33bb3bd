//! Pure: the pieces of an installation, for a machine or for one person, and where each of them is.
//!
//! The list is made from facts gathered elsewhere, and it is complete: installing and showing the state
//! use it, and so does uninstalling, by the receipt. Hooks only call the program, and are harmless
//! without it.

mod receipt;
pub(super) mod timer;

use std::path::{Path, PathBuf};

pub(super) use receipt::{Did, Receipt, ReceiptEntry};

use crate::os::marked::Blocks;
use crate::settings::Scope;
use crate::settings::StickyRoot;

/// One piece of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub what: PieceKind,
    /// Its purpose, for display.
    pub purpose: &'static str,
}

/// The kind of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// A symlink to this path.
    Link(PathBuf),
    /// Our own file, with this content and mode.
    File(Vec<u8>, u32),
    /// Marked blocks in a file that is not ours.
    Blocks(Blocks),
    /// The shared root.
    Root(Root),
}

/// How to create or change the shared root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Root {
    /// The permission bits (`07777`) of a new root, and of an existing one if its group is chosen.
    pub mode: u32,
    /// The group that may use it, if one is chosen.
    pub group: Option<u32>,
    /// Whether the settings accept a sticky root in which other users can create files.
    pub sticky: StickyRoot,
}

impl Root {
    /// For everyone. Only its owner can write to it, because builds read files above their target
    /// directories.
    pub(super) const EVERYONE: Root = Root { mode: 0o755, group: None, sticky: StickyRoot::Refuse };
    /// Below the caller's own cache directory.
    pub(super) const OWN: Root = Root { mode: 0o700, group: None, sticky: StickyRoot::Refuse };

    /// For the members of a group. No other user may enter it.
    pub(super) fn group(gid: u32) -> Root {
        Root { mode: 0o750, group: Some(gid), sticky: StickyRoot::Refuse }
    }

    /// Whether everyone may enter a new root.
    pub(super) fn is_for_everyone(&self) -> bool {
        self.mode & 0o001 != 0
    }

    /// The permission bits that an existing root should have; `mode` is what it has.
    ///
    /// Removes other users' write access. Who may enter it stays the administrator's choice, unless a
    /// group is chosen now.
    pub(super) fn mended(&self, mode: u32) -> u32 {
        match self.group {
            Some(_) => self.mode,
            None if self.sticky == StickyRoot::Accept && mode & 0o1000 != 0 => mode,
            None if mode & 0o022 != 0 => mode & 0o755,
            None => mode,
        }
    }
}

impl Piece {
    /// A piece at this path.
    pub(super) fn new(path: impl Into<PathBuf>, what: PieceKind, purpose: &'static str) -> Piece {
        Piece { path: path.into(), what, purpose }
    }
}

/// The block at the top of a settings file that names a shared root, and the scope if one was chosen. It
/// is at the top because keys outside of tables must precede all tables.
pub(super) fn settings_block(shared_root: &Path, scope: Option<Scope>) -> Blocks {
    // A JSON string is also a TOML string.
    let root = serde_json::Value::from(shared_root.to_string_lossy());
    let mut top = format!(
        "# Put here by `cargo-peruser setup`; other settings belong below.\nshared-root = {root}\n"
    );
    if let Some(scope) = scope {
        top += &format!("scope = \"{}\"\n", scope.word());
    }
    Blocks { top: Some(top), end: None }
}

/// Why a path cannot be quoted in every hook, or `None` if it can.
pub(super) fn cannot_be_quoted(path: &Path) -> Option<&'static str> {
    let Some(text) = path.to_str() else { return Some("is not UTF-8") };
    let is_bad = |c: char| c.is_control() || "'\"\\$`:!".contains(c);
    if !path.is_absolute() {
        Some("is not absolute")
    } else if text.contains(is_bad) {
        Some("has a quote, a backslash, a `$`, a `:`, a `!` or a control character in it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Root, cannot_be_quoted, settings_block};
    use crate::settings::StickyRoot;
    use crate::settings::parse::{Whose, from_file};
    use std::path::Path;

    #[test]
    fn mends_only_what_others_can_write_to() {
        for (root, mode, expected) in [
            (Root::EVERYONE, 0o1777, 0o755),
            (Root::EVERYONE, 0o777, 0o755),
            (Root::EVERYONE, 0o2775, 0o755),
            (Root::EVERYONE, 0o3770, 0o750),
            (Root::EVERYONE, 0o755, 0o755),
            (Root::EVERYONE, 0o750, 0o750),
            (Root::group(7), 0o2775, 0o750),
            (Root::group(7), 0o1777, 0o750),
            (Root::OWN, 0o700, 0o700),
        ] {
            assert_eq!(root.mended(mode), expected, "{mode:o}");
        }
        let accepted = Root { sticky: StickyRoot::Accept, ..Root::EVERYONE };
        assert_eq!(accepted.mended(0o1777), 0o1777);
        assert_eq!(accepted.mended(0o777), 0o755);
    }

    #[test]
    fn a_root_of_any_name_is_a_toml_string() {
        let top = settings_block(Path::new("/srv/a \"b\" \\c"), None).top.unwrap();
        let settings = from_file(Path::new("/etc/config.toml"), &top, Whose::System).unwrap();
        assert_eq!(settings.shared_root(), Some(Path::new("/srv/a \"b\" \\c")));
    }

    #[test]
    fn a_path_that_would_end_its_quotes_is_told() {
        for path in ["/usr/local", "/home/müller/.local", "/opt/a b"] {
            assert_eq!(cannot_be_quoted(Path::new(path)), None, "{path}");
        }
        for path in ["/it's", "/a:b", "/a!b", "/a\nb", "/a$b", "relative"] {
            assert!(cannot_be_quoted(Path::new(path)).is_some(), "{path}");
        }
    }
}
