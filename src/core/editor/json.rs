//! JSON with comments and trailing commas, as editors read it, changed by cutting and inserting.
//!
//! The parser only says where things are. What is not inserted or cut out here stays byte for byte,
//! which no printing of a syntax tree promises.

mod document;
mod layout;

use super::text::line_of;
use super::{Aim, Before, Edit, Found, Standing, Variable};
use crate::error::{Obstacle, ObstacleKind};
use document::{Document, value_range};

/// What is left of a file that we made once our settings are gone.
pub(super) const VACANT: &str = "{\n}\n";

/// Changes the table that `keys` lead to; `unit` is one step of indentation in a new file.
pub(super) fn edit(text: &str, keys: &[&str], unit: &str, aim: &Aim) -> Result<Edit, Obstacle> {
    let mut edit = Edit { text: text.to_owned(), before: Before::Nothing };
    for variable in &aim.variables {
        edit = one(edit, keys, unit, variable, aim)?;
    }
    Ok(edit)
}

fn one(
    edit: Edit,
    keys: &[&str],
    unit: &str,
    variable: &Variable,
    aim: &Aim,
) -> Result<Edit, Obstacle> {
    let Edit { text, before } = edit;
    let wanted = variable.value.as_deref();
    let Some(found) = find(&text, keys, variable.name)? else {
        let text = match wanted {
            Some(value) => put(text, keys, unit, (variable.name, value))?,
            None => text,
        };
        return Ok(Edit { text, before });
    };
    match (aim.standing(variable, found.says.as_deref()), wanted) {
        (Standing::Same, _) => Ok(Edit { text, before: before.and(Before::Same) }),
        (Standing::Choice, None) => Ok(Edit { text, before }),
        (Standing::Choice, Some(_)) => {
            let name = variable.name.to_owned();
            let kind = ObstacleKind::Choice { name, value: found.source };
            Err(Obstacle { line: found.line, kind })
        }
        (Standing::Outdated, Some(value)) => {
            let text = layout::spliced(&text, &[(found.range, string(value))]);
            Ok(Edit { text, before: Before::Outdated })
        }
        (Standing::Outdated, None) => {
            Ok(Edit { text: take(text, keys, variable.name)?, before: Before::Outdated })
        }
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

/// Sets a variable that is not there yet, with as much of the way to it as is missing.
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

/// Takes a variable away, and each table around it that holds nothing else.
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
