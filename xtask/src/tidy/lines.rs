//! How many lines of code each area has, so that growth shows.

use std::collections::BTreeMap;

use super::tree::{Source, Tree};
use crate::table::Table;

/// A row for each area: lines with code in them, without comments, blank lines and unit tests.
pub(super) fn by_area(tree: &Tree) -> Table {
    let mut areas: BTreeMap<&str, usize> = BTreeMap::new();
    for source in &tree.sources {
        let lines = code_lines(source);
        for area in [top(&source.path), area(&source.path)] {
            *areas.entry(area).or_default() += lines;
        }
    }
    let mut table = Table::new(["lines of code", ""]);
    for (area, lines) in areas {
        table.row([area.to_owned(), lines.to_string()]);
    }
    table
}

fn code_lines(source: &Source) -> usize {
    if source.path.contains("src/") && source.is_test_file() {
        return 0;
    }
    source.code.lines().filter(|line| !line.trim().is_empty()).count()
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

    #[test]
    fn counts_what_is_no_comment_no_blank_line_and_no_test() {
        let source = |path: &str, text: &str| Source::new(path, text);
        let sources = vec![
            source("src/a.rs", "//! Why.\n\nuse b;\n#[cfg(test)]\nmod tests;\n"),
            source("src/a/c.rs", "const A: &str = \"one\n//two\";\n/* a\nb */\n"),
            source("src/a/tests.rs", "use a;\n"),
            source("tests/it/main.rs", "use a;\nuse b;\n"),
            source("xtask/src/b.rs", "use a;\n"),
        ];
        let table = by_area(&Tree { sources, ..Tree::default() }).render();
        let rows: Vec<Vec<&str>> =
            table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        let expected = [
            ["src", "3"],
            ["src/a", "3"],
            ["tests", "2"],
            ["tests/it", "2"],
            ["xtask", "1"],
            ["xtask/src/b", "1"],
        ];
        assert_eq!(rows, expected);
    }
}
