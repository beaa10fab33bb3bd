//! The checkout's own `target`, left from builds without the shim, whose programs are old.

use snapbox::assert_data_eq;
use snapbox::str;

use crate::explain::json;
use crate::prelude::*;

tests![
    the_first_build_of_a_workspace_names_it_once,
    from_elsewhere_the_command_names_the_workspace,
    explain_names_it,
    it_is_not_named_without_need
];

fn world() -> World {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    world.directory("checkout/sub", 0o755);
    world.file("checkout/target/CACHEDIR.TAG", "");
    world
}

fn the_first_build_of_a_workspace_names_it_once() {
    let world = world();
    world.shim(["metadata"]).run().call();
    let first = world.shim(["build"]).within(world.at("checkout/sub")).run();
    assert_eq!((first.code(), first.calls.len()), (0, 1));
    assert_data_eq!(
        first.stderr.as_str(),
        str![[r#"
note: `[WORLD]/checkout/target` is left from earlier builds and no longer used: scripts that run programs from it run old ones; to use it: cargo-peruser migrate [WORLD]/checkout/target --replace; to remove it: CARGO_PERUSER=off cargo clean --manifest-path [WORLD]/checkout/Cargo.toml

"#]]
    );
    world.shim(["build"]).run().call();
}

/// Without that it would clean the workspace in the working directory.
fn from_elsewhere_the_command_names_the_workspace() {
    let world = world();
    world.file("checkout/sub/Cargo.toml", "[workspace]");
    let elsewhere = world.shim(["build", "--manifest-path", "../Cargo.toml"]);
    let run = elsewhere.within(world.at("checkout/sub")).run();
    let expected = "CARGO_PERUSER=off cargo clean --manifest-path [WORLD]/checkout/Cargo.toml\n";
    assert!(run.stderr.ends_with(expected), "{}", run.stderr);
}

fn explain_names_it() {
    let world = world();
    let found = json(&world, &["build"]);
    assert_eq!(world.redact(found["leftover"].as_str().unwrap()), "[WORLD]/checkout/target");
    let explained = world.by_name(["explain"]).run();
    explained
        .prints("not used")
        .prints("cargo-peruser migrate [WORLD]/checkout/target --replace\n");
}

/// If builds still use it, or cargo did not create it.
fn it_is_not_named_without_need() {
    let without = World::new();
    without.file("checkout/Cargo.toml", "");
    without.file("checkout/target/notes.txt", "");
    without.shim(["build"]).run().call();
    assert!(json(&without, &["build"])["leftover"].is_null());
    let off = || world().with("CARGO_PERUSER", "off");
    off().shim(["build"]).run().call();
    assert!(json(&off(), &["build"])["leftover"].is_null());
    // A plain cargo still uses it.
    let by_name_alone = World::without_root();
    by_name_alone.file("checkout/Cargo.toml", "");
    by_name_alone.file("checkout/target/CACHEDIR.TAG", "");
    by_name_alone.by_name(["build"]).run().call();
}
