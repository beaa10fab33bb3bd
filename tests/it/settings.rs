//! The sources of settings, and which one wins.

use crate::prelude::*;

tests![
    flag_over_variable_over_the_persons_file_in_either_place,
    a_missing_file_is_no_mistake,
    a_broken_file_does_not_block_the_bypass,
    the_bypass_is_off_or_on_and_nothing_else,
];

/// A world with the shared roots `a`, `b` and `c`, and none of them chosen.
fn world() -> World {
    let world = World::without_root();
    for name in ["a", "b", "c"] {
        world.directory(name, 0o755);
    }
    world
}

/// The line of a settings file that chooses one of them.
fn choice(world: &World, name: &str) -> String {
    format!("shared-root = '{}'\n", world.at(name).display())
}

fn target(name: &str) -> String {
    format!("[WORLD]/{name}/{}/target\n", person())
}

fn flag_over_variable_over_the_persons_file_in_either_place() {
    let world = world();
    world.file("home/.config/cargo-peruser/config.toml", choice(&world, "a"));
    world.file("xdg/cargo-peruser/config.toml", choice(&world, "b"));
    let flag = format!("--shared-root={}", world.at("c").display());
    let xdg = ("XDG_CONFIG_HOME", world.at("xdg"));
    let variable = (ROOT, world.at("b"));
    for (flags, (name, value), expected) in [
        (&[][..], ("NOTHING", "".into()), "a"),
        (&[], xdg, "b"),
        (&[], ("XDG_CONFIG_HOME", "".into()), "a"),
        // The XDG base directory specification ignores relative paths.
        (&[], ("XDG_CONFIG_HOME", "../xdg".into()), "a"),
        (&[], variable.clone(), "b"),
        (&[&*flag], ("NOTHING", "".into()), "c"),
        (&[&*flag], variable.clone(), "c"),
    ] {
        let run = world.by_name(flags).arg("path").env(name, &value).run();
        assert_eq!(run.ok().stdout, target(expected), "{flags:?} {name}={}", value.display());
    }
    // The shim does not take our flags, so cargo gets them.
    let output = world.shim([&flag, "build"]).env(ROOT, variable.1).run();
    let found = output.call().variable("CARGO_TARGET_DIR").unwrap().to_string_lossy();
    assert_eq!(world.redact(&found) + "\n", target("b"));
}

fn a_missing_file_is_no_mistake() {
    let world = World::new();
    for value in ["/nonexistent", "/dev/null"] {
        let output = world.shim(["build"]).env("XDG_CONFIG_HOME", value).run();
        assert_eq!(output.call().args().len(), 1, "{value}");
    }
    world.file("home/.config/cargo-peruser/config.toml", "");
    world.shim(["build"]).run().call();
}

fn a_broken_file_does_not_block_the_bypass() {
    let world = World::new();
    world.file("home/.config/cargo-peruser/config.toml", "= [broken");
    world.shim(["build"]).run().exits(78);
    for (name, value) in
        [("NOTHING", ""), ("CARGO_PERUSER_SCOPE", "nonsense"), (ROOT, "relative/../root")]
    {
        for run in [world.shim(["build"]), world.by_name(["build"])] {
            let output = run.env("CARGO_PERUSER", "off").env(name, value).run();
            assert_eq!(output.target_dir(), None, "{name}={value}");
        }
    }
    assert_eq!(
        world.made(),
        ["home/.config", "home/.config/cargo-peruser", "home/.config/cargo-peruser/config.toml"]
    );
}

fn the_bypass_is_off_or_on_and_nothing_else() {
    let world = World::new();
    for value in ["", "on"] {
        let output = world.shim(["build"]).env("CARGO_PERUSER", value).run();
        assert!(output.call().variable("CARGO_TARGET_DIR").is_some(), "{value}");
    }
    for value in ["nonsense", "OFF", "0", "no", "off "] {
        let output = world.shim(["build"]).env("CARGO_PERUSER", value).run();
        let error = format!("invalid value for `CARGO_PERUSER` in the environment: `{value}`");
        output.stopped(Stop::Settings).blames(&error).helps("it takes `off` or `on`");
    }
}
