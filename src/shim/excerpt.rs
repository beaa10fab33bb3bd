//! Pure: cuts the relevant part out of a large TOML text, so that not all of it has to be parsed.
//!
//! Parsing a megabyte would take forty times as long as the rest of the shim, in every cargo command.
//! For a key that contains the given word, the excerpt of valid TOML has the same meaning as the whole
//! text. If the excerpt is not valid TOML, the whole text is parsed.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};
use toml::de::{DeTable, DeValue};

/// The size up to which a text is parsed as a whole, in bytes.
const SMALL: usize = 4 << 10;

/// Reads the value of a key, given as the names of its tables and its own. One of them is `word`, without
/// which nothing is parsed. `None` if there is no such value, or the text is not TOML.
pub fn value<T>(
    text: &str,
    word: &str,
    key: &[&str],
    read: impl FnOnce(&DeValue<'_>) -> Option<T>,
) -> Option<T> {
    let excerpt = excerpt(text, word)?;
    let table = DeTable::parse(&excerpt).or_else(|_| DeTable::parse(text)).ok()?;
    let (first, rest) = key.split_first()?;
    let mut value = table.get_ref().get(*first)?;
    for name in rest {
        value = value.get_ref().as_table()?.get(*name)?;
    }
    read(value.get_ref())
}

/// The sections that contain the word. A section goes from a line that starts with `[` to the next such
/// line. Some of these lines are not headers but part of an array; then the excerpt is not valid TOML,
/// because an array's element is followed by a comma or a bracket. `None` if the word does not occur.
fn excerpt<'a>(text: &'a str, word: &str) -> Option<Cow<'a, str>> {
    let mut mentions = memmem::find_iter(text.as_bytes(), word).peekable();
    mentions.peek()?;
    if text.len() <= SMALL {
        return Some(text.into());
    }
    let (mut excerpt, mut done) = (String::new(), 0);
    for at in mentions {
        if at >= done {
            let section = section(text, at);
            if !excerpt.is_empty() {
                // Not valid inside an array, so that an unclosed array cannot continue in the next
                // section.
                excerpt += &format!("[cut-{done}]\n");
            }
            done = section.end;
            excerpt += text.get(section)?;
        }
    }
    // What looks like a header may be in a string over several lines that begins before it.
    let before = text.get(..done)?.as_bytes();
    let has = |quotes: &str| memmem::find(before, quotes.as_bytes()).is_some();
    Some(if has("\"\"\"") || has("'''") { text.into() } else { excerpt.into() })
}

/// The range of the section around `at`.
fn section(text: &str, at: usize) -> std::ops::Range<usize> {
    let line_at = |at: usize| text.get(at..).unwrap_or_default();
    let line_before =
        |at: usize| memrchr(b'\n', text.as_bytes().get(..at).unwrap_or_default()).map(|it| it + 1);
    let mut start = line_before(at).unwrap_or(0);
    while start > 0 && !is_header(line_at(start)) {
        start = line_before(start - 1).unwrap_or(0);
    }
    let line_after = |at: usize| Some(at + memchr(b'\n', line_at(at).as_bytes())? + 1);
    let mut end = line_after(at);
    while let Some(next) = end.filter(|&next| !is_header(line_at(next))) {
        end = line_after(next);
    }
    start..end.unwrap_or(text.len())
}

/// Whether a line may be a table's header.
fn is_header(line: &str) -> bool {
    line.trim_start_matches([' ', '\t']).starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::{SMALL, excerpt, value};
    use crate::shim::alias;
    use crate::shim::cargo_config::included_files;
    use proptest::prelude::*;
    use toml::de::DeTable;

    /// A comment for which a text is not small.
    fn padding() -> String {
        format!("{}\n", "#".repeat(SMALL))
    }

    #[test]
    fn keeps_the_sections_that_mention_a_word() {
        for (text, expected) in [
            (
                "a = 1\n[build]\njobs = 2\ntarget-dir = 't'\n[x]\nb = 1",
                "[build]\njobs = 2\ntarget-dir = 't'\n",
            ),
            ("[a]\n[x]\ntarget-dir = 'b'", "[x]\ntarget-dir = 'b'"),
            (
                "[a]\n# target-dir\n [b]\nc = [\n[1],\n]\ntarget-dir = 1",
                "[a]\n# target-dir\n[cut-17]\n[1],\n]\ntarget-dir = 1",
            ),
            ("target-dir = '''\n[x]\n'''\n[y]", "target-dir = '''\n[x]\n'''\n[y]"),
        ] {
            let (text, padding) = (text.to_owned() + "\n[z]\n" + &padding(), padding());
            let expected = match expected.contains("'''") {
                true => text.clone(),
                false => expected.trim_end().to_owned() + "\n",
            };
            assert_eq!(excerpt(&text, "target-dir").as_deref(), Some(&*expected), "{text}");
            assert_eq!(excerpt(&padding, "target-dir"), None);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_parsed_whole() {
        let text = padding() + "[x]\nc = [\n[1],\n]\n[build]\nd = [\n[2]\n]\ntarget-dir = 't'";
        assert!(DeTable::parse(&excerpt(&text, "target-dir").unwrap()).is_err());
        assert_eq!(string(&text, "target-dir").as_deref(), Some("t"));
        assert_eq!(string(&(padding() + "target-dir"), "target-dir"), None);
    }

    fn string(text: &str, key: &str) -> Option<String> {
        value(text, key, &["build", key], |value| Some(value.as_str()?.to_owned()))
    }

    /// One line or entry of a file, whose own keys contain the number `n`; half of the kinds are there
    /// to mislead.
    fn line(kind: u8, n: usize) -> String {
        match kind {
            0 => format!("[t{n}]"),
            1 => "[build]".into(),
            2 => "[alias]".into(),
            3 => format!("target-dir = 't{n}'"),
            4 => format!("build-dir = \"b{n}\" # [x]"),
            5 => format!("include = [\n  'a{n}.toml',\n{{path = 'b.toml'}} ]"),
            6 => format!("k{n} = [\n[1],\n[\"build\"]\n, [2]\n]"),
            7 => format!("k{n} = {{ target-dir = 'x', b = [ '[build]' ] }}"),
            8 => format!("k{n} = \"\"\"\n[build]\ntarget-dir = 'x'\n\"\"\""),
            9 => format!("x = 'run {n}'"),
            10 => format!("alias.x = ['run', '{n}']"),
            11 => format!("build.target-dir = 'd{n}'"),
            12 => format!("# target-dir {n}\n[[a{n}]]\n\n"),
            13 => format!("k{n} = 'alias target-dir ['"),
            14 => format!("[ build ] # {n} include"),
            15 => format!("\t['alias']\n\ty = 'a{n}'"),
            16 => format!("k{n} = [\n'build-dir = 1',\n]"),
            _ => format!("k{n} = {n}"),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 2_000,
            max_global_rejects: 100_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        #[test]
        fn an_excerpt_says_the_same_as_the_whole(kinds in prop::collection::vec(0_u8..20, 1..9)) {
            let lines = kinds.iter().enumerate().map(|(n, kind)| line(*kind, n) + "\n");
            let text: String = lines.collect();
            prop_assume!(DeTable::parse(&text).is_ok());
            // Behind the last line, so that no position changes.
            let long = format!("{text}{}", padding());
            for key in ["target-dir", "build-dir"] {
                prop_assert_eq!(string(&long, key), string(&text, key));
            }
            prop_assert_eq!(included_files(&long), included_files(&text));
            prop_assert_eq!(alias::meaning(&long, "x"), alias::meaning(&text, "x"));
        }
    }
}
