//! Pure: inline tables: the space before the closing brace is the last value's, and has to change
//! hands.

use toml_edit::{InlineTable, Value};

/// Appends a key.
pub(super) fn insert(table: &mut InlineTable, name: &str, value: Value) {
    let space = take_space(table);
    table.insert(name, value);
    give_space(table, &space);
}

/// Takes a key away.
pub(super) fn remove(table: &mut InlineTable, name: &str) {
    let space = take_space(table);
    table.remove(name);
    give_space(table, &space);
}

/// Tables in tables, and the value in the innermost.
pub(super) fn nested(keys: &[&str], name: &str, value: &str) -> InlineTable {
    let mut table = InlineTable::new();
    match keys {
        [] => table.insert(name, value.into()),
        [key, rest @ ..] => table.insert(*key, nested(rest, name, value).into()),
    };
    table
}

fn take_space(table: &mut InlineTable) -> String {
    let Some((_, last)) = table.iter_mut().last() else { return String::new() };
    let space = last.decor().suffix().and_then(|it| it.as_str()).map(str::to_owned);
    // The space that the library has by default is none that somebody has written.
    let space = space.unwrap_or_else(|| " ".to_owned());
    last.decor_mut().set_suffix("");
    space
}

fn give_space(table: &mut InlineTable, space: &str) {
    if let Some((_, last)) = table.iter_mut().last() {
        if last.decor().prefix().is_none() {
            last.decor_mut().set_prefix(" ");
        }
        last.decor_mut().set_suffix(space);
    }
}
