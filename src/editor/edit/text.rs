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
    // Only where every line ends so can it be taken away and given back without a loss.
    let is_crlf = body.contains('\n') && body.split_inclusive('\n').all(ends_in_crlf);
    let edit = if is_crlf { edit(&body.replace("\r\n", "\n"))? } else { edit(body)? };
    let body = if is_crlf { edit.text.replace('\n', "\r\n") } else { edit.text };
    let is_kept = mark && !body.is_empty();
    let text = if is_kept { format!("{BYTE_ORDER_MARK}{body}") } else { body };
    Ok(Edit { text, ..edit })
}

/// The text without its byte order mark.
pub(super) fn body(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The last line may have no end at all.
fn ends_in_crlf(line: &str) -> bool {
    !line.ends_with('\n') || line.ends_with("\r\n")
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
