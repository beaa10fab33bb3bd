//! `toolchain`: refusals that change nothing, `--remove`, and loops that end.

use crate::prelude::*;
use crate::toolchain::DEFAULT;
use crate::toolchain::links;
use crate::toolchain::world_with;

tests![
    refuses_what_it_has_not_made,
    takes_away_what_it_has_made,
    completes_what_a_killed_run_has_begun,
    a_wrapper_that_leads_back_is_passed_over,
];

fn refuses_what_it_has_not_made() {
    let world = world_with(&["rustc", "rustup"]);
    let given = world.directory("given", 0o755).to_string_lossy().into_owned();
    world.by_name(["toolchain", &given]).run().ok();
    world.file("given/notes.txt", "mine");
    let before = links(&world.at("given"));
    let error = "cannot use `[WORLD]/given` as a toolchain directory: cargo-peruser did not create \
                 `[WORLD]/given/notes.txt`";
    let help = "name an empty or a new directory: ";
    for words in [&["toolchain", &given][..], &["toolchain", "--remove", &given]] {
        world.by_name(words).run().stopped(Stop::Failed).blames(error).helps(help);
    }
    assert_eq!(links(&world.at("given")), before);
    let file = world.file("file", "");
    let error = "refusing to use `[WORLD]/file`: it is a file, owned by [ME] (uid [UID])";
    let output = world.by_name(["toolchain", &file.to_string_lossy()]).run();
    output.stopped(Stop::Unsafe).blames(error).helps("if you do not need it: rm [WORLD]/file");
}

fn takes_away_what_it_has_made() {
    let world = world_with(&["rustc", "rustup"]);
    let before = world.made();
    for _ in 0..2 {
        assert_eq!(world.by_name(["toolchain", "--remove"]).run().printed(), "");
    }
    world.by_name(["toolchain"]).run().ok();
    assert_eq!(world.by_name(["toolchain", "--remove"]).run().printed(), "");
    let after: Vec<_> = world.made().into_iter().filter(|name| !name.contains(".local")).collect();
    assert_eq!(after, before);
    assert!(!world.at("home/.local/share/cargo-peruser").exists());
    assert!(world.at("stub/rustc").exists());
}

fn completes_what_a_killed_run_has_begun() {
    let world = world_with(&["rustc", "rustup"]);
    let directory = world.directory(DEFAULT, 0o755);
    world.by_name(["toolchain"]).run().ok();
    fs::remove_file(directory.join("rustc")).unwrap();
    symlink("/gone/rustfmt", directory.join("rustfmt")).unwrap();
    world.by_name(["toolchain"]).run().ok();
    let names: Vec<_> = links(&directory).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["cargo", "rustc", "rustup"]);
}

fn a_wrapper_that_leads_back_is_passed_over() {
    let world = world_with(&["rustc", "rustup"]);
    world.cargo_in("distribution");
    fs::remove_file(world.at("stub/cargo")).unwrap();
    let wrapper =
        format!("#!/bin/sh\nexec '{}' \"$@\"\n", world.at(DEFAULT).join("cargo").display());
    world.executable("stub/cargo", wrapper);
    world.by_name(["toolchain"]).run().ok();
    let run = |path: [&str; 2]| {
        let run = world.run(world.at("stub/cargo"), ["build"]).path(path);
        run.env("RUSTUP_TOOLCHAIN", "/opt/sysroot").run()
    };
    assert_eq!(run(["stub", "distribution"]).printed(), "[WORLD]/distribution/cargo build\n");
    let alone = run(["stub", "empty"]);
    alone.stopped(Stop::NoCargo);
    alone.mentions("passed over `[WORLD]/stub/cargo`: it executed cargo-peruser again");
}
