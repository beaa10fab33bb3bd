//! Pure: which directories cannot be a shared root, and what to do about an unusable one.

use std::ffi::OsStr;
use std::path::Path;

use crate::settings::parse::how_to_remove;
use crate::ui::escape::quoted;

/// The help for a shared root that is missing or that others can write to. `origin` is the setting's
/// source. If only this session sets it, the help says how to remove the setting; it offers `setup`,
/// worded by `ask`, unless `setup` would refuse the directory.
pub fn remedy(root: &Path, origin: &str, ask: impl FnOnce(&str) -> String) -> String {
    let setup = || ask(&format!("cargo-peruser setup --shared-root {}", quoted(root)));
    match (how_to_remove(origin), is_system_directory(root)) {
        (None, false) => setup(),
        (Some(away), false) => format!("{away}; or {}", setup()),
        (Some(away), true) => away,
        (None, true) => {
            format!("name a directory that serves nothing else as `shared-root` in {origin}")
        }
    }
}

/// Whether the system needs this directory for other things. Its mode and group must never change.
pub(crate) fn is_system_directory(directory: &Path) -> bool {
    let name = directory.file_name().and_then(OsStr::to_str);
    let is_known = |(above, names): &(&str, &[&str])| {
        directory.parent() == Some(Path::new(above)) && name.is_some_and(|it| names.contains(&it))
    };
    SYSTEM.iter().any(is_known)
}

/// From the file system hierarchy standard.
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

#[cfg(test)]
mod tests {
    use super::remedy;
    use std::path::Path;

    #[test]
    fn offers_nothing_that_setup_refuses_and_names_what_only_this_session_says() {
        let variable = "the environment variable CARGO_PERUSER_SHARED_ROOT";
        for (root, origin, expected) in [
            ("/srv/x", "`/etc/x` line 1", "cargo-peruser setup --shared-root /srv/x"),
            (
                "/srv/x",
                variable,
                "unset CARGO_PERUSER_SHARED_ROOT; or cargo-peruser setup --shared-root /srv/x",
            ),
            ("/tmp", variable, "unset CARGO_PERUSER_SHARED_ROOT"),
            ("/tmp", "the flag --shared-root", "leave --shared-root out"),
            (
                "/tmp",
                "`/etc/x` line 1",
                "name a directory that serves nothing else as `shared-root` in `/etc/x` line 1",
            ),
        ] {
            assert_eq!(remedy(Path::new(root), origin, str::to_owned), expected);
        }
    }
}
