//! Pure: the meaning of an alias in cargo's configuration.
//!
//! A choice inside an alias counts as the user's choice: `--target-dir`, `--config build.target-dir=…`,
//! a manifest.

use std::ffi::OsString;

use toml::de::DeValue;

use super::argv::Invocation;
use super::excerpt;

impl Invocation {
    /// Reads the arguments with the command's alias expanded, and aliases in that one in turn. `alias`
    /// returns the words that a name stands for. As in cargo, an alias cannot replace one of cargo's
    /// own commands, and a `-C` in an alias has no effect.
    pub fn read_with_aliases(
        args: &[OsString],
        mut alias: impl FnMut(&str) -> Option<Vec<OsString>>,
    ) -> Invocation {
        let typed = Invocation::read(args);
        let mut known = Vec::new();
        let (mut words, mut read) = (args.to_vec(), typed.clone());
        // Cargo will report an alias that expands to itself.
        while !read.is_cargos_own()
            && let Some(name) = read.command.clone().filter(|name| !known.contains(name))
            && let Some(meaning) = name.to_str().and_then(&mut alias)
        {
            words.splice(read.command_at..=read.command_at, meaning);
            read = Invocation::read(&words);
            known.push(name);
        }
        read.directory = typed.directory;
        read
    }
}

/// The words that an alias stands for, if a configuration file's text defines it.
pub fn meaning(text: &str, name: &str) -> Option<Vec<OsString>> {
    excerpt::value(text, "alias", &["alias", name], |meaning| match meaning {
        DeValue::String(words) => Some(words_of(words)),
        DeValue::Array(words) => {
            words.iter().map(|word| Some(word.get_ref().as_str()?.into())).collect()
        }
        _ => None,
    })
}

/// Splits an alias that is written as one text, as in a variable.
pub fn words_of(text: &str) -> Vec<OsString> {
    text.split_whitespace().map(OsString::from).collect()
}

/// The variable that defines an alias; it overrides the files.
pub fn variable(name: &str) -> String {
    format!("CARGO_ALIAS_{}", name.to_uppercase().replace(['-', '.'], "_"))
}

#[cfg(test)]
mod tests {
    use super::{meaning, variable};
    use crate::shim::argv::Invocation;
    use std::ffi::OsString;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

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

    #[test]
    fn an_alias_counts_as_what_it_stands_for() {
        let alias = |name: &str| {
            let meaning = match name {
                "x" => "run --manifest-path m --config c --",
                "y" => "x --target-dir",
                "z" => "-C d build --target-dir t",
                "o" | "p" => "p",
                "build" => "test --target-dir never",
                _ => return None,
            };
            Some(words(meaning))
        };
        let read = |line: &str| {
            let read = Invocation::read_with_aliases(&words(line), alias);
            let words =
                [read.command, read.directory, read.target_dir].map(Option::unwrap_or_default);
            (words.map(|word| word.into_string().unwrap()).join(" "), read.configs.len())
        };
        for (line, expected, configs) in [
            ("x --target-dir t", "run  ", 1),
            ("+nightly --config a x --config b", "run  ", 2),
            ("-C e z", "build e t", 0),
            ("z", "build  t", 0),
            ("-q z --target-dir u", "build  u", 0),
            ("o", "p  ", 0),
            ("build", "build  ", 0),
            ("unknown --target-dir t", "unknown  ", 0),
        ] {
            assert_eq!(read(line), (expected.to_owned(), configs), "{line}");
        }
    }
}
