//! Files of the person's that a verb cannot edit: what is wrong, and what to do instead.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};

use super::{Kind, Look, Owner, reason};
use crate::ui::escape::{quoted, shown};

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
    /// The system keeps everybody from changing it.
    Immutable {
        /// The file.
        path: PathBuf,
    },
    /// It is somebody else's, who would lose it.
    Foreign {
        /// The file.
        path: PathBuf,
        /// Who owns it.
        owner: Owner,
    },
    /// Another account can change it, or what leads to it, and root is to edit it.
    ChangeableByOthers {
        /// The file.
        path: PathBuf,
        /// What can be changed.
        place: PathBuf,
    },
    /// It belongs to a group that the caller cannot give a file to.
    ForeignGroup {
        /// The file.
        path: PathBuf,
        /// The group, by its name or its number.
        group: String,
    },
    /// Other names lead to it, and would lead to the old content.
    Linked {
        /// The file.
        path: PathBuf,
        /// How many names it has.
        names: u64,
    },
    /// Nothing can be put into its directory.
    Closed {
        /// The file.
        path: PathBuf,
        /// The directory that it is in, or would be.
        directory: PathBuf,
    },
    /// An ACL or something of the kind would be lost.
    Attribute {
        /// The file.
        path: PathBuf,
        /// The extended attribute.
        name: OsString,
        /// The system's reason.
        cause: io::Error,
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
            // Wherever that leads, it is the caller's own, and nobody else is let in.
            FileError::ReadOnly { path } => format!("chmod u+w {}", quoted(path)),
            FileError::Immutable { path } => {
                Look::Attributes.at(path, "let root take the attribute away first")
            }
            FileError::Foreign { path, .. } => {
                Look::Entry.at(path, "put a file of your own in its place")
            }
            FileError::ChangeableByOthers { path, .. } => Look::Way.at(
                path,
                "run this without sudo, as the person whose file it is; who that is shows",
            ),
            FileError::ForeignGroup { path, .. } => {
                Look::Entry.at(path, "give it to a group of yours first")
            }
            FileError::Linked { path, .. } => format!(
                "make the other name a symlink, and find it with: find ~ -xdev -samefile {}",
                quoted(path)
            ),
            FileError::Closed { path, directory } => {
                format!("ls -ld {} {}", quoted(directory), quoted(path))
            }
            FileError::Attribute { path, .. } => {
                format!("change it by hand; what it has shows: getfattr -d -m - {}", quoted(path))
            }
            FileError::NotText { path } => format!("file {}", quoted(path)),
            FileError::Changed { .. } => "run the same command again".into(),
        }
    }
}

impl Display for FileError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let cannot = |f: &mut Formatter<'_>, path: &Path, why: &str| {
            write!(f, "cannot edit `{}`: {why}", shown(path))
        };
        match self {
            FileError::NotAFile { path, kind } => {
                cannot(f, path, &format!("it is a {kind}, not a file"))
            }
            FileError::ReadOnly { path } => cannot(f, path, "it is read-only"),
            FileError::Immutable { path } => cannot(f, path, "it is immutable"),
            FileError::Foreign { path, owner } => {
                cannot(f, path, &format!("it is owned by {owner}"))
            }
            FileError::ChangeableByOthers { path, place } => {
                cannot(f, path, &format!("others can change `{}`, and you are root", shown(place)))
            }
            FileError::ForeignGroup { path, group } => {
                cannot(f, path, &format!("you are not in its group {group}, which it would lose"))
            }
            FileError::Linked { path, names } => cannot(
                f,
                path,
                &format!("the file has {names} names, and only this one would change"),
            ),
            FileError::Closed { path, directory } => {
                cannot(f, path, &format!("its directory `{}` is not writable", shown(directory)))
            }
            FileError::Attribute { path, name, cause } => {
                let (name, cause) = (shown(name), reason(cause));
                cannot(f, path, &format!("it would lose its attribute `{name}`: {cause}"))
            }
            FileError::NotText { path } => cannot(f, path, "it is not UTF-8"),
            FileError::Changed { path } => {
                write!(f, "`{}` was changed by somebody else meanwhile", shown(path))
            }
            FileError::Failed { doing, path, cause } => {
                write!(f, "failed to {doing} `{}`: {}", shown(path), reason(cause))
            }
        }
    }
}

impl From<FileError> for super::Error {
    fn from(error: FileError) -> Self {
        super::Error::File(error)
    }
}
