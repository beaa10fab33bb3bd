//! Refused private directories: nothing is deleted, no symlink is followed, no cargo runs, and there is
//! no fallback to a shared path.

use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::prelude::*;

tests![
    a_directory_with_other_permissions,
    something_that_is_no_directory,
    a_root_that_is_no_directory,
    a_root_in_which_it_is_missing_and_cannot_be_made,
    nothing_is_made_without_a_real_cargo,
    hostile_names_in_a_refusal_are_escaped,
];

fn a_directory_with_other_permissions() {
    let writable = ("others can write to it", "its contents can no longer be trusted");
    let unusable = ("its owner cannot use it", "chmod u+rwx [WORLD]/root/[ME]");
    for (bits, (says, helps)) in [
        (0o775, writable),
        (0o1777, writable),
        (0o702, writable),
        (0o2770, writable),
        (0o500, unusable),
        (0o000, unusable),
        (0o555, unusable),
    ] {
        let world = World::new();
        world.directory(world.private(), bits);
        let run = world.shim(["build"]).run();
        let error = format!("`[WORLD]/root/[ME]`: {says} (mode {bits:04o})");
        run.stopped(Stop::Unsafe).blames(error).helps(helps);
        assert_eq!(mode(&world.private()), bits, "it is not silently repaired");
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

/// In the place of the private directory, and of the target directory in it.
fn something_that_is_no_directory() {
    for (obstacle, is_target) in OBSTACLES.into_iter().flat_map(|it| [(it, false), (it, true)]) {
        let world = World::new();
        let at = match is_target {
            true => world.directory(world.private(), 0o700).join("target"),
            false => world.private(),
        };
        plant(&world, obstacle, &at);
        assert_refused(&world, obstacle, &at);
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
    output.stopped(Stop::Create).blames(error).helps("ls -ld [WORLD]/root");
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
