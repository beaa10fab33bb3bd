//! Pure: how the shim knows that it stands in a toolchain directory, which editors execute it from.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The name of the shim.
pub const CARGO: &str = "cargo";

/// The tool that has to belong to the same toolchain as the cargo that the shim executes.
pub const RUSTC: &str = "rustc";

/// The cargo that belongs to the same toolchain as a `rustc` which says that it leads there, beside
/// the shim in `directory`.
pub fn partner(directory: &Path, rustc: &Path) -> Option<PathBuf> {
    let real = directory.join(rustc);
    (real.file_name() == Some(OsStr::new(RUSTC))).then(|| real.with_file_name(CARGO))
}

/// Whether a directory of programs is that of the toolchain that rustup calls so: by a name, below
/// its own directory, or by an absolute path.
pub fn is_of(directory: &Path, toolchain: &Path) -> bool {
    directory.ends_with(toolchain.join("bin"))
}

#[cfg(test)]
mod tests {
    use super::{is_of, partner};
    use std::path::Path;

    #[test]
    fn knows_the_directory_of_a_rustup_toolchain() {
        for (directory, toolchain, expected) in [
            ("/home/a/.rustup/toolchains/editors/bin", "editors", true),
            ("/home/a/.rustup/toolchains/my-editors/bin", "editors", false),
            ("/home/a/.local/share/cargo-peruser/toolchain/bin", "editors", false),
            ("/opt/editors/bin", "/opt/editors", true),
            ("/x/opt/editors/bin", "/opt/editors", false),
        ] {
            let found = is_of(Path::new(directory), Path::new(toolchain));
            assert_eq!(found, expected, "{directory} {toolchain}");
        }
    }

    #[test]
    fn the_cargo_beside_the_rustc_that_is_linked_to() {
        for (rustc, expected) in [
            ("/usr/bin/rustc", Some("/usr/bin/cargo")),
            ("../tools/rustc", Some("/opt/x/../tools/cargo")),
            // rustup's own directory, into which somebody has put the shim.
            ("rustup", None),
            ("/opt/rust/bin/rustc-1.95", None),
        ] {
            let found = partner(Path::new("/opt/x"), Path::new(rustc));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{rustc}");
        }
    }
}
