//! Reading Rust as text: what is code and what is not, and which paths the code mentions.
//!
//! Everything keeps the lines where they are, so that an offset in the result still tells the line
//! in the file.

/// The text with comments turned into spaces and literals into quotes.
pub(super) fn masked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (skipped, length) = match not_code(rest, code.chars().next_back()) {
            Some(length) => (true, length),
            None => (false, next.len_utf8()),
        };
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let filler = if head.starts_with('/') { ' ' } else { '"' };
        code.extend(head.chars().map(|c| match c {
            c if !skipped || c == '\n' => c,
            _ => filler,
        }));
        rest = tail;
    }
    code
}

/// Masked code with every item under `#[cfg(test)]` turned into spaces.
pub(super) fn without_tests(code: &str) -> String {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, item)) = rest.split_once(ATTRIBUTE) {
        let (item, after) = item.split_at_checked(item_length(item)).unwrap_or((item, ""));
        kept.push_str(before);
        kept.extend(ATTRIBUTE.chars().chain(item.chars()).map(blank));
        rest = after;
    }
    kept + rest
}

/// The strings of a text, quotes included, each with the offset at which it begins.
pub(super) fn literals(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut at, mut previous) = (0, None);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match not_code(rest, previous) {
            Some(length) => {
                let literal = rest.get(..length).filter(|literal| literal.starts_with('"'));
                found.extend(literal.map(|literal| (at, literal)));
                length
            }
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
        previous = rest.chars().next();
        at += length;
    }
    found
}

/// One mention of a path: the line, counted from 1, and the segment that follows its root.
#[derive(Debug, PartialEq)]
pub(super) struct Mention {
    pub(super) line: usize,
    pub(super) segment: String,
}

/// What follows `root` in each path of masked code that begins with it: `["sys"]` for
/// `crate::sys::exec`, `["fs", "io"]` for `use std::{fs::File, io}`. The root may have several
/// segments (`super::super`).
pub(super) fn paths(code: &str, root: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(root) {
        let (before, from) = code.split_at_checked(at).unwrap_or((code, ""));
        let after = from.strip_prefix(root).and_then(|after| after.trim_start().strip_prefix("::"));
        let (Some(after), true) = (after, begins_a_path(before)) else { continue };
        found.extend(segments(after).into_iter().map(|(segment, rest)| Mention {
            // The segment's own line: a group may be spread over many.
            line: line_of(code, code.len() - rest.len()),
            segment: segment.to_owned(),
        }));
    }
    found
}

/// The line, counted from 1, that a byte offset lies in.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// The length of the comment or literal that `rest` begins with, if it begins with one.
fn not_code(rest: &str, previous: Option<char>) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if let Some(text) = rest.strip_prefix('"') {
        return Some(1 + quoted(text, '"'));
    }
    if let Some(text) = rest.strip_prefix('\'') {
        let mut next = text.chars();
        // Anything else after a single quote is a lifetime or a label.
        let literal = next.next() == Some('\\') || next.next() == Some('\'');
        return literal.then(|| 1 + quoted(text, '\''));
    }
    let prefix = if rest.starts_with("br") || rest.starts_with("cr") { 2 } else { 1 };
    let raw = rest.starts_with('r') || prefix == 2;
    if raw && !previous.is_some_and(is_word) { raw_string(rest, prefix) } else { None }
}

/// The length of a string's or character's text and its closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn raw_string(rest: &str, prefix: usize) -> Option<usize> {
    let text = rest.get(prefix..)?;
    let hashes = text.len() - text.trim_start_matches('#').len();
    let body = text.get(hashes..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(prefix + hashes + 1 + length)
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, _) in rest.char_indices() {
        let here = rest.get(at..).unwrap_or_default();
        if here.starts_with("/*") {
            depth += 1;
        } else if here.starts_with("*/") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 2;
            }
        }
    }
    rest.len()
}

/// The length of an item in masked code: up to its `;`, or to the brace that closes its first one.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in item.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    item.len()
}

/// Whether a path can begin after `before`: not in the middle of a name, nor of another path. A
/// leading `::` is part of the path.
fn begins_a_path(before: &str) -> bool {
    let before = match before.strip_suffix("::") {
        Some(outer) if !outer.ends_with(is_word) => return true,
        _ => before,
    };
    !before.ends_with(|c| is_word(c) || c == ':')
}

/// The first names after `root::`, each with the text from it on; one, or those of a group.
fn segments(after: &str) -> Vec<(&str, &str)> {
    let after = after.trim_start();
    let Some(group) = after.strip_prefix('{') else { return vec![(word(after), after)] };
    let mut found = Vec::new();
    let (mut depth, mut expecting) = (1_usize, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expecting = true,
            _ if expecting && !c.is_whitespace() => {
                let here = group.get(at..).unwrap_or_default();
                found.push((word(here), here));
                expecting = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// The name that the text begins with, or its first character (`*`).
fn word(text: &str) -> &str {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    text.get(..end.max(first)).unwrap_or_default()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

#[cfg(test)]
mod tests;
