//! Pure: which directories cannot be a shared root.

use std::ffi::OsStr;
use std::path::Path;

/// Whether a directory is one that the system needs for other things. Its mode and group must never
/// change.
pub(crate) fn is_the_systems(directory: &Path) -> bool {
    let name = directory.file_name().and_then(OsStr::to_str);
    let is_known = |(above, names): &(&str, &[&str])| {
        directory.parent() == Some(Path::new(above)) && name.is_some_and(|it| names.contains(&it))
    };
    SYSTEM.iter().any(is_known)
}

/// By the file system hierarchy standard.
const SYSTEM: [(&str, &[&str]); 4] = [
    (
        "/",
        &[
            "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc",
            "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var",
        ],
    ),
    ("/dev", &["shm"]),
    ("/usr", &["bin", "games", "include", "lib", "libexec", "local", "sbin", "share", "src"]),
    ("/var", &["backups", "cache", "lib", "log", "mail", "opt", "run", "spool", "tmp"]),
];
