//! Where the project's checkout is, and which cargo works on it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// The checkout that `cargo xtask` was called in. It is asked at run time: a path from compile time
/// is wrong as soon as two checkouts share a target directory.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set\nhelp: run it as `cargo xtask`")?;
    let root = Path::new(&xtask).parent().context("CARGO_MANIFEST_DIR has no parent")?;
    Ok(root.to_owned())
}

/// The cargo that runs us, started at the root of the checkout.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root);
    command
}
