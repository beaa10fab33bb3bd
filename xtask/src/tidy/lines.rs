//! How many lines of code each area has, so that growth shows.

use std::collections::{BTreeMap, BTreeSet};

use super::Tree;
use super::source::Source;
use crate::table;

/// A row for each area: lines with code in them, without comments, blank lines and unit tests.
pub(super) fn by_area(tree: &Tree) -> String {
    let mut areas: BTreeMap<&str, usize> = BTreeMap::new();
    for source in &tree.sources {
        let lines = code_lines(source);
        for area in [top(&source.path), area(&source.path)] {
            *areas.entry(area).or_default() += lines;
        }
    }
    let rows = areas.into_iter().map(|(area, lines)| [area.to_owned(), lines.to_string()]);
    table::render(["lines of code", ""], rows)
}

fn code_lines(source: &Source) -> usize {
    if source.path.contains("src/") && source.is_test_file() {
        return 0;
    }
    let with_code: BTreeSet<usize> =
        source.code.iter().flat_map(|token| token.lines.clone()).collect();
    let lines = source.text.lines().zip(1..);
    lines.filter(|(text, at)| !text.trim().is_empty() && with_code.contains(at)).count()
}

fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// `src/shim` for all that is in `src/shim.rs` and `src/shim/`.
fn area(path: &str) -> &str {
    let parts = if path.starts_with("xtask/") { 3 } else { 2 };
    let end = path.match_indices('/').nth(parts - 1).map_or(path.len(), |(at, _)| at);
    path.get(..end).unwrap_or(path).trim_end_matches(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::tree;

    #[test]
    fn counts_what_is_no_comment_no_blank_line_and_no_test() {
        let table = by_area(&tree(&[
            ("src/a.rs", "//! Why.\n\nuse b;\n#[cfg(test)]\nmod tests;\n"),
            ("src/a/c.rs", "const A: &str = \"one\n//two\n\n\";\n/* a\nb */\n"),
            ("src/a/tests.rs", "use a;\n"),
            ("tests/it/main.rs", "use a;\nuse b;\n"),
            ("xtask/src/b.rs", "use a;\n"),
        ]));
        let rows: Vec<Vec<&str>> =
            table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        let expected = [
            ["src", "4"],
            ["src/a", "4"],
            ["tests", "2"],
            ["tests/it", "2"],
            ["xtask", "1"],
            ["xtask/src/b", "1"],
        ];
        assert_eq!(rows, expected);
    }
}
