//! Everything that the program can say, in one listing: `tests/messages.txt`.
//!
//! It is made from the sources: each text with words in it that shipped code holds, file by file and
//! in order, with the exit codes that stand there. So every change of a message shows as one line of
//! a diff. `SNAPSHOTS=overwrite cargo xtask tidy` writes it anew.

use std::path::Path;
use std::{env, fs};

use anyhow::Context;

use super::Finding;
use super::scan;
use super::tree::{Source, Tree};

/// Where the listing is.
const LISTING: &str = "tests/messages.txt";

/// Compares the listing with what the sources say, or writes it anew.
pub(super) fn are_listed(root: &Path, tree: &Tree) -> anyhow::Result<Vec<Finding>> {
    let path = root.join(LISTING);
    let made = listing(tree);
    if env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &made).with_context(|| path.display().to_string())?;
        return Ok(Vec::new());
    }
    let old = fs::read_to_string(&path).unwrap_or_default();
    if old == made {
        return Ok(Vec::new());
    }
    let same = old.lines().zip(made.lines()).take_while(|(old, made)| old == made).count();
    let says = "not what the sources say; SNAPSHOTS=overwrite cargo xtask tidy writes it anew";
    Ok(vec![Finding::new(LISTING, same + 1, says)])
}

fn listing(tree: &Tree) -> String {
    let mut shipped: Vec<&Source> =
        tree.sources.iter().filter(|source| source.is_shipped()).collect();
    shipped.sort_by_key(|source| &source.path);
    let files = shipped.into_iter().filter_map(|source| {
        let said = said(&source.text);
        (!said.is_empty()).then(|| format!("{}\n{}", source.path, said.concat()))
    });
    files.collect::<Vec<_>>().join("\n")
}

/// What one file says, a line each.
fn said(text: &str) -> Vec<String> {
    let shipped = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let mut lines = Vec::new();
    let mut before = 0;
    for (start, literal) in scan::literals(shipped) {
        let code = shipped.get(before..start).unwrap_or_default();
        lines.extend(exit_codes(code));
        before = start + literal.len();
        let words = joined(literal.trim_matches('"'));
        if is_said(&words) {
            let is_help = code.ends_with(".help(") || code.ends_with(".help(format!(");
            lines.push(format!("  {}{words}\n", if is_help { "help: " } else { "" }));
        }
    }
    lines.extend(exit_codes(shipped.get(before..).unwrap_or_default()));
    lines
}

fn exit_codes(code: &str) -> impl Iterator<Item = String> {
    let numbers = code.split(".exit(").skip(1).filter_map(|rest| rest.split(')').next());
    numbers
        .filter(|number| number.parse::<u8>().is_ok())
        .map(|number| format!("    exit {number}\n"))
        .collect::<Vec<_>>()
        .into_iter()
}

/// A text as it is after the compiler has read it, as far as that matters to a reader.
fn joined(literal: &str) -> String {
    literal.split("\\\n").map(str::trim_start).collect::<Vec<_>>().concat().replace('\n', "\\n")
}

/// Two words at least, as no name of a file or a variable has them.
fn is_said(text: &str) -> bool {
    let is_word = |word: &&str| word.chars().filter(|c| c.is_ascii_lowercase()).count() > 1;
    text.split(' ').filter(is_word).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stands_with_its_help_and_its_exit_code() {
        let text = concat!(
            "//! \"not said here\"\n",
            "const NAME: &str = \"cargo-peruser\";\n",
            "fn f() { Failure::new(format!(\"no place \\\n   for {it}\")).help(\"make one first\")",
            ".exit(73) }\n",
            "\n#[cfg(test)]\nmod tests {\n    const A: &str = \"nothing of tests\";\n}\n",
        );
        let expected = ["  no place for {it}\n", "  help: make one first\n", "    exit 73\n"];
        assert_eq!(said(text), expected);
    }
}
