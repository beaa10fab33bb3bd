//! Pure: paths as text: absolute and without `.` and `..`, lexically.
//!
//! Enough to tell whether a variable's path points into the shared root, because the root's own path
//! contains no symlinks. Never a substitute for asking the file system.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// `path` relative to `base`, with `.` and `..` resolved lexically.
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

/// `path` relative to the process's working directory, if it is in that directory or in an ancestor, as
/// in `../../Cargo.toml`; otherwise `path` itself. Going up is cheap for the kernel; going down from
/// the root, a network file system is asked about every directory again. `here` is the result of
/// `getcwd`.
pub fn near<'p>(here: Option<&Path>, path: &'p Path) -> Cow<'p, Path> {
    here.and_then(|here| relative(here, path)).map_or(Cow::Borrowed(path), Cow::Owned)
}

fn relative(here: &Path, path: &Path) -> Option<PathBuf> {
    let (here, path) = (here.as_os_str().as_bytes(), path.as_os_str().as_bytes());
    let last_slash = |text: &[u8]| text.iter().rposition(|byte| *byte == b'/');
    let is_at_or_above = |at: &usize| {
        here.get(*at).is_none_or(|byte| *byte == b'/') && path.get(..*at) == here.get(..*at)
    };
    let mut above = std::iter::successors(Some(path.len()), |at| last_slash(path.get(..*at)?));
    let common = above.find(is_at_or_above)?;
    // From `/` an absolute path is just as short.
    if here == b"/" || (common == 0 && last_slash(path)? > 0) {
        return None;
    }
    let up = here.get(common..)?.iter().filter(|byte| **byte == b'/').count();
    let down = path.get(common + 1..).unwrap_or_default();
    let mut relative = Vec::with_capacity(3 * up + down.len());
    (0..up).for_each(|_| relative.extend_from_slice(b"../"));
    relative.extend_from_slice(if up == 0 && down.is_empty() { b"." } else { down });
    Some(OsString::from_vec(relative).into())
}

#[cfg(test)]
mod tests {
    use super::{absolute, near};
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

    #[test]
    fn what_is_near_is_reached_from_here() {
        for (here, path, expected) in [
            ("/a/b/c", "/a/b/c/x", "x"),
            ("/a/b/c", "/a/b/c/.cargo/x", ".cargo/x"),
            ("/a/b/c", "/a/b/x", "../x"),
            ("/a/b/c", "/a/b/cd", "../cd"),
            ("/a/bc/d", "/a/b/x", "../../b/x"),
            ("/a/b/c", "/a/.d/e/f/g", "../../.d/e/f/g"),
            ("/a/b/c", "/d/e/f", "/d/e/f"),
            ("/a/b/c", "/a/x", "../../x"),
            ("/a/b/c", "/x", "../../../x"),
            ("/a/b/c", "/a", "../.."),
            ("/a/b/c", "/a/b/c", "."),
            ("/a/b/c", "/", "../../../"),
            ("/a", "/x", "../x"),
            ("/", "/x", "/x"),
            ("/a/b/c", "/a/b/c/d/e/f", "d/e/f"),
            ("/a/b", "c", "c"),
            ("/a/b", "", ""),
        ] {
            assert_eq!(
                &*near(Some(Path::new(here)), Path::new(path)),
                Path::new(expected),
                "{path}"
            );
        }
        assert_eq!(&*near(None, Path::new("/a/x")), Path::new("/a/x"));
    }
}
