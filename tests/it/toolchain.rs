//! `toolchain`: one user's directory for editors, with scripts as tools.

use std::os::unix::fs::MetadataExt;

use crate::prelude::*;

tests![
    links_lead_to_the_tools_as_they_are_found,
    the_installed_shim_is_preferred_to_the_program,
    its_cargo_executes_the_one_beside_its_rustc,
    tools_are_not_taken_from_where_anyone_can_put_them,
    rustc_decides_whose_the_other_tools_are,
    says_what_an_editor_will_miss,
    the_second_run_changes_nothing_and_a_later_one_follows_the_person,
    a_directory_on_path_does_not_lead_to_itself,
    a_relative_directory_is_below_the_working_directory,
];

/// The default directory.
pub(crate) const DEFAULT: &str = "home/.local/share/cargo-peruser/toolchain/bin";

/// A world whose `stub`, beside cargo, has these tools.
pub(crate) fn world_with(tools: &[&str]) -> World {
    let world = World::new();
    tools.iter().for_each(|tool| drop(tool_in(&world, "stub", tool)));
    world
}

fn tool_in(world: &World, directory: &str, tool: &str) -> PathBuf {
    world.executable(Path::new(directory).join(tool), "#!/bin/sh\necho \"$0\"\n")
}

/// Names and targets of everything in a directory.
pub(crate) fn links(directory: &Path) -> Vec<(String, PathBuf)> {
    let link = |entry: fs::DirEntry| {
        let to = fs::read_link(entry.path()).unwrap_or_default();
        (entry.file_name().into_string().unwrap(), to)
    };
    let mut links: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| link(entry.unwrap())).collect();
    links.sort();
    links
}

pub(crate) fn to(directory: &Path, name: &str) -> PathBuf {
    fs::read_link(directory.join(name)).unwrap()
}

fn links_lead_to_the_tools_as_they_are_found() {
    let world = world_with(&["rustup"]);
    for name in ["rustc", "rustfmt"] {
        // Like rustup's proxies: the name decides which tool it is.
        symlink("rustup", world.at("stub").join(name)).unwrap();
    }
    world.file("stub/rustdoc", "not executable");
    let output = world.by_name(["toolchain"]).umask("0").run();
    let directory = world.at(DEFAULT);
    assert_eq!((mode(&directory) & 0o022, mode(directory.parent().unwrap()) & 0o022), (0, 0));
    assert_eq!(output.printed(), format!("[WORLD]/{DEFAULT}\n"));
    let stub = world.at("stub");
    let expected = [
        ("cargo".to_owned(), PathBuf::from(PERUSER)),
        ("rustc".to_owned(), stub.join("rustc")),
        ("rustfmt".to_owned(), stub.join("rustfmt")),
        ("rustup".to_owned(), stub.join("rustup")),
    ];
    assert_eq!(links(&directory), expected);
}

fn the_installed_shim_is_preferred_to_the_program() {
    let world = world_with(&["rustc", "rustup"]);
    let program = world.executable("usr/bin/cargo-peruser", fs::read(PERUSER).unwrap());
    world.directory("usr/lib/cargo-peruser/bin", 0o755);
    let shim = world.at("usr/lib/cargo-peruser/bin/cargo");
    symlink(&program, &shim).unwrap();
    world.run(&program, ["toolchain"]).run().ok();
    assert_eq!(to(&world.at(DEFAULT), "cargo"), shim);
    // Another installation takes over the directory.
    world.by_name(["toolchain"]).run().ok();
    assert_eq!(to(&world.at(DEFAULT), "cargo"), Path::new(PERUSER));
}

fn its_cargo_executes_the_one_beside_its_rustc() {
    let world = world_with(&["rustc", "rustup"]);
    world.cargo_in("distribution");
    world.by_name(["toolchain"]).run().ok();
    let cargo = world.at(DEFAULT).join("cargo");
    for path in [&["distribution"][..], &["shim", "distribution"], &[]] {
        let path: Vec<_> = path.iter().map(|entry| world.at(entry).into_os_string()).collect();
        let run = world.run(&cargo, ["+nightly", "build"]).env("PATH", path.join(":".as_ref()));
        let output = run.env("RUSTUP_TOOLCHAIN", "/opt/sysroot").run();
        assert_eq!(output.call().args(), bytes(["+nightly", "build"]));
        output.builds_in(world.private().join("target"));
    }
    // Called by a relative path, as scripts do. The cargo that the settings name is still first.
    let run = world.run("./cargo", ["build"]).within(DEFAULT).path(["distribution"]);
    assert_eq!(run.run().call().args(), bytes(["build"]));
    let named = world.cargo_in("named");
    let run = world.run(&cargo, ["build"]).env("CARGO_PERUSER_REAL_CARGO", &named);
    assert_eq!(run.run().printed(), "[WORLD]/named/cargo build\n");
}

fn tools_are_not_taken_from_where_anyone_can_put_them() {
    let world = world_with(&["rustc", "rustup"]);
    for directory in ["open", "checkout/bin"] {
        tool_in(&world, directory, "rustc");
        tool_in(&world, directory, "clippy-driver");
    }
    chmod(&world.at("open"), 0o1777);
    let path = world.search_path(["open", "stub"]);
    let path = [".".as_ref(), "".as_ref(), "bin".as_ref(), &*path].join(":".as_ref());
    world.by_name(["toolchain"]).env("PATH", path).run().ok();
    let names: Vec<_> = links(&world.at(DEFAULT)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["cargo", "rustc", "rustup"]);
    assert_eq!(to(&world.at(DEFAULT), "rustc"), world.at("stub/rustc"));
}

fn rustc_decides_whose_the_other_tools_are() {
    let world = world_with(&["rustc", "rustdoc", "rustup"]);
    for tool in ["rustdoc", "rustfmt"] {
        tool_in(&world, "before", tool);
    }
    tool_in(&world, "home/.cargo/bin", "rust-gdb");
    let run = world.by_name(["toolchain"]).path(["before", "stub"]);
    assert_eq!(run.run().printed(), format!("[WORLD]/{DEFAULT}\n"));
    let directory = world.at(DEFAULT);
    assert_eq!(to(&directory, "rustdoc"), world.at("stub/rustdoc"));
    assert_eq!(to(&directory, "rustfmt"), world.at("before/rustfmt"));
    assert_eq!(to(&directory, "rust-gdb"), world.at("home/.cargo/bin/rust-gdb"));
    // The settings name a cargo: it is that toolchain's.
    for tool in ["cargo", "rustc"] {
        tool_in(&world, "named", tool);
    }
    let run =
        world.by_name(["--real-cargo", &world.at("named/cargo").to_string_lossy(), "toolchain"]);
    run.run().ok();
    assert_eq!(to(&directory, "rustc"), world.at("named/rustc"));
}

fn says_what_an_editor_will_miss() {
    let world = World::new();
    world.by_name(["toolchain"]).run().notes("no rustc was found").prints(DEFAULT);
    tool_in(&world, "stub", "rustc");
    world.by_name(["toolchain"]).run().notes("no rustup was found");
}

fn the_second_run_changes_nothing_and_a_later_one_follows_the_person() {
    let world = world_with(&["rustc", "rustup", "rustfmt"]);
    let directory = world.at(DEFAULT);
    let state = || {
        let changed = |path: &Path| {
            let it = fs::symlink_metadata(path).unwrap();
            (it.ino(), it.ctime(), it.ctime_nsec())
        };
        let names = links(&directory).into_iter().map(|(name, _)| name);
        let entries: Vec<_> = names.map(|name| changed(&directory.join(name))).collect();
        (changed(&directory), entries)
    };
    world.by_name(["toolchain"]).run().ok();
    let first = state();
    world.by_name(["toolchain"]).run().ok();
    assert_eq!(state(), first);
    fs::remove_file(world.at("stub/rustfmt")).unwrap();
    fs::rename(world.at("stub"), world.at("elsewhere")).unwrap();
    world.by_name(["toolchain"]).path(["elsewhere"]).run().silently();
    let names: Vec<_> = links(&directory).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["cargo", "rustc", "rustup"]);
    assert_eq!(to(&directory, "rustc"), world.at("elsewhere/rustc"));
}

fn a_directory_on_path_does_not_lead_to_itself() {
    let world = world_with(&["rustc", "rustup"]);
    let second = world.at("second");
    let named = second.to_string_lossy();
    for words in [&["toolchain"][..], &["toolchain", &named], &["toolchain"]] {
        let run = world.by_name(words).path([DEFAULT, "second", "stub"]);
        run.run().ok();
    }
    for directory in [world.at(DEFAULT), second] {
        assert_eq!(to(&directory, "rustc"), world.at("stub/rustc"));
    }
}

fn a_relative_directory_is_below_the_working_directory() {
    let world = world_with(&["rustc", "rustup"]);
    let output = world.by_name(["toolchain", "../editors/./rust"]).run();
    assert_eq!(output.printed(), "[WORLD]/editors/rust\n");
    assert_eq!(to(&world.at("editors/rust"), "rustc"), world.at("stub/rustc"));
    assert!(!world.at(DEFAULT).exists());
}
