//! `explain --json`: keys and names that programs may rely on.

use serde_json::Value;

use crate::prelude::*;

tests![
    each_rule_has_its_number_and_name,
    the_keys_of_json_stay_as_they_are,
    both_outputs_tell_the_same,
];

fn each_rule_has_its_number_and_name() {
    let world = World::new();
    let outer = world.at("root").join(person()).join("outer").into_os_string();
    let plain = |words: &'static [&'static str]| (words, vec![]);
    let by = |name: &'static str, value: &str| (&["build"][..], vec![(name, value.to_owned())]);
    let outer = outer.to_str().unwrap().to_owned();
    for ((words, variables), rule, number) in [
        (by("CARGO_PERUSER", "off"), "bypassed", 1),
        (by("CARGO_PERUSER_SHARED_ROOT", "/nonexistent/root"), "no-shared-root", 2),
        (by("CARGO_PERUSER_EXCLUDE_USERS", &person()), "no-directory", 3),
        (
            (
                &["build"][..],
                vec![
                    ("OUT_DIR", format!("{outer}/build/x/out")),
                    ("CARGO_MANIFEST_DIR", "/m".into()),
                    ("HOST", "x".into()),
                    ("TARGET", "x".into()),
                    ("NUM_JOBS", "2".into()),
                    ("CARGO_TARGET_DIR", outer.clone()),
                ],
            ),
            "build-script",
            4,
        ),
        (plain(&["build", "--target-dir", "x"]), "explicit", 5),
        (by("CARGO_TARGET_DIR", "/elsewhere"), "explicit", 5),
        (by("CARGO_TARGET_DIR", &outer), "inherited", 6),
        (plain(&["build"]), "redirected", 7),
    ] {
        let run = world.by_name([&["explain", "--json", "--"], words].concat());
        // `include` overrides every exclusion.
        let run = match number {
            3 => run.unset("CARGO_PERUSER_INCLUDE_USERS"),
            _ => run,
        };
        let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value));
        let found: Value = serde_json::from_str(run.run().printed()).unwrap();
        let shim = &found["shim"];
        assert_eq!((&shim["rule"], &shim["rule_number"]), (&rule.into(), &number.into()));
    }
}

fn both_outputs_tell_the_same() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    let text = world.by_name(["explain"]).run();
    let found = json(&world, &["build"]);
    for value in [
        &found["by_name"]["target_dir"],
        &found["by_name"]["reason"],
        &found["workspace"]["path"],
        &found["by_name"]["real_cargo"],
        &found["by_name"]["passed_over"][0]["path"],
        &found["settings"][0]["value"],
        &found["settings"][0]["origin"],
    ] {
        let value = world.redact(value.as_str().unwrap());
        assert!(text.printed().contains(&value), "{value} in {}", text.stdout);
    }
}

fn the_keys_of_json_stay_as_they_are() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    let found = json(&world, &["build"]);
    assert_eq!(keys(&found), "account by_name leftover settings shim workspace");
    for door in ["by_name", "shim"] {
        assert_eq!(
            keys(&found[door]),
            "build_dir build_dir_overrides compile_cache compile_cache_note help passed_over private_dir \
              provision real_cargo reason refusal removed_variables rule rule_number state sticky_root target_dir warning"
        );
        assert_eq!(keys(&found[door]["passed_over"][0]), "path reason");
    }
    assert_eq!(keys(&found["account"]), "name uid");
    assert_eq!(keys(&found["workspace"]), "kind path");
    assert_eq!(keys(&found["settings"][0]), "key origin value");
}

/// What `explain --json` prints, unredacted.
pub(crate) fn json(world: &World, words: &[&str]) -> Value {
    world.by_name([&["explain", "--json", "--"], words].concat()).run().silently().json()
}
