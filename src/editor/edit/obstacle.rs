//! Pure: what keeps a text from being changed: where exactly, and how to do it by hand.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Mark};

/// What keeps a text from being changed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What stands there.
    pub(crate) kind: ObstacleKind,
}

/// What keeps a text from being changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ObstacleKind {
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

impl Obstacle {
    /// The failure to edit that file of that editor.
    pub(crate) fn in_file(&self, editor: &str, path: &Path) -> Failure {
        let failure = Failure::new(format!("cannot edit `{}`: {self}", escaped(path)));
        match &self.kind {
            ObstacleKind::Syntax(_) | ObstacleKind::Twice(_) => {
                failure.help("correct the line and run the same command again")
            }
            ObstacleKind::Choice { name, .. } => failure.mark(Mark::Chosen).help(format!(
                "leave it, since your own choice counts, or take `{}` out and run the same command \
                 again",
                escaped(name)
            )),
            ObstacleKind::HalfABlock => {
                failure.help("end the block again, or take what is left of it out")
            }
            ObstacleKind::NotOurs => failure.help("give the file another name"),
            ObstacleKind::NotATable(_) | ObstacleKind::Unsupported(_) => failure.help(format!(
                "change it by hand; `cargo-peruser editor {editor}` prints what belongs there"
            )),
        }
    }
}

impl Display for Obstacle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.kind {
            ObstacleKind::Syntax(cause) => write!(f, "{}", escaped(cause)),
            ObstacleKind::NotATable(Some(key)) => write!(f, "`{}` holds no table", escaped(key)),
            ObstacleKind::NotATable(None) => write!(f, "it holds no table of settings"),
            ObstacleKind::Twice(key) => write!(f, "`{}` stands there twice", escaped(key)),
            ObstacleKind::Choice { name, value } => {
                write!(f, "`{}` is set to {} already", escaped(name), escaped(value))
            }
            ObstacleKind::HalfABlock => {
                write!(f, "the block of cargo-peruser that begins here has lost its end")
            }
            ObstacleKind::NotOurs => write!(f, "it was not written by cargo-peruser"),
            ObstacleKind::Unsupported(cause) => {
                write!(f, "it is written in a way that cannot be changed: {}", escaped(cause))
            }
        }
    }
}
