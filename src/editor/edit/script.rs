//! Pure: templates in the languages that editors are programmed in, filled with this person's
//! paths.

use super::{Aim, in_line};
use crate::os::marked::{self, Blocks};
use crate::ui::failure::Result;

const LUA: &str = include_str!("../snippets/neovim.lua");
const ELISP_COMMENT: &str = ";;";
const ELISP: &str = include_str!("../snippets/emacs.el");

/// The Lua file. It is ours alone: another one of its name is left alone.
pub(super) fn whole_file(text: &str, aim: &Aim) -> Result<String> {
    if !text.is_empty() && text.lines().next() != LUA.lines().next() {
        let failure = in_line(1, "it was not written by cargo-peruser");
        return Err(failure.help("give the file another name"));
    }
    Ok(lua(aim).unwrap_or_default())
}

/// The Emacs Lisp file with our block at its end; the rest is a program, and never read.
pub(super) fn block(text: &str, aim: &Aim) -> Result<String> {
    let blocks = Blocks { end: elisp(aim), ..Blocks::default() };
    let wanted = marked::with_blocks_in(ELISP_COMMENT, text.as_bytes(), &blocks);
    let wanted = wanted.map_err(|at| {
        in_line(at.line, "the block of cargo-peruser that begins here has lost its end")
            .help("end the block again, or take what is left of it out")
    })?;
    // Wherever the person has moved it to, it stays.
    if blocks.end.is_some_and(|block| text.contains(&block)) {
        return Ok(text.to_owned());
    }
    // Whole lines come and go, so that text stays text.
    Ok(String::from_utf8_lossy(&wanted).into_owned())
}

/// The Lua program; `None` where there is nothing to set.
fn lua(aim: &Aim) -> Option<String> {
    let entry = |(name, value): (&str, &str)| format!("  {name} = {},\n", lua_string(value));
    fill(LUA, aim, entry, lua_string)
}

/// The Emacs Lisp program; `None` where there is nothing to set.
fn elisp(aim: &Aim) -> Option<String> {
    let entry = |(name, value): (&str, &str)| {
        format!("             ({} . {})\n", elisp_string(name), elisp_string(value))
    };
    fill(ELISP, aim, entry, elisp_string)
}

/// Lines of a template that are only `@ENTRIES@` become one line for each variable; `@ROOT@` is the
/// first of the directories in which a value is no choice.
fn fill(
    template: &str,
    aim: &Aim,
    entry: impl Fn((&str, &str)) -> String,
    string: impl Fn(&str) -> String,
) -> Option<String> {
    let entries: String = aim.wanted().map(entry).collect();
    let root = aim.roots.first().and_then(|root| root.to_str()).unwrap_or_default();
    let line = |line: &str| match line.trim() {
        "@ENTRIES@" => entries.clone(),
        _ => line.replace("@ROOT@", &string(root)),
    };
    (!entries.is_empty()).then(|| template.split_inclusive('\n').map(line).collect())
}

/// Decimal escapes always have three digits, so that a digit behind one stays outside.
fn lua_string(text: &str) -> String {
    quoted(text, |control| format!("\\{control:03}"))
}

/// Octal escapes always have three digits, for the same reason.
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
