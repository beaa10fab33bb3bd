//! Texts before and after, for every format.

use super::{Aim, Format, Variable};
use crate::editor::change::difference;
use crate::ui::failure::Mark;
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, proptest};

const TARGET: &str = "/srv/x/alice/target";
const VSCODE: Format = Format::Json(&["rust-analyzer.server.extraEnv"]);
const ZED: Format = Format::Json(&["lsp", "rust-analyzer", "binary", "env"]);
const HELIX: Format = Format::Toml(&["language-server", "rust-analyzer", "environment"]);
const RUST_ANALYZER: Format = Format::Toml(&["cargo", "extraEnv"]);
const ALL: [Format; 6] = [VSCODE, ZED, HELIX, RUST_ANALYZER, Format::Lua, Format::Elisp];

fn aim(target: &str) -> Aim {
    let variables = vec![
        Variable { name: "CARGO_TARGET_DIR", value: Some(target.into()) },
        Variable { name: "CARGO_BUILD_BUILD_DIR", value: None },
    ];
    Aim { variables, roots: vec!["/srv/x".into()] }
}

fn edit(format: Format, text: &str) -> String {
    format.edit(text, &aim(TARGET)).unwrap()
}

fn remove(format: Format, text: &str) -> String {
    format.edit(text, &aim(TARGET).withdrawn()).unwrap()
}

#[test]
fn json_is_inserted_where_it_looks_like_its_neighbours() {
    for (before, after) in [
        ("", "{\n  \"E\": {\n    \"V\": \"D\"\n  }\n}\n"),
        ("// mine\n", "// mine\n{\n  \"E\": {\n    \"V\": \"D\"\n  }\n}\n"),
        ("{ }\n", "{\n  \"E\": {\n    \"V\": \"D\"\n  }\n}\n"),
        ("{\n  // c\n}\n", "{\n  // c\n  \"E\": {\n    \"V\": \"D\"\n  }\n}\n"),
        (
            "{\n\t\"a\": [1,], // one\n\n\t// the end\n}",
            "{\n\t\"a\": [1,], // one\n\t\"E\": {\n\t\t\"V\": \"D\"\n\t},\n\n\t// the end\n}",
        ),
        (
            "{\n  \"a\": 1, /* x */ // one, two\n}\n",
            "{\n  \"a\": 1, /* x */ // one, two\n  \"E\": {\n    \"V\": \"D\"\n  },\n}\n",
        ),
        ("{\"a\": 1}", "{\n  \"a\": 1,\n  \"E\": {\n    \"V\": \"D\"\n  }\n}"),
        (
            "{\n  \"E\": {\n     \"A\": \"b\" // c\n  },\n  \"z\": { \"y\": 0 }\n}\n",
            "{\n  \"E\": {\n     \"A\": \"b\", // c\n     \"V\": \"D\"\n  },\n  \"z\": { \"y\": 0 }\n}\n",
        ),
        (
            "{ \"E\": { /* old */ \"V\" : \"/srv/x/bob/target\" } }",
            "{ \"E\": { /* old */ \"V\" : \"D\" } }",
        ),
    ] {
        let long = |text: &str| {
            text.replace("\"E\"", "\"rust-analyzer.server.extraEnv\"")
                .replace("\"V\"", "\"CARGO_TARGET_DIR\"")
                .replace("\"D\"", &format!("\"{TARGET}\""))
        };
        let found = edit(VSCODE, &long(before));
        assert_eq!(found, long(after), "{before}");
        assert_eq!(edit(VSCODE, &found), found);
    }
}

#[test]
fn json_is_taken_back_with_the_tables_that_hold_nothing_else() {
    let deep = "{\n  \"lsp\": {\n    \"rust-analyzer\": {\n      \"binary\": {\n        \"env\": {\n          \
                \"CARGO_TARGET_DIR\": \"/srv/x/alice/target\"\n        }\n      }\n    }\n  }\n}\n";
    assert_eq!(edit(ZED, ""), deep);
    assert_eq!(remove(ZED, deep), "{}\n");
    assert!(Format::is_vacant(&remove(ZED, deep)));
    let with_path = deep.replace("\"binary\": {", "\"binary\": {\n        \"path\": \"/x\",");
    let expected = "{\n  \"lsp\": {\n    \"rust-analyzer\": {\n      \"binary\": {\n        \
                    \"path\": \"/x\"\n      }\n    }\n  }\n}\n";
    assert_eq!(remove(ZED, &with_path), expected);
    // What a person has written into a table of ours keeps it alive.
    let with_comment = deep.replace("target\"\n", "target\"\n          // kept\n");
    let expected = deep.replace("\"CARGO_TARGET_DIR\": \"/srv/x/alice/target\"", "// kept");
    assert_eq!(remove(ZED, &with_comment), expected);
    let between = "{\"rust-analyzer.server.extraEnv\": {\"A\": \"1\", \"CARGO_TARGET_DIR\": \
                   \"/srv/x/alice/target\", \"B\": \"2\"}}";
    let expected = "{\"rust-analyzer.server.extraEnv\": {\"A\": \"1\", \"B\": \"2\"}}";
    assert_eq!(remove(VSCODE, between), expected);
}

#[test]
fn comments_of_json_stay_where_ours_is_taken_away() {
    for (before, after) in [
        (
            "{\n  // a\n  E: {\n    // b\n    V\n    // c\n  }\n}\n",
            "{\n  // a\n  E: {\n    // b\n    // c\n  }\n}\n",
        ),
        (
            "{ E: {\n  \"A\": 1, // a\n\n  // b\n  V,\n  // c\n  \"B\": 2 // d\n} }",
            "{ E: {\n  \"A\": 1, // a\n\n  // b\n  // c\n  \"B\": 2 // d\n} }",
        ),
        ("{ E: {\n \"A\": 1, // a\n V\n} }", "{ E: {\n \"A\": 1 // a\n} }"),
        ("{ \"a\": 1, E: { V }, /* b */ \"z\": 0 }", "{ \"a\": 1, /* b */ \"z\": 0 }"),
    ] {
        assert_eq!(remove(VSCODE, &long(before)), long(after), "{before}");
    }
    // The library would remove these, so the file is refused.
    for text in ["{ E: { V /* a */ } }", "{ E: { /* a */ V } }", "{ E /* a */ : { V } }"] {
        let refused = VSCODE.edit(&long(text), &aim(TARGET).withdrawn()).unwrap_err();
        assert!(refused.text.starts_with("a comment of yours"), "{text}: {refused}");
    }
}

/// `V` is our variable, and `E` the table of Visual Studio Code.
fn long(text: &str) -> String {
    let text = text.replace('E', "\"rust-analyzer.server.extraEnv\"");
    text.replace('V', &format!("\"CARGO_TARGET_DIR\": \"{TARGET}\""))
}

#[test]
fn toml_has_our_table_in_a_block() {
    let block = format!(
        "# >>> cargo-peruser >>>\n[cargo.extraEnv]\nCARGO_TARGET_DIR = \"{TARGET}\"\n\
         # <<< cargo-peruser <<<\n"
    );
    for before in [
        "",
        "# mine\n",
        "a = 1 # one\n# end\n",
        "[cargo]\nfeatures = [\n  'x', # why\n]\n\n# next\n[ \"check\" ]\ncommand = 'clippy'\n",
        "cargo.noDeps = true\n",
        "a = 1\r\nb = 2\n# c\r\n",
    ] {
        let found = edit(RUST_ANALYZER, before);
        assert_eq!(found, format!("{before}{block}"));
        assert_eq!(edit(RUST_ANALYZER, &found), found);
        assert_eq!(remove(RUST_ANALYZER, &found), before);
        let moved = format!("{block}{before}");
        assert_eq!(edit(RUST_ANALYZER, &moved), moved);
        assert_eq!(remove(RUST_ANALYZER, &moved), before);
    }
    let unended = edit(RUST_ANALYZER, "a = 1");
    assert_eq!(remove(RUST_ANALYZER, &unended), "a = 1");
}

/// TOML allows no second table, so the person adds the values.
#[test]
fn a_table_of_the_persons_own_stays_as_it_is() {
    let set = |value: &str| format!("[cargo.extraEnv]\nA = 'b'\nCARGO_TARGET_DIR = '{value}'\n");
    assert_eq!(edit(RUST_ANALYZER, &set(TARGET)), set(TARGET));
    assert_eq!(remove(RUST_ANALYZER, &set(TARGET)), set(TARGET));
    for text in [
        "[cargo.extraEnv]\nA = 'b'\n",
        "[ \"cargo\" . extraEnv ]\n",
        "cargo.extraEnv.A = 'b'\n",
        "cargo = { noDeps = true }\n",
    ] {
        let refused = RUST_ANALYZER.edit(text, &aim(TARGET)).unwrap_err();
        let expected = "your own table `cargo.extraEnv`, or the one around it, cannot be extended";
        assert_eq!(refused.text, expected, "{text}");
        assert_eq!(remove(RUST_ANALYZER, text), text);
    }
}

#[test]
fn line_ends_stay() {
    for (format, before) in [
        (VSCODE, "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n"),
        (VSCODE, "{\r\n  \"a\": 1,\n  \"b\": 2\r\n}\r\n"),
        (VSCODE, "\u{feff}{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n"),
        (RUST_ANALYZER, "\u{feff}a = 1\r\nb = 2\n# c\r\n"),
        (Format::Elisp, "(a)\r\n(b)\n(c)\r\n"),
    ] {
        let found = edit(format, before);
        assert!(found.contains(TARGET), "{found:?}");
        assert_eq!(edit(format, &found), found);
        assert_eq!(remove(format, &found), before, "by way of {found:?}");
    }
}

#[test]
fn what_is_refused_names_its_line() {
    for (format, text, line) in [
        (VSCODE, "{\n  \"a\": 1\n  \"b\": 2\n}", 2),
        (VSCODE, "{\n  a: 1\n}", 2),
        (VSCODE, "{\"a\": 1}\n{}", 2),
        (VSCODE, "\n[]", 2),
        (VSCODE, "{\n\"E\": null}", 2),
        (VSCODE, "{\"E\": {},\n\"E\": {}}", 2),
        (VSCODE, "{\n\"a\": +1}", 2),
        (RUST_ANALYZER, "a = 1\nb =\n", 2),
        (RUST_ANALYZER, "\ncargo = 1\n", 2),
        (HELIX, "[[language-server]]\n", 1),
        (Format::Elisp, "(a)\n;; >>> cargo-peruser >>>\n(b)\n", 2),
    ] {
        let text = text.replace("\"E\"", "\"rust-analyzer.server.extraEnv\"");
        let refused = format.edit(&text, &aim(TARGET)).unwrap_err();
        assert!(refused.text.starts_with(&format!("line {line}: ")), "{text}: {refused}");
        assert_eq!(refused.mark, None, "{text}");
    }
}

#[test]
fn a_persons_choice_is_refused_and_stays_where_ours_is_taken_back() {
    for (format, text, line) in [
        (VSCODE, "{\"E\": {\n\"V\":\n\"/tmp/x\"}}", 3),
        (VSCODE, "{\"E\": {\n\"V\": \"/srv/xy\"}}", 2),
        (VSCODE, "{\"E\": {\n\"V\": \"${env:USER}\"}}", 2),
        (VSCODE, "{\"E\": {\n\"V\": null}}", 2),
        (RUST_ANALYZER, "[cargo.extraEnv]\nV = 'x'\n", 2),
        (HELIX, "language-server.rust-analyzer.environment = { V = 'x' }\n", 1),
    ] {
        let text = text.replace("\"E\"", "\"rust-analyzer.server.extraEnv\"");
        let text = text.replace('V', "CARGO_TARGET_DIR");
        let refused = format.edit(&text, &aim(TARGET)).unwrap_err();
        assert!(refused.text.starts_with(&format!("line {line}: ")), "{text}: {refused}");
        assert_eq!(refused.mark, Some(Mark::Chosen), "{text}");
        assert_eq!(remove(format, &text), text);
    }
}

#[test]
fn what_is_ours_and_outdated_is_replaced_or_goes() {
    for format in ALL {
        let old = format.edit("", &aim("/srv/x/alice/old")).unwrap();
        let new = edit(format, &old);
        assert_eq!(new, edit(format, ""));
        assert!(Format::is_vacant(&remove(format, &old)), "{old}");
        // A build directory that is not needed any more goes as well.
        let mut both = aim(TARGET);
        both.variables.iter_mut().for_each(|it| it.value = Some(TARGET.into()));
        let with_both = format.edit("", &both).unwrap();
        assert_eq!(with_both.matches(TARGET).count(), 2);
        assert!(!edit(format, &with_both).contains("BUILD_BUILD"), "{with_both}");
        assert!(Format::is_vacant(&remove(format, &with_both)), "{with_both}");
    }
}

#[test]
fn any_path_is_quoted_for_its_language() {
    let path = "/srv/x/it's \"a\" \\ backslash/ä ${USER} é9/target";
    for format in [VSCODE, ZED] {
        let text = format.edit("", &aim(path)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut table = &json;
        let Format::Json(keys) = format else { unreachable!() };
        keys.iter().for_each(|key| table = &table[key]);
        assert_eq!(table["CARGO_TARGET_DIR"], path);
    }
    let text = RUST_ANALYZER.edit("", &aim(path)).unwrap();
    let found = RUST_ANALYZER.find(&text, &["cargo", "extraEnv"], "CARGO_TARGET_DIR");
    assert_eq!(found.unwrap().unwrap().says.as_deref(), Some(path));
    let lua = Format::Lua.edit("", &aim(path)).unwrap();
    let expected = r#"CARGO_TARGET_DIR = "/srv/x/it's \"a\" \\ backslash/ä ${USER} é9/target","#;
    assert!(lua.contains(expected), "{lua}");
    let elisp = Format::Elisp.edit("", &aim(path)).unwrap();
    let expected = r#""/srv/x/it's \"a\" \\ backslash/ä ${USER} é9/target""#;
    assert!(elisp.contains(expected), "{elisp}");
}

#[test]
fn differences_are_fit_for_a_terminal() {
    let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    let new = "1\n2\n3\n4\n5\nx\u{1b}[2J\n\t6\r\n7\n8\n9\n";
    let expected = " 3\n 4\n 5\n-6\n+x\\u{1b}[2J\n+\t6\n 7\n 8\n 9";
    assert_eq!(difference(old, new), expected);
}

const JSON_NAMES: &str = "a|b|lsp|rust-analyzer|binary|env|rust-analyzer.server.extraEnv";
const JSON_LEAVES: &str = "1|null|\"x,y\"|\\[1, 2\\]";

/// JSON with comments, trailing commas and any spacing, and the table of variables now and then.
fn json(name: &'static str, leaf: &'static str) -> impl Strategy<Value = String> {
    let gap = || "[ \t\n]{0,2}|\n *// c[,{}\"]*\n|/\\* , \\*/| // x\n  ";
    let object = move |inner: proptest::strategy::BoxedStrategy<String>| {
        let entry = (gap(), name, gap(), inner, gap());
        (prop::collection::vec(entry, 0..4), gap(), proptest::bool::ANY).prop_map(
            |(entries, end, trailing)| {
                let mut seen = Vec::new();
                let entries: Vec<String> = entries
                    .into_iter()
                    .filter(|(_, name, ..)| {
                        let is_new = !seen.contains(name);
                        seen.push(name.clone());
                        is_new
                    })
                    .map(|(a, name, b, value, c)| format!("{a}\"{name}\"{b}:{value}{c}"))
                    .collect();
                let comma = if trailing && !entries.is_empty() { "," } else { "" };
                format!("{{{}{comma}{end}}}", entries.join(","))
            },
        )
    };
    object(leaf.prop_recursive(4, 24, 4, move |inner| object(inner.boxed())).boxed())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn json_only_gains_what_is_inserted_and_comes_back(
        text in json(JSON_NAMES, JSON_LEAVES),
        zed in proptest::bool::ANY,
    ) {
        let format = if zed { ZED } else { VSCODE };
        let Ok(found) = format.edit(&text, &aim(TARGET)) else { return Ok(()) };
        prop_assert!(found.contains(TARGET));
        // Every byte of the person's is still there, in its order; white space of an empty object
        // may make room.
        let mut rest = found.chars();
        let is_kept = |c: char| !c.is_whitespace();
        prop_assert!(text.chars().filter(|c| is_kept(*c)).all(|c| rest.any(|found| found == c)));
        prop_assert_eq!(&edit(format, &found), &found);
        // Tables that were empty before may go with ours, braces may get lines of their own, and the
        // last entry may keep its comma.
        if !has_empty(&text) {
            let Ok(back) = format.edit(&found, &aim(TARGET).withdrawn()) else { return Ok(()) };
            prop_assert!(VSCODE.edit(&back, &aim(TARGET).withdrawn()).is_ok());
            let [back, text] =
                [back, text].map(|it| it.split_whitespace().collect::<String>().replace(',', ""));
            prop_assert_eq!(back, text, "by way of {:?}", found);
        }
    }

    #[test]
    fn json_loses_no_comment_with_ours(
        text in json("a|rust-analyzer.server.extraEnv|CARGO_TARGET_DIR", "1|\"/srv/x/b\""),
    ) {
        let Ok(found) = VSCODE.edit(&text, &aim(TARGET).withdrawn()) else { return Ok(()) };
        for comment in ["//", "/*"] {
            let [before, after] = [&text, &found].map(|it| it.matches(comment).count());
            prop_assert_eq!(before, after, "{} became {}", text, found);
        }
        prop_assert_eq!(remove(VSCODE, &found), found);
    }

    #[test]
    fn toml_only_gains_our_block(lines in prop::collection::vec(TOML_LINES, 0..6), end in "|\n|\n\n") {
        let text = lines.join("\n") + &end;
        let Ok(found) = RUST_ANALYZER.edit(&text, &aim(TARGET)) else { return Ok(()) };
        prop_assert!(found.starts_with(&text) && found.contains(TARGET));
        prop_assert_eq!(&edit(RUST_ANALYZER, &found), &found);
        prop_assert_eq!(remove(RUST_ANALYZER, &found), text);
    }
}

const TOML_LINES: &str = "a = 1 # c|b = [\n 1, # one\n]|# c|\\[cargo\\]|\\[cargo.extraEnv\\] # c|A = 'b'|\
    cargo = \\{ A = 'b' \\} # c|extraEnv.A = 1|cargo.extraEnv = \\{\\}|\\[ \"cargo\" . extraEnv \\]|\
    \\[\\[ 'x' \\]\\]|command = 'x'|";

/// Whether an object holds nothing but spaces and comments.
fn has_empty(text: &str) -> bool {
    let bare = |rest: &str| {
        let mut rest = rest.trim_start();
        while rest.starts_with("//") || rest.starts_with("/*") {
            let end = if rest.starts_with("//") { "\n" } else { "*/" };
            rest = rest.split_once(end).map_or("", |(_, rest)| rest).trim_start();
        }
        rest.starts_with('}')
    };
    text.match_indices('{').any(|(at, _)| bare(text.get(at + 1..).unwrap_or_default()))
}
