//! `doctor`: its JSON, which programs may rely on, its checks and its exit codes.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::harness::World;
use crate::runner::tests;

pub(crate) fn tests() -> Vec<Trial> {
    tests![the_keys_of_json_stay_as_they_are, checks_are_chosen_by_name, it_changes_nothing]
}

/// The keys of each object, and the types of their values.
const REPORT: &[(&str, &str)] =
    &[("version", "number"), ("findings", "array"), ("made", "array"), ("not_made", "array")];
const FINDING: &[(&str, &str)] = &[
    ("id", "string"),
    ("severity", "string"),
    ("subject", "string"),
    ("path", "string or null"),
    ("owner", "string or null"),
    ("text", "string"),
    ("help", "string or null"),
];
const NOT_MADE: &[(&str, &str)] = &[("id", "string"), ("reason", "string")];

fn conforms(value: &Value, schema: &[(&str, &str)]) {
    let object = value.as_object().unwrap();
    let keys: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(keys, schema.iter().map(|(key, _)| *key).collect(), "{value}");
    for (key, types) in schema {
        let found = match &object[*key] {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        assert!(types.split(" or ").any(|it| it == found), "{key} is a {found} in {value}");
    }
}

fn the_keys_of_json_stay_as_they_are() {
    let world = World::new();
    let off = world.by_name(["doctor", "--json"]).var("CARGO_PERUSER", "off").run();
    let mistake = world.by_name(["doctor", "--json"]).var("CARGO_PERUSER_SCOPE", "x").run();
    assert_eq!((off.code(), mistake.code()), (0, 1), "{}", mistake.out);
    for output in [off, mistake] {
        let report: Value = serde_json::from_str(&output.out).unwrap();
        conforms(&report, REPORT);
        assert_eq!(report["version"], 1);
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings[0]["id"], "settings", "{report}");
        for finding in findings {
            conforms(finding, FINDING);
            let severity = finding["severity"].as_str().unwrap();
            assert!(["note", "warn", "fail"].contains(&severity), "{severity}");
        }
        report["not_made"].as_array().unwrap().iter().for_each(|it| conforms(it, NOT_MADE));
        assert!(report["made"].as_array().unwrap().iter().all(Value::is_string));
    }
}

fn checks_are_chosen_by_name() {
    let world = World::new();
    let listed = world.by_name(["doctor", "--list"]).run().printed().to_owned();
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(ids.starts_with(&["settings", "root", "private-dir"]), "{ids:?}");
    let doctor = |words: &[&'static str]| {
        world.by_name([&["doctor"], words].concat()).var("CARGO_PERUSER", "off").run()
    };
    for (words, code, says) in [
        (&["root"][..], 0, "no problem found: 1 check made"),
        (&["root", "toolchain"], 0, "no problem found: 2 checks made"),
        (&["settings"], 0, "warn[settings]: CARGO_PERUSER=off"),
        (&["settings", "--strict"], 1, "  help: unset CARGO_PERUSER\n"),
    ] {
        let output = doctor(words);
        assert_eq!(output.code(), code, "{words:?}: {}", output.out);
        assert!(output.out.contains(says), "{words:?}: {}", output.out);
    }
    assert_eq!(doctor(&["nothing"]).code(), 2);
}

fn it_changes_nothing() {
    let world = World::new();
    let before = world.made();
    assert_eq!(world.by_name(["doctor"]).run().code(), 0);
    assert_eq!(world.made(), before);
}
