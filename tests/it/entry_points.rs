//! The three entry points: under the name `cargo`, by its own name, and as a subcommand of cargo.

use crate::prelude::*;

tests![
    the_shim_is_found_on_path_and_by_a_path,
    by_name_everything_but_our_verbs_and_flags_goes_to_cargo,
    by_name_there_is_always_a_private_directory,
    our_flags_stand_before_cargos_words,
    a_subcommand_executes_the_cargo_that_called_it,
    a_subcommand_with_a_toolchain_goes_to_the_proxy_on_path,
    a_subcommand_knows_our_verbs_too,
];

fn the_shim_is_found_on_path_and_by_a_path() {
    let world = World::new();
    world.directory("checkout/bin", 0o755);
    std::os::unix::fs::symlink(world.at("shim/cargo"), world.at("checkout/bin/cargo")).unwrap();
    let target = world.private().join("target").into_os_string();
    let by_path = world.at("shim/cargo").into_os_string();
    for program in ["cargo".into(), by_path, "bin/cargo".into(), "./bin/cargo".into()] {
        let output = world.run(&program, ["build", "path"]).run();
        let record = output.call();
        assert_eq!(record.argv, bytes(["cargo", "build", "path"]), "{program:?}");
        assert_eq!(record.variable("CARGO_TARGET_DIR"), Some(&*target), "{program:?}");
    }
}

fn by_name_everything_but_our_verbs_and_flags_goes_to_cargo() {
    let world = World::new();
    for (words, expected) in [
        (&["build"][..], &["build"][..]),
        (&["build", "--", "path"], &["build", "--", "path"]),
        (&["+nightly", "build"], &["+nightly", "build"]),
        (&["-Zunstable-options", "-C", "x", "build"], &["-Zunstable-options", "-C", "x", "build"]),
        (&["help", "build"], &["help", "build"]),
        (&["", "x"], &["", "x"]),
        (&["--", "gc"], &["gc"]),
        (&["--", "path", "--", "x"], &["path", "--", "x"]),
        (&["--", "--shared-rootx", "y"], &["--shared-rootx", "y"]),
    ] {
        let output = world.by_name(words).run();
        assert_eq!(output.call().args(), bytes(expected), "{words:?}");
    }
}

fn by_name_there_is_always_a_private_directory() {
    let world = World::without_root();
    for (name, value, cache) in [
        ("NOTHING", "".into(), "home/.cache"),
        ("XDG_CACHE_HOME", world.at("cache"), "cache"),
        // The XDG base directory specification ignores relative directories.
        ("XDG_CACHE_HOME", "cache".into(), "home/.cache"),
    ] {
        let target = world.at(cache).join("cargo-peruser/target");
        world.by_name(["build"]).env(name, value).run().silently().builds_in(target);
    }
}

fn our_flags_stand_before_cargos_words() {
    let world = World::new();
    let other = world.directory("other", 0o755);
    let other = other.to_str().unwrap();
    let joined = format!("--shared-root={other}");
    for words in [
        &["--shared-root", other, "build"][..],
        &[&joined, "build"],
        &["--scope", "user", &joined, "build"],
        &[&joined, "--", "build"],
    ] {
        let output = world.by_name(words).run();
        let record = output.call();
        assert_eq!(record.args(), bytes(["build"]), "{words:?}");
        let target = world.at("other").join(person()).join("target").into_os_string();
        assert_eq!(record.variable("CARGO_TARGET_DIR"), Some(&*target), "{words:?}");
    }
    world.file("checkout/Cargo.toml", "");
    let output = world.by_name(["--scope=workspace", "build"]).run();
    let target = output.call().variable("CARGO_TARGET_DIR").unwrap().to_string_lossy();
    assert!(world.redact(&target).starts_with("[WORLD]/root/[ME]/checkout-"), "{target}");
}

fn a_subcommand_executes_the_cargo_that_called_it() {
    let world = World::new();
    let caller = world.cargo_in("toolchain");
    let output = world.subcommand(&caller, ["build", "--", "x"]).run();
    assert_eq!(output.printed(), "[WORLD]/toolchain/cargo build -- x\n");
    let output = world.subcommand(&world.at("stub/cargo"), ["build", "--", "x"]).run();
    let record = output.call();
    assert_eq!(record.argv, bytes(["cargo", "build", "--", "x"]));
    let target = world.private().join("target").into_os_string();
    assert_eq!(record.variable("CARGO_TARGET_DIR"), Some(&*target));
    assert_eq!(record.variable("CARGO"), Some(world.at("stub/cargo").as_os_str()));
}

fn a_subcommand_with_a_toolchain_goes_to_the_proxy_on_path() {
    let world = World::new();
    let caller = world.cargo_in("toolchain");
    world.cargo_in("proxy");
    let run = world.subcommand(&caller, ["+nightly", "build"]).path(["shim", "proxy"]);
    assert_eq!(run.run().printed(), "[WORLD]/proxy/cargo +nightly build\n");
}

fn a_subcommand_knows_our_verbs_too() {
    let world = World::new();
    let caller = world.cargo_in("toolchain");
    let run = world.subcommand(&caller, ["path"]).run();
    assert_eq!(run.ok().stdout, "[WORLD]/root/[ME]/target\n");
    let by_name = world.by_name(["--help"]).run();
    // `cargo help peruser` runs this.
    assert_eq!(world.subcommand(&caller, ["--help"]).run().printed(), by_name.printed());
}
