//! How the files lie: their first line, their place.

use super::Finding;
use super::scan;
use super::tree::{Source, Tree};

/// What may stand at the repository's top level, beside licences and dotfiles. `target` is the
/// build's and ignored by git.
const TOP_LEVEL: [&str; 8] =
    ["CHANGELOG.md", "Cargo.lock", "Cargo.toml", "README.md", "src", "target", "tests", "xtask"];

/// A file opens with why it exists and what it must not do.
pub(super) fn every_file_says_why_it_exists(tree: &Tree) -> Vec<Finding> {
    tree.sources
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| Finding::new(&source.path, 1, "a file begins with `//!` and why it exists"))
        .collect()
}

/// A file named as test code is compiled for tests only: other rules look away from it.
pub(super) fn test_files_are_compiled_for_tests_only(tree: &Tree) -> Vec<Finding> {
    let in_src =
        |source: &&Source| source.path.contains("src/") && source.path.ends_with("/tests.rs");
    tree.sources
        .iter()
        .filter(in_src)
        .filter(|source| !tree.sources.iter().any(|parent| declares_as_tests(parent, source)))
        .map(|source| {
            Finding::new(&source.path, 1, "its parent does not say `#[cfg(test)] mod tests;`")
        })
        .collect()
}

/// The repository's top level holds what a visitor needs, and nothing else.
pub(super) fn the_top_level_stays_small(tree: &Tree) -> Vec<Finding> {
    let has_a_place = |name: &str| {
        TOP_LEVEL.contains(&name) || name.starts_with("LICENSE-") || name.starts_with('.')
    };
    tree.top_level
        .iter()
        .filter(|name| !has_a_place(name))
        .map(|name| Finding::new(name, 1, "has no place at the repository's top level"))
        .collect()
}

/// Whether `parent` is the module above `tests` and declares it under `#[cfg(test)]`.
fn declares_as_tests(parent: &Source, tests: &Source) -> bool {
    let Some(directory) = tests.path.strip_suffix("/tests.rs") else { return false };
    let is_parent = parent.path.strip_suffix(".rs") == Some(directory)
        || ["mod.rs", "lib.rs", "main.rs"]
            .iter()
            .any(|name| parent.path.strip_prefix(directory) == Some(&format!("/{name}")));
    let declaration = "mod tests;";
    is_parent
        && scan::masked(&parent.text).contains(declaration)
        && !parent.code.contains(declaration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(sources: &[(&str, &str)]) -> Tree {
        let sources = sources.iter().map(|&(path, text)| Source::new(path, text)).collect();
        Tree { sources, ..Tree::default() }
    }

    #[test]
    fn a_file_without_a_prologue_is_found() {
        let tree = tree(&[
            ("src/a.rs", "//! Why.\n"),
            ("src/b.rs", "use a;\n"),
            ("src/c.rs", "// Why.\n"),
        ]);
        let paths: Vec<String> =
            every_file_says_why_it_exists(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["src/b.rs", "src/c.rs"]);
    }

    #[test]
    fn a_test_file_that_is_always_compiled_is_found() {
        let good = "#[cfg(test)]\nmod tests;";
        for (parent, text, expected) in [
            ("src/a.rs", good, 0),
            ("src/a/mod.rs", good, 0),
            ("src/a.rs", "mod tests;", 1),
            ("src/a.rs", "// #[cfg(test)]\n// mod tests;", 1),
            ("src/b.rs", good, 1),
        ] {
            let tree = tree(&[(parent, text), ("src/a/tests.rs", "")]);
            let findings = test_files_are_compiled_for_tests_only(&tree);
            assert_eq!(findings.len(), expected, "{parent}: {text}");
        }
    }

    #[test]
    fn a_stray_file_at_the_top_is_found() {
        let names = ["Cargo.toml", "LICENSE-MIT", ".ci", "NOTES.md", "scripts"];
        let tree = Tree { top_level: names.map(str::to_owned).to_vec(), ..Tree::default() };
        let paths: Vec<String> =
            the_top_level_stays_small(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["NOTES.md", "scripts"]);
    }
}
