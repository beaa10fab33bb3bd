//! Pure: JSON with comments and trailing commas, as editors read it, changed by cutting and
//! inserting.
//!
//! The parser only says where things are. What is not inserted or cut out here stays byte for byte,
//! which no printing of a syntax tree promises.

mod document;
mod layout;

use super::Found;
use super::table::Table;
use super::text::line_of;
use crate::editor::edit::obstacle::Obstacle;
use document::{Document, value_range};

/// What is left of a file that we made once our settings are gone.
pub(super) const VACANT: &str = "{\n}\n";

/// The table that `keys` lead to; `unit` is one step of indentation in a new file.
pub(super) struct JsonTable<'k> {
    pub(super) keys: &'k [&'k str],
    pub(super) unit: &'k str,
}

impl Table for JsonTable<'_> {
    fn find(&self, text: &str, name: &str) -> Result<Option<Found>, Obstacle> {
        find(text, self.keys, name)
    }

    fn put(&self, text: &str, name: &str, value: &str) -> Result<String, Obstacle> {
        put(text.to_owned(), self.keys, self.unit, (name, value))
    }

    fn string(text: &str) -> String {
        string(text)
    }

    fn take(&self, text: &str, _: &Found, name: &str) -> Result<String, Obstacle> {
        take(text.to_owned(), self.keys, name)
    }
}

/// Looks a value up.
pub(super) fn find(text: &str, keys: &[&str], name: &str) -> Result<Option<Found>, Obstacle> {
    let document = Document::parse(text)?;
    let Some((table, [])) = document.descend(keys)? else { return Ok(None) };
    let Some((_, property)) = document.property(table, name)? else { return Ok(None) };
    let range = value_range(&property.value);
    Ok(Some(Found {
        says: property.value.as_string_lit().map(|text| text.value.clone().into_owned()),
        source: text.get(range.0..range.1).unwrap_or_default().to_owned(),
        line: line_of(text, range.0),
        range,
    }))
}

fn put(text: String, keys: &[&str], unit: &str, entry: (&str, &str)) -> Result<String, Obstacle> {
    let document = Document::parse(&text)?;
    let Some((table, rest)) = document.descend(keys)? else {
        // Nothing but comments: the object follows them.
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return put(format!("{text}{gap}{VACANT}"), keys, unit, entry);
    };
    Ok(layout::inserted(&document, table, unit, |indent, unit| nested(rest, entry, indent, unit)))
}

/// A property, or one that holds it, and so on.
fn nested(keys: &[&str], (name, value): (&str, &str), indent: &str, unit: &str) -> String {
    match keys {
        [] => format!("{}: {}", string(name), string(value)),
        [key, rest @ ..] => {
            let inner = format!("{indent}{unit}");
            let content = nested(rest, (name, value), &inner, unit);
            format!("{}: {{\n{inner}{content}\n{indent}}}", string(key))
        }
    }
}

fn take(text: String, keys: &[&str], name: &str) -> Result<String, Obstacle> {
    let mut text = without(text, keys, name)?;
    let mut way = keys;
    while let [before @ .., last] = way {
        let document = Document::parse(&text)?;
        let Some((table, [])) = document.descend(way)? else { break };
        if !document.is_empty(table) {
            break;
        }
        text = without(text, before, last)?;
        way = before;
    }
    Ok(text)
}

fn without(text: String, keys: &[&str], name: &str) -> Result<String, Obstacle> {
    let document = Document::parse(&text)?;
    let Some((table, [])) = document.descend(keys)? else { return Ok(text) };
    let Some((index, _)) = document.property(table, name)? else { return Ok(text) };
    Ok(layout::removed(&document, table, index))
}

/// A JSON string literal.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
