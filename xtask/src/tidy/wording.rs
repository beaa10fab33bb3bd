//! Words that may not stand in the sources.

use super::Finding;
use super::tree::{Source, Tree};

/// A lint is expected, with a reason, never allowed: an expectation that no longer holds is noticed.
/// Clippy finds every attribute that allows one but those of a whole module.
pub(super) fn expects_lints_and_never_allows_them(tree: &Tree) -> Vec<Finding> {
    let says = "write `#![expect(lint, reason = \"…\")]` instead of `allow`";
    let found = |source: &Source, line| Finding::new(&source.path, line, says);
    let lines = |source: &Source| -> Vec<Finding> {
        let lines = source.code_lines().filter(|(_, line)| line.contains("#![allow("));
        lines.map(|(line, _)| found(source, line)).collect()
    };
    tree.sources.iter().flat_map(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { sources: vec![Source::new(path, text)], ..Tree::default() }
    }

    #[test]
    fn a_lint_that_a_module_allows_is_found() {
        let bad = "\nfn a() {}\n#![allow(unused)]\n";
        let findings = expects_lints_and_never_allows_them(&tree("tests/it/main.rs", bad));
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [3]);
        let good = "#![expect(dead_code, reason = \"a\")]\nfn allow(a: [u8; 1]) {}";
        assert!(expects_lints_and_never_allows_them(&tree("src/a.rs", good)).is_empty());
    }
}
