//! Pure: TOML, through a library that keeps what it does not change.
//!
//! A table that is missing is appended as text and taken away as that same text, so that comments
//! at the end of the file stay in front of it and the way back is exact. Whatever has been done, the
//! result is read once more, and refused unless everything else says what it said before.

mod check;
mod inline;

use toml_edit::{Document, DocumentMut, Item, TableLike, Value};

use super::table::{self, Table};
use super::text::line_of;
use super::{Aim, Edit, Found};
use crate::editor::edit::obstacle::{Obstacle, ObstacleKind};

/// Changes the table that `keys` lead to.
pub(super) fn edit(text: &str, keys: &[&str], aim: &Aim) -> Result<Edit, Obstacle> {
    let edit = table::edit(&TomlTable { keys }, text, aim)?;
    if edit.text != text {
        check::only_ours_changes(text, &edit.text, keys, aim)?;
    }
    Ok(edit)
}

struct TomlTable<'k> {
    keys: &'k [&'k str],
}

impl Table for TomlTable<'_> {
    fn find(&self, text: &str, name: &str) -> Result<Option<Found>, Obstacle> {
        find(text, self.keys, name)
    }

    fn put(&self, text: &str, name: &str, value: &str) -> Result<String, Obstacle> {
        put(text, self.keys, name, value)
    }

    fn string(text: &str) -> String {
        Value::from(text).to_string()
    }

    fn take(&self, text: &str, found: &Found, name: &str) -> Result<String, Obstacle> {
        let appended = found.says.as_deref().and_then(|value| {
            let is_ours = |it: &&str| section(it, self.keys, name, value) == text;
            heads(text, self.keys).into_iter().find(is_ours).map(str::to_owned)
        });
        appended.map_or_else(|| take(text, self.keys, name), Ok)
    }
}

/// Looks a value up.
pub(super) fn find(text: &str, keys: &[&str], name: &str) -> Result<Option<Found>, Obstacle> {
    let document = parsed(text)?;
    let mut table: &dyn TableLike = document.as_table();
    for key in keys {
        let Some(item) = table.get(key) else { return Ok(None) };
        table = item.as_table_like().ok_or_else(|| not_a_table(text, item, key))?;
    }
    let Some(item) = table.get(name) else { return Ok(None) };
    let span = item.span().unwrap_or_default();
    Ok(Some(Found {
        says: item.as_str().map(str::to_owned),
        source: text.get(span.clone()).unwrap_or_default().to_owned(),
        line: line_of(text, span.start),
        range: (span.start, span.end),
    }))
}

fn put(text: &str, keys: &[&str], name: &str, value: &str) -> Result<String, Obstacle> {
    let document = parsed(text)?;
    let mut item = document.as_item();
    for (depth, key) in keys.iter().enumerate() {
        match item.get(key) {
            Some(next) => item = next,
            None if item.is_inline_table() => {
                let (above, rest) = keys.split_at(depth);
                let rest = rest.get(1..).unwrap_or_default();
                return changed(text, above, |item| {
                    let nested = inline::nested(rest, name, value).into();
                    if let Some(table) = item.as_inline_table_mut() {
                        inline::insert(table, key, nested);
                    }
                });
            }
            None => return Ok(section(text, keys, name, value)),
        }
    }
    match item.as_table().filter(|table| !table.is_dotted()).and_then(last_of) {
        Some(end) => Ok(with_line_after(text, end, &format!("{name} = {}", Value::from(value)))),
        None => changed(text, keys, |item| match item.as_inline_table_mut() {
            Some(table) => inline::insert(table, name, value.into()),
            None => {
                let table = item.as_table_like_mut();
                table.map(|table| table.insert(name, toml_edit::value(value)));
            }
        }),
    }
}

/// The end of a table's last value, or else of its header; `None` for a table that has none.
fn last_of(table: &toml_edit::Table) -> Option<usize> {
    let values = table.iter().filter_map(|(_, item)| match item {
        Item::Value(value) => value.span().map(|span| span.end),
        Item::Table(table) if table.is_dotted() => last_of(table),
        _ => None,
    });
    let header = table.span().filter(|_| !table.is_dotted()).map(|span| span.end);
    values.chain(header).max()
}

/// The text with one more line below the line of `at`.
fn with_line_after(text: &str, at: usize, line: &str) -> String {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    match after.split_once('\n') {
        Some((rest, after)) => format!("{before}{rest}\n{line}\n{after}"),
        None => format!("{text}\n{line}"),
    }
}

/// The text with a change to the item that `keys` lead to, as the library makes it. A text that it does
/// not write as it has read it is refused.
fn changed(text: &str, keys: &[&str], change: impl FnOnce(&mut Item)) -> Result<String, Obstacle> {
    let mut document = parse(text)?;
    if in_shape_of(text, document.to_string()) != text {
        let cause = "other lines would be written in another way with it".to_owned();
        return Err(Obstacle { line: 1, kind: ObstacleKind::Unsupported(cause) });
    }
    let item = keys.iter().try_fold(document.as_item_mut(), |item, key| item.get_mut(key));
    if let Some(item) = item {
        change(item);
    }
    Ok(in_shape_of(text, document.to_string()))
}

/// A table that holds nothing else goes as well, unless comments stand beside it.
fn take(text: &str, keys: &[&str], name: &str) -> Result<String, Obstacle> {
    let mut text = without(text, keys, name)?;
    for depth in (0..keys.len()).rev() {
        let path = keys.get(..=depth).unwrap_or_default();
        let Some((last, above)) = path.split_last() else { break };
        let document = parsed(&text)?;
        let Some(item) = item_at(document.as_item(), path) else { continue };
        if !item.as_table_like().is_some_and(TableLike::is_empty) {
            break;
        }
        let shorter = match item {
            Item::Table(table) => without_header(&text, table),
            _ => Some(without(&text, above, last)?),
        };
        let Some(shorter) = shorter else { break };
        text = shorter;
    }
    Ok(text)
}

/// The text without one value. What else stands on its line, and before it, is a person's.
fn without(text: &str, keys: &[&str], name: &str) -> Result<String, Obstacle> {
    let document = parsed(text)?;
    let Some(table) = item_at(document.as_item(), keys) else { return Ok(text.to_owned()) };
    if let Some(table) = table.as_inline_table() {
        let source = table.span().and_then(|span| text.get(span));
        // The comments in it would belong to one value or the other.
        if source.is_some_and(|source| source.contains('\n')) {
            let line = line_of(text, table.span().map_or(0, |span| span.start));
            let cause = "its table stands in braces, on several lines".to_owned();
            return Err(Obstacle { line, kind: ObstacleKind::Unsupported(cause) });
        }
        return changed(text, keys, |item| {
            if let Some(table) = item.as_inline_table_mut() {
                inline::remove(table, name);
            }
        });
    }
    let value = table.get(name).and_then(Item::span);
    Ok(value.map_or_else(|| text.to_owned(), |span| without_line(text, span.start, span.end)))
}

/// The text without the line of `start`, as far as `end`; what follows there stays.
fn without_line(text: &str, start: usize, end: usize) -> String {
    let [before, after] = [text.get(..start), text.get(end..)].map(Option::unwrap_or_default);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let before = before.get(..begin).unwrap_or_default();
    match after.split_once('\n') {
        Some((rest, after)) if rest.trim().is_empty() => format!("{before}{after}"),
        None if after.trim().is_empty() => before.strip_suffix('\n').unwrap_or(before).to_owned(),
        _ => format!("{before}{}", after.trim_start()),
    }
}

/// The text without the header of an empty table; `None` where a comment stands above, behind or below
/// it.
fn without_header(text: &str, table: &toml_edit::Table) -> Option<String> {
    let span = table.span().filter(|span| !span.is_empty())?;
    let (head, rest) = text.split_at_checked(span.start)?;
    let (header, below) = rest.split_once('\n').unwrap_or((rest, ""));
    let behind = text.get(span.end..span.start + header.len())?;
    let beside = [head.trim_end().lines().last(), Some(behind), below.lines().next()];
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let is_bare = !beside.into_iter().flatten().any(is_comment);
    is_bare.then(|| {
        let head = head.trim_end_matches([' ', '\t', '\n']);
        let end = if head.is_empty() { "" } else { "\n" };
        let text = format!("{head}{end}{below}");
        if rest.contains('\n') { text } else { head.to_owned() }
    })
}

fn item_at<'t>(root: &'t Item, keys: &[&str]) -> Option<&'t Item> {
    keys.iter().try_fold(root, |item, key| item.get(key))
}

fn parsed(text: &str) -> Result<Document<&str>, Obstacle> {
    Document::parse(text).map_err(|error| syntax(text, &error))
}

/// The text with a table of ours at its end. Where its last line has no end, ours has none either.
fn section(head: &str, keys: &[&str], name: &str, value: &str) -> String {
    let value = Value::from(value);
    let table = format!("[{}]\n{name} = {value}", keys.join("."));
    match head {
        "" => format!("{table}\n"),
        _ if head.ends_with('\n') => format!("{head}\n{table}\n"),
        _ => format!("{head}\n\n{table}"),
    }
}

/// What may have stood in front of a table of ours.
fn heads<'t>(text: &'t str, keys: &[&str]) -> Vec<&'t str> {
    let header = format!("[{}]\n", keys.join("."));
    let Some(head) = text.rfind(&header).and_then(|at| text.get(..at)) else { return Vec::new() };
    let one_less = head.strip_suffix('\n');
    let two_less = one_less.and_then(|head| head.strip_suffix('\n'));
    [Some(head), one_less, two_less].into_iter().flatten().collect()
}

/// The library ends the last line.
fn in_shape_of(original: &str, text: String) -> String {
    if original.is_empty() || original.ends_with('\n') {
        return text;
    }
    text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
}

fn parse(text: &str) -> Result<DocumentMut, Obstacle> {
    text.parse().map_err(|error| syntax(text, &error))
}

fn syntax(text: &str, error: &toml_edit::TomlError) -> Obstacle {
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    // The rest of the message shows the line, which the person has before their eyes.
    let cause = error.message().lines().next().unwrap_or_default().to_owned();
    Obstacle { line, kind: ObstacleKind::Syntax(cause) }
}

fn not_a_table(text: &str, item: &Item, key: &str) -> Obstacle {
    let line = line_of(text, item.span().map_or(0, |span| span.start));
    Obstacle { line, kind: ObstacleKind::NotATable(Some(key.to_owned())) }
}
