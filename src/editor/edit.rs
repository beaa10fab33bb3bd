//! Pure: what is written into the settings of editors, and how.
//!
//! Editors find cargo past PATH, so the variable itself has to reach the language server. Every
//! change here is one to a text: what the person wrote stays, and where that cannot be had the text is
//! refused. Lua and Emacs Lisp are programs, so nothing of a person's is read there; what we add is a
//! file or a marked block of its own.

mod json;
mod script;
mod text;
mod toml;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Mark, Result};

/// The way to a table of settings.
pub(super) type Keys = [&'static str];

/// How a settings file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A language for settings, and the way to the table of variables.
    Table(Language, &'static Keys),
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
    pub name: &'static str,
    pub value: Option<String>,
}

/// What settings are to say.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    /// Every variable that we ever set.
    pub variables: Vec<Variable>,
    /// A variable that names a directory in one of these is no choice of the person's, by the rules
    /// of [`crate::shim::decide`]: it was set by us, or inherited from somebody else.
    pub roots: Vec<PathBuf>,
}

/// A value where it stands in a text.
pub(super) struct FoundValue {
    /// What it says, if it is a string.
    pub(super) says: Option<String>,
    /// As it is written.
    pub(super) source: String,
    pub(super) line: usize,
}

impl Aim {
    /// The same, with nothing that is to be set.
    pub(super) fn withdrawn(&self) -> Aim {
        let unset = |it: &Variable| Variable { name: it.name, value: None };
        Aim { variables: self.variables.iter().map(unset).collect(), roots: self.roots.clone() }
    }

    /// What is no text, or a template of the editor's, only the person can have written.
    fn is_choice(&self, found: &FoundValue) -> bool {
        let is_ours =
            |root: &PathBuf| found.says.as_ref().is_some_and(|it| Path::new(it).starts_with(root));
        found.says.as_deref() != Some("") && !self.roots.iter().any(is_ours)
    }

    fn wanted(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.variables.iter().filter_map(|it| Some((it.name, it.value.as_deref()?)))
    }
}

impl Format {
    /// Changes a text so that it says what it is to say, and nothing else in it.
    ///
    /// # Errors
    /// What cannot be parsed or changed, and, marked, what the person has chosen. The text begins
    /// with the line; where the help is missing, the person can only change it by hand.
    pub(super) fn edit(self, text: &str, aim: &Aim) -> Result<String> {
        text::in_its_own_shape(text, |body| match self {
            Format::Table(language, keys) => {
                let set = |text: String, variable| language.set(&text, keys, variable, aim);
                aim.variables.iter().try_fold(body.to_owned(), set)
            }
            Format::Lua => script::whole_file(body, aim),
            Format::Elisp => script::block(body, aim),
        })
    }

    /// Whether a text says nothing any more, so that its file may go.
    pub(super) fn is_vacant(text: &str) -> bool {
        text.is_empty() || text == json::VACANT
    }
}

impl Language {
    /// Looks a value up in the table that `keys` lead to.
    pub(super) fn find(self, text: &str, keys: &Keys, name: &str) -> Result<Option<FoundValue>> {
        match self {
            Language::Json => json::find(text::body(text), keys, name),
            Language::Toml => toml::find(text::body(text), keys, name),
        }
    }

    /// The text with one variable as it is to be.
    fn set(self, text: &str, keys: &Keys, variable: &Variable, aim: &Aim) -> Result<String> {
        let name = variable.name;
        match (self.find(text, keys, name)?, variable.value.as_deref()) {
            (Some(found), Some(value)) if found.says.as_deref() == Some(value) => {
                Ok(text.to_owned())
            }
            (Some(found), Some(_)) if aim.is_choice(&found) => {
                let value = escaped(&found.source);
                let help = format!(
                    "leave it, since your own choice counts, or take `{name}` out and run the same \
                     command again"
                );
                let text = format!("`{name}` is set to {value} already");
                Err(in_line(found.line, text).mark(Mark::Chosen).help(help))
            }
            (_, Some(value)) => match self {
                Language::Json => json::put(text, keys, name, value),
                Language::Toml => toml::put(text, keys, name, value),
            },
            (Some(found), None) if !aim.is_choice(&found) => match self {
                Language::Json => json::take(text, keys, name),
                Language::Toml => toml::take(text, keys, name),
            },
            (_, None) => Ok(text.to_owned()),
        }
    }
}

/// What keeps a text from being changed, and where; lines are counted from 1.
fn in_line(line: usize, what: impl Display) -> Failure {
    Failure::new(format!("line {line}: {what}"))
}

/// What cannot be parsed, or not without doubt.
fn incorrect(line: usize, what: impl Display) -> Failure {
    in_line(line, what).help("correct the line and run the same command again")
}

/// The key, or the whole file, holds something else than a table of settings.
fn no_table(line: usize, key: Option<&str>) -> Failure {
    match key {
        Some(key) => in_line(line, format_args!("`{key}` holds no table")),
        None => in_line(line, "it holds no table of settings"),
    }
}

#[cfg(test)]
mod tests;
