//! Pure: converts the part of Markdown that the manual uses into a man page.
//!
//! It knows `##` and `###` headings, paragraphs, fenced code, lists of `- text`, `- **term**: text` and
//! `1. text`, and `code` within a line. Everything else is plain text.

/// The page's text in roff, without its title line.
pub(super) fn roff(text: &str) -> String {
    let mut page = Renderer::default();
    for line in text.lines() {
        page.add(line);
    }
    page.end_block();
    page.out
}

#[derive(Default)]
struct Renderer {
    out: String,
    /// The lines of the block that is being read, joined.
    block: String,
    /// What is above the next block.
    above: Above,
    is_code: bool,
}

/// What is above a block. It decides whether the block needs a space before it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Above {
    #[default]
    Heading,
    Text,
}

impl Renderer {
    fn add(&mut self, line: &str) {
        if line.starts_with("```") {
            self.end_block();
            self.toggle_code();
        } else if self.is_code {
            self.push(&protected(&escaped(line, Font::Code)));
        } else if let Some(heading) = line.strip_prefix("## ") {
            self.heading("SH", heading);
        } else if let Some(heading) = line.strip_prefix("### ") {
            self.heading("SS", heading);
        } else if line.is_empty() {
            self.end_block();
        } else {
            if is_item(line) {
                self.end_block();
            }
            let space = if self.block.is_empty() { "" } else { " " };
            self.block.push_str(space);
            self.block.push_str(line.trim());
        }
    }

    fn push(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn heading(&mut self, request: &str, text: &str) {
        self.end_block();
        let text = escaped(text, Font::Plain).replace('"', "\\(dq");
        self.push(&format!(".{request} \"{text}\""));
        self.above = Above::Heading;
    }

    fn toggle_code(&mut self) {
        self.is_code = !self.is_code;
        if self.is_code {
            if self.above == Above::Text {
                self.push(".sp");
            }
            self.push(".RS 4\n.EX");
        } else {
            self.push(".EE\n.RE");
        }
        self.above = Above::Text;
    }

    /// Writes the block read so far.
    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.is_empty() {
            return;
        }
        let number = block.split_once(". ").filter(|(number, _)| is_number(number));
        if let Some(item) = block.strip_prefix("- **")
            && let Some((term, text)) = item.split_once("**: ")
        {
            self.push(".TP");
            self.push(&bold(&term.replace('`', "")));
            self.push(&protected(&inline(text)));
        } else if let Some(item) = block.strip_prefix("- ") {
            self.push(".IP \\(bu 2");
            self.push(&protected(&inline(item)));
        } else if let Some((number, text)) = number {
            self.push(&format!(".IP {number}. 4"));
            self.push(&protected(&inline(text)));
        } else {
            if self.above == Above::Text {
                self.push(".PP");
            }
            self.push(&protected(&inline(&block)));
        }
        self.above = Above::Text;
    }
}

fn is_item(line: &str) -> bool {
    line.starts_with("- ") || line.split_once(". ").is_some_and(|(number, _)| is_number(number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Font {
    Plain,
    /// Bold, with hyphens that can be copied into a shell.
    Code,
}

/// A line of text, with its code in bold.
fn inline(text: &str) -> String {
    let part = |(at, part)| if at % 2 == 1 { bold(part) } else { escaped(part, Font::Plain) };
    text.split('`').enumerate().map(part).collect()
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text, Font::Code))
}

/// The text as roff prints it.
fn escaped(text: &str, font: Font) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' if font == Font::Code => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            c if c.is_ascii() => out.push(c),
            c => out.push_str(&format!("\\[u{:04X}]", u32::from(c))),
        }
    }
    out
}

/// Escapes a line that begins like a request, so that it stays text.
fn protected(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::roff;

    #[test]
    fn each_kind_of_block_has_its_request() {
        for (text, expected) in [
            ("## A B\ntext\nmore\n\nnext", ".SH \"A B\"\ntext more\n.PP\nnext\n"),
            ("### bash", ".SS \"bash\"\n"),
            ("- one\n  more\n- two", ".IP \\(bu 2\none more\n.IP \\(bu 2\ntwo\n"),
            ("- **a-b (`-c`)**: text", ".TP\n\\fBa\\-b (\\-c)\\fR\ntext\n"),
            ("1. one\n10. ten", ".IP 1. 4\none\n.IP 10. 4\nten\n"),
            (
                "a\n\n```sh\n.b 'c'\n\n- d\n```\ne",
                "a\n.sp\n.RS 4\n.EX\n\\&.b \\(aqc\\(aq\n\n\\- d\n.EE\n.RE\n.PP\ne\n",
            ),
            (".a", "\\&.a\n"),
        ] {
            assert_eq!(roff(text), expected, "{text}");
        }
    }

    #[test]
    fn what_roff_would_read_as_its_own_is_escaped() {
        for (text, expected) in [
            (r"a\b it's `a-b` c-d ~ ^", "a\\eb it\\(aqs \\fBa\\-b\\fR c-d \\(ti \\(ha\n"),
            ("an `x`", "an \\fBx\\fR\n"),
            ("1.2 is \u{d7}", "1.2 is \\[u00D7]\n"),
        ] {
            assert_eq!(roff(text), expected, "{text}");
        }
    }
}
