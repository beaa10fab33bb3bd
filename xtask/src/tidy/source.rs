//! Reading Rust as tokens: what is code and what is not, and which paths the code mentions.

use std::ops::RangeInclusive;

use anyhow::anyhow;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

/// A Rust file.
pub(super) struct Source {
    /// From the repository's top, with `/` between the names.
    pub(super) path: String,
    pub(super) text: String,
    /// The code, without comments and what is compiled for tests only.
    pub(super) code: Vec<Token>,
}

/// A name, a literal, a punctuation mark, `::`, or one of a pair of brackets.
pub(super) struct Token {
    pub(super) text: String,
    /// Counted from 1.
    pub(super) lines: RangeInclusive<usize>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> anyhow::Result<Self> {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{path}: {error}"))?;
        let mut code = Vec::new();
        flatten(tokens, &mut code);
        Ok(Self { path: path.to_owned(), text: text.to_owned(), code })
    }

    /// Whether all of it is test code, by its name; clippy's `tests_outside_test_module` holds that
    /// to its word.
    pub(super) fn is_test_file(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Whether it is part of the shipped program rather than of a test, xtask or the build script.
    pub(super) fn is_shipped(&self) -> bool {
        self.path.starts_with("src/") && self.path != "src/build.rs" && !self.is_test_file()
    }

    /// What follows `root` in each path that begins with it, and its line: `sys` for
    /// `crate::sys::exec`, `fs` and `io` for `use std::{fs::File, io}`. The root may have several
    /// names (`["super", "super"]`).
    pub(super) fn mentions(&self, root: &[&str]) -> Vec<(usize, &str)> {
        let root: Vec<&str> = root.iter().flat_map(|name| [*name, "::"]).collect();
        let starts = self.places_of(&root).filter(|at| !self.is_inside_a_path(*at));
        let first = starts.flat_map(|at| first_names(self.code.get(at + root.len()..)));
        first.map(|token| (*token.lines.start(), token.text.as_str())).collect()
    }

    /// Where these tokens stand, one after the other.
    fn places_of(&self, tokens: &[&str]) -> impl Iterator<Item = usize> {
        (0..self.code.len()).filter(|at| {
            let here = self.code.get(*at..at + tokens.len()).unwrap_or_default();
            here.iter().map(|token| token.text.as_str()).eq(tokens.iter().copied())
        })
    }

    /// Whether another name and `::` stand before the token; a `::` alone is part of its path.
    fn is_inside_a_path(&self, at: usize) -> bool {
        let before = self.code.get(..at).unwrap_or_default();
        let [.., name, colons] = before else { return false };
        colons.text == "::" && name.text != "use" && name.is_word()
    }
}

impl Token {
    fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    }
}

/// The token after a path's root, or the first one of each path in a group there.
fn first_names(after: Option<&[Token]>) -> Vec<&Token> {
    let Some([first, ..]) = after else { return Vec::new() };
    if first.text != "{" {
        return vec![first];
    }
    let (mut found, mut depth) = (Vec::new(), 0);
    for pair in after.unwrap_or_default().windows(2) {
        let [before, token] = pair else { continue };
        match before.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && matches!(before.text.as_str(), "{" | ",") && token.text != "}" {
            found.push(token);
        }
    }
    found
}

fn flatten(tokens: TokenStream, code: &mut Vec<Token>) {
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        if is(&tree, '#') {
            let inner = trees.next_if(|next| is(next, '!'));
            let attribute = trees.peek().map(|next| next.to_string().replace(' ', ""));
            let attribute = attribute.unwrap_or_default();
            // A comment for the documentation.
            if attribute.starts_with("[doc=") {
                trees.next();
                continue;
            }
            if attribute == "[cfg(test)]" {
                let is_end = |tree: &TokenTree| is(tree, ';') || is_block(tree);
                trees.find(is_end);
                continue;
            }
            code.push(token(tree.to_string(), tree.span()));
            code.extend(inner.map(|mark| token("!", mark.span())));
        } else if let TokenTree::Group(group) = tree {
            flatten_group(&group, code);
        } else if is(&tree, ':') && trees.next_if(|next| is(next, ':')).is_some() {
            code.push(token("::", tree.span()));
        } else {
            code.push(token(tree.to_string(), tree.span()));
        }
    }
}

fn flatten_group(group: &Group, code: &mut Vec<Token>) {
    let (open, close) = match group.delimiter() {
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::None => ("", ""),
    };
    code.push(token(open, group.span_open()));
    flatten(group.stream(), code);
    code.push(token(close, group.span_close()));
}

fn token(text: impl Into<String>, span: Span) -> Token {
    Token { text: text.into(), lines: span.start().line..=span.end().line }
}

fn is(tree: &TokenTree, mark: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn is_block(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

#[cfg(test)]
mod tests;
