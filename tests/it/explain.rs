//! `explain`: where and why, for people and for programs.

use snapbox::assert_data_eq;
use snapbox::str;

use crate::prelude::*;

tests![
    tells_where_and_why,
    tells_what_happens_without_a_shared_root_and_where_the_shim_differs,
    tells_a_refusal_and_what_to_do_about_it,
    tells_of_a_build_directory_that_is_not_ones_own,
    hostile_names_are_escaped,
    both_outputs_tell_the_same,
    the_keys_of_json_stay_as_they_are,
];

/// The explanation without the padding of columns, which depends on this machine's paths.
fn explained(world: &World, words: &[&str]) -> String {
    let output = world.by_name(words).run();
    assert!(output.calls.is_empty(), "cargo was run");
    let squeeze = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> =
            line.trim_start().split("  ").filter(|part| !part.is_empty()).collect();
        let words: Vec<&str> = words.iter().map(|word| word.trim()).collect();
        format!("{}{}\n", &line[..indent], words.join("  "))
    };
    output.printed().lines().map(squeeze).collect()
}

fn tells_where_and_why() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    world.file("home/.config/cargo-peruser/config.toml", "\nexplicit-target-dir = 'override'\n");
    assert_data_eq!(
        explained(&world, &["--scope=user", "explain"]),
        str![[r#"
target directory  [WORLD]/root/[ME]/target
  because  rule 7: nothing chooses another target directory
  warning  `scope` is `user`: workspaces with packages of the same name can run each other's programs
private directory  [WORLD]/root/[ME] (does not exist yet)
real cargo  [WORLD]/stub/cargo
  passed over  [WORLD]/shim/cargo: it is cargo-peruser itself
the shim  decides the same
account  [ME] (uid [UID])
workspace  [WORLD]/checkout

settings
  shared-root  [WORLD]/root  the environment variable CARGO_PERUSER_SHARED_ROOT
  scope  user  the flag --scope
  explicit-target-dir  override  `[WORLD]/home/.config/cargo-peruser/config.toml` line 2
  real-cargo  -  built in
  compile-cache  off  built in
  exclude.users  []  built in
  exclude.groups  []  built in
  include.users  []  built in
  trusted-owners  []  built in
  sticky-root  refuse  built in
  missing  own-cache  built in

"#]]
    );
    assert!(is_empty(&world.at("root")), "something was made");
}

fn tells_what_happens_without_a_shared_root_and_where_the_shim_differs() {
    let text = explained(&World::without_root(), &["explain"]);
    assert_data_eq!(
        text.split_once("\nsettings\n").unwrap().0,
        str![[r#"
target directory  [WORLD]/home/.cache/cargo-peruser/target
  because  rule 7: nothing chooses another target directory
private directory  [WORLD]/home/.cache/cargo-peruser (does not exist yet)
real cargo  [WORLD]/stub/cargo
  passed over  [WORLD]/shim/cargo: it is cargo-peruser itself
the shim  cargo's own choice (`cargo metadata --no-deps` shows it)
  because  rule 2: no shared root is configured, or it does not exist
account  [ME] (uid [UID])

"#]]
    );
}

fn tells_a_refusal_and_what_to_do_about_it() {
    let world = World::new();
    let private = world.directory(world.private(), 0o500);
    let refusal = json(&world, &["build"])["by_name"]["help"].clone();
    assert_eq!(world.redact(refusal.as_str().unwrap()), "chmod u+rwx [WORLD]/root/[ME]");
    let text = explained(&world, &["explain"]);
    assert!(text.contains("refused") && text.contains("chmod u+rwx [WORLD]/root/[ME]"), "{text}");
    // The target directory itself.
    chmod(&private, 0o700);
    symlink(world.at("home"), private.join("target")).unwrap();
    world.shim(["build"]).run().refused();
    let refusal = world.redact(&json(&world, &["build"])["shim"]["refusal"].to_string());
    assert!(refusal.contains("`[WORLD]/root/[ME]/target`: it is a symlink"), "{refusal}");
}

fn tells_of_a_build_directory_that_is_not_ones_own() {
    let world = World::new();
    world.file("checkout/.cargo/config.toml", "[build]\nbuild-dir = '/shared/build'\n");
    let found = json(&world, &["build"]);
    let of = |key: &str| world.redact(found["shim"][key].as_str().unwrap());
    assert!(of("build_dir").starts_with("[WORLD]/root/[ME]/"), "{found}");
    assert_eq!(of("build_dir_overrides"), "`[WORLD]/checkout/.cargo/config.toml`");
    let text = explained(&world, &["explain"]);
    let row = text.lines().find_map(|line| line.strip_prefix("  overrides ")).unwrap();
    assert_eq!(row.trim(), "`[WORLD]/checkout/.cargo/config.toml`");
}

fn hostile_names_are_escaped() {
    let world = World::new();
    let name = "checkout/e\x1b[2Jv\ni\u{202e}l";
    world.file(format!("{name}/Cargo.toml"), "");
    world.file(format!("{name}/bin/cargo"), "");
    let relative = "bin\x1b[31m\n";
    let mut path = world.search_path(["shim", "stub"]);
    path.push(format!(":{relative}"));
    for words in [&["explain"][..], &["explain", "--json"]] {
        let output = world.by_name(words).within(name).env("PATH", &path).run();
        let text = output.printed();
        let is_raw = |c: char| c == '\u{202e}' || c.is_control() && c != '\n';
        assert!(!text.contains(is_raw), "{text}");
        assert!(
            !text.lines().any(|line| line.starts_with("il") || line.is_empty() && words.len() > 1)
        );
    }
    // A program that parses it gets the exact name.
    let output = world.by_name(["explain", "--json"]).within(name).run();
    let parsed: serde_json::Value = serde_json::from_str(output.printed()).unwrap();
    assert!(parsed.to_string().contains("ni\u{202e}l"), "{parsed}");
    let output = world.by_name(["explain"]).within(name).run();
    output.silently().prints("[WORLD]/checkout/e\\u{1b}[2Jv\\ni\\u{202e}l");
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
pub(crate) fn json(world: &World, words: &[&str]) -> serde_json::Value {
    world.by_name([&["explain", "--json", "--"], words].concat()).run().silently().json()
}
