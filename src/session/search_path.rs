//! Pure: PATH with the shim first.
//!
//! rustup puts `~/.cargo/bin` first only if it is absent from PATH. If it is anywhere on PATH, the shim
//! stays first. If the person has put it on PATH already, its position stays. Applied to its own
//! result, this changes nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// PATH for a session without one: the default of shells and `sshd`.
pub(crate) const DEFAULT: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `path` with the shim's directory first, and only once, and then `cargo_bin`, unless `path` contains
/// it. All other entries stay, also empty and relative ones.
pub(crate) fn with_shim(path: &OsStr, shim_dir: &Path, cargo_bin: Option<&Path>) -> OsString {
    // Paths are compared by component, so a trailing slash makes no difference.
    let others = || {
        let all = path.as_bytes().split(|byte| *byte == b':');
        all.map(|entry| Path::new(OsStr::from_bytes(entry))).filter(|entry| *entry != shim_dir)
    };
    let absent = cargo_bin.filter(|bin| others().all(|entry| entry != *bin));
    let all = std::iter::once(shim_dir).chain(absent).chain(others());
    all.map(Path::as_os_str).collect::<Vec<_>>().join(OsStr::new(":"))
}

#[cfg(test)]
mod tests {
    use super::with_shim;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn puts_the_shim_first_and_leaves_the_rest_in_order() {
        let (shim, bin) = (Path::new("/shim"), Path::new("/home/a/.cargo/bin"));
        for (path, expected) in [
            ("/usr/bin:/bin", "/shim:/home/a/.cargo/bin:/usr/bin:/bin"),
            ("/home/a/.cargo/bin:/usr/bin", "/shim:/home/a/.cargo/bin:/usr/bin"),
            ("/usr/bin:/home/a/.cargo/bin", "/shim:/usr/bin:/home/a/.cargo/bin"),
            ("/usr/bin:/home/a/.cargo/bin/", "/shim:/usr/bin:/home/a/.cargo/bin/"),
            ("/a:/shim/:/b:/home/a/.cargo/bin:/shim", "/shim:/a:/b:/home/a/.cargo/bin"),
            (":.:/b:", "/shim:/home/a/.cargo/bin::.:/b:"),
        ] {
            let found = with_shim(OsStr::new(path), shim, Some(bin));
            assert_eq!(found, expected, "{path}");
            assert_eq!(with_shim(&found, shim, Some(bin)), found, "{path}");
        }
        assert_eq!(with_shim(OsStr::new("/bin"), shim, None), "/shim:/bin");
    }
}
