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
mod text;
mod toml;

use std::path::{Path, PathBuf};

pub(super) use known::Editor;
pub(super) use text::Difference;

use crate::editor::edit::obstacle::{Obstacle, ObstacleKind};

/// How a settings file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A language for settings, and the way to the table of variables.
    Table(Language, &'static [&'static str]),
    /// A Lua file that is ours alone.
    Lua,
    /// Emacs Lisp with a block of ours in it.
    Elisp,
}

/// A language for settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// JSON with comments and trailing commas.
    Json,
    Toml,
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

impl Language {
    /// Changes a text so that the table that `keys` lead to says what it is to say.
    fn edit(self, keys: &[&str], text: &str, aim: &Aim) -> Result<Edit, Obstacle> {
        let begin = Edit { text: text.to_owned(), before: Before::Nothing };
        let one = |edit, variable| self.one(keys, edit, variable, aim);
        aim.variables.iter().try_fold(begin, one)
    }

    fn one(
        self,
        keys: &[&str],
        Edit { text, before }: Edit,
        variable: &Variable,
        aim: &Aim,
    ) -> Result<Edit, Obstacle> {
        let name = variable.name;
        let wanted = variable.value.as_deref();
        let Some(found) = self.find(&text, keys, name)? else {
            let text =
                wanted.map_or(Ok(text.clone()), |value| self.put(&text, keys, name, value))?;
            return Ok(Edit { text, before });
        };
        let text = match (aim.standing(variable, found.says.as_deref()), wanted) {
            (Standing::Same, _) => return Ok(Edit { text, before: before.and(Before::Same) }),
            (Standing::Choice, None) => return Ok(Edit { text, before }),
            (Standing::Choice, Some(_)) => {
                let kind = ObstacleKind::Choice { name: name.to_owned(), value: found.source };
                return Err(Obstacle { line: found.line, kind });
            }
            (Standing::Outdated, Some(value)) => self.put(&text, keys, name, value)?,
            (Standing::Outdated, None) => self.take(&text, keys, name)?,
        };
        Ok(Edit { text, before: Before::Outdated })
    }

    /// Looks a value up in the table that `keys` lead to.
    fn find(self, text: &str, keys: &[&str], name: &str) -> Result<Option<Found>, Obstacle> {
        match self {
            Language::Json => json::find(text, keys, name),
            Language::Toml => toml::find(text, keys, name),
        }
    }

    /// The text with that value, and with as many tables around it as are missing.
    fn put(self, text: &str, keys: &[&str], name: &str, value: &str) -> Result<String, Obstacle> {
        match self {
            Language::Json => json::put(text, keys, name, value),
            Language::Toml => toml::put(text, keys, name, value),
        }
    }

    /// The text without that value, and without what then holds nothing around it.
    fn take(self, text: &str, keys: &[&str], name: &str) -> Result<String, Obstacle> {
        match self {
            Language::Json => json::take(text, keys, name),
            Language::Toml => toml::take(text, keys, name),
        }
    }
}

impl Format {
    /// Changes a text so that it says what it is to say, and nothing else in it.
    ///
    /// # Errors
    /// [`Obstacle`] for what cannot be parsed, and for what the person has chosen.
    pub(super) fn edit(self, text: &str, aim: &Aim) -> Result<Edit, Obstacle> {
        text::in_its_own_shape(text, |body| match self {
            Format::Table(language, keys) => language.edit(keys, body, aim),
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
