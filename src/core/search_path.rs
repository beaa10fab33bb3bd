//! PATH with the shim in front.
//!
//! rustup puts `~/.cargo/bin` first only where it is absent from PATH, so standing second on it is
//! what keeps it there. The result of this is a fixed point: evaluated again it changes nothing.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::candidate::entries;

/// What a session has where nobody has set PATH: what shells and `sshd` fall back to.
pub const DEFAULT: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `path` with these directories first, in order, each of them once. Everything else stays as it
/// is, empty and relative entries too.
pub fn with_first(path: &OsStr, first: &[&Path]) -> OsString {
    // Paths compare by their components, so that a slash at the end makes no difference.
    let is_first = |entry: &Path| first.contains(&entry);
    let rest = entries(path).map(|entry| entry.unwrap_or_else(|relative| relative));
    let all = first.iter().copied().chain(rest.filter(|entry| !is_first(entry)));
    all.map(Path::as_os_str).collect::<Vec<_>>().join(OsStr::new(":"))
}

#[cfg(test)]
mod tests {
    use super::with_first;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn puts_directories_first_and_leaves_the_rest_in_order() {
        let first = [Path::new("/shim"), Path::new("/home/a/.cargo/bin")];
        for (path, expected) in [
            ("/usr/bin:/bin", "/shim:/home/a/.cargo/bin:/usr/bin:/bin"),
            ("/home/a/.cargo/bin:/usr/bin", "/shim:/home/a/.cargo/bin:/usr/bin"),
            ("/a:/shim/:/b:/home/a/.cargo/bin:/shim", "/shim:/home/a/.cargo/bin:/a:/b"),
            (":.:/b:", "/shim:/home/a/.cargo/bin::.:/b:"),
        ] {
            let found = with_first(OsStr::new(path), &first);
            assert_eq!(found, expected, "{path}");
            assert_eq!(with_first(&found, &first), found, "{path}");
        }
    }
}
