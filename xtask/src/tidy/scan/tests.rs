//! What the text scan takes for code, and which paths it sees.

use super::*;

fn code_of(text: &str) -> String {
    masked(text).replace('"', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn comments_and_literals_are_not_code() {
    let table = [
        ("a // crate::b\nc", "a c"),
        ("a /* b /* c */ d */ e", "a e"),
        (r#"a("b \" c", d)"#, "a(, d)"),
        (r###"a(r#"b " c"#, br"d", e)"###, "a(, , e)"),
        (r"a('b', '\'', '\u{41}', c)", "a(, , , c)"),
        ("fn a<'b>(c: &'b str)", "fn a<'b>(c: &'b str)"),
        ("/* never closed", ""),
        (r#"for x in y { "é" }"#, "for x in y { }"),
    ];
    for (text, expected) in table {
        assert_eq!(code_of(text), expected, "{text}");
    }
}

#[test]
fn lines_stay_where_they_are() {
    let text = "one\n/* two\nthree */\n\"four\nfive\"\nsix";
    let code = masked(text);
    assert_eq!(code.lines().count(), 6);
    assert_eq!(line_of(&code, code.find("six").unwrap()), 6);
}

#[test]
fn test_items_are_blanked_and_nothing_after_them() {
    let text = "use a;\n#[cfg(test)]\nuse std::fs;\nfn b() {}\n#[cfg(test)]\nmod tests { fn c() {} }\nfn d() {}";
    let code = without_tests(&masked(text));
    assert!(!code.contains("fs") && !code.contains("fn c"), "{code}");
    assert!(code.contains("fn b") && code.contains("fn d"), "{code}");
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn finds_every_way_to_write_a_path() {
    type Row = (&'static str, &'static str, &'static [(usize, &'static str)]);
    let table: [Row; 9] = [
        ("use crate::sys;", "crate", &[(1, "sys")]),
        ("let a = crate::sys::exec(b);", "crate", &[(1, "sys")]),
        (
            "use crate::{error::E,\n    core::{a, b}, sys};",
            "crate",
            &[(1, "error"), (2, "core"), (2, "sys")],
        ),
        ("use ::std::fs;", "std", &[(1, "fs")]),
        ("use {std::fs, std::io::{Read, Write}};", "std", &[(1, "fs"), (1, "io")]),
        ("my_std::fs; a::std::fs; std_x::fs", "std", &[]),
        ("use crate::*;", "crate", &[(1, "*")]),
        ("super::super::sys::a()", "super::super", &[(1, "sys")]),
        ("settings.users.len()", "users", &[]),
    ];
    for (code, root, expected) in table {
        let found = paths(code, root);
        let found: Vec<_> = found.iter().map(|m| (m.line, m.segment.as_str())).collect();
        assert_eq!(found, expected, "{code}");
    }
}
