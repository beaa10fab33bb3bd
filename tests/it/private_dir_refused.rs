//! Refused private directories: nothing is deleted, no symlink is followed, no cargo runs, and there is
//! no fallback to a shared path.

use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::prelude::*;

tests![
    a_directory_that_others_can_write,
    a_directory_that_its_owner_cannot_use,
    something_that_is_no_directory,
    something_else_in_the_target_directorys_place,
    a_root_to_which_others_can_write,
    an_ancestor_to_which_others_can_write,
    a_root_that_is_no_directory,
    a_root_in_which_it_is_missing_and_cannot_be_made,
    nothing_is_made_without_a_real_cargo,
    hostile_names_in_a_refusal_are_escaped,
    commands_that_build_nothing_pass,
];

fn a_directory_that_others_can_write() {
    for bits in [0o775, 0o777, 0o1777, 0o702, 0o720, 0o2770] {
        let world = World::new();
        world.directory(world.private(), bits);
        world
            .shim(["build"])
            .run()
            .stopped(Stop::Unsafe)
            .blames(format!("`[WORLD]/root/[ME]`: others can write to it (mode {bits:04o})"))
            .helps("its contents can no longer be trusted");
        assert_eq!(mode(&world.private()), bits, "it is not silently repaired");
    }
}

fn a_directory_that_its_owner_cannot_use() {
    for bits in [0o500, 0o000, 0o300, 0o600, 0o555] {
        let world = World::new();
        world.directory(world.private(), bits);
        world
            .shim(["build"])
            .run()
            .stopped(Stop::Unsafe)
            .blames(format!("`[WORLD]/root/[ME]`: its owner cannot use it (mode {bits:04o})"))
            .helps("chmod u+rwx [WORLD]/root/[ME]");
        assert_eq!(mode(&world.private()), bits);
    }
}

/// Every kind of file that can be there instead of a directory, and its word in the refusal.
const OBSTACLES: [&str; 6] =
    ["file", "fifo", "socket", "symlink", "symlink to a private directory", "dangling symlink"];

fn plant(world: &World, obstacle: &str, at: &Path) {
    let elsewhere = world.directory("elsewhere", 0o700);
    world.file("elsewhere/treasure", "treasure");
    match obstacle {
        "file" => drop(world.file(at, "content")),
        "fifo" => assert!(Command::new("mkfifo").arg(at).status().unwrap().success()),
        "socket" => {
            let bound = UnixListener::bind(at);
            drop(
                bound.unwrap_or_else(|error| skip(format!("no socket can be made here: {error}"))),
            );
        }
        "symlink" => symlink(world.at("home"), at).unwrap(),
        "dangling symlink" => symlink(world.at("nowhere"), at).unwrap(),
        _ => symlink(elsewhere, at).unwrap(),
    }
}

/// Asserts that a build is refused because of the entry at `at`, and does not change it.
fn assert_refused(world: &World, obstacle: &str, at: &Path) {
    let before = fs::symlink_metadata(at).unwrap();
    for words in [&["build"][..], &["clean"], &["metadata"]] {
        let output = world.shim(words).run();
        let kind =
            obstacle.split(' ').find(|word| ["file", "fifo", "socket", "symlink"].contains(word));
        let error = format!(
            "refusing to use `{}`: it is a {}, owned by [ME] (uid [UID])",
            world.redact(&at.to_string_lossy()),
            kind.unwrap()
        );
        let help = format!("if you do not need it: rm {}", world.redact(&at.to_string_lossy()));
        output.stopped(Stop::Unsafe).blames(&error).helps(&help);
    }
    let after = fs::symlink_metadata(at).unwrap();
    assert_eq!(
        (before.ino(), before.mode(), before.len()),
        (after.ino(), after.mode(), after.len())
    );
    assert_eq!(fs::read_dir(world.at("elsewhere")).unwrap().count(), 1);
    assert!(is_empty(&world.at("home")));
    assert!(!world.at("nowhere").exists());
}

fn something_that_is_no_directory() {
    for obstacle in OBSTACLES {
        let world = World::new();
        plant(&world, obstacle, &world.private());
        assert_refused(&world, obstacle, &world.private());
    }
}

fn something_else_in_the_target_directorys_place() {
    for obstacle in OBSTACLES {
        let world = World::new();
        let target = world.directory(world.private(), 0o700).join("target");
        plant(&world, obstacle, &target);
        assert_refused(&world, obstacle, &target);
    }
}

fn a_root_to_which_others_can_write() {
    for bits in [0o1777, 0o777, 0o2777, 0o3777, 0o722] {
        for is_there in [false, true] {
            let world = World::new();
            if is_there {
                world.directory(world.private(), 0o700);
            }
            chmod(&world.at("root"), bits);
            world
                .shim(["build"])
                .run()
                .stopped(Stop::Unsafe)
                .blames(format!("(mode {bits:04o})"))
                .helps(match rustix::process::getuid().is_root() {
                    true => "cargo-peruser setup --shared-root [WORLD]/root",
                    false => "remove what others have put there",
                });
            assert_eq!(world.made().len(), usize::from(is_there), "{:?}", world.made());
        }
    }
}

fn an_ancestor_to_which_others_can_write() {
    // A directory that everyone can write to is refused, even if the checkout is below it too.
    for (bits, checkout) in [(0o757, "checkout"), (0o777, "checkout"), (0o777, "open/app")] {
        let world = World::new();
        let open = world.directory("open", 0o755);
        let root = world.directory("open/deep/root", 0o755);
        world.file(Path::new(checkout).join("Cargo.toml"), "");
        chmod(&open, bits);
        let run = world.shim(["build"]).env(ROOT, &root).within(checkout);
        run.run()
            .stopped(Stop::Unsafe)
            .blames(format!("(mode {bits:04o})"))
            .helps("remove what others have put there");
        assert!(is_empty(&root));
    }
}

fn a_root_that_is_no_directory() {
    let world = World::new();
    let root = world.file("root-file", "content");
    world
        .shim(["build"])
        .env(ROOT, &root)
        .run()
        .stopped(Stop::Unsafe)
        .blames("`[WORLD]/root-file`: it is a file")
        .helps("choose a place below directories");
}

fn a_root_in_which_it_is_missing_and_cannot_be_made() {
    not_as_root();
    let world = World::new();
    chmod(&world.at("root"), 0o555);
    let output = world.shim(["build"]).run();
    let error = "failed to create directory `[WORLD]/root/[ME]`: permission denied (os error 13)";
    output.stopped(Stop::Create).blames(error).helps("sudo cargo-peruser provision ");
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn nothing_is_made_without_a_real_cargo() {
    for world in [World::new(), World::without_root()] {
        for run in [world.shim(["build"]), world.by_name(["build"])] {
            run.path(["shim"]).run().exits(127);
            assert!(world.made().is_empty(), "{:?}", world.made());
        }
    }
}

fn hostile_names_in_a_refusal_are_escaped() {
    let world = World::new();
    let root = world.directory("r\u{202e}oot", 0o777);
    let output = world.shim(["build"]).env(ROOT, root).run();
    output.refused().mentions("[WORLD]/r\\u{202e}oot").never_says("\u{202e}");
}

fn commands_that_build_nothing_pass() {
    let world = World::new();
    world.directory(world.private(), 0o777);
    world.shim(["fmt", "--all"]).run().call();
    // An alias can be anything.
    let aliased = world.shim(["fmt"]).env("CARGO_ALIAS_FMT", "build");
    aliased.run().refused();
    world.file("checkout/.cargo/config.toml", "[alias]\nfmt = 'build'\n");
    world.shim(["fmt"]).run().refused();
}
