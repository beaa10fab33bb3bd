//! Anyone who can change the toolchain directory chooses what an editor executes, so it is not created
//! where another account could change it.

use crate::prelude::*;

/// The state of the directory before alice names it, and the refusal.
type Row = (&'static str, fn(&Stage, &Path), &'static str);

const PLANTED: &[Row] = &[
    (
        "refuses_a_directory_of_somebody_else",
        |_, at| make::directory(at, 2003, 2003, 0o755),
        "it is owned by mallory",
    ),
    (
        "refuses_a_directory_of_ones_own_that_others_can_write_to",
        |_, at| make::directory(at, 2001, 2001, 0o777),
        "others can write to it",
    ),
    (
        "refuses_a_symlink_to_a_directory_of_somebody_else",
        |stage, at| {
            make::directory(&stage.at("hers"), 2003, 2003, 0o777);
            make::link(at, &stage.at("hers"), 2003);
        },
        "it is owned by mallory",
    ),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("refuses_a_place_below_somebody_elses_directory", below_hers),
        test!("leaves_the_home_of_somebody_else_alone", anothers_home),
        test!("root_stays_out_of_a_persons_directory", root_in_hers),
    ];
    for (name, plant, says) in PLANTED {
        tests.push(test!(name, move |stage| planted(stage, *plant, says)));
    }
    tests
}

/// `cargo-peruser toolchain DIR`, with stub tools on PATH.
fn toolchain<'p>(stage: &Stage, person: &'p Person<'_>, words: &[&str]) -> Invocation<'p> {
    let tools = stage.at("tools");
    if !tools.exists() {
        make::directory(&tools, 0, 0, 0o755);
        for tool in ["cargo", "rustc", "rustup"] {
            make::script(&tools.join(tool), "#!/bin/sh\nexit 0\n");
        }
    }
    let path = [&*tools, Path::new(places::BY_NAME), Path::new("/usr/bin"), Path::new("/bin")];
    person.by_name(["toolchain"]).args(words).path(path)
}

fn planted(stage: &Stage, plant: fn(&Stage, &Path), says: &str) {
    let alice = stage.person("alice");
    let place = stage.at("open");
    make::directory(&place, 0, 0, 0o755);
    let at = place.join("toolchain");
    plant(stage, &at);
    let before = look(&at);
    let inside = |at: &Path| at.read_dir().map_or(0, Iterator::count);
    let entries = inside(&at);
    for words in [&[&*at.to_string_lossy()][..], &["--remove", &at.to_string_lossy()]] {
        toolchain(stage, &alice, words).run().fails().blames(says);
    }
    assert!(look(&at).map(|it| it.identity) == before.map(|it| it.identity), "it was replaced");
    assert!(inside(&at) == entries, "something was put there");
}

fn below_hers(stage: &Stage) {
    let alice = stage.person("alice");
    let hers = stage.at("hers");
    make::directory(&hers, 2003, 2003, 0o777);
    let at = hers.join("toolchain/bin");
    toolchain(stage, &alice, &[&at.to_string_lossy()]).run().refused().blames("mallory");
    assert!(is_empty(&hers), "something was made");
}

fn anothers_home(stage: &Stage) {
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    // As after `su -m`, with a home that bob could even write to.
    make::own(&alice.home, 2001, 2001, 0o777);
    let call = || toolchain(stage, &bob, &[]);
    let data = alice.home.join("data");
    make::directory(&data, 2001, 2001, 0o777);
    for invocation in [
        call().env("HOME", &alice.home),
        call().env("HOME", &alice.home).env("XDG_DATA_HOME", &data),
    ] {
        // The account's own home is used instead, but does not exist and cannot be created.
        invocation.run().stopped(Stop::Create).blames("/home/2002");
    }
    assert!(cache::names(&alice.home) == ["data"] && is_empty(&data), "something was made");
}

fn root_in_hers(stage: &Stage) {
    let (alice, root) = (stage.person("alice"), stage.person("root"));
    make::own(&alice.home, 2001, 2001, 0o755);
    toolchain(stage, &alice, &[]).run().silently();
    let hers = alice.home.join(".local/share/cargo-peruser/toolchain/bin");
    let before = look(&hers.join("rustc")).map(|it| it.identity);
    for words in [&[&*hers.to_string_lossy()][..], &["--remove", &hers.to_string_lossy()]] {
        toolchain(stage, &root, words).run().refused().blames("alice");
    }
    // `sudo -E`: her home does not become root's.
    let made = toolchain(stage, &root, &[]).env("HOME", &alice.home).run();
    made.ok().prints("/home/0/.local/share/cargo-peruser/toolchain/bin");
    assert!(before.is_some() && look(&hers.join("rustc")).map(|it| it.identity) == before);
    make::nothing(Path::new("/home/0"));
}
