//! Pure: JSON with comments and trailing commas, as editors read it.
//!
//! When the library adds a setting it keeps comments, but when it removes one it removes comments too. So
//! we remove a setting token by token, and leave the person's comments.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{
    CstInputValue, CstLeafNode, CstNode, CstObject, CstObjectProp, CstRootNode,
};

use super::{FoundValue, Keys, incorrect, no_table};
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// The rest of a file that we created, once our settings are removed.
pub(super) const VACANT: &str = "{\n}\n";

/// What editors accept, and no more: a file that an editor cannot read must not be changed.
const DIALECT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Looks up a value in the table at `keys`.
pub(super) fn find(text: &str, keys: &Keys, name: &str) -> Result<Option<FoundValue>> {
    let root = parsed(text)?;
    let (table, []) = descend(&root, keys)? else { return Ok(None) };
    let value = property(&table, name)?.and_then(|property| property.value());
    Ok(value.map(|value| FoundValue {
        says: value.as_string_lit().and_then(|text| text.decoded_value().ok()),
        source: value.to_string(),
        line: line(&value),
    }))
}

/// The text with that value set, and with the tables that are missing around it. The library spreads an
/// object on one line that gets a key.
pub(super) fn put(text: &str, keys: &Keys, name: &str, value: &str) -> Result<String> {
    let root = parsed(text)?;
    let (table, missing) = descend(&root, keys)?;
    let table = missing.iter().fold(table, |table, key| table.object_value_or_set(key));
    let value = CstInputValue::String(value.to_owned());
    match property(&table, name)? {
        Some(property) => property.set_value(value),
        None => {
            table.append(name, value);
        }
    }
    Ok(root.to_string())
}

/// The text without that value, and without each table around it that is empty then, without even a
/// comment.
pub(super) fn take(text: &str, keys: &Keys, name: &str) -> Result<String> {
    let root = parsed(text)?;
    let (table, _) = descend(&root, keys)?;
    let mut next = property(&table, name)?;
    while let Some(property) = next {
        let table = property.parent();
        erase(&property);
        let is_empty = |text: String| text.split_whitespace().collect::<String>() == "{}";
        let empty = table.filter(|table| is_empty(table.to_string()));
        next = empty.and_then(|table| table.parent()?.as_object_prop());
    }
    Ok(root.to_string())
}

/// Removes a property and its comma, and its line if nothing else is on it.
fn erase(property: &CstObjectProp) {
    // The last property may have no comma after it; then the one before it is removed.
    let before = || property.previous_siblings().find(CstNode::is_comma);
    if let Some(comma) = property.trailing_comma().map(CstNode::from).or_else(before) {
        comma.remove();
    }
    let has_comment = property.children().iter().any(CstNode::is_comment);
    property.children().into_iter().for_each(|child| clear(child, has_comment));
    if has_comment {
        return;
    }
    let spaces = |siblings: &mut dyn Iterator<Item = CstNode>| {
        siblings.take_while(CstNode::is_whitespace).collect::<Vec<_>>()
    };
    let [before, behind] =
        [spaces(&mut property.previous_siblings()), spaces(&mut property.next_siblings())];
    let is_newline = |node: &CstNode| node.is_newline();
    let ends_line = property.next_siblings().nth(behind.len()).filter(is_newline);
    let begins_line =
        property.previous_siblings().nth(before.len()).is_some_and(|it| it.is_newline());
    match (begins_line, ends_line) {
        (true, Some(newline)) => [before, behind, vec![newline]].concat(),
        (true, None) => behind,
        (false, _) => before,
    }
    .into_iter()
    .for_each(CstNode::remove);
}

/// Removes everything in a node but its comments, and newlines if there is a comment.
fn clear(node: CstNode, has_comment: bool) {
    match node {
        CstNode::Container(_) => {
            node.children().into_iter().for_each(|child| clear(child, has_comment));
        }
        CstNode::Leaf(CstLeafNode::StringLit(text)) => text.set_raw_value(String::new()),
        _ if node.is_comment() || (has_comment && node.is_newline()) => {}
        _ => node.remove(),
    }
}

fn parsed(text: &str) -> Result<CstRootNode> {
    let root = CstRootNode::parse(text, &DIALECT).map_err(|error| {
        let mut cause = error.kind().to_string();
        if let Some(first) = cause.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        incorrect(error.line_display(), escaped(&cause))
    })?;
    if root.value().is_none() {
        root.set_value(CstInputValue::Object(Vec::new()));
    }
    Ok(root)
}

/// Follows the keys as far as they exist: the last object, and the keys that are missing in it.
fn descend<'k>(root: &CstRootNode, keys: &'k Keys) -> Result<(CstObject, &'k Keys)> {
    let object = |value: Option<CstNode>, key: Option<&str>| {
        let line = value.as_ref().map_or(1, line);
        value.and_then(|it| it.as_object()).ok_or_else(|| no_table(line, key))
    };
    let mut table = object(root.value(), None)?;
    let mut rest = keys;
    while let [key, after @ ..] = rest {
        let Some(property) = property(&table, key)? else { break };
        table = object(property.value(), Some(key))?;
        rest = after;
    }
    Ok((table, rest))
}

fn property(table: &CstObject, name: &str) -> Result<Option<CstObjectProp>> {
    let properties = table.properties().into_iter();
    let mut named = properties.filter(|it| it.decoded_name().is_some_and(|it| it == name));
    let first = named.next();
    match named.next() {
        None => Ok(first),
        Some(second) => {
            Err(incorrect(line(&second.into()), format_args!("`{name}` is there twice")))
        }
    }
}

/// The line in which a node begins, counted from 1.
fn line(node: &CstNode) -> usize {
    let around = node.ancestors().map(CstNode::from);
    let nodes = std::iter::once(node.clone()).chain(around);
    let before = nodes.flat_map(|it| it.previous_siblings().collect::<Vec<_>>());
    before.map(|it| it.to_string().matches('\n').count()).sum::<usize>() + 1
}
