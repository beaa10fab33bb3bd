//! Which names a profile can have for cargo, and which directories of a target directory are a
//! profile's.

/// What cargo keeps for itself, as its own errors say; upper and lower case are the same there.
const RESERVED: &[&str] = &[
    "build",
    "build-override",
    "check",
    "clean",
    "config",
    "debug",
    "doc",
    "fetch",
    "fix",
    "install",
    "metadata",
    "package",
    "publish",
    "report",
    "root",
    "run",
    "rust",
    "rustc",
    "rustdoc",
    "target",
    "tmp",
    "uninstall",
];

/// Profiles that build into another one's directory: to clean them by name is to clean that.
const ELSEWHERE: &[&str] = &["dev", "test", "bench"];

/// The profile that builds into the directory of this name; `None` where cargo never makes one.
pub fn of_directory(directory: &str) -> Option<&str> {
    let allowed = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let lower = directory.to_lowercase();
    match directory {
        "debug" => Some("dev"),
        // Cargo would take it for a flag.
        _ if directory.starts_with('-') => None,
        _ if ELSEWHERE.contains(&directory) || RESERVED.contains(&&*lower) => None,
        _ if directory.is_empty() || lower.starts_with("cargo") => None,
        _ => directory.chars().all(allowed).then_some(directory),
    }
}

#[cfg(test)]
mod tests {
    use super::of_directory;

    #[test]
    fn only_what_cargo_makes_is_a_profiles() {
        for (directory, profile) in [
            ("debug", Some("dev")),
            ("release", Some("release")),
            ("my-own_1", Some("my-own_1")),
            ("été", Some("été")),
            ("tests", Some("tests")),
            ("dev", None),
            ("test", None),
            ("bench", None),
            ("doc", None),
            ("Debug", None),
            ("Build-Override", None),
            ("cargo", None),
            ("cargo-timings", None),
            ("-p", None),
            ("--flag", None),
            ("a b", None),
            ("a.b", None),
            ("a\u{fffd}", None),
            ("", None),
        ] {
            assert_eq!(of_directory(directory), profile, "{directory}");
        }
    }
}
