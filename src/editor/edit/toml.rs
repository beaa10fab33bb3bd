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

    fn replace(&self, text: &str, _: &Found, name: &str, value: &str) -> Result<String, Obstacle> {
        replace(text, self.keys, name, value)
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
    let document = Document::parse(text).map_err(|error| syntax(text, &error))?;
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
    let mut document = parse(text)?;
    let mut item = document.as_item_mut();
    for (depth, key) in keys.iter().enumerate() {
        if item.get(key).is_none() {
            let rest = keys.get(depth + 1..).unwrap_or_default();
            return Ok(match item.as_inline_table_mut() {
                Some(table) => {
                    inline::insert(table, key, inline::nested(rest, name, value).into());
                    in_shape_of(text, document.to_string())
                }
                None => section(text, keys, name, value),
            });
        }
        let Some(next) = item.get_mut(key) else { return Ok(text.to_owned()) };
        item = next;
    }
    match item.as_inline_table_mut() {
        Some(table) => inline::insert(table, name, value.into()),
        None => {
            let table = item.as_table_like_mut();
            table.map(|table| table.insert(name, toml_edit::value(value)));
        }
    }
    Ok(in_shape_of(text, document.to_string()))
}

/// With the same spaces and comments around it.
fn replace(text: &str, keys: &[&str], name: &str, value: &str) -> Result<String, Obstacle> {
    let mut document = parse(text)?;
    let table = descend(document.as_item_mut(), keys);
    if let Some(old) = table.and_then(|it| it.get_mut(name)).and_then(Item::as_value_mut) {
        let decor = old.decor().clone();
        *old = Value::from(value);
        *old.decor_mut() = decor;
    }
    Ok(in_shape_of(text, document.to_string()))
}

/// A table that holds nothing else goes as well, unless comments stand before it.
fn take(text: &str, keys: &[&str], name: &str) -> Result<String, Obstacle> {
    let mut document = parse(text)?;
    let mut path = keys;
    let mut name = name;
    while let Some(table) = descend(document.as_item_mut(), path) {
        let is_empty = remove(table, name);
        let [before @ .., last] = path else { break };
        let is_bare = |item: &Item| match item {
            Item::Table(table) => table.decor().prefix().is_none_or(|it| is_blank(it.as_str())),
            _ => true,
        };
        if !is_empty || !is_bare(table) {
            break;
        }
        (path, name) = (before, last);
    }
    Ok(in_shape_of(text, document.to_string()))
}

fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

/// Takes one key away, and says whether nothing is left.
fn remove(table: &mut Item, name: &str) -> bool {
    if let Some(table) = table.as_inline_table_mut() {
        inline::remove(table, name);
    } else if let Some(table) = table.as_table_mut() {
        table.remove(name);
    }
    table.as_table_like().is_some_and(|table| table.is_empty())
}

fn descend<'t>(root: &'t mut Item, keys: &[&str]) -> Option<&'t mut Item> {
    keys.iter().try_fold(root, |item, key| item.get_mut(key))
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
