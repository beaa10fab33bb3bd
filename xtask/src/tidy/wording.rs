//! Words that may not stand in the sources, or only in one place.

use super::Finding;
use super::tree::{Source, Tree};

/// The only module of the program that writes to a terminal.
const WRITER: &str = "src/ui/report.rs";

const PRINTING_MACROS: [&str; 4] = ["print!", "println!", "eprint!", "eprintln!"];

/// Calls without an argument; `Command::stdout(…)` has one and writes nothing.
const STREAMS: [&str; 2] = ["stdout()", "stderr()"];

/// In the program itself, only the report writes to a terminal: the shim's stdout belongs to cargo.
pub(super) fn only_report_writes_to_the_terminal(tree: &Tree) -> Vec<Finding> {
    let others = tree.sources.iter().filter(|source| source.is_shipped() && source.path != WRITER);
    others
        .flat_map(|source| {
            let words = PRINTING_MACROS.iter().chain(&STREAMS);
            words.flat_map(|word| lines_with(source, word)).map(|(line, word)| {
                Finding::new(&source.path, line, format!("`{word}` stands only in {WRITER}"))
            })
        })
        .collect()
}

/// A lint is expected, with a reason, never allowed: an expectation that no longer holds is noticed.
pub(super) fn expects_lints_and_never_allows_them(tree: &Tree) -> Vec<Finding> {
    let says = "write `#[expect(lint, reason = \"…\")]` instead of `allow`";
    tree.sources
        .iter()
        .flat_map(|source| {
            lines_with(source, "allow(")
                .filter(|&(line, _)| is_attribute(source, line))
                .map(|(line, _)| Finding::new(&source.path, line, says))
        })
        .collect()
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

fn is_attribute(source: &Source, number: usize) -> bool {
    source.code_lines().any(|(at, line)| at == number && line.contains('#') && line.contains('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { sources: vec![Source::new(path, text)], ..Tree::default() }
    }

    #[test]
    fn printing_outside_of_the_report_is_found() {
        for bad in [
            "println!(\"a\");",
            "eprint!(\"a\");",
            "io::stderr().write_all(b)",
            "let a = stdout();",
        ] {
            assert_eq!(
                only_report_writes_to_the_terminal(&tree("src/shim.rs", bad)).len(),
                1,
                "{bad}"
            );
            assert!(
                only_report_writes_to_the_terminal(&tree("src/ui/report.rs", bad)).is_empty(),
                "{bad}"
            );
            assert!(
                only_report_writes_to_the_terminal(&tree("src/build.rs", bad)).is_empty(),
                "{bad}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_printing_is_not() {
        for good in ["command.stdout(Stdio::null());", "// println!", "my_println!(a);"] {
            assert!(
                only_report_writes_to_the_terminal(&tree("src/shim.rs", good)).is_empty(),
                "{good}"
            );
        }
    }

    #[test]
    fn an_allowed_lint_is_found() {
        let bad =
            "\n#[allow(dead_code)]\nfn a() {}\n#![allow(unused)]\n#[cfg_attr(unix, allow(unused))]";
        let lines: Vec<usize> = expects_lints_and_never_allows_them(&tree("tests/it/main.rs", bad))
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(lines, [2, 4, 5]);
        let good = "#[expect(dead_code, reason = \"a\")]\nfn allow(a: [u8; 1]) {}";
        assert!(expects_lints_and_never_allows_them(&tree("src/a.rs", good)).is_empty());
    }
}
