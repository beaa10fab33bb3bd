//! `explain --json`: keys and names that programs may rely on.

use serde_json::Value;

use crate::prelude::*;

tests![the_keys_of_json_stay_as_they_are, both_outputs_tell_the_same,];

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
