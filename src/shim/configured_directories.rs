//! Pure: parses the directories in one text of cargo's configuration.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::excerpt;

/// The directories in one text of cargo's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directories {
    /// Whether it has `build.target-dir`.
    pub sets_target_dir: bool,
    /// `build.build-dir`, as written.
    pub build_dir: Option<String>,
    /// The files that it includes, the strongest first; all are weaker than the text itself.
    pub includes: Vec<String>,
}

impl Directories {
    /// Parses a configuration file's text, or a `--config` argument of the form `key=value`.
    ///
    /// Invalid TOML counts as empty: cargo will report it.
    pub fn read(text: &str) -> Directories {
        excerpt::read(text, &["-dir", "include"], Directories::of).unwrap_or_default()
    }

    fn of(table: &DeTable<'_>) -> Directories {
        let build = table.get("build").and_then(|build| build.get_ref().as_table());
        let text_of = |key: &str| build?.get(key)?.get_ref().as_str().map(str::to_owned);
        let includes = table.get("include").and_then(|list| list.get_ref().as_array());
        // The last included file is the strongest.
        let includes = includes.into_iter().flat_map(|list| list.iter().rev());
        let includes = includes.filter_map(|item| included(item.get_ref())).collect();
        Directories {
            sets_target_dir: text_of("target-dir").is_some(),
            build_dir: text_of("build-dir"),
            includes,
        }
    }
}

/// `include` is an array of paths, or of tables with a `path`; cargo accepts only `*.toml`.
fn included(value: &DeValue<'_>) -> Option<String> {
    let path = value.as_table().and_then(|table| table.get("path")).map(|path| path.get_ref());
    let path = path.unwrap_or(value).as_str()?;
    (Path::new(path).extension() == Some("toml".as_ref())).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Directories;

    #[test]
    fn reads_the_forms_that_cargo_reads() {
        for (text, target, build, includes) in [
            ("", false, None, vec![]),
            ("[build]\njobs = 2", false, None, vec![]),
            ("[build]\nbuild-dir = \"/b\"", false, Some("/b"), vec![]),
            ("build.build-dir='/b'", false, Some("/b"), vec![]),
            ("build={build-dir='/b',target-dir='t'}", true, Some("/b"), vec![]),
            ("build.target-dir = \"t\"", true, None, vec![]),
            ("# build-dir\n[alias]\nx = 'build'", false, None, vec![]),
            ("include = 'a.toml'", false, None, vec![]),
            ("include = ['/dev/stdin', 'a', 'b.toml.bak', '.toml']", false, None, vec![]),
            (
                "include = ['a.toml', {path='b.toml', optional=true}]",
                false,
                None,
                vec!["b.toml", "a.toml"],
            ),
            ("build-dir = [broken", false, None, vec![]),
            ("build = 7 # build-dir", false, None, vec![]),
        ] {
            let read = Directories::read(text);
            let includes: Vec<String> = includes.into_iter().map(String::from).collect();
            let expected = Directories {
                sets_target_dir: target,
                build_dir: build.map(String::from),
                includes,
            };
            assert_eq!(read, expected, "{text}");
        }
    }
}
