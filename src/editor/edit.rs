//! Pure: edits the text of editors' settings.
//!
//! Editors bypass PATH to find cargo, so the language server needs the variable itself. An edit keeps
//! everything that the person wrote, or else refuses the text. Lua and Emacs Lisp are programs, which are
//! not parsed: there we add a separate file, or a marked block.

mod json;
mod script;
mod text;
mod toml;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Mark, Result};

/// The keys of nested tables, from the outermost on.
pub(super) type Keys = [&'static str];

/// The format of a settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A settings language, and the keys of the table of variables.
    Table(Language, &'static Keys),
    /// A Lua file that we own entirely.
    Lua,
    /// Emacs Lisp with our block in it.
    Elisp,
}

/// A language for settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// JSON with comments and trailing commas.
    Json,
    Toml,
}

/// A variable and the value that it should have; `None` if it should not be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub name: &'static str,
    pub value: Option<String>,
}

/// The expected settings.
#[derive(Clone, Debug)]
pub(super) struct Aim {
    /// Every variable that we ever set.
    pub variables: Vec<Variable>,
    /// A value inside one of these directories is not the person's choice, by the rules of
    /// [`crate::shim::decide`]: we set it, or it was inherited from another user.
    pub roots: Vec<PathBuf>,
}

/// A value found in a text.
pub(super) struct FoundValue {
    /// The value, if it is a string.
    pub(super) says: Option<String>,
    /// The value as it is written.
    pub(super) source: String,
    pub(super) line: usize,
}

impl Aim {
    /// The same variables, all unset.
    pub(super) fn withdrawn(&self) -> Aim {
        let unset = |it: &Variable| Variable { name: it.name, value: None };
        Aim { variables: self.variables.iter().map(unset).collect(), roots: self.roots.clone() }
    }

    /// Whether the person wrote the value. They did if it is not a string, or is an editor's template.
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
    /// The text with the expected settings, and nothing else changed.
    ///
    /// # Errors
    /// A text that cannot be parsed or changed, and, with [`Mark::Chosen`], a value that the person has
    /// chosen. The failure's text begins with the line. Without a help line, only the person can change
    /// the file, by hand.
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

    /// Whether a text holds no settings any more, so that its file can be removed.
    pub(super) fn is_vacant(text: &str) -> bool {
        text.is_empty() || text == json::VACANT
    }
}

impl Language {
    /// Looks up a value in the table at `keys`.
    pub(super) fn find(self, text: &str, keys: &Keys, name: &str) -> Result<Option<FoundValue>> {
        match self {
            Language::Json => json::find(text::body(text), keys, name),
            Language::Toml => toml::find(text::body(text), keys, name),
        }
    }

    /// The text with one variable set, or removed.
    fn set(self, text: &str, keys: &Keys, variable: &Variable, aim: &Aim) -> Result<String> {
        let name = variable.name;
        match (self.find(text, keys, name)?, variable.value.as_deref()) {
            (Some(found), Some(value)) if found.says.as_deref() == Some(value) => {
                Ok(text.to_owned())
            }
            (Some(found), Some(_)) if aim.is_choice(&found) => {
                let value = escaped(&found.source);
                let help = format!(
                    "leave it, since your own choice counts, or remove `{name}` and run the same \
                     command again"
                );
                let text = format!("`{name}` is already set to {value}");
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

/// Why a text cannot be changed, and the line, counted from 1.
fn in_line(line: usize, what: impl Display) -> Failure {
    Failure::new(format!("line {line}: {what}"))
}

/// A line that cannot be parsed, or is ambiguous.
fn incorrect(line: usize, what: impl Display) -> Failure {
    in_line(line, what).help("correct the line and run the same command again")
}

/// The key, or the whole file, does not hold a table of settings.
fn no_table(line: usize, key: Option<&str>) -> Failure {
    match key {
        Some(key) => in_line(line, format_args!("`{key}` is not a table")),
        None => in_line(line, "it is not a table of settings"),
    }
}

#[cfg(test)]
mod tests;
