//! What keeps a toolchain directory for editors from being made, or from being of use.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use super::Error;
use crate::ui::escape::{quoted, shown};

/// A failure around the toolchain directory.
#[derive(Debug)]
pub enum ToolchainError {
    /// The directory has an entry that this tool has not made.
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// The entry.
        entry: PathBuf,
    },
    /// There is no home to make the directory in.
    NoHome {
        /// The caller's effective uid.
        uid: u32,
    },
    /// The directory is what a rustup toolchain links to, and leads back to rustup.
    Linked {
        /// What rustup calls the toolchain.
        toolchain: String,
        /// The cargo that handed the call back.
        cargo: PathBuf,
    },
}

impl ToolchainError {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            ToolchainError::Foreign { .. } => 1,
            ToolchainError::NoHome { .. } => 73,
            ToolchainError::Linked { .. } => 127,
        }
    }

    /// What the person can do now, as one line.
    pub fn help(&self) -> String {
        match self {
            ToolchainError::Foreign { directory, .. } => format!(
                "name a directory that is empty or new: cargo-peruser toolchain {}",
                quoted(&directory.join("peruser"))
            ),
            ToolchainError::NoHome { .. } => {
                "name a directory: cargo-peruser toolchain <DIR>".into()
            }
            ToolchainError::Linked { toolchain, .. } if Path::new(toolchain).is_absolute() => {
                "unset RUSTUP_TOOLCHAIN".into()
            }
            ToolchainError::Linked { toolchain, .. } => {
                format!("rustup toolchain uninstall {}", quoted(toolchain))
            }
        }
    }
}

impl From<ToolchainError> for Error {
    fn from(error: ToolchainError) -> Self {
        Error::Toolchain(Box::new(error))
    }
}

impl Display for ToolchainError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ToolchainError::Foreign { directory, entry } => write!(
                f,
                "cannot use `{}` as a toolchain directory: cargo-peruser has not made `{}`",
                shown(directory),
                shown(entry)
            ),
            ToolchainError::NoHome { uid } => write!(
                f,
                "no place for a toolchain directory: uid {uid} has no home directory of its own"
            ),
            ToolchainError::Linked { toolchain, cargo } => write!(
                f,
                "the toolchain `{}` is a link to a directory of cargo-peruser, which leads back to \
                 rustup: `{}` handed the call back",
                shown(toolchain),
                shown(cargo)
            ),
        }
    }
}
