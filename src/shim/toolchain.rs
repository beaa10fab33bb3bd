//! Pure: whether the shim is in a toolchain directory, from which editors execute it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The name of the shim.
pub const CARGO: &str = "cargo";

/// The tool that must be from the same toolchain as the executed cargo.
pub const RUSTC: &str = "rustc";

/// The cargo from the same toolchain as `rustc`, the target of the link `rustc` beside the shim in
/// `directory`.
pub fn partner(directory: &Path, rustc: &Path) -> Option<PathBuf> {
    let real = directory.join(rustc);
    (real.file_name() == Some(OsStr::new(RUSTC))).then(|| real.with_file_name(CARGO))
}

#[cfg(test)]
mod tests {
    use super::partner;
    use std::path::Path;

    #[test]
    fn the_cargo_beside_the_rustc_that_is_linked_to() {
        for (rustc, expected) in [
            ("/usr/bin/rustc", Some("/usr/bin/cargo")),
            ("../tools/rustc", Some("/opt/x/../tools/cargo")),
            // rustup's own directory, in which a user put the shim.
            ("rustup", None),
            ("/opt/rust/bin/rustc-1.95", None),
        ] {
            let found = partner(Path::new("/opt/x"), Path::new(rustc));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{rustc}");
        }
    }
}
