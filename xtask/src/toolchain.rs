//! The real cargo of this machine, and rustup's proxy in front of it where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::process;

/// An installed Rust toolchain.
pub(crate) struct Toolchain {
    /// The cargo of the toolchain itself, never a proxy.
    pub(crate) cargo: PathBuf,
    pub(crate) rustup: Option<Rustup>,
}

/// How the toolchain is reached through rustup.
pub(crate) struct Rustup {
    pub(crate) proxy: PathBuf,
    /// What RUSTUP_HOME has to say when HOME says something else.
    pub(crate) home: PathBuf,
}

impl Toolchain {
    /// The toolchain that a plain `cargo` uses outside of any checkout.
    pub(crate) fn find() -> anyhow::Result<Self> {
        match process::find("rustup") {
            Some(rustup) => Self::of_rustup(&rustup),
            None => Ok(Self {
                cargo: process::require("cargo", "cargo")?
                    .canonicalize()
                    .context("failed to resolve the path of cargo")?,
                rustup: None,
            }),
        }
    }

    fn of_rustup(rustup: &Path) -> anyhow::Result<Self> {
        // The proxy that started us put its choice for this checkout into the environment.
        let ask = |arguments: &[&str]| {
            let mut command = Command::new(rustup);
            command.args(arguments).current_dir("/").env_remove("RUSTUP_TOOLCHAIN");
            process::read(&mut command).map(PathBuf::from)
        };
        let rustup =
            Rustup { proxy: rustup.with_file_name("cargo"), home: ask(&["show", "home"])? };
        Ok(Self {
            cargo: ask(&["which", "cargo"])?,
            rustup: Some(rustup).filter(|rustup| rustup.proxy.is_file()),
        })
    }

    /// The directory that holds cargo and rustc.
    pub(crate) fn bin(&self) -> anyhow::Result<&Path> {
        self.cargo.parent().context("cargo stands in no directory")
    }

    /// The directory above, with the compiler's libraries.
    pub(crate) fn sysroot(&self) -> anyhow::Result<&Path> {
        self.bin()?.parent().context("the toolchain has no directory of its own")
    }
}
