//! Pure: keeps a text's byte order mark and line ends.

use crate::ui::failure::Result;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Applies `edit` to the text with plain line ends, and restores byte order mark and line ends.
pub(super) fn in_its_own_shape(
    text: &str,
    edit: impl FnOnce(&str) -> Result<String>,
) -> Result<String> {
    let crlf = text.matches("\r\n").count();
    // Where line ends are mixed, each stays as it is.
    let is_crlf = crlf > 0 && crlf == text.matches('\n').count();
    let plain = body(text).replace(if is_crlf { "\r\n" } else { "\n" }, "\n");
    let mut edited = edit(&plain)?;
    if is_crlf {
        edited = edited.replace('\n', "\r\n");
    }
    if text.starts_with(BYTE_ORDER_MARK) && !edited.is_empty() {
        edited.insert(0, BYTE_ORDER_MARK);
    }
    Ok(edited)
}

/// The text without its byte order mark.
pub(super) fn body(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The line of a byte offset, counted from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}
