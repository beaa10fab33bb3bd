//! A settings file that cannot be read or trusted: one error, one next step, exit 78.

use std::process::Command;

use crate::prelude::*;
use crate::settings_mistakes::FILE;
use crate::settings_mistakes::mistake;

tests![
    a_file_that_is_not_utf_8,
    something_else_in_the_files_place,
    hostile_names_in_a_file_are_escaped,
];

fn a_file_that_is_not_utf_8() {
    let world = World::new();
    world.file(FILE, b"# \xff\n");
    let found = mistake(&world, &world.shim(["build"]).run());
    assert!(found.contains("`[WORLD]/home/.config/cargo-peruser/config.toml`"), "{found}");
}

fn something_else_in_the_files_place() {
    for make in [&["mkdir", "-p"][..], &["mkfifo"]] {
        let world = World::new();
        let file = world.at(FILE);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        assert!(Command::new(make[0]).args(&make[1..]).arg(&file).status().unwrap().success());
        let found = mistake(&world, &world.shim(["build"]).run());
        assert!(found.contains("config.toml`"), "{found}");
    }
}

fn hostile_names_in_a_file_are_escaped() {
    let world = World::new();
    for text in [
        "\"a\\u001b[2Jb\\n\" = 1\n",
        "scope = \"a\\u001b[2Jb\\nc\"\n",
        "shared-root = \"/\\u001b[2J\"\n",
    ] {
        world.file(FILE, text);
        let found = mistake(&world, &world.shim(["build"]).run());
        assert!(!found.contains('\x1b'), "{found}");
        assert!(found.contains("\\u{1b}[2J"), "{found}");
    }
}
