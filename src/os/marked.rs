//! Pure: marked blocks: our lines in another program's or user's file, inserted and removed without a
//! trace.
//!
//! A block is at the top of a file, at its end, or at both. [`split`] removes exactly what
//! [`with_blocks`] inserted, whatever surrounds it, so nothing has to be remembered about the file.

/// The start of a comment in shells and in TOML.
pub const SHELL: &str = "#";
/// The first line of a block, in a comment.
const BEGIN: &str = ">>> cargo-peruser >>>";
/// The first line of a block in a file that had no newline at its end: removing the block also removes
/// the newline before it.
const BEGIN_JOINED: &str = ">>> cargo-peruser >>> (the line above had no end)";
/// The last line of a block.
pub(crate) const END: &str = "<<< cargo-peruser <<<";

/// The maximum number of lines in one of our blocks.
const MOST_LINES: usize = 24;

/// The blocks to insert into a file, including their newlines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// At the top, after a `#!` line.
    pub top: Option<String>,
    /// At the end.
    pub end: Option<String>,
}

/// A block that begins at this line and has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The line, counted from 1.
    pub line: usize,
}

/// The text with exactly these blocks, in a language whose comments begin with `comment`.
///
/// # Errors
/// [`Unfinished`] if a block's last line was removed.
pub fn with_blocks(comment: &str, text: &[u8], blocks: &Blocks) -> Result<Vec<u8>, Unfinished> {
    let (mut text, _) = split(comment, text)?;
    if let Some(top) = &blocks.top {
        let end_of_line = || text.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let at = if text.starts_with(b"#!") { end_of_line() } else { 0 };
        let block = format!("{comment} {BEGIN}\n{top}{comment} {END}\n");
        text.splice(at..at, block.bytes());
    }
    if let Some(end) = &blocks.end {
        let is_joined = !text.is_empty() && !text.ends_with(b"\n");
        // An empty line, because the line above may end in a backslash.
        let (before, begin) = if is_joined { ("\n\n", BEGIN_JOINED) } else { ("", BEGIN) };
        text.extend(format!("{before}{comment} {begin}\n{end}{comment} {END}\n").bytes());
    }
    Ok(text)
}

/// A text without its blocks, and the content of each block with its first line, counted from 1.
pub type Split = (Vec<u8>, Vec<(usize, Vec<u8>)>);

/// Separates our blocks from the text.
///
/// A block with more lines than ours can have counts as unfinished; otherwise a user's own lines could
/// be removed.
///
/// # Errors
/// [`Unfinished`] if a block's last line was removed.
pub fn split(comment: &str, text: &[u8]) -> Result<Split, Unfinished> {
    let is = |line: &[u8], mark: &str| {
        let rest = line.strip_prefix(comment.as_bytes());
        rest.and_then(|rest| rest.strip_prefix(b" ")) == Some(mark.as_bytes())
    };
    let mut kept = Vec::with_capacity(text.len());
    let mut bodies: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut begun = None;
    for (at, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let bare = line.trim_ascii_end();
        let begins = is(bare, BEGIN) || is(bare, BEGIN_JOINED);
        match (begun, bodies.last_mut()) {
            (None, _) if begins => {
                if is(bare, BEGIN_JOINED) {
                    // The file may use CRLF by now.
                    let is_converted = line.ends_with(b"\r\n");
                    let newlines: &[u8] = if is_converted { b"\r\n\r\n" } else { b"\n\n" };
                    let length = kept.strip_suffix(newlines).map_or(kept.len(), <[u8]>::len);
                    kept.truncate(length);
                }
                begun = Some(at);
                bodies.push((at + 1, Vec::new()));
            }
            (None, _) => kept.extend(line),
            (Some(_), _) if is(bare, END) => begun = None,
            (Some(begin), _) if begins || at - begin > MOST_LINES => {
                return Err(Unfinished { line: begin + 1 });
            }
            (Some(_), Some((_, body))) => body.extend(line),
            (Some(_), None) => {}
        }
    }
    begun.map_or(Ok((kept, bodies)), |at| Err(Unfinished { line: at + 1 }))
}

#[cfg(test)]
mod tests {
    use super::{Blocks, SHELL, Unfinished, split};
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    fn both() -> Blocks {
        Blocks { top: Some("early\n".into()), end: Some("late\n".into()) }
    }

    fn with_blocks(text: &[u8], blocks: &Blocks) -> Result<Vec<u8>, Unfinished> {
        super::with_blocks(SHELL, text, blocks)
    }

    fn without_blocks(text: &[u8]) -> Result<Vec<u8>, Unfinished> {
        split(SHELL, text).map(|(rest, _)| rest)
    }

    fn with(text: &str) -> String {
        String::from_utf8(with_blocks(text.as_bytes(), &both()).unwrap()).unwrap()
    }

    fn without(text: &str) -> Result<String, Unfinished> {
        without_blocks(text.as_bytes()).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn stands_at_the_top_behind_the_interpreter_and_at_the_end() {
        let found = with("#!/bin/sh\nown");
        let expected = "#!/bin/sh\n# >>> cargo-peruser >>>\nearly\n# <<< cargo-peruser <<<\n\
                        own\n\n# >>> cargo-peruser >>> (the line above had no end)\nlate\n\
                        # <<< cargo-peruser <<<\n";
        assert_eq!(found, expected);
        assert_eq!(without(&found).unwrap(), "#!/bin/sh\nown");
    }

    #[test]
    fn what_people_add_around_it_stays() {
        let text = format!("c\n{}b\n", with("a\n"));
        assert_eq!(without(&text).unwrap(), "c\na\nb\n");
        let again = with(&text);
        assert!(again.starts_with("# >>>") && again.ends_with("<<<\n"));
    }

    #[test]
    fn a_file_that_was_converted_since_loses_no_more_than_the_block() {
        let converted = with("own").replace('\n', "\r\n");
        assert_eq!(without(&converted).unwrap(), "own");
        let trailing = with("own\n").replace("<<<\n", "<<<  \n");
        assert_eq!(without(&trailing).unwrap(), "own\n");
    }

    #[test]
    fn a_block_without_an_end_is_an_error() {
        let text = "a\n# >>> cargo-peruser >>>\neval\nown line\n";
        assert_eq!(without(text), Err(Unfinished { line: 2 }));
        assert_eq!(with_blocks(text.as_bytes(), &both()), Err(Unfinished { line: 2 }));
    }

    #[test]
    fn two_blocks_of_which_one_lost_a_mark_take_nothing_in_between() {
        let whole = with("own line\n");
        let end = "# <<< cargo-peruser <<<\n";
        assert_eq!(without(&whole.replacen(end, "", 1)), Err(Unfinished { line: 1 }));
        let changed = whole.replacen(end, "# <<< cargo-peruser <<< x\n", 1);
        assert_eq!(without(&changed), Err(Unfinished { line: 1 }));
        let many = format!("{}{}", "own line\n".repeat(99), "# >>> cargo-peruser >>>\n");
        let neither =
            whole.replacen(end, &many, 1).replace("# >>> cargo-peruser >>>\nlate", "late");
        assert_eq!(without(&neither), Err(Unfinished { line: 1 }));
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are() {
        let text = b"export NAME=M\xfcller\n";
        let with = with_blocks(text, &both()).unwrap();
        assert_eq!(without_blocks(&with).unwrap(), text);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn taking_out_is_the_inverse_of_putting_in(
            text in r"(#!/bin/sh\n)?([a #\r\n\\]|# (>>>|<<<) cargo-peruser (>>>|<<<)){0,40}"
        ) {
            for blocks in [
                both(),
                Blocks { top: None, ..both() },
                Blocks { end: None, ..both() },
            ] {
                // A text with an incomplete block is refused in both directions, so nothing is lost.
                let Ok(bare) = without_blocks(text.as_bytes()) else { continue };
                let Ok(with) = with_blocks(&bare, &blocks) else { continue };
                prop_assert_eq!(without_blocks(&with).unwrap(), bare);
                prop_assert_eq!(with_blocks(&with, &blocks).unwrap(), with);
            }
        }
    }
}
