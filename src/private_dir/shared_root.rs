//! Pure: which directories cannot be a shared root, and what helps where one is not as it has to be.

use std::ffi::OsStr;
use std::path::Path;

use crate::settings::parse::take_away;
use crate::ui::escape::quoted;

/// What helps where the shared root, set in `origin`, is missing or others can write to it: what takes it
/// away where only this session names it, and `setup`, said by `ask`, unless that would refuse it.
pub fn remedy(root: &Path, origin: &str, ask: impl FnOnce(&str) -> String) -> String {
    let setup = || ask(&format!("cargo-peruser setup --shared-root {}", quoted(root)));
    match (take_away(origin), is_the_systems(root)) {
        (None, false) => setup(),
        (Some(away), false) => format!("{away}; or {}", setup()),
        (Some(away), true) => away,
        (None, true) => {
            format!("name a directory that serves nothing else as `shared-root` in {origin}")
        }
    }
}

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
