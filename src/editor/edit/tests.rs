//! Texts before and after, for every format.

use super::{Aim, Format, Language, Variable};
use crate::editor::text::difference;
use crate::ui::failure::Mark;
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, proptest};

const TARGET: &str = "/srv/x/alice/target";
const VSCODE: Format = Format::Table(Language::Json, &["rust-analyzer.server.extraEnv"]);
const ZED: Format = Format::Table(Language::Json, &["lsp", "rust-analyzer", "binary", "env"]);
const HELIX: Format =
    Format::Table(Language::Toml, &["language-server", "rust-analyzer", "environment"]);
const RUST_ANALYZER: Format = Format::Table(Language::Toml, &["cargo", "extraEnv"]);
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
    assert_eq!(remove(ZED, deep), "{\n}\n");
    assert!(Format::is_vacant(&remove(ZED, deep)));
    let with_path = deep.replace("\"binary\": {", "\"binary\": {\n        \"path\": \"/x\",");
    let expected = "{\n  \"lsp\": {\n    \"rust-analyzer\": {\n      \"binary\": {\n        \
                    \"path\": \"/x\"\n      }\n    }\n  }\n}\n";
    assert_eq!(remove(ZED, &with_path), expected);
    // What a person has written into a table of ours keeps it alive.
    let with_comment = deep.replace("target\"\n", "target\" // kept\n");
    let expected = deep.replace("\"CARGO_TARGET_DIR\": \"/srv/x/alice/target\"", "// kept");
    assert_eq!(remove(ZED, &with_comment), expected);
    let between = "{\"rust-analyzer.server.extraEnv\": {\"A\": \"1\", \"CARGO_TARGET_DIR\": \
                   \"/srv/x/alice/target\", \"B\": \"2\"}}";
    let expected = "{\"rust-analyzer.server.extraEnv\": {\"A\": \"1\", \"B\": \"2\"}}";
    assert_eq!(remove(VSCODE, between), expected);
}

#[test]
fn toml_is_inserted_and_taken_back() {
    for (before, after) in [
        ("", "[cargo.extraEnv]\nV = \"D\"\n"),
        ("# mine\n", "# mine\n\n[cargo.extraEnv]\nV = \"D\"\n"),
        ("a = 1 # one\n# end", "a = 1 # one\n# end\n\n[cargo.extraEnv]\nV = \"D\"\n"),
        (
            "[cargo]\nfeatures = [\n  'x', # why\n]\n\n# next\n[check]\ncommand = 'clippy'\n# end\n",
            "[cargo]\nfeatures = [\n  'x', # why\n]\n\n# next\n[check]\ncommand = 'clippy'\n# end\n\
             \n[cargo.extraEnv]\nV = \"D\"\n",
        ),
        (
            "[cargo.extraEnv] # env\nA = 'b' # c\n\n# next\n[check]\n",
            "[cargo.extraEnv] # env\nA = 'b' # c\nV = \"D\"\n\n# next\n[check]\n",
        ),
        ("cargo.extraEnv.A = 'b'\n", "cargo.extraEnv.A = 'b'\ncargo.extraEnv.V = \"D\"\n"),
        ("cargo.noDeps = true\n", "cargo.noDeps = true\n\n[cargo.extraEnv]\nV = \"D\"\n"),
        ("cargo = { noDeps = true }\n", "cargo = { noDeps = true, extraEnv = { V = \"D\" } }\n"),
        (
            "[cargo]\nextraEnv = { A = 'b' } # c\n",
            "[cargo]\nextraEnv = { A = 'b', V = \"D\" } # c\n",
        ),
        ("[\"cargo\".\"extraEnv\"]\nA = 'b'\n", "[\"cargo\".\"extraEnv\"]\nA = 'b'\nV = \"D\"\n"),
        (
            "[ cargo . 'extraEnv' ] # c\nA = 'b'\n[ check ]\n\"x\" = 1\n",
            "[ cargo . 'extraEnv' ] # c\nA = 'b'\nV = \"D\"\n[ check ]\n\"x\" = 1\n",
        ),
        ("[cargo]\nextraEnv = {A = 'b'}", "[cargo]\nextraEnv = { A = 'b', V = \"D\" }\n"),
    ] {
        let long = |text: &str| {
            text.replace("V =", "CARGO_TARGET_DIR =").replace("\"D\"", &format!("\"{TARGET}\""))
        };
        let found = edit(RUST_ANALYZER, before);
        assert_eq!(found, long(after), "{before}");
        assert_eq!(edit(RUST_ANALYZER, &found), found);
        let back = before.replace("{A = 'b'}", "{ A = 'b' }");
        assert_eq!(remove(RUST_ANALYZER, &found).trim_end(), back.trim_end());
    }
    let old = "[cargo.extraEnv]\nCARGO_TARGET_DIR   =   '/srv/x/bob/target'   # his\n";
    let new = format!("[cargo.extraEnv]\nCARGO_TARGET_DIR   =   \"{TARGET}\"   # his\n");
    assert_eq!(edit(RUST_ANALYZER, old), new);
}

#[test]
fn mixed_line_ends_stay() {
    for (format, before) in [
        (VSCODE, "{\r\n  \"a\": 1,\n  \"b\": 2\r\n}\r\n"),
        (RUST_ANALYZER, "a = 1\r\nb = 2\n# c\r\n"),
        (RUST_ANALYZER, "a = 1\nb = 2\r\n# c\n"),
        (Format::Elisp, "(a)\r\n(b)\n(c)\r\n"),
    ] {
        let found = edit(format, before);
        assert_eq!(edit(format, &found), found);
        assert_eq!(remove(format, &found), before, "by way of {found:?}");
    }
}

#[test]
fn comments_of_toml_stay_where_ours_is_taken_away() {
    for (before, after) in [
        ("[T]\n# a\nV # b\n# c\n", "[T]\n# a\n# b\n# c\n"),
        ("[T]\nA = 1\n# a\nV # b\nB = 2\n", "[T]\nA = 1\n# a\n# b\nB = 2\n"),
        ("[T] # a\nV\n", "[T] # a\n"),
        ("a = 1\n\n[ \"cargo\" . extraEnv ]\nV\n\n[check]\n", "a = 1\n\n[check]\n"),
        ("# a\n[T]\nV\n", "# a\n"),
        ("[T]\nV\n\n# of check\n[check]\n", "\n# of check\n[check]\n"),
        ("# a\nT.V # b\n# c\nb = 1\n", "# a\n# b\n# c\nb = 1\n"),
        ("[cargo] # a\n# b\nextraEnv = { V } # c\n", "[cargo] # a\n# b\n# c\n"),
        ("cargo = { a = 1, extraEnv = { V } } # a\n", "cargo = { a = 1 } # a\n"),
        ("a = 1\n\n[cargo]\n\n[T]\nV", "a = 1\n\n[cargo]\n"),
    ] {
        let ours = before.replace('T', "cargo.extraEnv");
        let ours = ours.replace('V', &format!("CARGO_TARGET_DIR = '{TARGET}'"));
        assert_eq!(remove(RUST_ANALYZER, &ours), after.replace('T', "cargo.extraEnv"));
    }
    let lines =
        format!("cargo = {{ extraEnv = {{\n# a\nCARGO_TARGET_DIR = '{TARGET}' # b\n}} }}\n");
    let refused = RUST_ANALYZER.edit(&lines, &aim(TARGET).withdrawn()).unwrap_err();
    assert!(refused.text.starts_with("line 1: "), "{refused}");
}

#[test]
fn comments_of_json_stay_where_ours_is_taken_away() {
    for (before, after) in [
        (
            "{\n  // a\n  E: {\n    // b\n    V // c\n  }\n}\n",
            "{\n  // a\n  E: {\n    // b\n    // c\n  }\n}\n",
        ),
        (
            "{ E: { K /* a */ : /* b */ D /* c */, /* d */ \"B\": 2 } }",
            "{ E: { /* a *//* b */ /* c */ /* d */ \"B\": 2 } }",
        ),
        ("{ E: { \"A\": 1, V\n // a\n, \"B\": 2 }}", "{ E: { \"A\": 1,\n // a\n \"B\": 2 }}"),
        (
            "{ \"a\": 1, /* b */ E /* c */: /* d */ { V } /* e */, \"z\": 0 }",
            "{ \"a\": 1, /* b */ /* c *//* d */ /* e */ \"z\": 0 }",
        ),
    ] {
        let long = |text: &str| {
            text.replace('V', "K: D")
                .replace('D', &format!("\"{TARGET}\""))
                .replace('E', "\"rust-analyzer.server.extraEnv\"")
                .replace('K', "\"CARGO_TARGET_DIR\"")
        };
        assert_eq!(remove(VSCODE, &long(before)), long(after), "{before}");
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
        (RUST_ANALYZER, "a = 1\nb =\n", 2),
        (RUST_ANALYZER, "\ncargo = 1\n", 2),
        (RUST_ANALYZER, "a = 1\n[cargo]\nextraEnv = {\n A = 'b' }\n", 3),
        (RUST_ANALYZER, "[cargo]\n[ \"cargo\" . extraEnv ]\n", 1),
        (RUST_ANALYZER, "[cargo.extraEnv]\r\nA = 'b'\n", 1),
        (HELIX, "[[language-server]]\n", 1),
        (Format::Lua, "print(1)\n", 1),
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
fn byte_order_mark_and_line_ends_stay() {
    for format in [VSCODE, ZED, RUST_ANALYZER, Format::Elisp] {
        let text = match format {
            Format::Table(Language::Json, _) => "{\n  \"a\": 1\n}",
            Format::Table(Language::Toml, _) => "# a\n",
            Format::Lua | Format::Elisp => "(a)\n",
        };
        let crlf = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        let found = edit(format, &crlf);
        assert!(found.starts_with('\u{feff}') && found.contains(TARGET), "{found:?}");
        assert_eq!(found.matches('\n').count(), found.matches("\r\n").count(), "{found:?}");
        assert_eq!(remove(format, &found), crlf);
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
    let path = "/srv/x/it's \"a\" \\ back\tslash/ä ${USER} é\u{1b}9/target";
    for format in [VSCODE, ZED] {
        let text = format.edit("", &aim(path)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut table = &json;
        let Format::Table(_, keys) = format else { unreachable!() };
        keys.iter().for_each(|key| table = &table[key]);
        assert_eq!(table["CARGO_TARGET_DIR"], path);
    }
    let text = RUST_ANALYZER.edit("", &aim(path)).unwrap();
    let toml: toml_edit::DocumentMut = text.parse().unwrap();
    assert_eq!(toml["cargo"]["extraEnv"]["CARGO_TARGET_DIR"].as_str(), Some(path));
    let lua = Format::Lua.edit("", &aim(path)).unwrap();
    let expected =
        r#"CARGO_TARGET_DIR = "/srv/x/it's \"a\" \\ back\009slash/ä ${USER} é\0279/target","#;
    assert!(lua.contains(expected), "{lua}");
    let elisp = Format::Elisp.edit("", &aim(path)).unwrap();
    let expected = r#""/srv/x/it's \"a\" \\ back\011slash/ä ${USER} é\0339/target""#;
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
            let [back, text] = [remove(format, &found), text]
                .map(|it| it.split_whitespace().collect::<String>().replace(',', ""));
            prop_assert!(VSCODE.edit(&remove(format, &found), &aim(TARGET).withdrawn()).is_ok());
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
    fn toml_loses_no_comment_with_ours(lines in prop::collection::vec(TOML_LINES_OF_OURS, 0..6)) {
        let text = lines.join("\n") + "\n";
        let Ok(found) = RUST_ANALYZER.edit(&text, &aim(TARGET).withdrawn()) else { return Ok(()) };
        let [before, after] = [&text, &found].map(|it| it.matches('#').count());
        prop_assert_eq!(before, after, "{} became {}", text, found);
        prop_assert_eq!(others(&text), others(&found), "{} became {}", text, found);
    }

    #[test]
    fn toml_only_gains_what_is_inserted_and_comes_back(
        lines in prop::collection::vec(TOML_LINES, 0..6),
        end in "|\n|\n\n",
        helix in proptest::bool::ANY,
    ) {
        let text = lines.join("\n") + &end;
        let format = if helix { HELIX } else { RUST_ANALYZER };
        let Ok(found) = format.edit(&text, &aim(TARGET)) else { return Ok(()) };
        prop_assert!(found.contains(TARGET));
        let mut rest = found.lines();
        let stays = |line: &str| !line.contains('{');
        prop_assert_eq!(others(&text), others(&found), "{} became {}", text, found);
        prop_assert!(text.lines().filter(|it| stays(it)).all(|line| rest.any(|it| it == line)));
        prop_assert_eq!(&edit(format, &found), &found);
        // An empty table of a person's goes with ours, however it is spelled.
        let empty = ["[cargo.extraEnv]", "[ \"cargo\" . extraEnv ]", "{}"];
        if !empty.iter().any(|table| text.contains(table)) {
            let back = remove(format, &found);
            prop_assert_eq!(back.trim_end(), text.trim_end(), "by way of {:?}", found);
        }
    }
}

const TOML_LINES: &str = "a = 1 # c|b = [\n 1, # one\n]|# c|\\[cargo\\]|\\[cargo.extraEnv\\] # c|A = 'b'|\
    cargo = \\{ A = 'b' \\} # c|extraEnv = \\{ A = 'b' \\}|extraEnv.A = 1|cargo.extraEnv = \\{\\}|\
    \\[language-server.rust-analyzer\\]|\\[ \"cargo\" . extraEnv \\]|\\[\\[ 'x' \\]\\]|command = 'x'|\\[\\[language\\]\\]\n#c\nname = 'rust'|";

const TOML_LINES_OF_OURS: &str = "# c||\\[cargo\\] # c|\\[cargo.extraEnv\\]|\\[ \"cargo\" . extraEnv \\] # c|A = 'b'|\
    CARGO_TARGET_DIR = '/srv/x/b'|CARGO_TARGET_DIR = '/srv/x/b' # c|\\[check\\]|\\[\\[ \"x\" \\]\\]|\
    extraEnv = \\{ CARGO_TARGET_DIR = '/srv/x/b' \\} # c|extraEnv.CARGO_TARGET_DIR = '/srv/x/b' # c";

/// Every value of TOML but ours, with the way to it.
fn others(text: &str) -> Vec<String> {
    fn values(item: &toml_edit::Item, way: &str) -> Vec<String> {
        match item.as_table_like() {
            Some(table) => {
                table.iter().flat_map(|(key, item)| values(item, &format!("{way}.{key}"))).collect()
            }
            None => vec![format!("{way} = {}", item.to_string().trim())],
        }
    }
    let text: toml_edit::DocumentMut = text.parse().unwrap();
    let mut values = values(text.as_item(), "");
    values.retain(|value| !value.contains("CARGO_TARGET_DIR"));
    values
}

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
