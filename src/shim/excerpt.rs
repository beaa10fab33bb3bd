//! Pure: cuts the relevant part out of a large TOML text, so that not all of it has to be parsed.
//!
//! Parsing a megabyte would take forty times as long as the rest of the shim, in every cargo command.
//! For the given words, the excerpt of valid TOML has the same meaning as the whole text. If the
//! excerpt is not valid TOML, the whole text is parsed.

use memchr::{memchr, memmem, memrchr};
use toml::de::DeTable;

/// The size up to which a text is parsed as a whole, in bytes.
const SMALL: usize = 4 << 10;

/// Parses a text that contains one of `words`, and calls `read` with the table. Every key that `read`
/// looks for must contain one of the words. `None` if the text contains none, or is not TOML.
pub fn read<T>(text: &str, words: &[&str], read: impl FnOnce(&DeTable<'_>) -> T) -> Option<T> {
    if text.len() <= SMALL {
        let mentions = words.iter().any(|word| text.contains(word));
        return mentions.then(|| DeTable::parse(text).ok()).flatten().map(|it| read(it.get_ref()));
    }
    let excerpt = excerpt(text, words)?;
    if let Ok(table) = DeTable::parse(&excerpt) {
        return Some(read(table.get_ref()));
    }
    DeTable::parse(text).ok().map(|table| read(table.get_ref()))
}

/// The sections that contain a word. A section goes from a line that starts with `[` to the next such
/// line. Some of these lines are not headers but part of an array; then the excerpt is not valid TOML,
/// because an array's element is followed by a comma or a bracket. `None` if no word occurs.
fn excerpt(text: &str, words: &[&str]) -> Option<String> {
    let find = |word: &&str| memmem::find_iter(text.as_bytes(), word).collect::<Vec<_>>();
    let mut mentions: Vec<usize> = words.iter().flat_map(find).collect();
    mentions.sort_unstable();
    mentions.first()?;
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
    Some(if has("\"\"\"") || has("'''") { text.to_owned() } else { excerpt })
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
    use super::{excerpt, read};
    use crate::shim::alias;
    use crate::shim::configured_directories::Directories;
    use proptest::prelude::*;
    use toml::de::DeTable;

    const WORDS: [&str; 2] = ["-dir", "include"];

    #[test]
    fn keeps_the_sections_that_mention_a_word() {
        for (text, expected) in [
            (
                "a = 1\n[build]\njobs = 2\ntarget-dir = 't'\n[x]\nb = 1",
                "[build]\njobs = 2\ntarget-dir = 't'\n",
            ),
            ("include = ['a.toml']\nb = 2\n[x]\n", "include = ['a.toml']\nb = 2\n"),
            ("[a]\n[x]\nbuild-dir = 'b'", "[x]\nbuild-dir = 'b'"),
            (
                "[a]\n# target-dir\n [b]\nc = [\n[1],\n]\ntarget-dir = 1",
                "[a]\n# target-dir\n[cut-17]\n[1],\n]\ntarget-dir = 1",
            ),
            ("target-dir = '''\n[x]\n'''\n[y]", "target-dir = '''\n[x]\n'''\n[y]"),
        ] {
            assert_eq!(excerpt(text, &WORDS).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(excerpt("[build]\njobs = 2", &WORDS), None);
    }

    #[test]
    fn what_cannot_be_cut_is_parsed_whole() {
        let padding = format!("[env]\n{}\n", "# nothing\n".repeat(1_000));
        let text =
            format!("{padding}[x]\nc = [\n[1],\n]\n[build]\nd = [\n[2]\n]\ntarget-dir = 't'");
        assert!(DeTable::parse(&excerpt(&text, &WORDS).unwrap()).is_err());
        assert_eq!(read(&text, &WORDS, |table| table.contains_key("build")), Some(true));
        assert_eq!(read(&padding, &WORDS, |_| ()), None);
        assert_eq!(read(&format!("{padding}target-dir"), &WORDS, |_| ()), None);
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
            let cut = |words: &[&str]| {
                let excerpt = excerpt(&text, words).unwrap_or_default();
                if DeTable::parse(&excerpt).is_ok() { excerpt } else { text.clone() }
            };
            prop_assert_eq!(Directories::read(&cut(&WORDS)), Directories::read(&text));
            prop_assert_eq!(alias::meaning(&cut(&["alias"]), "x"), alias::meaning(&text, "x"));
        }
    }
}
