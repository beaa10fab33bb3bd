//! Everything that the program can say, in one listing: `tests/messages.txt`.
//!
//! It is made from the sources: each text with words in it that shipped code holds, file by file and
//! in order, with the exit codes that stand there. So every change of a message shows as one line of
//! a diff. `SNAPSHOTS=overwrite cargo xtask tidy` writes it anew.

use std::{env, fs};

use anyhow::Context;

use super::source::{Source, Token};
use super::{Tree, finding};

/// Where the listing is.
const LISTING: &str = "tests/messages.txt";

/// Compares the listing with what the sources say.
pub(super) fn are_listed(tree: &Tree) -> Vec<String> {
    let (old, made) = (fs::read_to_string(LISTING).unwrap_or_default(), listing(tree));
    if old == made {
        return Vec::new();
    }
    let same = old.lines().zip(made.lines()).take_while(|(old, made)| old == made).count();
    let says = "not what the sources say; SNAPSHOTS=overwrite cargo xtask tidy writes it anew";
    vec![finding(LISTING, same + 1, says)]
}

pub(super) fn overwrite_if_asked(tree: &Tree) -> anyhow::Result<()> {
    if env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(LISTING, listing(tree)).context(LISTING)?;
    }
    Ok(())
}

fn listing(tree: &Tree) -> String {
    let mut shipped: Vec<&Source> = tree.shipped().collect();
    shipped.sort_by_key(|source| &source.path);
    let files = shipped.into_iter().filter_map(|source| {
        let said = said(source);
        (!said.is_empty()).then(|| format!("{}\n{}", source.path, said.concat()))
    });
    files.collect::<Vec<_>>().join("\n")
}

/// What one file says, a line each.
fn said(source: &Source) -> Vec<String> {
    let line = |(at, token): (usize, &Token)| {
        let before = source.code.get(..at).unwrap_or_default();
        if token.text.parse::<u8>().is_ok() {
            return ends_with(before, &[".", "exit", "("])
                .then(|| format!("    exit {}\n", token.text));
        }
        let literal = token.text.trim_start_matches('b').strip_prefix('"')?;
        let words = joined(literal.trim_matches('"'));
        let is_help = ends_with(before, &[".", "help", "("])
            || ends_with(before, &[".", "help", "(", "format", "!", "("]);
        is_said(&words).then(|| format!("  {}{words}\n", if is_help { "help: " } else { "" }))
    };
    source.code.iter().enumerate().filter_map(line).collect()
}

fn ends_with(tokens: &[Token], end: &[&str]) -> bool {
    let tail = tokens.get(tokens.len().saturating_sub(end.len())..).unwrap_or_default();
    tail.iter().map(|token| token.text.as_str()).eq(end.iter().copied())
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
        assert_eq!(said(&Source::new("src/a.rs", text).unwrap()), expected);
    }
}
