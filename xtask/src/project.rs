//! The project's checkout.

use std::path::Path;

use anyhow::Context;
use std::{ffi::OsString, path::PathBuf, process::Command};
use xshell::{Shell, cmd};

/// Makes the top of the checkout that `cargo xtask` was called in the working directory. It is asked
/// at run time: a path from compile time is wrong as soon as two checkouts share a target directory.
pub(crate) fn enter() -> anyhow::Result<()> {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set\nhelp: run it as `cargo xtask`")?;
    let root = Path::new(&xtask).parent().context("CARGO_MANIFEST_DIR has no parent")?;
    std::env::set_current_dir(root).with_context(|| format!("failed to enter `{}`", root.display()))
}

/// All files of the checkout but those that git ignores, from its top, where this is called.
pub(crate) fn files() -> anyhow::Result<Vec<String>> {
    let sh = Shell::new()?;
    let listed = cmd!(sh, "git ls-files -z --cached --others --exclude-standard").read()?;
    // A file that was deleted and not yet committed is still listed.
    let files = listed.split_terminator('\0').filter(|path| Path::new(path).is_file());
    Ok(files.map(str::to_owned).collect())
}

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
