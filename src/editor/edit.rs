//! Pure: edits the text of editors' settings.
//!
//! Editors bypass PATH to find cargo, so the language server needs the variable itself. JSON is changed key
//! by key; to every other file, we add a marked block at the end. An edit keeps everything that the person
//! wrote, or else refuses the text.

mod block;
mod json;
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
    /// JSON with comments and trailing commas, and the keys of the table of variables.
    Json(&'static Keys),
    /// The same in TOML.
    Toml(&'static Keys),
    /// A program in Lua.
    Lua,
    /// A program in Emacs Lisp.
    Elisp,
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

    pub(super) fn wants_nothing(&self) -> bool {
        self.wanted().next().is_none()
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
        match self {
            Format::Json(keys) => json::edit(text, keys, aim),
            Format::Toml(keys) => toml::edit(text, keys, aim),
            Format::Lua => block::edit(text, "--", block::lua(aim)),
            Format::Elisp => block::edit(text, ";;", block::elisp(aim)),
        }
    }

    /// Looks up a value in the table at `keys`. We look for nothing in programs.
    pub(super) fn find(self, text: &str, keys: &Keys, name: &str) -> Result<Option<FoundValue>> {
        match self {
            Format::Json(_) => json::find(text, keys, name),
            Format::Toml(_) => toml::find(text, keys, name),
            Format::Lua | Format::Elisp => Ok(None),
        }
    }

    /// Whether a text holds no settings any more, so that its file can be removed.
    pub(super) fn is_vacant(text: &str) -> bool {
        text.is_empty() || text == json::VACANT
    }
}

/// A value that the person has chosen.
fn chosen(name: &str, found: &FoundValue) -> Failure {
    let help = format!(
        "leave it, since your own choice counts, or remove `{name}` and run the same command again"
    );
    let text = format!("`{name}` is already set to {}", escaped(&found.source));
    in_line(found.line, text).mark(Mark::Chosen).help(help)
}

/// Why a text cannot be changed, and the line, counted from 1.
fn in_line(line: usize, what: impl Display) -> Failure {
    Failure::new(format!("line {line}: {what}"))
}

/// A line that cannot be parsed, or is ambiguous.
fn incorrect(line: usize, what: impl Display) -> Failure {
    in_line(line, what).help("correct the line and run the same command again")
}

#[cfg(test)]
mod tests;
