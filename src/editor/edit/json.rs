//! Pure: JSON with comments and trailing commas, as editors read it.
//!
//! The library keeps comments where it adds a setting, but takes them along where it removes one. So a
//! setting is removed token by token, and what is a person's stays between them.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{
    CstInputValue, CstLeafNode, CstNode, CstObject, CstObjectProp, CstRootNode,
};

use super::{FoundValue, Keys, incorrect, no_table};
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// What is left of a file that we made once our settings are gone.
pub(super) const VACANT: &str = "{\n}\n";

/// What editors accept, and no more: what one of them would not read must not be changed either.
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

/// Looks a value up in the table that `keys` lead to.
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

/// The text with that value, and with as many tables around it as are missing.
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

/// The text without that value, and without each table around it that then holds nothing, not even a
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

/// Takes a property and its comma away, and its line if nothing else stands there.
fn erase(property: &CstObjectProp) {
    // The last one may have none of its own, but for the one before it.
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

/// Leaves nothing of a node but comments, and newlines if those are to stay.
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

/// Follows the keys as far as they lead: the last object, and the keys that are missing in it.
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
            Err(incorrect(line(&second.into()), format_args!("`{name}` stands there twice")))
        }
    }
}

/// The line, counted from 1, that a node begins in.
fn line(node: &CstNode) -> usize {
    let around = node.ancestors().map(CstNode::from);
    let nodes = std::iter::once(node.clone()).chain(around);
    let before = nodes.flat_map(|it| it.previous_siblings().collect::<Vec<_>>());
    before.map(|it| it.to_string().matches('\n').count()).sum::<usize>() + 1
}
