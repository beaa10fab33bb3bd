//! Words that may not stand in the sources, or only in one place.

use super::Finding;
use super::tree::{Source, Tree};

/// The only module of the program that writes to a terminal.
const WRITER: &str = "src/ui/report.rs";

/// Calls without an argument; `Command::stdout(…)` has one and writes nothing. Clippy finds the
/// printing macros.
const STREAMS: [&str; 2] = ["stdout()", "stderr()"];

/// In the program itself, only the report writes to a terminal: the shim's stdout belongs to cargo.
pub(super) fn only_report_writes_to_the_terminal(tree: &Tree) -> Vec<Finding> {
    let others = tree.sources.iter().filter(|source| source.is_shipped() && source.path != WRITER);
    others
        .flat_map(|source| {
            STREAMS.iter().flat_map(|word| lines_with(source, word)).map(|(line, word)| {
                Finding::new(&source.path, line, format!("`{word}` stands only in {WRITER}"))
            })
        })
        .collect()
}

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

/// The lines whose code has the word as a word of its own.
fn lines_with<'a>(
    source: &'a Source,
    word: &'a str,
) -> impl Iterator<Item = (usize, &'a str)> + 'a {
    source.code_lines().filter_map(move |(number, line)| {
        let begins = |at: usize| {
            line.get(..at)
                .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        line.match_indices(word).any(|(at, _)| begins(at)).then_some((number, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { sources: vec![Source::new(path, text)], ..Tree::default() }
    }

    #[test]
    fn writing_to_the_terminal_outside_of_the_report_is_found() {
        for (text, expected) in [
            ("io::stderr().write_all(b)", 1),
            ("let a = stdout();", 1),
            ("command.stdout(Stdio::null());", 0),
            ("// stdout()", 0),
            ("my_stdout()", 0),
        ] {
            let findings = |path| only_report_writes_to_the_terminal(&tree(path, text)).len();
            assert_eq!(findings("src/shim.rs"), expected, "{text}");
            assert_eq!(findings(WRITER), 0, "{text}");
            assert_eq!(findings("src/build.rs"), 0, "{text}");
        }
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
