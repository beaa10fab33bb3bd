//! Pure: converts the part of Markdown that the manual uses into a man page.
//!
//! It knows `##` and `###` headings, paragraphs, fenced code, lists of `- text`, `- **term**: text` and
//! `1. text`, and `code` within a paragraph. Everything else is plain text.

/// The page's text in roff, without its title line.
pub(super) fn roff(text: &str) -> String {
    let mut page = String::new();
    let (mut is_code, mut is_bold) = (false, false);
    // Whether something stands between the last heading and this line, and whether the line above is empty.
    let (mut is_begun, mut is_apart) = (false, false);
    for line in text.lines() {
        let heading = line.strip_prefix("## ").map(|title| (".SH", title));
        let heading = heading.or_else(|| Some((".SS", line.strip_prefix("### ")?)));
        if line.starts_with("```") {
            is_code = !is_code;
            page.push_str(if is_code && is_begun { ".sp\n" } else { "" });
            page.push_str(if is_code { ".RS 4\n.EX\n" } else { ".EE\n.RE\n" });
        } else if is_code {
            page.push_str(&(escaped(line, None) + "\n"));
        } else if let Some((request, title)) = heading {
            page.push_str(&format!("{request} {}\n", escaped(title, None)));
        } else if !line.is_empty() {
            let (request, text) = split(line.trim_start());
            let paragraph = if is_begun && is_apart { ".PP\n" } else { "" };
            page.push_str(&request.unwrap_or_else(|| paragraph.to_owned()));
            page.push_str(&(escaped(text, Some(&mut is_bold)) + "\n"));
        }
        is_begun = heading.is_none() && (is_begun || !line.is_empty());
        is_apart = line.is_empty();
    }
    page
}

/// The request of a list's item, and its text.
fn split(line: &str) -> (Option<String>, &str) {
    let item = line.strip_prefix("- **").and_then(|item| item.split_once("**: "));
    if let Some((term, text)) = item {
        (Some(format!(".TP\n\\fB{}\\fR\n", escaped(&term.replace('`', ""), None))), text)
    } else if let Some(item) = line.strip_prefix("- ") {
        (Some(".IP \\(bu 2\n".to_owned()), item)
    } else if let [b'1'..=b'9', b'.', b' ', ..] = line.as_bytes() {
        let (number, text) = line.split_at(2);
        (Some(format!(".IP {number} 4\n")), text.trim_start())
    } else {
        (None, line)
    }
}

/// A line as roff prints it. Where code is bold, backquotes begin and end it.
fn escaped(line: &str, mut is_bold: Option<&mut bool>) -> String {
    // A line that begins like a request stays text.
    let mut out = String::from(if line.starts_with('.') { "\\&" } else { "" });
    for c in line.chars() {
        match (c, &mut is_bold) {
            ('`', Some(is_bold)) => {
                **is_bold = !**is_bold;
                out.push_str(if **is_bold { "\\fB" } else { "\\fR" });
            }
            ('`', None) => out.push_str("\\(ga"),
            ('\\', _) => out.push_str("\\e"),
            ('-', _) => out.push_str("\\-"),
            ('\'', _) => out.push_str("\\(aq"),
            ('^', _) => out.push_str("\\(ha"),
            ('~', _) => out.push_str("\\(ti"),
            (c, _) if c.is_ascii() => out.push(c),
            (c, _) => out.push_str(&format!("\\[u{:04X}]", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::roff;

    #[test]
    fn each_kind_of_block_has_its_request() {
        for (text, expected) in [
            ("## A B\n\ntext\nmore\n\nnext", ".SH A B\ntext\nmore\n.PP\nnext\n"),
            ("### bash", ".SS bash\n"),
            ("- one\n  more\n- two", ".IP \\(bu 2\none\nmore\n.IP \\(bu 2\ntwo\n"),
            ("- **a-b (`-c`)**: text", ".TP\n\\fBa\\-b (\\-c)\\fR\ntext\n"),
            ("1. one\n2. two\n0700. three", ".IP 1. 4\none\n.IP 2. 4\ntwo\n0700. three\n"),
            (
                "a\n\n```sh\n.b 'c'\n\n- `d`\n```\n\ne",
                "a\n.sp\n.RS 4\n.EX\n\\&.b \\(aqc\\(aq\n\n\\- \\(gad\\(ga\n.EE\n.RE\n.PP\ne\n",
            ),
            (".a", "\\&.a\n"),
        ] {
            assert_eq!(roff(text), expected, "{text}");
        }
    }

    #[test]
    fn what_roff_would_read_as_its_own_is_escaped() {
        for (text, expected) in [
            (r"a\b it's `a-b` ~ ^", "a\\eb it\\(aqs \\fBa\\-b\\fR \\(ti \\(ha\n"),
            ("an `x\ny`", "an \\fBx\ny\\fR\n"),
            ("1.2 is \u{d7}", "1.2 is \\[u00D7]\n"),
        ] {
            assert_eq!(roff(text), expected, "{text}");
        }
    }
}
