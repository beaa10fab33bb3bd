//! Pure: the name of a workspace's target directory.
//!
//! The root's path alone is not enough: if a checkout is deleted and unpacked again at the same path
//! with the archive's times, cargo takes it for the old one. Its inode and birth time are new. If a
//! file system stores no birth times, the inode has to be enough.

use std::ffi::OsStr;
use std::hash::Hasher;
use std::path::Path;
use std::time::Duration;

use siphasher::sip::SipHasher13;

/// The longest part of the workspace's own name in the directory's name, in characters.
const NAME_LENGTH: usize = 64;

/// What distinguishes a directory from an earlier one at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkspaceIdentity {
    /// The inode number.
    pub inode: u64,
    /// The birth time, since 1970, if the file system stores it.
    pub born: Option<Duration>,
}

impl WorkspaceIdentity {
    /// The identity of something without an inode: a hash of words.
    pub fn of_words(words: &[impl AsRef<OsStr>]) -> WorkspaceIdentity {
        WorkspaceIdentity { inode: hash_of_words(words), born: None }
    }

    /// `<name>-<16 hexadecimal digits>`; never `target`, and never a hidden name.
    ///
    /// [`crate::shim::decide::is_directory_name`] recognizes this form.
    pub fn directory_name(&self, path: &Path) -> String {
        let name = path.file_name().unwrap_or(OsStr::new("root")).to_string_lossy();
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }
        };
        let name: String =
            name.trim_start_matches('.').chars().map(plain).take(NAME_LENGTH).collect();
        let mut hasher = SipHasher13::new();
        hasher.write(path.as_os_str().as_encoded_bytes());
        hasher.write_u8(0);
        hasher.write(&self.inode.to_le_bytes());
        if let Some(born) = self.born {
            hasher.write(&born.as_nanos().to_le_bytes());
        }
        format!("{name}-{:016x}", hasher.finish())
    }
}

/// A hash of words, which is the same in every release.
pub fn hash_of_words(words: &[impl AsRef<OsStr>]) -> u64 {
    let mut hasher = SipHasher13::new();
    for word in words {
        hasher.write(word.as_ref().as_encoded_bytes());
        hasher.write_u8(0);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::WorkspaceIdentity;
    use crate::shim::decide::is_directory_name;
    use std::path::Path;
    use std::time::Duration;

    const IDENTITY: WorkspaceIdentity =
        WorkspaceIdentity { inode: 7, born: Some(Duration::new(1_700_000_000, 5)) };

    fn name(path: &str) -> String {
        IDENTITY.directory_name(Path::new(path))
    }

    #[test]
    fn names_stay_the_same_between_releases() {
        assert_eq!(name("/srv/app"), "app-1195476296a3495b");
        let without = WorkspaceIdentity { born: None, ..IDENTITY };
        assert_eq!(without.directory_name(Path::new("/srv/app")), "app-f5fc3dbf89fde9bd");
    }

    #[test]
    fn what_was_made_anew_at_the_same_path_is_another() {
        let app = Path::new("/srv/app");
        for other in [
            WorkspaceIdentity { inode: 8, ..IDENTITY },
            WorkspaceIdentity { born: Some(Duration::new(1_700_000_000, 6)), ..IDENTITY },
            WorkspaceIdentity { born: None, ..IDENTITY },
        ] {
            assert_ne!(other.directory_name(app), name("/srv/app"), "{other:?}");
        }
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
        let words = |words: &[&str]| WorkspaceIdentity::of_words(words);
        assert_ne!(words(&["a", "b"]), words(&["ab"]));
    }
}
