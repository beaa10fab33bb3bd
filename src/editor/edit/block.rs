//! Pure: a marked block at the end of a file, and what belongs into it.
//!
//! Lua and Emacs Lisp are programs, which are not parsed: our part of them is a template, filled with this
//! person's paths.

use super::{Aim, in_line};
use crate::os::marked::{self, Blocks};
use crate::ui::failure::Result;

const LUA: &str = include_str!("../snippets/neovim.lua");
const ELISP: &str = include_str!("../snippets/emacs.el");

/// The text with this block at its end, or without one.
pub(super) fn edit(text: &str, comment: &str, block: Option<String>) -> Result<String> {
    let blocks = Blocks { end: block, ..Blocks::default() };
    let wanted = marked::with_blocks_in(comment, text.as_bytes(), &blocks);
    let wanted = wanted.map_err(|at| {
        in_line(at.line, "cargo-peruser's block begins here, but its last line is missing")
            .help("add the last line of the block again, or remove the whole block")
    })?;
    // If the person has moved the block, it stays there.
    let is_there = |block| text.contains(&format!("{block}{comment} {}", marked::END));
    if blocks.end.is_some_and(is_there) {
        return Ok(text.to_owned());
    }
    // Only whole lines change, so this is valid UTF-8.
    Ok(String::from_utf8_lossy(&wanted).into_owned())
}

/// The Lua program; `None` if no variable is set.
pub(super) fn lua(aim: &Aim) -> Option<String> {
    let entry = |(name, value): (&str, &str)| format!("  {name} = {},\n", lua_string(value));
    fill(LUA, aim, entry, lua_string)
}

/// The Emacs Lisp program; `None` if no variable is set.
pub(super) fn elisp(aim: &Aim) -> Option<String> {
    let entry = |(name, value): (&str, &str)| {
        format!("             ({} . {})\n", elisp_string(name), elisp_string(value))
    };
    fill(ELISP, aim, entry, elisp_string)
}

/// Replaces a line `@ENTRIES@` of a template by one line for each variable, and `@ROOT@` by the first of
/// [`Aim::roots`].
fn fill(
    template: &str,
    aim: &Aim,
    entry: impl Fn((&str, &str)) -> String,
    string: impl Fn(&str) -> String,
) -> Option<String> {
    let entries: String = aim.wanted().map(entry).collect();
    let root = aim.roots.first().and_then(|root| root.to_str()).unwrap_or_default();
    let text = template.replace("@ENTRIES@\n", &entries).replace("@ROOT@", &string(root));
    (!entries.is_empty()).then_some(text)
}

pub(super) fn toml_string(text: &str) -> String {
    quoted(text, |control| format!("\\u{control:04x}"))
}

/// A decimal escape always has three digits, so that a digit after it is not part of it.
fn lua_string(text: &str) -> String {
    quoted(text, |control| format!("\\{control:03}"))
}

/// An octal escape always has three digits, for the same reason.
fn elisp_string(text: &str) -> String {
    quoted(text, |control| format!("\\{control:03o}"))
}

fn quoted(text: &str, escape: impl Fn(u32) -> String) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_ascii_control() => quoted.push_str(&escape(character.into())),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}
