//! Pure: paths as text: absolute and without `.` and `..`, by their letters alone.
//!
//! Enough to tell whether a path that a variable holds points into the shared root, whose own path
//! is known to be free of symlinks. Never a substitute for asking the file system.

use std::path::{Component, Path, PathBuf};

/// `path` seen from `base`, with `.` and `..` resolved by their letters.
pub fn absolute(base: &Path, path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::absolute;
    use std::path::Path;

    #[test]
    fn resolves_against_the_base_and_never_above_the_root() {
        for (base, path, expected) in [
            ("/a/b", "c", "/a/b/c"),
            ("/a/b", "../c/./d", "/a/c/d"),
            ("/a", "../../..", "/"),
            ("/a", "/x//y/", "/x/y"),
            ("/a", "", "/a"),
        ] {
            assert_eq!(absolute(Path::new(base), Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
