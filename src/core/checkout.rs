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
    /// A cargo script. Cargo gives each a directory of its own, because all of the same name are the
    /// same package to it.
    Script,
}

impl Checkout {
    /// The name of this checkout's own target directory: its name and a hash of its path.
    ///
    /// The hash keeps two checkouts of one name apart, and the result is never `target`.
    pub fn directory_name(&self) -> String {
        // `is_directory_name` knows this form.
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

/// Whether a directory's name is one that [`Checkout::directory_name`] makes.
pub fn is_directory_name(name: &str) -> bool {
    let hash = name.rsplit_once('-').map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether the content of a `.git` *file* is that of a linked worktree, or of something inside one.
///
/// It names `<repository>/worktrees/<id>`, and for a submodule of that worktree
/// `<repository>/worktrees/<id>/modules/<name>`. A submodule of the first working copy names
/// `<repository>/modules/<name>`, and a repository kept elsewhere any other place.
pub fn is_linked_worktree(git_file: &str) -> bool {
    let Some(path) = git_file.strip_prefix("gitdir: ") else { return false };
    let names: Vec<&OsStr> = Path::new(path.trim_end_matches(['\n', '\r'])).iter().collect();
    let follows = |index: usize| names.get(index).copied();
    names.iter().enumerate().any(|(at, name)| {
        *name == "worktrees"
            && follows(at + 1).is_some()
            && follows(at + 2).is_none_or(|name| name == "modules")
    })
}

#[cfg(test)]
mod tests {
    use super::{Checkout, CheckoutKind, is_directory_name, is_linked_worktree};

    fn name(top: &str) -> String {
        Checkout { top: top.into(), kind: CheckoutKind::Main }.directory_name()
    }

    #[test]
    fn tells_linked_worktrees_from_submodules_and_moved_repositories() {
        for (text, expected) in [
            ("gitdir: /srv/app/.git/worktrees/fix\n", true),
            ("gitdir: ../app.git/worktrees/fix\r\n", true),
            ("gitdir: ../.git/modules/lib/worktrees/fix\n", true),
            ("gitdir: ../../.git/worktrees/fix/modules/lib\n", true),
            ("gitdir: /home/me/worktrees/app/.git/worktrees/fix\n", true),
            ("gitdir: ../.git/modules/lib\n", false),
            ("gitdir: /home/me/worktrees/app/.git/modules/lib\n", false),
            ("gitdir: /srv/app/.git/worktrees", false),
            ("gitdir: /elsewhere/app.git\n", false),
            ("worktrees/x", false),
            ("", false),
        ] {
            assert_eq!(is_linked_worktree(text), expected, "{text}");
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
        assert!(is_directory_name(&name("/srv/a-b")));
        assert!(!is_directory_name("target") && !is_directory_name("app-0123456789abcde"));
    }
}
