//! What is taken for code, and which paths are seen in it.

use super::*;

fn code_of(text: &str) -> String {
    let source = Source::new("src/a.rs", text).unwrap();
    source.code.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn comments_and_test_items_are_not_code() {
    let table = [
        ("a // crate::b\nc", "a c"),
        ("a /* b /* c */ d */ e", "a e"),
        ("//! a\n/// b\nfn c() {}", "fn c ( ) { }"),
        ("#[must_use]\nfn a() { b::c }", "# [ must_use ] fn a ( ) { b :: c }"),
        ("#![expect(a)]\nb", "# ! [ expect ( a ) ] b"),
        (r"fn a<'b>(c: &'b str)", "fn a < ' b > ( c : & ' b str )"),
        ("use a;\n#[cfg(test)]\nuse std::fs;\nb", "use a ; b"),
        ("#[cfg(test)]\n#[path = \"d.rs\"]\nmod tests { fn c() {} }\nd", "d"),
        ("mod a { #[cfg(test)] mod tests; }", "mod a { }"),
    ];
    for (text, expected) in table {
        assert_eq!(code_of(text), expected, "{text}");
    }
}

#[test]
fn tokens_know_their_lines() {
    let source = Source::new("src/a.rs", "one\n/* two\nthree */\n\"four\nfive\"\nsix").unwrap();
    let lines: Vec<_> = source.code.iter().map(|token| token.lines.clone()).collect();
    assert_eq!(lines, [1..=1, 4..=5, 6..=6]);
}

#[test]
fn finds_every_way_to_write_a_path() {
    type Row = (&'static str, &'static [&'static str], &'static [(usize, &'static str)]);
    let table: [Row; 9] = [
        ("use crate::sys;", &["crate"], &[(1, "sys")]),
        ("let a = crate::sys::exec(b);", &["crate"], &[(1, "sys")]),
        (
            "use crate::{error::E,\n    core::{a, b}, sys};",
            &["crate"],
            &[(1, "error"), (2, "core"), (2, "sys")],
        ),
        ("use ::std::fs;", &["std"], &[(1, "fs")]),
        ("use {std::fs, std::io::{Read, Write}};", &["std"], &[(1, "fs"), (1, "io")]),
        ("my_std::fs; a::std::fs; std_x::fs", &["std"], &[]),
        ("use crate::*;", &["crate"], &[(1, "*")]),
        ("super::super::sys::a()", &["super", "super"], &[(1, "sys")]),
        ("settings.users.len()", &["users"], &[]),
    ];
    for (code, root, expected) in table {
        assert_eq!(Source::new("src/a.rs", code).unwrap().mentions(root), expected, "{code}");
    }
}
