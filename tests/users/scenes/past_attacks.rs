//! Attacks and accidents that worked once. These tests keep them from working again.

use crate::prelude::*;

/// Prints the user that it runs as.
const CONFESSES: &str = "#!/bin/sh\necho \"mallory's program runs as $(id -u)\"\n";

/// Runs the shim as a child instead of becoming it.
const FORKS: &str = "#!/bin/sh\necho once >>\"${0%/*}/log\"\n/opt/shim/cargo \"$@\"\n";

/// A cargo that becomes its program, which works for a while and restarts itself.
const RESTARTS: &str = r#"#!/bin/sh
count=$((${COUNT:-0} + 1))
[ "$count" -lt 3 ] || { echo "started $count times"; exit 0; }
sleep 1.2
COUNT=$count exec cargo run
"#;

tests![
    test!("another_persons_home_offers_no_cargo_to_root", |stage| {
        offers_no_cargo(stage, &stage.person("root"));
    }),
    test!("another_persons_home_offers_no_cargo_to_alice", |stage| {
        offers_no_cargo(stage, &stage.person("alice"));
    }),
    test!("a_cargo_that_everyone_can_write_runs_where_nothing_is_protected", open_cargo,),
    test!("a_wrapper_that_runs_us_as_a_child_ends", forks),
    test!("a_program_that_executes_cargo_run_to_start_anew_does", restarts),
    test!("another_spelling_of_the_shared_root_is_still_the_shared_root", spelling,),
];

/// HOME and CARGO_HOME are mallory's, as after `su -m`, and no cargo is on PATH.
fn offers_no_cargo(stage: &Stage, caller: &Person<'_>) {
    stage.shared_root().sticky().make();
    let mallory = stage.person("mallory");
    let cargo_home = mallory.home.join(".cargo");
    make::directories(&mallory.home, ".cargo/bin", mallory.uid());
    make::file(&cargo_home.join("bin/cargo"), CONFESSES, mallory.uid(), 0o755);
    let own: [(&str, &Path); 2] = [("HOME", &mallory.home), ("CARGO_HOME", &cargo_home)];
    for variables in [&own[..1], &own[1..], &own] {
        let mut run = caller.cargo(["--version"]).path([places::SHIM]);
        for (name, value) in variables {
            run = run.env(name, value);
        }
        run.run().stopped(Stop::NoCargo).prints_nothing();
    }
}

/// Like container images in which everyone can write to cargo's home.
fn open_cargo(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let place = stage.at("open");
    make::directory(&place, 0, 0, 0o777);
    make::link(&place.join("cargo"), &Path::new(places::STUB).join("cargo"), 0);
    let path = [Path::new(places::SHIM), &place];
    alice.cargo(["build"]).path(path).run().stopped(Stop::NoCargo);
    alice.cargo(["build"]).path(path).env("CARGO_PERUSER", "off").run().ok();
    alice.cargo(["build"]).path(path).unset("CARGO_PERUSER_SHARED_ROOT").run().ok();
    let named = place.join("cargo");
    let run = alice.cargo(["build"]).path(path).env("CARGO_PERUSER_REAL_CARGO", named).run();
    run.builds_in(root.join("alice/target"));
}

fn forks(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let wrapper = stage.at("w");
    make::directory(&wrapper, alice.uid(), alice.uid(), 0o755);
    make::script(&wrapper.join("cargo"), FORKS);
    let path = [wrapper.as_path(), Path::new(places::STUB)];
    let run = alice.cargo(["check"]).path(path).limit(Duration::from_secs(15)).run();
    run.stopped(Stop::NoCargo).mentions(wrapper.to_string_lossy());
    let rounds = std::fs::read_to_string(wrapper.join("log")).unwrap().lines().count();
    assert!(rounds <= 30, "the wrapper ran {rounds} times");
}

fn restarts(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let place = stage.at("c");
    make::directory(&place, 0, 0, 0o755);
    make::script(&place.join("cargo"), RESTARTS);
    let path = [places::SHIM.as_ref(), place.as_path(), "/usr/bin".as_ref(), "/bin".as_ref()];
    alice.cargo(["run"]).path(path).run().ok().prints("started 3 times");
}

fn spelling(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let link = stage.at("link");
    make::link(&link, &root, 0);
    for inside in ["", "bob/target", "alice"] {
        let value = link.join(inside);
        let run = alice.cargo(["build"]).env("CARGO_TARGET_DIR", value).run();
        run.builds_in(root.join("alice/target"));
    }
}
