//! The seven rules as cargo sees them: which of its three directory variables changes, and how.

use crate::prelude::*;

tests![
    without_a_directory_of_its_own_an_account_stays_out_of_the_root,
    an_account_that_is_included_has_a_directory,
    a_nested_run_in_a_build_script_builds_below_its_out_dir,
    a_weaker_choice_wins_over_our_own_variable,
    override_turns_the_variables_choice_off,
    other_peoples_directories_are_recomputed,
    what_an_outer_run_chose_stays,
    the_account_name_in_the_environment_has_no_effect,
    a_shared_build_directory_becomes_private,
    ones_own_build_directory_stays,
];

const VARIABLES: [&str; 3] =
    ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"];

/// Cargo's directory variables after a run, in words.
fn outcome(world: &World, run: Invocation<'_>) -> String {
    let output = run.run();
    let shown = |name: &&str| {
        let value = output.call().variable(name)?;
        Some(format!("{name}={}", world.redact(&value.to_string_lossy())))
    };
    VARIABLES.iter().filter_map(shown).collect::<Vec<_>>().join(" ")
}

const TARGET: &str = "CARGO_TARGET_DIR=[WORLD]/root/[ME]/target";

/// A path in the shared root.
fn inside(world: &World, path: &str) -> String {
    world.at("root").join(path).to_string_lossy().into_owned()
}

fn without_a_directory_of_its_own_an_account_stays_out_of_the_root() {
    let world = World::new();
    let excluded = || world.shim(["build"]).env("CARGO_PERUSER_EXCLUDE_USERS", person());
    let excluded = || excluded().unset("CARGO_PERUSER_INCLUDE_USERS");
    assert_eq!(outcome(&world, excluded()), "");
    for name in VARIABLES {
        let found = outcome(&world, excluded().env(name, inside(&world, "bob/target")));
        assert_eq!(found, "", "{name}");
        let found = outcome(&world, excluded().env(name, "/elsewhere"));
        assert_eq!(found, format!("{name}=/elsewhere"));
    }
    let list = format!("somebody, {} ,else", person());
    let among_others = excluded().env("CARGO_PERUSER_EXCLUDE_USERS", list);
    assert_eq!(outcome(&world, among_others), "");
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn an_account_that_is_included_has_a_directory() {
    let world = World::new().with("CARGO_PERUSER_EXCLUDE_USERS", person());
    let run = world.shim(["build"]).env("CARGO_PERUSER_INCLUDE_USERS", person());
    assert_eq!(outcome(&world, run), TARGET);
}

/// A run from a build script, with the variables that cargo sets there.
fn in_build_script(world: &World) -> Invocation<'_> {
    let out_dir = inside(world, &format!("{}/target/debug/build/x/out", person()));
    let run = world.shim(["build"]).env("OUT_DIR", out_dir).env("CARGO_MANIFEST_DIR", "/m");
    let run = run.env("CARGO_CFG_TARGET_ARCH", "x86_64").env("CARGO_CFG_UNIX", "");
    run.env("HOST", "x").env("TARGET", "x").env("NUM_JOBS", "2").env("PROFILE", "debug")
}

fn a_nested_run_in_a_build_script_builds_below_its_out_dir() {
    let world = World::new();
    // The script has removed the variable, so its cargo builds where it wants.
    assert_eq!(outcome(&world, in_build_script(&world)), "");
    let ours = inside(&world, &format!("{}/target", person()));
    let nested = in_build_script(&world).env("CARGO_TARGET_DIR", ours);
    let expected = "CARGO_TARGET_DIR=[WORLD]/root/[ME]/target/debug/build/x/out/target";
    assert_eq!(outcome(&world, nested), expected);
    let explicit = in_build_script(&world).env("CARGO_TARGET_DIR", "/elsewhere");
    assert_eq!(outcome(&world, explicit), "CARGO_TARGET_DIR=/elsewhere");
}

fn a_weaker_choice_wins_over_our_own_variable() {
    let world = World::new();
    let exported = inside(&world, &format!("{}/target", person()));
    let config = ["build", "--config", "build.target-dir='x'"];
    let run = world.shim(config).env("CARGO_TARGET_DIR", &exported);
    assert_eq!(outcome(&world, run), "");
    let run = world.shim(["build"]).env("CARGO_TARGET_DIR", &exported);
    let run = run.env("CARGO_BUILD_TARGET_DIR", "/elsewhere");
    assert_eq!(outcome(&world, run), "CARGO_BUILD_TARGET_DIR=/elsewhere");
}

fn override_turns_the_variables_choice_off() {
    let world = World::new().with("CARGO_PERUSER_EXPLICIT_TARGET_DIR", "override");
    let run = world.shim(["build"]).env("CARGO_TARGET_DIR", "/elsewhere");
    assert_eq!(outcome(&world, run), TARGET);
    let run = world.shim(["build"]).env("CARGO_BUILD_TARGET_DIR", "/elsewhere");
    assert_eq!(outcome(&world, run), format!("{TARGET} CARGO_BUILD_TARGET_DIR=/elsewhere"));
    assert_eq!(outcome(&world, world.shim(["build", "--target-dir=x"])), "");
}

fn other_peoples_directories_are_recomputed() {
    let world = World::new();
    let own = person();
    let (inside_own, up) = (format!("{own}/target"), format!("{own}/../bob"));
    for value in
        ["", "bob", "bob/target", "bob/target/debug/x", "ghost/target", &own, &inside_own, &up]
    {
        for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
            let value = inside(&world, value);
            let found = outcome(&world, world.shim(["build"]).env(name, &value));
            assert!(found.starts_with(TARGET), "{name}={value}: {found}");
        }
    }
    let relative = world.shim(["build"]).env("CARGO_TARGET_DIR", "../root/bob");
    assert_eq!(outcome(&world, relative), TARGET);
    // A directory beside the root, whose name begins like the root's.
    let neighbour = format!("{}-2/bob", world.at("root").display());
    let found = outcome(&world, world.shim(["build"]).env("CARGO_TARGET_DIR", neighbour));
    assert_eq!(found, "CARGO_TARGET_DIR=[WORLD]/root-2/bob");
}

fn what_an_outer_run_chose_stays() {
    let world = World::new();
    for name in ["chosen", "target/debug/build/x/out/target"] {
        let value = inside(&world, &format!("{}/{name}", person()));
        let found = outcome(&world, world.shim(["build"]).env("CARGO_TARGET_DIR", value));
        assert_eq!(found, format!("CARGO_TARGET_DIR=[WORLD]/root/[ME]/{name}"));
    }
    // A rule has given this directory to another checkout, so it is not a choice.
    let given = inside(&world, &format!("{}/tree-0123456789abcdef", person()));
    assert_eq!(outcome(&world, world.shim(["build"]).env("CARGO_TARGET_DIR", given)), TARGET);
}

fn the_account_name_in_the_environment_has_no_effect() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    for name in [&b""[..], b"..", b"/etc/evil", b"a/b", b"bob", b"\xff"] {
        let name = std::ffi::OsStr::from_bytes(name);
        let run =
            world.shim(["build"]).env("USER", name).env("LOGNAME", name).env("SUDO_USER", name);
        assert_eq!(outcome(&world, run), TARGET, "{name:?}");
    }
}

fn a_shared_build_directory_becomes_private() {
    let world = World::new();
    let private = "CARGO_BUILD_BUILD_DIR=[WORLD]/root/[ME]/";
    let run = world.shim(["build"]).env("CARGO_BUILD_BUILD_DIR", "/shared/build");
    let found = outcome(&world, run);
    assert!(found.starts_with(&format!("{TARGET} {private}")), "{found}");
    for value in ["/shared/build", "build", "{workspace-root}/../build/{workspace-path-hash}"] {
        let text = format!("[build]\nbuild-dir = \"{value}\"\n");
        world.file("checkout/.cargo/config.toml", text);
        for directory in ["checkout", "checkout/sub/deeper"] {
            world.directory(directory, 0o755);
            let found = outcome(&world, world.shim(["build"]).within(directory));
            assert!(found.starts_with(&format!("{TARGET} {private}")), "{value}: {found}");
        }
    }
    // The build directory is part of an explicit choice.
    assert_eq!(outcome(&world, world.shim(["build", "--target-dir", "x"])), "");
}

fn ones_own_build_directory_stays() {
    let world = World::new();
    let home = world.at("home");
    let home = home.to_str().unwrap();
    for value in [&format!("{home}/build"), "{cargo-cache-home}/build/{workspace-path-hash}"] {
        let text = format!("[build]\nbuild-dir = \"{value}\"\n");
        world.file("checkout/.cargo/config.toml", text);
        assert_eq!(outcome(&world, world.shim(["build"])), TARGET, "{value}");
    }
    // A file without that key, or one that cannot be read, changes nothing.
    for text in ["", "[build]\njobs = 1\n", "# build-dir = '/x'\n", "build-dir = [broken"] {
        world.file("checkout/.cargo/config.toml", text);
        assert_eq!(outcome(&world, world.shim(["build"])), TARGET, "{text}");
    }
}
