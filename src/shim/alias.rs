//! Pure: what an alias in cargo's configuration stands for.
//!
//! What is chosen inside an alias is chosen: `--target-dir`, `--config build.target-dir=…`, a manifest.

use std::ffi::OsString;

use toml::de::{DeTable, DeValue};

use super::excerpt;

/// The words that `name` stands for in a configuration file's text, if it says so.
pub fn meaning(text: &str, name: &str) -> Option<Vec<OsString>> {
    excerpt::read(text, &["alias"], |table| of(table, name))?
}

fn of(table: &DeTable<'_>, name: &str) -> Option<Vec<OsString>> {
    let aliases = table.get("alias")?.get_ref().as_table()?;
    match aliases.get(name)?.get_ref() {
        DeValue::String(words) => Some(words_of(words)),
        DeValue::Array(words) => {
            words.iter().map(|word| Some(word.get_ref().as_str()?.into())).collect()
        }
        _ => None,
    }
}

/// An alias as one text, as a variable has it too.
pub fn words_of(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(OsString::from).collect()
}

/// The variable that defines an alias, and wins over the files.
pub fn variable(name: &str) -> String {
    format!("CARGO_ALIAS_{}", name.to_uppercase().replace(['-', '.'], "_"))
}

#[cfg(test)]
mod tests {
    use super::{meaning, variable};

    #[test]
    fn reads_both_forms() {
        for (text, expected) in [
            ("[alias]\nx = 'build  --release'", Some(vec!["build", "--release"])),
            ("alias.x = ['run', 'a b']", Some(vec!["run", "a b"])),
            ("alias = {'x' = 'b'}", Some(vec!["b"])),
            ("alias.y = 'b'", None),
            ("alias.x = 7", None),
            ("alias.x = ['a', 7]", None),
            ("[alias", None),
            ("", None),
        ] {
            let expected = expected.map(|words| words.into_iter().map(Into::into).collect());
            assert_eq!(meaning(text, "x"), expected, "{text}");
        }
        assert_eq!(variable("x-y"), "CARGO_ALIAS_X_Y");
    }
}
