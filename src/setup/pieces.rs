//! Pure: the pieces of an installation, for a machine or for one person, and where each of them is.
//!
//! The list is made from facts gathered elsewhere, and it is complete: installing and showing the state
//! use it, and so does uninstalling, by the receipt. Hooks only call the program, and are harmless
//! without it.

pub(super) mod timer;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::os::marked::Blocks;
use crate::settings::Scope;
use crate::setup::steps::Root;

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

impl PieceKind {
    /// Our own text file, which everyone may read.
    pub(super) fn text(text: String) -> PieceKind {
        PieceKind::File(text.into_bytes(), 0o644)
    }
}

impl Piece {
    /// A piece at this path.
    pub(super) fn new(path: impl Into<PathBuf>, what: PieceKind, purpose: &'static str) -> Piece {
        Piece { path: path.into(), what, purpose }
    }

    /// Everything that setup writes there, by its kind. Of a symlink, that is its target.
    pub(super) fn contents(&self) -> Vec<&[u8]> {
        match &self.what {
            PieceKind::Link(to) => vec![to.as_os_str().as_bytes()],
            PieceKind::File(bytes, _) => vec![bytes],
            PieceKind::Blocks(Blocks { top, end }) => {
                top.iter().chain(end).map(String::as_bytes).collect()
            }
            PieceKind::Root(_) => Vec::new(),
        }
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
    use super::{cannot_be_quoted, settings_block};
    use crate::settings::parse::{Whose, from_file};
    use std::path::Path;

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
