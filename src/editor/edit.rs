//! Pure: editors and their settings: which there are, what is written into their files, and how.
//!
//! Editors find cargo past PATH, so the variable itself has to reach the language server. Every
//! change here is one to a text: what the person wrote stays, byte for byte, and where that cannot
//! be had the text is refused. Lua and Emacs Lisp are programs, so nothing of a person's is read
//! there; what we add is a file or a marked block of its own.

mod json;
mod known;
mod obstacle;
mod script;
mod table;
mod text;
mod toml;

use std::path::{Path, PathBuf};

use json::JsonTable;
pub(super) use known::Editor;
pub(super) use text::Difference;

use crate::editor::edit::obstacle::Obstacle;

/// How a settings file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON with comments: the way to the table of variables, and the indent of a new file.
    Json(&'static [&'static str], &'static str),
    /// TOML: the way to the table of variables.
    Toml(&'static [&'static str]),
    /// A Lua file that is ours alone.
    Lua,
    /// Emacs Lisp with a block of ours in it.
    Elisp,
}

/// A variable as it is to be; `None` where it is not to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: Option<String>,
}

/// What settings are to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Aim {
    /// Every variable that we ever set.
    pub variables: Vec<Variable>,
    /// A variable that names a directory in one of these is no choice of the person's, by the rules
    /// of [`crate::shim::decide`]: it was set by us, or inherited from somebody else.
    pub roots: Vec<PathBuf>,
}

/// A value where it stands in a text.
struct Found {
    /// What it says, if it is a string.
    says: Option<String>,
    /// As it is written.
    source: String,
    line: usize,
    /// Its first byte, and the one behind it.
    range: (usize, usize),
}

/// What a variable's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// What it is to be.
    Same,
    /// Set by us for another state of affairs.
    Outdated,
    /// Chosen by the person.
    Choice,
}

/// A settings text after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// The whole text.
    pub text: String,
    /// What we had written there before.
    pub before: Before,
}

/// What we had written into a text before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// The very same.
    Same,
    /// Something else.
    Outdated,
}

impl Before {
    /// What holds for two variables together: one that is outdated makes all of it so.
    fn and(self, other: Before) -> Before {
        if self == Before::Outdated { self } else { other }
    }
}

impl Aim {
    fn standing(&self, variable: &Variable, found: Option<&str>) -> Standing {
        // What is no text, or a template of the editor's, only the person can have written.
        let Some(found) = found else { return Standing::Choice };
        let is_ours = |root: &PathBuf| Path::new(found).starts_with(root);
        if variable.value.as_deref() == Some(found) {
            Standing::Same
        } else if found.is_empty() || self.roots.iter().any(is_ours) {
            Standing::Outdated
        } else {
            Standing::Choice
        }
    }

    fn wanted(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.variables.iter().filter_map(|it| Some((it.name, it.value.as_deref()?)))
    }
}

impl Format {
    /// Changes a text so that it says what it is to say, and nothing else in it.
    ///
    /// # Errors
    /// [`Obstacle`] for what cannot be parsed, and for what the person has chosen.
    pub(super) fn edit(self, text: &str, aim: &Aim) -> Result<Edit, Obstacle> {
        text::in_its_own_shape(text, |body| match self {
            Format::Json(keys, unit) => table::edit(&JsonTable { keys, unit }, body, aim),
            Format::Toml(keys) => toml::edit(body, keys, aim),
            Format::Lua => script::whole_file(body, aim),
            Format::Elisp => script::block(body, aim),
        })
    }

    /// Whether a text says nothing any more, so that its file may go.
    pub(super) fn is_vacant(text: &str) -> bool {
        text.is_empty() || text == json::VACANT
    }
}

#[cfg(test)]
mod tests;
