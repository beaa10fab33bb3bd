//! `env`: the variables of a session.

mod shells;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::prelude::*;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = list![
        the_shim_comes_first_and_cargos_own_programs_second,
        somebody_without_rust_gets_no_shim,
        evaluated_again_it_changes_nothing,
        each_rule_exports_what_a_build_would_have,
        an_error_leaves_the_shim_in_front,
        where_one_stands_makes_no_difference,
        a_build_that_is_not_installed_leaves_path_alone,
        a_value_that_json_cannot_hold_is_an_error,
    ];
    tests.extend(shells::tests());
    tests
}

/// A world in which the program is installed, as `setup` does it.
fn installed() -> World {
    let world = World::new();
    world.directory("prefix/bin", 0o755);
    world.directory("prefix/lib/cargo-peruser/bin", 0o755);
    // A link would be followed to where the program was built.
    if fs::hard_link(PERUSER, program(&world)).is_err() {
        // In another process: a program that a parallel test starts would inherit the open file.
        let copied = Command::new("cp").arg(PERUSER).arg(program(&world)).status().unwrap();
        assert!(copied.success());
    }
    symlink(program(&world), world.at("prefix/lib/cargo-peruser/bin/cargo")).unwrap();
    world.cargo_in("home/.cargo/bin");
    world.with("PATH", "/usr/bin:/bin")
}

fn program(world: &World) -> std::path::PathBuf {
    world.at("prefix/bin/cargo-peruser")
}

fn env<'w>(world: &'w World, words: &[&str]) -> Invocation<'w> {
    world.run(program(world), ["env"].iter().chain(words))
}

/// The exported variables, from JSON.
fn exported(run: Invocation<'_>) -> Value {
    run.run().silently().json()
}

fn the_shim_comes_first_and_cargos_own_programs_second() {
    let world = installed();
    assert_eq!(
        env(&world, &[]).run().printed(),
        "PATH='[WORLD]/prefix/lib/cargo-peruser/bin:[WORLD]/home/.cargo/bin:/usr/bin:/bin'; \
         export PATH\n\
         CARGO_TARGET_DIR='[WORLD]/root/[ME]/target'; export CARGO_TARGET_DIR\n\
         CARGO_BUILD_BUILD_DIR='[WORLD]/root/[ME]/build/{workspace-path-hash}'; \
         export CARGO_BUILD_BUILD_DIR\n"
    );
    // The directory is made before it is exported.
    assert_eq!(mode(&world.private()) & 0o777, 0o700);
    assert!(world.private().join("target/CACHEDIR.TAG").is_file());
    let bare = installed();
    fs::rename(bare.at("home/.cargo"), bare.at("away")).unwrap();
    bare.cargo_in("packaged");
    let found = exported(env(&bare, &["--format", "json"]).path(["packaged"]));
    let path = found["PATH"].as_str().unwrap();
    assert!(path.contains("/cargo-peruser/bin:") && !path.contains(".cargo"), "{path}");
}

/// `command -v cargo` fails for them, and rustup's installer runs. Once there is a cargo, there is
/// the shim.
fn somebody_without_rust_gets_no_shim() {
    let world = installed();
    let cargo = world.at("home/.cargo/bin/cargo");
    let shim = world.at("prefix/lib/cargo-peruser/bin");
    let path = || {
        let run = env(&world, &["--format", "json"]);
        exported(run.path(["home/.cargo/bin", "empty"])).get("PATH").cloned()
    };
    assert!(path().is_some());
    fs::remove_file(&cargo).unwrap();
    assert_eq!(path(), None);
    // The shim does not count as a cargo, and neither does a file that is not executable.
    symlink(shim.join("cargo"), &cargo).unwrap();
    assert_eq!(path(), None);
    fs::remove_file(&cargo).unwrap();
    world.file("home/.cargo/bin/cargo", "");
    assert_eq!(path(), None);
    let configured = env(&world, &["--format", "json"]).path(["empty"]);
    let configured = configured.env("CARGO_PERUSER_REAL_CARGO", world.cargo_in("elsewhere"));
    assert!(exported(configured).get("PATH").is_some());
}

fn evaluated_again_it_changes_nothing() {
    let world = installed();
    let first = exported(env(&world, &["--format", "json"]));
    let again = first
        .as_object()
        .unwrap()
        .iter()
        .fold(env(&world, &["--format", "json"]), |run, (name, value)| {
            run.env(name, value.as_str().unwrap())
        });
    assert_eq!(exported(again), first);
}

fn each_rule_exports_what_a_build_would_have() {
    let world = installed();
    let own = world.private().join("target");
    let others = world.at("root/somebody").into_os_string().into_string().unwrap();
    let json = || env(&world, &["--format", "json"]);
    let bypassed = json().env("CARGO_PERUSER", "off");
    let excluded = json().env("CARGO_PERUSER_EXCLUDE_USERS", person());
    let build_script = ["HOST", "TARGET", "NUM_JOBS"]
        .into_iter()
        .fold(json(), |run, name| run.env(name, "x"))
        .env("OUT_DIR", own.join("debug/build/x/out"));
    for (name, run, has_path, target) in [
        ("bypassed", bypassed, false, None),
        (
            "bypassed in a session of ours",
            json().env("CARGO_PERUSER", "off").env("CARGO_TARGET_DIR", &own),
            false,
            Some(Value::Null),
        ),
        ("no shared root", json().env(ROOT, "/nonexistent/root"), true, None),
        (
            "a session of ours where its root is not",
            json()
                .env(ROOT, "/nonexistent/root")
                .env("CARGO_TARGET_DIR", "/nonexistent/root/me/target"),
            true,
            Some(Value::Null),
        ),
        ("no directory", excluded.env("CARGO_TARGET_DIR", &others), false, Some(Value::Null)),
        ("build script", build_script, true, None),
        ("explicit", json().env("CARGO_TARGET_DIR", "/elsewhere"), true, None),
        ("inherited", json().env("CARGO_TARGET_DIR", own.join("outer")), true, None),
        ("redirected", json().env("CARGO_TARGET_DIR", &others), true, Some(json!(own))),
    ] {
        let found = exported(run);
        assert_eq!(found.get("PATH").is_some(), has_path, "{name}: {found}");
        assert_eq!(found.get("CARGO_TARGET_DIR"), target.as_ref(), "{name}: {found}");
    }
}

/// Otherwise cargo would build as if there were no settings, or in a shared directory, and nobody would
/// notice.
fn an_error_leaves_the_shim_in_front() {
    let is_alone = |output: &Outcome| {
        let path = "PATH='[WORLD]/prefix/lib/cargo-peruser/bin:[WORLD]/home/.cargo/bin:";
        assert!(output.stdout.starts_with(path), "{}", output.stdout);
        assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
    };
    let world = installed();
    world.directory(Path::new("root").join(person()), 0o777);
    chmod(&world.private(), 0o777);
    let refused = env(&world, &[]).run();
    refused.exits(77).blames("refusing to use `[WORLD]/root/[ME]`");
    is_alone(&refused);
    world.file("home/.config/cargo-peruser/config.toml", "scpoe = 'user'\n");
    for (run, error) in [
        (env(&world, &[]), "unknown setting `scpoe`"),
        (env(&world, &[]).env("CARGO_PERUSER", "yes"), "invalid value for `CARGO_PERUSER`"),
    ] {
        let output = run.run();
        output.exits(78).mentions(error);
        is_alone(&output);
    }
    assert_eq!(env(&world, &[]).env("CARGO_PERUSER", "off").run().printed(), "");
}

fn where_one_stands_makes_no_difference() {
    let world = installed();
    world.file("checkout/Cargo.toml", "");
    world.file("checkout/.cargo/config.toml", "build.build-dir = '/nonexistent/shared'\n");
    let found = exported(env(&world, &["--format", "json"]).within("checkout"));
    assert_eq!(found["CARGO_TARGET_DIR"], json!(world.private().join("target")));
    // Cargo's own template keeps workspaces apart even without the shim.
    let build = world.private().join("build/{workspace-path-hash}");
    assert_eq!(found["CARGO_BUILD_BUILD_DIR"], json!(build));
}

fn a_build_that_is_not_installed_leaves_path_alone() {
    let world = World::new();
    assert_eq!(
        world.by_name(["env"]).run().printed(),
        "CARGO_TARGET_DIR='[WORLD]/root/[ME]/target'; export CARGO_TARGET_DIR\n\
         CARGO_BUILD_BUILD_DIR='[WORLD]/root/[ME]/build/{workspace-path-hash}'; \
         export CARGO_BUILD_BUILD_DIR\n"
    );
}

fn a_value_that_json_cannot_hold_is_an_error() {
    let world = installed();
    let path = OsStr::from_bytes(b"/usr/bin:/\xff");
    let output = env(&world, &["--format", "json"]).env("PATH", path).run();
    output.stopped(Stop::Failed).blames("PATH is not UTF-8").helps("--shell sh prints any value");
    env(&world, &[]).env("PATH", path).run().printed();
}
