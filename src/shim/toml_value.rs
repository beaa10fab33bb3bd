//! Pure: the value of one key in a TOML text that may be large.

use memchr::memmem;
use toml::de::{DeTable, DeValue};

/// Reads the value of a key, given as the names of its tables and its own. One of them is `word`: most
/// texts do not contain it, and finding that out is far cheaper than parsing. `None` if there is no such
/// value, or the text is not TOML.
pub fn read<T>(
    text: &str,
    word: &str,
    key: &[&str],
    read: impl FnOnce(&DeValue<'_>) -> Option<T>,
) -> Option<T> {
    memmem::find(text.as_bytes(), word.as_bytes())?;
    let table = DeTable::parse(text).ok()?;
    let (first, rest) = key.split_first()?;
    let mut value = table.get_ref().get(*first)?;
    for name in rest {
        value = value.get_ref().as_table()?.get(*name)?;
    }
    read(value.get_ref())
}
