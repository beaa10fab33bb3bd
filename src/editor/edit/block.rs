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
    let wanted = marked::with_blocks(comment, text.as_bytes(), &blocks);
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
    fill(LUA, aim, |name, value| format!("  {name} = {value},\n"))
}

/// The Emacs Lisp program; `None` if no variable is set.
pub(super) fn elisp(aim: &Aim) -> Option<String> {
    fill(ELISP, aim, |name, value| format!("             (\"{name}\" . {value})\n"))
}

/// Replaces a line `@ENTRIES@` of a template by one line for each variable, and `@ROOT@` by the first of
/// [`Aim::roots`].
fn fill(template: &str, aim: &Aim, entry: fn(&str, &str) -> String) -> Option<String> {
    let entries: String = aim.wanted().map(|(name, value)| entry(name, &quoted(value))).collect();
    let root = aim.roots.first().and_then(|root| root.to_str()).unwrap_or_default();
    let text = template.replace("@ENTRIES@\n", &entries).replace("@ROOT@", &quoted(root));
    (!entries.is_empty()).then_some(text)
}

/// A string as all three languages write it. It has no control characters.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
