//! The project's checkout, and the program that is measured and shown.

use std::path::{Path, PathBuf};

use anyhow::Context;
use xshell::{Shell, cmd};

/// The top of the checkout that `cargo xtask` was called in. It is asked at run time: a path from compile
/// time is wrong as soon as two checkouts share a target directory.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("CARGO_MANIFEST_DIR is not set\nhelp: run it as `cargo xtask`")?;
    let root = Path::new(&xtask).parent().context("CARGO_MANIFEST_DIR has no parent")?;
    Ok(root.to_owned())
}

/// Makes it the working directory.
pub(crate) fn enter() -> anyhow::Result<()> {
    std::env::set_current_dir(root()?).context("failed to enter the checkout")
}

/// All files of the checkout but those that git ignores, from its top, where this is called.
pub(crate) fn files() -> anyhow::Result<Vec<String>> {
    let sh = Shell::new()?;
    let listed = cmd!(sh, "git ls-files -z --cached --others --exclude-standard").read()?;
    // A file that was deleted and not yet committed is still listed.
    let files = listed.split_terminator('\0').filter(|path| Path::new(path).is_file());
    Ok(files.map(str::to_owned).collect())
}

/// Which binary of cargo-peruser to take.
#[derive(clap::Args)]
pub(crate) struct Shim {
    /// Take this binary instead of building one
    #[arg(long, value_name = "BINARY")]
    shim: Option<PathBuf>,
}

impl Shim {
    /// The chosen binary, or a fresh release build of this checkout.
    pub(crate) fn binary(&self) -> anyhow::Result<PathBuf> {
        match &self.shim {
            Some(binary) => binary
                .canonicalize()
                .with_context(|| format!("failed to find the binary `{}`", binary.display())),
            None => build(),
        }
    }
}

/// Builds into the target directory that this program was built in itself.
fn build() -> anyhow::Result<PathBuf> {
    enter()?;
    let sh = Shell::new()?;
    let ourselves = std::env::current_exe()?;
    let target = ourselves.ancestors().nth(2).context("xtask lies in no target directory")?;
    cmd!(sh, "cargo build --release --package cargo-peruser --bin cargo-peruser")
        .env("CARGO_TARGET_DIR", target)
        .run()?;
    Ok(target.join("release/cargo-peruser"))
}

/// The toolchain's own cargo, which started us; never a proxy.
pub(crate) fn cargo() -> anyhow::Result<PathBuf> {
    let cargo =
        std::env::var_os("CARGO").context("CARGO is not set\nhelp: run it as `cargo xtask`")?;
    Ok(cargo.into())
}

/// A program, with what Debian calls the package that brings it.
pub(crate) fn require(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let help = || format!("`{name}` was not found on PATH\nhelp: apt-get install {package}");
    which::which(name).ok().with_context(help)
}
