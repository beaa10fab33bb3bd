//! Files of the person's that a verb cannot edit: what is wrong, and what to do instead.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};

use super::{Kind, reason};
use crate::shown::{quoted, shown};

/// A file that cannot be read or changed; it is as it was.
#[derive(Debug)]
pub enum FileError {
    /// It is a directory, a dangling symlink or worse.
    NotAFile {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: Kind,
    },
    /// Its owner has taken the write permission away.
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// It is not UTF-8.
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Somebody has changed it since it was read.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The system does not allow it.
    Failed {
        /// What was to be done, as in "failed to …".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
    },
}

impl FileError {
    /// The system's failure to do something with a file.
    pub fn failed(doing: &'static str, path: &Path, cause: io::Error) -> FileError {
        FileError::Failed { doing, path: path.to_owned(), cause }
    }

    /// What the person can do now, as one line.
    pub fn help(&self) -> String {
        match self {
            FileError::NotAFile { path, .. } | FileError::Failed { path, .. } => {
                format!("ls -ld {}", quoted(path))
            }
            FileError::ReadOnly { path } => format!("chmod u+w {}", quoted(path)),
            FileError::NotText { path } => format!("file {}", quoted(path)),
            FileError::Changed { .. } => "run the same command again".into(),
        }
    }
}

impl Display for FileError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FileError::NotAFile { path, kind } => {
                write!(f, "cannot edit `{}`: it is a {kind}, not a file", shown(path))
            }
            FileError::ReadOnly { path } => {
                write!(f, "cannot edit `{}`: it is read-only", shown(path))
            }
            FileError::NotText { path } => {
                write!(f, "cannot edit `{}`: it is not UTF-8", shown(path))
            }
            FileError::Changed { path } => {
                write!(f, "`{}` was changed by somebody else meanwhile", shown(path))
            }
            FileError::Failed { doing, path, cause } => {
                write!(f, "failed to {doing} `{}`: {}", shown(path), reason(cause))
            }
        }
    }
}
