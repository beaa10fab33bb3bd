//! Which cargo is executed: the one that would have run without the shim.

use snapbox::assert_data_eq;
use snapbox::str;

use crate::prelude::*;

tests![
    the_next_one_on_path_is_executed_as_it_was_found,
    a_path_that_called_us_by_path_is_searched_from_its_start,
    relative_and_empty_entries_are_never_searched,
    directories_that_everyone_can_write_are_passed_over,
    what_is_no_executable_file_is_passed_over,
    the_shim_is_passed_over_however_it_is_reached,
    the_settings_can_name_one,
    cargos_home_comes_after_path,
    what_cannot_be_executed_is_told,
    without_one_every_place_is_told,
];

fn the_next_one_on_path_is_executed_as_it_was_found() {
    let world = World::new();
    world.cargo_in("first");
    world.cargo_in("second");
    // A proxy picks its tool by the name that it is called by, so symlinks are not resolved.
    let proxy = "#!/bin/sh\nprintf '%s %s\\n' \"$0\" \"$1\"\n";
    world.directory("links", 0o755);
    symlink(world.executable("rustup", proxy), world.at("links/cargo")).unwrap();
    for (path, expected) in [
        (["shim", "first", "second", ""], "first"),
        (["shim", "", "second", "first"], "second"),
        (["empty", "shim", "second", "first"], "second"),
        (["shim", "links", "first", ""], "links"),
    ] {
        let output = world.shim(["build"]).path(path).run();
        assert_eq!(output.printed(), format!("[WORLD]/{expected}/cargo build\n"), "{path:?}");
    }
    // A shell would have skipped the entries before the shim, and so do we.
    let before = world.run(world.at("shim/cargo"), ["build"]).path(["first", "shim", "second"]);
    let before = before.after_shell("set -- \"$@\"; PATH=\"${PATH#*:}\"");
    assert_eq!(before.run().printed(), "[WORLD]/second/cargo build\n");
}

fn a_path_that_called_us_by_path_is_searched_from_its_start() {
    let world = World::new();
    world.cargo_in("first");
    world.cargo_in("second");
    let path = ["first", "shim", "second"];
    let by_path = world.run(world.at("shim/cargo"), ["build"]).path(path);
    assert_eq!(by_path.run().printed(), "[WORLD]/first/cargo build\n");
    let by_name = world.by_name(["build"]).path(path);
    assert_eq!(by_name.run().printed(), "[WORLD]/first/cargo build\n");
}

fn relative_and_empty_entries_are_never_searched() {
    let world = World::new();
    world.cargo_in("checkout");
    world.cargo_in("checkout/bin");
    let (shim, stub) = (world.at("shim"), world.at("stub"));
    let (shim, stub) = (shim.display(), stub.display());
    for entry in ["", ".", "./", "bin", "./bin", "../checkout", "bin/../bin", "~"] {
        for run in [world.shim(["build"]), world.by_name(["build"])] {
            run.env("PATH", format!("{shim}::{entry}:{entry}:{stub}:{entry}")).run().call();
        }
        world.by_name(["build"]).env("PATH", format!("{entry}:{shim}:{stub}")).run().call();
        let only = format!("{shim}:{entry}");
        world.shim(["build"]).env("PATH", only).run().exits(127);
    }
}

fn directories_that_everyone_can_write_are_passed_over() {
    let world = World::new();
    world.cargo_in("open");
    world.cargo_in("next");
    let run = || world.shim(["build"]).path(["shim", "open", "next"]).run();
    for bits in [0o777, 0o1777, 0o757, 0o703] {
        chmod(&world.at("open"), bits);
        assert_eq!(run().printed(), "[WORLD]/next/cargo build\n", "{bits:o}");
    }
    for bits in [0o755, 0o775, 0o700] {
        chmod(&world.at("open"), bits);
        assert_eq!(run().printed(), "[WORLD]/open/cargo build\n", "{bits:o}");
    }
}

fn what_is_no_executable_file_is_passed_over() {
    let world = World::new();
    world.directory("directory/cargo", 0o755);
    world.file("plain/cargo", "#!/bin/sh\n");
    world.directory("dangling", 0o755);
    symlink("nowhere", world.at("dangling/cargo")).unwrap();
    for entry in ["directory", "plain", "dangling", "nowhere", "plain/cargo", "/dev/null"] {
        world.shim(["build"]).path(["shim", entry, "stub"]).run().call();
    }
}

fn the_shim_is_passed_over_however_it_is_reached() {
    let world = World::new();
    symlink("shim", world.at("link")).unwrap();
    for name in ["second", "hard", "copy", "long"] {
        world.directory(name, 0o755);
    }
    symlink("../shim/cargo", world.at("second/cargo")).unwrap();
    // Hard links do not work between file systems; then there is nothing to test.
    let _ = fs::hard_link(PERUSER, world.at("hard/cargo"));
    world.executable("copy/cargo", fs::read(PERUSER).unwrap());
    for entry in
        ["shim", "shim/", "shim/.", "link", "link/", "second", "hard", "copy", "stub/../shim"]
    {
        for path in [
            ["shim", entry, "stub", "shim"],
            [entry, "shim", entry, "stub"],
            ["shim", entry, entry, "stub"],
        ] {
            let output = world.shim(["build", "x"]).path(path).run();
            assert_eq!(output.call().args().len(), 2, "{path:?}");
            world.by_name(["build"]).path(path).run().call();
        }
        world.shim(["build"]).path(["shim", entry]).run().exits(127);
    }
}

fn the_settings_can_name_one() {
    let world = World::new();
    let named = world.cargo_in("named");
    let key = "CARGO_PERUSER_REAL_CARGO";
    for run in [world.shim(["build"]), world.by_name(["build"])] {
        assert_eq!(run.env(key, &named).run().printed(), "[WORLD]/named/cargo build\n");
    }
    let text = format!("real-cargo = '{}'\n", named.display());
    world.file("home/.config/cargo-peruser/config.toml", text);
    assert_eq!(world.shim(["build"]).run().printed(), "[WORLD]/named/cargo build\n");
    // A setting that cannot be executed is an error, and no other cargo is tried.
    for useless in [world.at("shim/cargo"), PERUSER.into(), world.at("nowhere/cargo")] {
        let output = world.shim(["build"]).env(key, &useless).run();
        output.exits(127);
        let useless = world.redact(&useless.to_string_lossy());
        output
            .mentions(format!("`{useless}`"))
            .helps(format!("is set in the environment variable {key}"));
    }
    // The cargo that runs us as its subcommand overrides the settings.
    let caller = world.cargo_in("caller");
    let output = world.subcommand(&caller, ["build"]).run();
    assert_eq!(output.printed(), "[WORLD]/caller/cargo build\n");
}

fn cargos_home_comes_after_path() {
    let world = World::new();
    world.cargo_in("home/.cargo/bin");
    let run = || world.shim(["build"]).path(["shim"]);
    assert_eq!(run().run().printed(), "[WORLD]/home/.cargo/bin/cargo build\n");
    let cargo_home = world.at("cargo-home");
    let with_home = || run().env("CARGO_HOME", &cargo_home);
    assert_eq!(with_home().run().printed(), "[WORLD]/home/.cargo/bin/cargo build\n");
    world.cargo_in("cargo-home/bin");
    assert_eq!(with_home().run().printed(), "[WORLD]/cargo-home/bin/cargo build\n");
    world.cargo_in("on-path");
    let output = with_home().path(["shim", "on-path"]).run();
    assert_eq!(output.printed(), "[WORLD]/on-path/cargo build\n");
    let no_path = world.run(world.at("shim/cargo"), ["build"]).unset("PATH").run();
    assert_eq!(no_path.printed(), "[WORLD]/home/.cargo/bin/cargo build\n");
}

fn what_cannot_be_executed_is_told() {
    let world = World::new();
    world.executable("broken/cargo", "#!/nonexistent/interpreter\n");
    for run in [world.shim(["build"]), world.by_name(["build"])] {
        run.path(["shim", "broken", "stub"])
            .run()
            .exits(126)
            .prints_nothing()
            .blames("`[WORLD]/broken/cargo`: no such file")
            .helps("ls -lL [WORLD]/broken/cargo");
    }
}

fn without_one_every_place_is_told() {
    let world = World::new();
    world.cargo_in("open");
    chmod(&world.at("open"), 0o777);
    world.executable("copy/cargo", fs::read(PERUSER).unwrap());
    let mut path = world.search_path(["shim", "open", "copy"]);
    path.push("::bin");
    let output = world.shim(["build"]).env("PATH", path).run();
    output.exits(127).prints_nothing();
    assert_data_eq!(
        &*output.stderr,
        str![[r#"
error: no cargo found to execute
  passed over `(empty)`: the entry is empty or relative, so it depends on the working directory
  passed over `bin`: the entry is empty or relative, so it depends on the working directory
  passed over `[WORLD]/shim/cargo`: it is cargo-peruser itself
  passed over `[WORLD]/open/cargo`: everyone can write to its directory
  passed over `[WORLD]/copy/cargo`: it is a copy of cargo-peruser
help: install Rust, put its directory on PATH, or name the cargo to execute with `real-cargo` in the settings or CARGO_PERUSER_REAL_CARGO

"#]]
    );
}
