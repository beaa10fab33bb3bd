//! How the files lie: their first line, their place, and what holds for a whole module.

use std::collections::BTreeMap;

use super::source::Source;
use super::{Tree, finding};

/// A file opens with why it exists and what it must not do.
pub(super) fn every_file_says_why_it_exists(tree: &Tree) -> Vec<String> {
    let silent = tree.sources.iter().filter(|source| !source.text.starts_with("//! "));
    let says = "a file begins with `//!` and why it exists";
    silent.map(|source| finding(&source.path, 1, says)).collect()
}

/// A lint is expected, with a reason, never allowed: an expectation that no longer holds is noticed.
/// Clippy finds every attribute that allows one but those of a whole module.
pub(super) fn expects_lints_and_never_allows_them(tree: &Tree) -> Vec<String> {
    let says = "write `#![expect(lint, reason = \"…\")]` instead of `allow`";
    let of_source = |source: &Source| {
        let lines = source.text.lines().zip(1..);
        let allows = lines.filter(|(line, _)| line.trim_start().starts_with("#![allow("));
        allows.map(|(_, at)| finding(&source.path, at, says)).collect::<Vec<_>>()
    };
    tree.sources.iter().flat_map(of_source).collect()
}

/// A type's name says which one it is, wherever it is read.
pub(super) fn no_two_types_have_one_name(tree: &Tree) -> Vec<String> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for source in tree.shipped() {
        for (line, name) in types(source) {
            let first = *known.entry(name).or_insert(&source.path);
            if first != source.path {
                let says = format_args!("`{name}` is the name of a type in {first} as well");
                found.push(finding(&source.path, line, says));
            }
        }
    }
    found
}

/// The types that a file defines, but for those of traits and their implementations.
fn types(source: &Source) -> Vec<(usize, &str)> {
    let mut depth = 0;
    let mut found = Vec::new();
    for pair in source.code.windows(2) {
        let [word, name] = pair else { continue };
        match word.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "struct" | "enum" | "trait" | "type" if depth == 0 => {
                found.push((*name.lines.start(), name.text.as_str()));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::{lines, tree};

    #[test]
    fn a_second_type_of_one_name_is_found() {
        let tree = tree(&[
            ("src/a.rs", "struct Row;\nimpl A for B { type Row = u8; }\ntype Found = u8;"),
            ("src/b.rs", "enum Rows {}\n\nenum Row {}"),
            ("src/b/tests.rs", "struct Row;"),
            ("src/c.rs", "#[cfg(test)]\nmod tests { struct Row; }"),
        ]);
        assert_eq!(lines(&no_two_types_have_one_name(&tree)), [3]);
    }

    #[test]
    fn a_file_without_a_prologue_is_found() {
        let tree = tree(&[
            ("src/a.rs", "//! Why.\n"),
            ("src/b.rs", "use a;\n"),
            ("src/c.rs", "// Why.\n"),
        ]);
        let says = "a file begins with `//!` and why it exists";
        let expected = ["src/b.rs", "src/c.rs"].map(|path| format!("{path}:1: {says}"));
        assert_eq!(every_file_says_why_it_exists(&tree), expected);
    }

    #[test]
    fn a_lint_that_a_module_allows_is_found() {
        let bad = "\nfn a() {}\n#![allow(unused)]\n";
        let findings = expects_lints_and_never_allows_them(&tree(&[("tests/it/main.rs", bad)]));
        assert_eq!(lines(&findings), [3]);
        let good = "#![expect(dead_code, reason = \"a\")]\nfn allow(a: [u8; 1]) {}";
        assert!(expects_lints_and_never_allows_them(&tree(&[("src/a.rs", good)])).is_empty());
    }
}
