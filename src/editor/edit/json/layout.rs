//! Pure: where a property goes so that it looks like its neighbours, and what goes with it again.
//!
//! Removing is the exact reverse of inserting, except in an object that was empty before: that one
//! keeps its braces on two lines.

use jsonc_parser::ast::{Object, ObjectProp};
use jsonc_parser::common::Ranged;

use super::document::{Document, value_range};

/// Stretches of the text and what comes in their place, in any order, without overlaps.
type Splices = [((usize, usize), String)];

/// The text with some of its stretches replaced.
fn spliced(text: &str, splices: &Splices) -> String {
    let mut splices: Vec<_> = splices.iter().collect();
    splices.sort_by_key(|((start, _), _)| *start);
    let mut result = String::new();
    let mut at = 0;
    for ((start, end), replacement) in splices {
        result.push_str(text.get(at..*start).unwrap_or_default());
        result.push_str(replacement);
        at = *end;
    }
    result + text.get(at..).unwrap_or_default()
}

/// The text with one more property at the end of an object; `render` receives the property's
/// indentation and one step of it.
pub(super) fn inserted(
    document: &Document<'_>,
    object: &Object<'_>,
    unit: &str,
    render: impl FnOnce(&str, &str) -> String,
) -> String {
    let unit = unit_of(document).unwrap_or(unit);
    let base = indent_at(document, object.start());
    let close = object.end().saturating_sub(1);
    let (Some(first), Some(last)) = (object.properties.first(), object.properties.last()) else {
        return into_empty(document, (object.start() + 1, close), base, unit, render);
    };
    let comma = document.comma((last.end(), close));
    let after = comma.map_or(last.end(), |(_, end)| end);
    let end = if comma.is_some() { "," } else { "" };
    if !document.slice(object.start(), first.start()).contains('\n') {
        let property = render(base, unit);
        let begin = if comma.is_some() { " " } else { ", " };
        return spliced(document.text, &[((after, after), format!("{begin}{property}{end}"))]);
    }
    let indent = own_indent(document, first.start());
    let indent = indent.map_or_else(|| format!("{base}{unit}"), str::to_owned);
    let line_end = end_of_line(document, after, close);
    let property = format!("\n{indent}{}{end}", render(&indent, unit));
    let separator = if comma.is_some() { "" } else { "," };
    if line_end == after {
        return spliced(document.text, &[((after, after), format!("{separator}{property}"))]);
    }
    let separator = ((after, after), separator.to_owned());
    spliced(document.text, &[separator, ((line_end, line_end), property)])
}

fn into_empty(
    document: &Document<'_>,
    (open, close): (usize, usize),
    base: &str,
    unit: &str,
    render: impl FnOnce(&str, &str) -> String,
) -> String {
    let at = document.comments((open, close)).last().map_or(open, |(_, end)| end);
    let indent = format!("{base}{unit}");
    let property = format!("\n{indent}{}", render(&indent, unit));
    if document.slice(at, close).contains('\n') {
        return spliced(document.text, &[((at, at), property)]);
    }
    spliced(document.text, &[((at, close), format!("{property}\n{base}"))])
}

/// The text without the property at `index` of an object.
pub(super) fn removed(document: &Document<'_>, object: &Object<'_>, index: usize) -> String {
    let Some(property) = object.properties.get(index) else { return document.text.to_owned() };
    let close = object.end().saturating_sub(1);
    let next = object.properties.get(index + 1);
    let comma = document.comma((property.end(), next.map_or(close, Ranged::start)));
    let end = comma.map_or(property.end(), |(_, end)| end);
    let previous = index.checked_sub(1).and_then(|before| object.properties.get(before));
    let mut kept = comments_beside(document, property, end).peekable();
    let stretch = match kept.peek() {
        None => stretch(document, property.start(), end, close),
        Some(_) => (property.start(), end),
    };
    let mut splices = vec![(stretch, kept.collect())];
    // Where a comma at the end would be left over, it came with the property.
    if let (Some(previous), None, None) = (previous, next, comma)
        && let Some(comma) = document.comma((previous.end(), property.start()))
    {
        splices.push((comma, String::new()));
    }
    spliced(document.text, &splices)
}

/// The comments between a property's name and its value, and between that and the comma: they are a
/// person's, and stay.
fn comments_beside<'d>(
    document: &'d Document<'_>,
    property: &'d ObjectProp<'_>,
    end: usize,
) -> impl Iterator<Item = String> + use<'d> {
    let (value_start, value_end) = value_range(&property.value);
    let stretches = [(property.start(), value_start), (value_end, end)];
    stretches.into_iter().flat_map(|stretch| document.comments(stretch)).map(|(start, end)| {
        let comment = document.slice(start, end);
        let end = if comment.starts_with("//") { "\n" } else { "" };
        format!("{comment}{end}")
    })
}

/// What goes with a property that stands from `start` to `end`: its line, if nothing else is on it.
fn stretch(document: &Document<'_>, start: usize, end: usize, close: usize) -> (usize, usize) {
    let behind = document.slice(end, close.max(end));
    let line = behind.split_once('\n').map(|(line, _)| line);
    match own_indent(document, start) {
        // Together with the newline before it, or what follows on the line would move up.
        Some(indent) if line.unwrap_or(behind).trim().is_empty() => {
            let line_start = start - indent.len();
            match line {
                Some(line) => (line_start, end + line.len() + 1),
                None => (line_start.saturating_sub(1), end),
            }
        }
        Some(_) => (start, end),
        None => {
            let before = document.slice(0, start);
            let spaces = before.len() - before.trim_end_matches([' ', '\t']).len();
            // The only one in its braces leaves them as they are when empty.
            let is_alone = before.trim_end().ends_with('{') && behind.trim().is_empty();
            let after = if is_alone { behind.len() } else { 0 };
            (start - spaces, end + after)
        }
    }
}

/// The end of the line of `at` and of the comments on it, as far as nothing else follows there.
fn end_of_line(document: &Document<'_>, at: usize, close: usize) -> usize {
    let mut end = at;
    for comment in document.comments((at, close)) {
        if document.slice(end, comment.0).contains('\n') {
            break;
        }
        end = comment.1;
    }
    match document.slice(end, close).split_once('\n') {
        Some((spaces, _)) if spaces.trim().is_empty() => end + spaces.len(),
        _ => end,
    }
}

/// One step of indentation, as the text's first property has it.
fn unit_of<'a>(document: &Document<'a>) -> Option<&'a str> {
    let first = document.root()?.properties.first()?;
    own_indent(document, first.start()).filter(|indent| !indent.is_empty())
}

/// The white space before `at`, if nothing else precedes it on its line.
fn own_indent<'a>(document: &Document<'a>, at: usize) -> Option<&'a str> {
    let (_, line) = document.slice(0, at).rsplit_once('\n')?;
    line.trim().is_empty().then_some(line)
}

/// The white space that the line of `at` begins with.
fn indent_at<'a>(document: &Document<'a>, at: usize) -> &'a str {
    let before = document.slice(0, at);
    let line = before.rsplit_once('\n').map_or(before, |(_, line)| line);
    let length = line.len() - line.trim_start().len();
    line.get(..length).unwrap_or_default()
}
