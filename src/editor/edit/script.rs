//! Pure: templates in the languages that editors are programmed in, filled with this person's
//! paths.

use super::{Aim, Before, Edit};
use crate::editor::edit::obstacle::{Obstacle, ObstacleKind};
use crate::os::marked::{self, Blocks};

const LUA: &str = include_str!("../snippets/neovim.lua");
const ELISP_COMMENT: &str = ";;";
const ELISP: &str = include_str!("../snippets/emacs.el");

/// The Lua file. It is ours alone: another one of its name is left alone.
pub(super) fn whole_file(text: &str, aim: &Aim) -> Result<Edit, Obstacle> {
    let wanted = lua(aim).unwrap_or_default();
    let first_line = LUA.lines().next();
    if !text.is_empty() && text.lines().next() != first_line {
        return Err(Obstacle { line: 1, kind: ObstacleKind::NotOurs });
    }
    let before = match text {
        "" => Before::Nothing,
        _ if text == wanted => Before::Same,
        _ => Before::Outdated,
    };
    Ok(Edit { text: wanted, before })
}

/// The Emacs Lisp file with our block at its end; the rest is a program, and never read.
pub(super) fn block(text: &str, aim: &Aim) -> Result<Edit, Obstacle> {
    let unfinished =
        |at: marked::Unfinished| Obstacle { line: at.line, kind: ObstacleKind::HalfABlock };
    let blocks = Blocks { end: elisp(aim), ..Blocks::default() };
    let bytes = text.as_bytes();
    let bare = marked::without_blocks_in(ELISP_COMMENT, bytes).map_err(unfinished)?;
    let wanted = marked::with_blocks_in(ELISP_COMMENT, &bare, &blocks).map_err(unfinished)?;
    // Whole lines come and go, so that text stays text.
    let [bare, wanted] = [bare, wanted].map(|text| String::from_utf8_lossy(&text).into_owned());
    let (text, before) = match blocks.end.as_deref().map(|block| text.contains(block)) {
        _ if bare == text => (wanted, Before::Nothing),
        // Wherever the person has moved it to, it stays.
        Some(true) => (text.to_owned(), Before::Same),
        _ => (wanted, Before::Outdated),
    };
    Ok(Edit { text, before })
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
