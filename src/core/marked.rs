//! Marked blocks: our lines in somebody else's file, put in and taken out without a trace.
//!
//! A block stands at the top of a file, at its end, or at both. What [`with_blocks`] has put in
//! [`without_blocks`] takes out to the byte, whatever stands around it; so nothing has to be
//! remembered about the file.

/// What begins a comment in shells.
const SHELL: &str = "#";
/// The first line of a block, in a comment.
const BEGIN: &str = ">>> cargo-peruser >>>";
/// The first line of a block whose file had no newline at its end: taking the block out takes the
/// newline before it as well.
const BEGIN_JOINED: &str = ">>> cargo-peruser >>> (the line above had no end)";
/// The last line of a block.
const END: &str = "<<< cargo-peruser <<<";

/// What is to stand in a file, each with its newlines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// At the top, behind a `#!` line.
    pub top: Option<String>,
    /// At the end.
    pub end: Option<String>,
}

/// A block that begins at this line and never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The line, counted from 1.
    pub line: usize,
}

/// The text with exactly these blocks of ours in it.
///
/// # Errors
/// [`Unfinished`] where somebody has taken a block's last line away.
pub fn with_blocks(text: &str, blocks: &Blocks) -> Result<String, Unfinished> {
    with_blocks_in(SHELL, text, blocks)
}

/// The same in a language whose comments begin with `comment`.
///
/// # Errors
/// [`Unfinished`] where somebody has taken a block's last line away.
pub fn with_blocks_in(comment: &str, text: &str, blocks: &Blocks) -> Result<String, Unfinished> {
    let mut text = without_blocks_in(comment, text)?;
    if let Some(top) = &blocks.top {
        let first_line =
            if text.starts_with("#!") { text.find('\n').map_or(0, |at| at + 1) } else { 0 };
        text.insert_str(first_line, &format!("{comment} {BEGIN}\n{top}{comment} {END}\n"));
    }
    if let Some(end) = &blocks.end {
        let is_joined = !text.is_empty() && !text.ends_with('\n');
        let begin = if is_joined {
            format!("\n{comment} {BEGIN_JOINED}")
        } else {
            format!("{comment} {BEGIN}")
        };
        text.push_str(&format!("{begin}\n{end}{comment} {END}\n"));
    }
    Ok(text)
}

/// The text without any block of ours.
///
/// # Errors
/// [`Unfinished`] where somebody has taken a block's last line away.
pub fn without_blocks(text: &str) -> Result<String, Unfinished> {
    without_blocks_in(SHELL, text)
}

/// The same in a language whose comments begin with `comment`.
///
/// # Errors
/// [`Unfinished`] where somebody has taken a block's last line away.
pub fn without_blocks_in(comment: &str, text: &str) -> Result<String, Unfinished> {
    let is = |line: &str, mark: &str| {
        line.strip_prefix(comment).and_then(|rest| rest.strip_prefix(' ')) == Some(mark)
    };
    let mut kept = String::with_capacity(text.len());
    let mut begun = None;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let bare = line.trim_end_matches(['\n', '\r']);
        match begun {
            None if is(bare, BEGIN) => begun = Some(at),
            None if is(bare, BEGIN_JOINED) => {
                kept.pop();
                begun = Some(at);
            }
            None => kept.push_str(line),
            Some(_) if is(bare, END) => begun = None,
            Some(_) => {}
        }
    }
    begun.map_or(Ok(kept), |at| Err(Unfinished { line: at + 1 }))
}

#[cfg(test)]
mod tests {
    use super::{Blocks, Unfinished, with_blocks, without_blocks};
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    fn both() -> Blocks {
        Blocks { top: Some("early\n".into()), end: Some("late\n".into()) }
    }

    #[test]
    fn stands_at_the_top_behind_the_interpreter_and_at_the_end() {
        let found = with_blocks("#!/bin/sh\nown", &both()).unwrap();
        let expected = "#!/bin/sh\n# >>> cargo-peruser >>>\nearly\n# <<< cargo-peruser <<<\n\
                        own\n# >>> cargo-peruser >>> (the line above had no end)\nlate\n\
                        # <<< cargo-peruser <<<\n";
        assert_eq!(found, expected);
        assert_eq!(without_blocks(&found).unwrap(), "#!/bin/sh\nown");
    }

    #[test]
    fn what_people_add_around_it_stays() {
        let text = with_blocks("a\n", &both()).unwrap() + "b\n";
        let text = format!("c\n{text}");
        assert_eq!(without_blocks(&text).unwrap(), "c\na\nb\n");
        let again = with_blocks(&text, &both()).unwrap();
        assert!(again.starts_with("# >>>") && again.ends_with("<<<\n"));
    }

    #[test]
    fn a_block_without_an_end_is_an_error() {
        let text = "a\n# >>> cargo-peruser >>>\neval\nown line\n";
        assert_eq!(without_blocks(text), Err(Unfinished { line: 2 }));
        assert_eq!(with_blocks(text, &both()), Err(Unfinished { line: 2 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn taking_out_is_the_inverse_of_putting_in(text in "(#!/bin/sh\n)?[a #\r\n]{0,40}") {
            for blocks in [
                both(),
                Blocks { top: None, ..both() },
                Blocks { end: None, ..both() },
            ] {
                let with = with_blocks(&text, &blocks).unwrap();
                prop_assert_eq!(without_blocks(&with).unwrap(), text.clone());
                prop_assert_eq!(with_blocks(&with, &blocks).unwrap(), with);
            }
        }
    }
}
