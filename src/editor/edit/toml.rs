//! Pure: TOML, with our table in a marked block.
//!
//! A table of the same name outside the block is the person's own, and TOML allows no second one.

use toml::de::{DeTable, DeValue};

use super::{Aim, FoundValue, Keys, block, chosen, in_line, incorrect};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};

/// The text with our table in a block at its end, unless the person's own table has the same values.
pub(super) fn edit(text: &str, keys: &Keys, aim: &Aim) -> Result<String> {
    let own = block::edit(text, "#", None)?;
    let mut entries = String::new();
    let mut is_complete = true;
    for (name, value) in aim.wanted() {
        entries.push_str(&format!("{name} = {}\n", block::quoted(value)));
        match find(&own, keys, name)? {
            Some(found) if found.says.as_deref() == Some(value) => {}
            Some(found) => return Err(chosen(name, &found)),
            None => is_complete = false,
        }
    }
    if is_complete {
        return Ok(own);
    }
    let table = keys.join(".");
    let edited = block::edit(text, "#", Some(format!("[{table}]\n{entries}")))?;
    match DeTable::parse(&edited) {
        Ok(_) => Ok(edited),
        Err(_) => Err(Failure::new(format!(
            "your own table `{table}`, or the one around it, cannot be extended"
        ))),
    }
}

/// Looks up a value in the table at `keys`.
pub(super) fn find(text: &str, keys: &Keys, name: &str) -> Result<Option<FoundValue>> {
    let document = DeTable::parse(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        // The rest of the message only shows the line.
        incorrect(line, escaped(error.message().lines().next().unwrap_or_default()))
    })?;
    let mut table = document.get_ref();
    for key in keys {
        let Some(value) = table.get(*key) else { return Ok(None) };
        let DeValue::Table(inner) = value.get_ref() else {
            let line = line_of(text, value.span().start);
            return Err(in_line(line, format_args!("`{key}` is not a table")));
        };
        table = inner;
    }
    Ok(table.get(name).map(|value| FoundValue {
        says: value.get_ref().as_str().map(str::to_owned),
        source: text.get(value.span()).unwrap_or_default().to_owned(),
        line: line_of(text, value.span().start),
    }))
}

/// The line of a byte offset, counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}
