//! Which working copy is being built, and the name of its own target directory.
//!
//! Cargo hashes paths relative to the workspace root, so two copies of a package that share a
//! target directory silently run each other's binaries (cargo#12516). A linked git worktree is such
//! a copy by definition; that two clones are copies shows only by looking inside.

use std::ffi::OsStr;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

use siphasher::sip::SipHasher13;

/// The longest part of a checkout's own name in its directory's name, in bytes.
const NAME_LENGTH: usize = 64;

/// One working copy of a repository, or a package without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Its top directory, without symlinks.
    pub top: PathBuf,
    /// What kind of copy it is.
    pub kind: CheckoutKind,
}

/// What kind of working copy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutKind {
    /// A repository's first working copy, a clone, a submodule, or a package outside of git.
    Main,
    /// A `git worktree add`ed copy beside another one.
    LinkedWorktree,
}

impl Checkout {
    /// The name of this checkout's own target directory: its name and a hash of its path.
    ///
    /// The hash keeps two checkouts of one name apart, and the result is never `target`.
    pub fn directory_name(&self) -> String {
        let name = self.top.file_name().unwrap_or(OsStr::new("root")).to_string_lossy();
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }
        };
        let name: String =
            name.trim_start_matches('.').chars().map(plain).take(NAME_LENGTH).collect();
        let mut hasher = SipHasher13::new();
        hasher.write(self.top.as_os_str().as_encoded_bytes());
        format!("{name}-{:016x}", hasher.finish())
    }
}

/// Whether the content of a `.git` *file* is that of a linked worktree.
///
/// It names `<repository>/worktrees/<id>`; a submodule's names `<repository>/modules/<name>`, and
/// that of a repository kept elsewhere (`--separate-git-dir`) any other place.
pub fn is_linked_worktree(git_file: &[u8]) -> bool {
    let Some(path) = git_file.strip_prefix(b"gitdir: ") else {
        return false;
    };
    // As text is enough: the two names that decide are ASCII.
    let path = String::from_utf8_lossy(path);
    let parent = Path::new(path.trim_end_matches(['\n', '\r'])).parent();
    parent.and_then(Path::file_name) == Some(OsStr::new("worktrees"))
}

#[cfg(test)]
mod tests {
    use super::{Checkout, CheckoutKind, is_linked_worktree};

    fn name(top: &str) -> String {
        Checkout { top: top.into(), kind: CheckoutKind::Main }.directory_name()
    }

    #[test]
    fn tells_linked_worktrees_from_submodules_and_moved_repositories() {
        for (text, expected) in [
            ("gitdir: /srv/app/.git/worktrees/fix\n", true),
            ("gitdir: ../app.git/worktrees/fix\r\n", true),
            ("gitdir: ../.git/modules/lib/worktrees/fix\n", true),
            ("gitdir: ../.git/modules/lib\n", false),
            ("gitdir: /elsewhere/app.git\n", false),
            ("worktrees/x", false),
            ("", false),
        ] {
            assert_eq!(is_linked_worktree(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn names_stay_the_same_between_releases() {
        assert_eq!(name("/srv/app"), "app-be4194734a7feef1");
    }

    #[test]
    fn names_keep_equal_names_apart_and_are_plain() {
        assert_ne!(name("/srv/a/app"), name("/srv/b/app"));
        assert!(name("/srv/my app:2\n").starts_with("my_app_2_-"));
        assert!(name("/srv/.dotted").starts_with("dotted-"));
        assert!(name(&format!("/{}", "x".repeat(255))).len() <= 81);
        assert!(name("/").starts_with("root-"));
    }
}
