//! Every way in which cargo-peruser itself can fail: one text, one exit code, one next step each.
//!
//! Texts follow cargo's grammar, because they appear beside cargo's own. Nothing here looks at the
//! world: who finds a fault brings the facts along.

mod editor;
mod failure;
mod file;
mod look;
mod owner;
mod refusal;
mod settings;
mod setup;
mod toolchain;

use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;

pub use editor::{EditorError, Obstacle, ObstacleKind};
pub use failure::Failure;
pub use file::FileError;
pub use look::Look;
pub use owner::Owner;
pub use refusal::{Flaw, Kind, Refusal, trust_unmapped};
pub use settings::{SYSTEM_FILE, SettingsError};
pub use setup::{RootFault, SetupError};
pub use toolchain::ToolchainError;

use crate::ui::escape::{quoted, shown};

/// The result of everything that can fail on the way to cargo.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of cargo-peruser itself; cargo's own failures are never translated.
#[derive(Debug)]
pub enum Error {
    /// A setting is wrong (exit 78).
    Settings(SettingsError),
    /// Going on would be unsafe (exit 77).
    Unsafe(Box<Refusal>),
    /// The program runs with another account's rights (exit 77).
    ForeignRights {
        /// The real and the effective id, in that order.
        ids: (u32, u32),
        /// `uid` or `gid`.
        what: &'static str,
    },
    /// A directory or its tag cannot be made (exit 73).
    Create {
        /// What was to be done, as in "failed to …".
        doing: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
        /// The command that helps, where one is known.
        help: Option<String>,
    },
    /// A verb cannot edit a file (exit 1).
    File(FileError),
    /// `setup` cannot do what it is asked for (exit 1, or 77 for an unsafe directory).
    Setup(Box<SetupError>),
    /// An editor's settings cannot be changed (exit 1).
    Editor(EditorError),
    /// A toolchain directory for editors cannot be made, or is of no use (exit 1, 73 or 127).
    Toolchain(Box<ToolchainError>),
    /// A variable's value cannot be said in the format that was asked for (exit 1).
    NotUtf8 {
        /// The variable.
        variable: &'static str,
    },
    /// There is no place for a private directory (exit 73).
    NoHome {
        /// The caller's effective uid.
        uid: u32,
    },
    /// A real cargo was found, but the system does not execute it (exit 126).
    Exec {
        /// What was to be executed.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
    /// There is no real cargo (exit 127).
    NoRealCargo {
        /// Each place that was looked at and why it was passed over.
        seen: Vec<(PathBuf, &'static str)>,
    },
    /// What says itself how it ends (exit 1, 73, 77 or 130).
    Failure(Box<Failure>),
    /// What was executed keeps executing us, with other words each time (exit 127).
    ExecLoop {
        /// How often it came back.
        hops: u32,
        /// What was executed last.
        last: Option<PathBuf>,
    },
}

impl Error {
    /// The exit code, by `sysexits.h` and by what shells use for commands (73, 77, 78, 126, 127).
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Setup(error) => error.exit_code(),
            Error::File(_) | Error::Editor(_) | Error::NotUtf8 { .. } => 1,
            Error::Toolchain(error) => error.exit_code(),
            Error::Create { .. } | Error::NoHome { .. } => 73,
            Error::Unsafe(_) | Error::ForeignRights { .. } => 77,
            Error::Settings(_) => 78,
            Error::Failure(failure) => failure.exit,
            Error::Exec { .. } => 126,
            Error::NoRealCargo { .. } | Error::ExecLoop { .. } => 127,
        }
    }

    /// The same failure with another next step, where a directory cannot be made.
    #[must_use]
    pub fn with_help(self, better: String) -> Error {
        match self {
            Error::Create { doing, path, cause, .. } => {
                Error::Create { doing, path, cause, help: Some(better) }
            }
            other => other,
        }
    }

    /// What the person can do now, as one line.
    pub fn help(&self) -> Option<String> {
        match self {
            Error::Settings(error) => Some(error.help()),
            Error::Unsafe(refusal) => Some(refusal.help()),
            Error::Failure(failure) => failure.help.clone(),
            Error::ForeignRights { .. } => {
                Some("remove the set-id bit from cargo-peruser, it must run as its caller".into())
            }
            Error::Create { help, .. } => help.clone(),
            Error::File(error) => Some(error.help()),
            Error::Setup(error) => Some(error.help()),
            Error::Editor(error) => Some(error.help()),
            Error::Toolchain(error) => Some(error.help()),
            Error::NotUtf8 { .. } => Some("--shell sh prints any value".into()),
            Error::NoHome { .. } => Some(
                "set XDG_CACHE_HOME to a directory of your own, or CARGO_PERUSER_SHARED_ROOT"
                    .into(),
            ),
            Error::Exec { path, .. } => Some(format!("ls -lL {}", quoted(path))),
            Error::NoRealCargo { .. } => Some(
                "install Rust, mend what is said above, or name the cargo to execute with `real-cargo` in the settings or \
                 CARGO_PERUSER_REAL_CARGO"
                    .into(),
            ),
            Error::ExecLoop { .. } => Some(
                "let the wrapper execute a cargo by its path, or name one with `real-cargo` in the \
                 settings"
                    .into(),
            ),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Error::Settings(error) => error.fmt(f),
            Error::Unsafe(refusal) => refusal.fmt(f),
            Error::Failure(failure) => f.write_str(&failure.text),
            Error::ForeignRights { ids: (real, effective), what } => write!(
                f,
                "refusing to run with another account's rights: {what} {real} acts as {effective}"
            ),
            Error::Create { doing, path, cause, .. } => {
                write!(f, "failed to {doing} `{}`: {}", shown(path), reason(cause))
            }
            Error::File(error) => error.fmt(f),
            Error::Setup(error) => error.fmt(f),
            Error::Editor(error) => error.fmt(f),
            Error::Toolchain(error) => error.fmt(f),
            Error::NotUtf8 { variable } => {
                write!(f, "the value of {variable} is not UTF-8, which this format cannot hold")
            }
            Error::NoHome { uid } => {
                write!(
                    f,
                    "no place for a private directory: uid {uid} has no home directory of its own"
                )
            }
            Error::Exec { path, cause } => {
                write!(f, "failed to execute `{}`: {}", shown(path), reason(cause))
            }
            Error::NoRealCargo { seen } => no_real_cargo(f, seen),
            Error::ExecLoop { hops, last } => {
                let last =
                    last.as_deref().map_or("something".into(), |path| format!("`{}`", shown(path)));
                write!(
                    f,
                    "{last} has executed cargo-peruser again, {hops} times inside one another"
                )
            }
        }
    }
}

fn no_real_cargo(f: &mut Formatter<'_>, seen: &[(PathBuf, &'static str)]) -> fmt::Result {
    write!(f, "no cargo found to execute")?;
    seen.iter().try_for_each(|(path, why)| {
        let is_empty = path.as_os_str().is_empty();
        let path = if is_empty { OsStr::new("(empty)") } else { path.as_ref() };
        write!(f, "\n  passed over `{}`: {why}", shown(path))
    })
}

impl std::error::Error for Error {}

impl From<SettingsError> for Error {
    fn from(error: SettingsError) -> Self {
        Error::Settings(error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Unsafe(Box::new(refusal))
    }
}

/// The system's reason for a failure, in the grammar of our messages: lower case, no full stop.
pub fn reason(cause: &io::Error) -> String {
    let text = cause.to_string();
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

#[cfg(test)]
mod tests;
