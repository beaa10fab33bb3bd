//! Settings of editors that cannot be changed: where exactly, and how to do it by hand.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use super::Error;
use crate::ui::escape::shown;

/// Why an editor's settings stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorError {
    /// A file holds something that must not be touched.
    Obstacle {
        /// The editor, as it is called on the command line.
        editor: &'static str,
        /// The file.
        path: PathBuf,
        /// What stands there.
        obstacle: Obstacle,
    },
    /// The editor has no settings file of the person's that could be written.
    NoFile {
        /// The editor, as it is called on the command line.
        editor: &'static str,
        /// The editor, as it calls itself.
        title: &'static str,
    },
    /// A directory's name is not UTF-8, and settings files are.
    NotUtf8 {
        /// The directory.
        path: PathBuf,
    },
    /// There is no place for a person's settings.
    NoHome {
        /// The caller's effective uid.
        uid: u32,
    },
}

/// What keeps a text from being changed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The line, counted from 1.
    pub line: usize,
    /// What stands there.
    pub kind: ObstacleKind,
}

/// What keeps a text from being changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObstacleKind {
    /// It cannot be parsed; what the parser says.
    Syntax(String),
    /// The key, or the whole file, holds something else than a table of settings.
    NotATable(Option<String>),
    /// The key stands there twice, and editors do not agree on which counts.
    Twice(String),
    /// The variable has a value that the person has chosen.
    Choice {
        /// The variable.
        name: String,
        /// Its value, as it stands there.
        value: String,
    },
    /// A marked block begins and does not end.
    HalfABlock,
    /// The file is called like ours and was written by somebody else.
    NotOurs,
    /// The change would not read back as what it is meant to be.
    Unsupported(String),
}

impl EditorError {
    /// What the person can do now, as one line.
    pub fn help(&self) -> String {
        match self {
            EditorError::Obstacle { editor, obstacle, .. } => match &obstacle.kind {
                ObstacleKind::Syntax(_) | ObstacleKind::Twice(_) => {
                    "correct the line and run the same command again".into()
                }
                ObstacleKind::Choice { name, .. } => format!(
                    "leave it, since your own choice stays in force, or take `{}` out and run the \
                     same command again",
                    shown(name)
                ),
                ObstacleKind::HalfABlock => {
                    "end the block again, or take what is left of it out".into()
                }
                ObstacleKind::NotOurs => "give the file another name".into(),
                ObstacleKind::NotATable(_) | ObstacleKind::Unsupported(_) => {
                    format!("put in by hand what `cargo-peruser editor {editor}` prints")
                }
            },
            EditorError::NoFile { editor, .. } => {
                format!("`cargo-peruser editor {editor}` prints the steps")
            }
            EditorError::NotUtf8 { .. } => {
                "let the administrator choose a shared root whose path is UTF-8".into()
            }
            EditorError::NoHome { .. } => "set XDG_CONFIG_HOME to a directory of your own".into(),
        }
    }
}

impl From<EditorError> for Error {
    fn from(error: EditorError) -> Self {
        Error::Editor(error)
    }
}

impl Display for EditorError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            EditorError::Obstacle { path, obstacle, .. } => {
                write!(f, "cannot edit `{}`: {obstacle}", shown(path))
            }
            EditorError::NoFile { title, .. } => {
                write!(f, "{title} has no settings file that another program could write")
            }
            EditorError::NotUtf8 { path } => {
                write!(f, "editors cannot be told of `{}`: the path is not UTF-8", shown(path))
            }
            EditorError::NoHome { uid } => {
                write!(f, "no place for settings: uid {uid} has no home directory of its own")
            }
        }
    }
}

impl Display for Obstacle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.kind {
            ObstacleKind::Syntax(cause) => write!(f, "{}", shown(cause)),
            ObstacleKind::NotATable(Some(key)) => write!(f, "`{}` holds no table", shown(key)),
            ObstacleKind::NotATable(None) => write!(f, "it holds no table of settings"),
            ObstacleKind::Twice(key) => write!(f, "`{}` stands there twice", shown(key)),
            ObstacleKind::Choice { name, value } => {
                write!(f, "`{}` is set to {} already", shown(name), shown(value))
            }
            ObstacleKind::HalfABlock => {
                write!(f, "the block of cargo-peruser that begins here has lost its end")
            }
            ObstacleKind::NotOurs => write!(f, "it was not written by cargo-peruser"),
            ObstacleKind::Unsupported(cause) => {
                write!(f, "it is written in a way that cannot be changed: {}", shown(cause))
            }
        }
    }
}
