//! Pure: what a text looks like beside what it says: byte order mark, line ends, and what has
//! changed.

use similar::{ChangeTag, TextDiff};

use super::Edit;
use crate::editor::edit::obstacle::Obstacle;
use crate::ui::escape::escaped;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// Lets `edit` see plain lines, and gives its result the byte order mark and the line ends back.
pub(super) fn in_its_own_shape(
    text: &str,
    edit: impl FnOnce(&str) -> Result<Edit, Obstacle>,
) -> Result<Edit, Obstacle> {
    let (mark, body) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(body) => (true, body),
        None => (false, text),
    };
    let plain = body.replace("\r\n", "\n");
    let edit = edit(&plain)?;
    let body = with_line_ends_of(body, &plain, &edit.text);
    let is_kept = mark && !body.is_empty();
    let text = if is_kept { format!("{BYTE_ORDER_MARK}{body}") } else { body };
    Ok(Edit { text, ..edit })
}

/// The text without its byte order mark.
pub(super) fn body(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The new text with every line that was there before as it was, whichever end it has, and with new
/// lines that end as most do.
fn with_line_ends_of(original: &str, plain: &str, new: &str) -> String {
    let crlf = original.matches("\r\n").count();
    if crlf == 0 {
        return new.to_owned();
    }
    let end = if crlf * 2 >= original.matches('\n').count() { "\r\n" } else { "\n" };
    let lines: Vec<&str> = original.split_inclusive('\n').collect();
    let diff = TextDiff::from_lines(plain, new);
    let ended = |change: similar::Change<&str>| match change.tag() {
        ChangeTag::Delete => String::new(),
        ChangeTag::Insert => change.value().replace('\n', end),
        ChangeTag::Equal => {
            let before = change.old_index().and_then(|number| lines.get(number));
            before.map_or_else(|| change.value().to_owned(), |line| (*line).to_owned())
        }
    };
    diff.iter_all_changes().map(ended).collect()
}

/// The line, counted from 1, that a byte offset lies in.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// The lines that a change adds and takes away, fit for a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    lines: Vec<(char, String)>,
}

impl Difference {
    /// Compares two texts.
    pub(crate) fn between(old: &str, new: &str) -> Difference {
        let diff = TextDiff::from_lines(old, new);
        let mut lines = Vec::new();
        for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
            if number > 0 {
                lines.push((' ', "…".to_owned()));
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let sign = match change.tag() {
                    ChangeTag::Equal => ' ',
                    ChangeTag::Insert => '+',
                    ChangeTag::Delete => '-',
                };
                lines.push((sign, line(change.value())));
            }
        }
        Difference { lines }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, (sign, line)) in self.lines.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{sign}{line}")?;
        }
        Ok(())
    }
}

/// Tabs stay, since they are how people indent.
fn line(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    text.split('\t').map(|part| escaped(part).to_string()).collect::<Vec<_>>().join("\t")
}
