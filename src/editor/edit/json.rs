//! Pure: JSON with comments and trailing commas, as editors read it, changed in the library's own tree.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};

use super::{Aim, FoundValue, Keys, chosen, in_line, incorrect};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};

/// The rest of a file that we created, once our settings are removed.
pub(super) const VACANT: &str = "{}\n";

/// The library does not read it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The text with our values in the table at `keys`, and without those that should not be set. Comments of
/// neighbours stay; the library removes those in the same line with a value.
pub(super) fn edit(text: &str, keys: &Keys, aim: &Aim) -> Result<String> {
    let root = parsed(text)?;
    for variable in &aim.variables {
        let (name, value) = (variable.name, variable.value.as_deref());
        let property = property(&root, keys, name)?;
        let found = property.as_ref().and_then(found_value);
        match (property, found, value) {
            (_, Some(found), Some(value)) if found.says.as_deref() == Some(value) => {}
            (_, Some(found), Some(_)) if aim.is_choice(&found) => {
                return Err(chosen(name, &found));
            }
            (Some(property), _, Some(value)) => property.set_value(string(value)),
            (None, _, Some(value)) => {
                let table = root.object_value_or_set();
                let table = keys.iter().fold(table, |table, key| table.object_value_or_set(key));
                table.append(name, string(value));
            }
            (Some(property), Some(found), None) if !aim.is_choice(&found) => remove(property),
            _ => {}
        }
    }
    let mark = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { "" };
    let edited = format!("{mark}{root}");
    let comments = |text: &str| text.matches("//").count() + text.matches("/*").count();
    match comments(&edited) < comments(text) {
        true => Err(Failure::new("a comment of yours beside these settings would go with them")
            .help("move it to a line of its own, and run the same command again")),
        false => Ok(edited),
    }
}

/// Looks up a value in the table at `keys`.
pub(super) fn find(text: &str, keys: &Keys, name: &str) -> Result<Option<FoundValue>> {
    Ok(property(&parsed(text)?, keys, name)?.as_ref().and_then(found_value))
}

fn parsed(text: &str) -> Result<CstRootNode> {
    // A file that an editor cannot read must not be changed.
    let dialect = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
        ..ParseOptions::default()
    };
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let root = CstRootNode::parse(text, &dialect).map_err(|error| {
        let cause = error.kind().to_string().to_lowercase();
        incorrect(error.line_display(), escaped(&cause))
    })?;
    match root.value() {
        Some(value) if value.as_object().is_none() => {
            Err(in_line(line(&value), "it is not a table of settings"))
        }
        _ => Ok(root),
    }
}

/// The property of this name in the table at `keys`, if both are there.
fn property(root: &CstRootNode, keys: &Keys, name: &str) -> Result<Option<CstObjectProp>> {
    let Some(mut table) = root.object_value() else { return Ok(None) };
    for key in keys {
        let Some(value) = the_only(&table, key)?.and_then(|property| property.value()) else {
            return Ok(None);
        };
        table = value
            .as_object()
            .ok_or_else(|| in_line(line(&value), format_args!("`{key}` is not a table")))?;
    }
    the_only(&table, name)
}

/// The property of this name. If there are two, editors use the last, and other programs the first.
fn the_only(table: &CstObject, name: &str) -> Result<Option<CstObjectProp>> {
    let has_name = |property: &CstObjectProp| {
        property.name().and_then(|it| it.decoded_value().ok()).as_deref() == Some(name)
    };
    let mut found = table.properties().into_iter().filter(has_name);
    match (found.next(), found.next()) {
        (_, Some(second)) => {
            let node = CstNode::from(second);
            Err(in_line(line(&node), format_args!("`{name}` is there twice")))
        }
        (found, None) => Ok(found),
    }
}

fn found_value(property: &CstObjectProp) -> Option<FoundValue> {
    let value = property.value()?;
    Some(FoundValue {
        says: value.as_string_lit().and_then(|text| text.decoded_value().ok()),
        source: value.to_string(),
        line: line(&value),
    })
}

/// Removes a property, and each table around it that is empty then.
fn remove(property: CstObjectProp) {
    let table = property.parent();
    property.remove();
    let empty = table.filter(|table| table.to_string() == "{}");
    if let Some(outer) = empty.and_then(|table| table.parent()?.as_object_prop()) {
        remove(outer);
    }
}

fn string(value: &str) -> CstInputValue {
    CstInputValue::String(value.to_owned())
}

/// The line in which a node begins, counted from 1.
fn line(node: &CstNode) -> usize {
    let around = node.ancestors().map(CstNode::from);
    let nodes = std::iter::once(node.clone()).chain(around);
    let before = nodes.flat_map(|it| it.previous_siblings().collect::<Vec<_>>());
    before.map(|it| it.to_string().matches('\n').count()).sum::<usize>() + 1
}
