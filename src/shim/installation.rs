//! The places of an installation: `<prefix>/bin/cargo-peruser`, and the shim, a link to it in
//! `<prefix>/lib/cargo-peruser/bin`.

use std::path::{Path, PathBuf};

use crate::os::files;
use crate::os::replace::is_same_content;
use crate::os::snapshot::WRAPPER;

/// The program's own name.
pub const PROGRAM: &str = "cargo-peruser";

/// The places of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The parent of all places: `/usr/local` or `~/.local` by default.
    pub prefix: PathBuf,
}

impl Installation {
    /// The program.
    pub fn binary(&self) -> PathBuf {
        self.prefix.join("bin").join(PROGRAM)
    }

    /// The directory that must be first on PATH; it contains only the shim and this program.
    pub fn shim_dir(&self) -> PathBuf {
        self.own_dir().join("bin")
    }

    /// The shim.
    pub fn shim(&self) -> PathBuf {
        self.shim_dir().join("cargo")
    }

    /// The wrapper around the compiler. It is not on PATH, where cargo would take it for a subcommand.
    pub fn rustc_wrapper(&self) -> PathBuf {
        self.own_dir().join(WRAPPER)
    }

    /// The directory for files that only this program uses.
    pub fn own_dir(&self) -> PathBuf {
        self.prefix.join("lib").join(PROGRAM)
    }

    /// The installation whose shim is this `cargo`; the machine may have one, and each user too.
    pub fn of_shim(cargo: &Path) -> Option<Installation> {
        let program = std::fs::canonicalize(cargo).ok()?;
        let prefix = program.parent()?.parent()?.to_owned();
        let installation = Installation { prefix };
        let is_shim =
            installation.binary() == program && is_same_file(&installation.shim(), &program);
        is_shim.then_some(installation)
    }

    /// The installation that the running program belongs to, if it is installed.
    ///
    /// A program in a build directory has no shim beside it, and so belongs to none.
    pub fn of_this_program() -> Option<Installation> {
        Installation::of_shim(&std::env::current_exe().ok()?)
    }
}

/// Whether a `cargo` is a shim: that of an installation, or this very program.
pub fn is_shim(cargo: &Path) -> bool {
    let ourselves = Path::new("/proc/self/exe");
    Installation::of_shim(cargo).is_some()
        || is_same_file(cargo, ourselves)
        || is_same_content(cargo, ourselves).unwrap_or(false)
}

/// Whether two paths point to the same file.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let identity = |path| files::followed(path).ok().map(|it| it.identity);
    identity(one).is_some_and(|it| identity(other) == Some(it))
}
