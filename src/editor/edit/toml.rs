//! Pure: TOML, through a library that keeps what it does not change.
//!
//! A missing table is appended as text, so that comments at the end of the file stay before it. Lines are
//! removed as text, so that their comments stay.

use std::ops::Range;

use toml_edit::{Document, InlineTable, Item, Table, TableLike, Value};

use super::text::line_of;
use super::{FoundValue, Keys, in_line, incorrect, no_table};
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// Looks up a value in the table at `keys`.
pub(super) fn find(text: &str, keys: &Keys, name: &str) -> Result<Option<FoundValue>> {
    let document = parsed(text)?;
    let mut table = document.as_item();
    for key in keys {
        let Some(item) = table.get(key) else { return Ok(None) };
        if !item.is_table_like() {
            return Err(no_table(line_of(text, start(item)), Some(key)));
        }
        table = item;
    }
    Ok(table.get(name).map(|item| FoundValue {
        says: item.as_str().map(str::to_owned),
        source: text.get(item.span().unwrap_or_default()).unwrap_or_default().to_owned(),
        line: line_of(text, start(item)),
    }))
}

/// The text with that value set, and with the tables that are missing around it.
pub(super) fn put(text: &str, keys: &Keys, name: &str, value: &str) -> Result<String> {
    let value = Value::from(value);
    let document = parsed(text)?;
    let at = |path: &[&str]| item_at(document.as_item(), path);
    if let Some(span) = at(&[keys, &[name]].concat()).and_then(Item::span) {
        let [before, after] = around(text, &span);
        return Ok(format!("{before}{value}{after}"));
    }
    let mut there = keys.to_vec();
    while at(&there).is_none() {
        there.pop();
    }
    let missing = keys.get(there.len()..).unwrap_or_default();
    if !missing.is_empty() && !at(&there).is_some_and(Item::is_inline_table) {
        let gap = match text {
            "" => "",
            _ if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        return Ok(format!("{text}{gap}[{}]\n{name} = {value}\n", keys.join(".")));
    }
    let (mut key, mut value) = (name, value);
    for outer in missing.iter().rev() {
        value = InlineTable::from_iter([(key, value)]).into();
        key = outer;
    }
    changed(text, &there, |table| {
        table.insert(key, toml_edit::value(value));
    })
}

/// The text without that value, and without its table if that is empty then, without even a comment.
pub(super) fn take(text: &str, keys: &Keys, name: &str) -> Result<String> {
    let document = parsed(text)?;
    let at = |path: &[&str]| item_at(document.as_item(), path);
    let mut path = [keys, &[name]].concat();
    while let [above @ .., last] = &*path
        && let Some(table) = at(above).and_then(Item::as_inline_table)
    {
        if table.len() > 1 {
            return changed(text, above, |table| {
                table.remove(last);
            });
        }
        path.pop();
    }
    let Some(item) = at(&path) else { return Ok(text.to_owned()) };
    assert_one_line(text, item)?;
    let text = without_line(text, &item.span().unwrap_or_default());
    let document = parsed(&text)?;
    let table = item_at(document.as_item(), keys).and_then(Item::as_table);
    let Some(header) = table.filter(|table| table.is_empty()).and_then(Table::span) else {
        return Ok(text);
    };
    let [before, after] = around(&text, &header);
    if after.lines().take(2).any(|line| line.trim_start().starts_with('#')) {
        return Ok(text);
    }
    let mut shorter = without_line(&text, &header);
    // And the empty line that `put` has added before it.
    if before.ends_with("\n\n") {
        shorter.remove(header.start - 1);
    }
    Ok(shorter)
}

/// The text with a change to the table at `keys`, made by the library. Refuses a text that the library
/// does not reproduce exactly.
fn changed(text: &str, keys: &[&str], change: impl FnOnce(&mut dyn TableLike)) -> Result<String> {
    let document = parsed(text)?;
    if let Some(item) = item_at(document.as_item(), keys) {
        assert_one_line(text, item)?;
    }
    let mut document = document.into_mut();
    if document.to_string().trim_end() != text.trim_end() {
        return Err(in_line(1, "changing its table would also reformat other lines"));
    }
    let root = document.as_item_mut();
    if let Some(item) = keys.iter().try_fold(root, |item, key| item.get_mut(key)) {
        item.as_table_like_mut().map(change);
        // Set the spaces in it.
        item.as_inline_table_mut().map(InlineTable::fmt);
    }
    Ok(document.to_string())
}

/// Refuses an inline table of several lines: its comments could belong to any of its values.
fn assert_one_line(text: &str, item: &Item) -> Result<()> {
    let span = item.span().unwrap_or_default();
    let source = text.get(span.clone()).unwrap_or_default();
    if item.is_inline_table() && source.contains('\n') {
        let line = line_of(text, span.start);
        return Err(in_line(
            line,
            "its table is in braces on several lines, which cannot be changed",
        ));
    }
    Ok(())
}

/// The text without the line in which a span begins, up to the end of the span. Text after the span
/// stays.
fn without_line(text: &str, span: &Range<usize>) -> String {
    let [before, after] = around(text, span);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let [before, _] = around(before, &(begin..begin));
    match after.split_once('\n').unwrap_or((after, "")) {
        (rest, after) if rest.trim().is_empty() => format!("{before}{after}"),
        _ => format!("{before}{}", after.trim_start()),
    }
}

/// The text before a span, and after it.
fn around<'t>(text: &'t str, span: &Range<usize>) -> [&'t str; 2] {
    [text.get(..span.start), text.get(span.end..)].map(Option::unwrap_or_default)
}

fn item_at<'t>(root: &'t Item, keys: &[&str]) -> Option<&'t Item> {
    keys.iter().try_fold(root, |item, key| item.get(key))
}

fn parsed(text: &str) -> Result<Document<&str>> {
    Document::parse(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        // The rest of the message only shows the line.
        incorrect(line, escaped(error.message().lines().next().unwrap_or_default()))
    })
}

fn start(item: &Item) -> usize {
    item.span().map_or(0, |span| span.start)
}
