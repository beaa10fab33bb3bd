//! Settings files: their required owners, and what the system's file may enforce.

use crate::prelude::*;

/// Owner, group and mode of a settings file that must not count.
const UNTRUSTED: &[(&str, &str, u32)] = &[
    ("root", "root", 0o666),
    ("root", "devs", 0o664),
    ("mallory", "mallory", 0o644),
    ("alice", "alice", 0o644),
    // Root's number where a user namespace hides it, and here nobody else's.
    ("nobody", "root", 0o644),
];

tests![
    test!("the_system_file_names_the_shared_root", names_the_root),
    test!("stops_at_a_system_file_that_others_can_change", untrusted).needs(&[Need::AllIds]),
    test!("nobody_overrides_what_the_system_file_enforces", enforced),
    test!("stops_at_a_persons_file_of_somebody_elses", |stage| {
        persons_file(stage, "mallory", 0o644);
    }),
    test!("stops_at_a_persons_file_that_cannot_be_read", |stage| {
        persons_file(stage, "alice", 0o000);
    }),
    test!("a_masked_file_is_named_and_left_alone", masked),
];

/// Runs `cargo build` with this text as the system's file and nothing in the environment.
fn build(person: &Person<'_>, text: &str, owner: &str, owners: &str, mode: u32) -> Outcome {
    let directory = person.stage.settings(text);
    make::own(&directory.join("config.toml"), account(owner).uid, group(owners), mode);
    person.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT").system_settings(directory).run()
}

fn root_line(root: &Path) -> String {
    format!("shared-root = \"{}\"\n", root.display())
}

fn names_the_root(stage: &Stage) {
    let root = stage.shared_root().provisioned();
    let run = build(&stage.person("alice"), &root_line(&root), "root", "root", 0o644);
    run.silently().builds_in(root.join("alice/target"));
}

fn untrusted(stage: &Stage) {
    let root = stage.shared_root().provisioned();
    for (owner, group, mode) in UNTRUSTED {
        let run = build(&stage.person("alice"), &root_line(&root), owner, group, *mode);
        run.stopped(Stop::Settings).blames("/etc/cargo-peruser/config.toml");
        make::nothing(&stage.at("etc"));
    }
}

fn enforced(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let text = format!("{}enforce = [\"shared-root\"]\n", root_line(&root));
    let directory = stage.settings(&text);
    let other = stage.at("other");
    make::directory(&other, 0, 0, 0o1777);
    let run =
        alice.cargo(["build"]).env("CARGO_PERUSER_SHARED_ROOT", &other).system_settings(&directory);
    run.run().stopped(Stop::Settings).blames("shared-root").blames("CARGO_PERUSER_SHARED_ROOT");
    assert!(is_empty(&other), "a directory was made all the same");
}

fn persons_file(stage: &Stage, owner: &str, mode: u32) {
    let (root, alice) = stage.provisioned();
    let own = make::directories(&stage.directory, "config/cargo-peruser", alice.uid());
    let file = own.join("config.toml");
    make::file(&file, root_line(&root), account(owner).uid, mode);
    let build = alice.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT");
    let run = build.env("XDG_CONFIG_HOME", stage.at("config")).run();
    run.stopped(Stop::Settings).blames(file.to_string_lossy());
}

/// A symlink to `/dev/null`, as systemd masks files: no printed command may change its mode.
fn masked(stage: &Stage) {
    let directory = stage.at("etc");
    make::directory(&directory, 0, 0, 0o755);
    make::link(&directory.join("config.toml"), "/dev/null".as_ref(), 0);
    let alice = stage.person("alice");
    let run = alice.cargo(["build"]).system_settings(directory).run();
    run.stopped(Stop::Settings).blames("device").never_says("chmod");
}
