//! The shared root: which states are accepted, and the messages about the others; also one that cannot
//! be entered, or on a file system that inherits or drops permissions. A table beside the rule tests
//! every mode; these tests use real owners and groups.

use crate::prelude::*;

tests![
    test!("accepts_a_provisioned_directory_in_a_root_for_a_group_0750", for_a_group,),
    test!("builds_in_the_own_cache_directory_until_provisioned", not_provisioned),
    test!("tells_a_home_without_room_how_to_be_provisioned", no_home),
    test!("accepts_a_sticky_root_of_a_group_by_choice_3775", sticky),
    test!("refuses_what_others_can_write_to_and_says_who_can_close_it", writable),
    test!("what_another_has_left_in_the_checkout_is_theirs_to_remove", left),
    test!("builds_elsewhere_when_the_root_cannot_be_entered", closed),
    test!("another_disk_takes_a_shared_root_of_ones_own", another_disk),
    test!("strips_what_a_default_acl_on_the_root_would_hand_down", default_acl,)
        .needs(&[Need::Acls]),
    test!("refuses_a_file_system_without_unix_modes", vfat).needs(&[Need::Vfat]),
];

fn sticky(stage: &Stage) {
    let root = stage.shared_root().group("devs").mode(0o3775).accepted().make();
    let alice = stage.person("alice");
    let target = root.join("alice/target");
    alice.cargo(["build"]).run().silently().builds_in(&target);
    private(&root.join("alice"), alice.uid());
    private(&target, alice.uid());
    tagged(&target);
    let before = look(&root.join("alice"));
    alice.cargo(["build"]).run().silently();
    assert!(look(&root.join("alice")) == before, "the second run changed the private directory");
    alice.by_name(["explain"]).run().prints("others can create files in the shared root");
    // No setting accepts a writable root without the sticky bit.
    stage.shared_root().group("devs").mode(0o2775).make();
    alice.cargo(["build"]).run().refused();
}

fn writable(stage: &Stage) {
    let alice = stage.person("alice");
    for (owner, mode) in [
        ("root", 0o1777),
        ("root", 0o2775),
        ("root", 0o777),
        ("mallory", 0o1777),
        ("alice", 0o3775),
        ("alice", 0o2775),
    ] {
        let root = stage.shared_root().owned_by(owner).group("devs").mode(mode).make();
        let run = alice.cargo(["build"]).run();
        run.refused().blames(root.to_string_lossy());
        assert!(look(&root.join("alice")).is_none(), "a directory was made all the same");
        if owner == "root" {
            // Setup's tests cover what it does with such a root.
            run.helps(format!("cargo-peruser setup --shared-root {}", root.display()));
            continue;
        }
        if owner == "mallory" {
            run.blames("mallory (uid 2003)");
            continue;
        }
        // The command of the help line helps.
        alice.shell(&run.offered("chmod go-w"), [""; 0]).run().ok();
        alice.cargo(["build"]).run().silently();
        make::nothing(&root.join("alice"));
    }
    // That would refuse a directory of the system's.
    let run = alice.cargo(["build"]).env("CARGO_PERUSER_SHARED_ROOT", "/tmp").run();
    run.refused().helps("unset CARGO_PERUSER_SHARED_ROOT").never_says("cargo-peruser setup");
}

/// Only members have a directory, and only they can look in; others build in their own cache.
fn for_a_group(stage: &Stage) {
    let root = stage.shared_root().group("devs").mode(0o750).provisioned();
    let (alice, robot) = (stage.person("alice"), stage.person("robot"));
    alice.cargo(["build"]).run().silently().builds_in(root.join("alice/target"));
    assert!(look(&root.join("robot")).is_none(), "robot is no member and has a directory");
    let run = robot.cargo(["build"]).run();
    run.ok().builds_in(robot.home.join(".cache/cargo-peruser/target"));
    run.notes("sudo cargo-peruser provision robot");
    let root = stage.person("root");
    let run = root.by_name(["provision", "robot"]).run();
    run.fails().blames("robot").helps("usermod -aG devs robot");
}

fn not_provisioned(stage: &Stage) {
    let root = stage.shared_root().make();
    let alice = stage.person("alice");
    let cache = alice.home.join(".cache/cargo-peruser");
    let run = alice.cargo(["build"]).run();
    run.ok().builds_in(cache.join("target")).notes("sudo cargo-peruser provision alice");
    private(&cache, alice.uid());
    // The note is printed once for each target directory, and always by `explain`.
    alice.cargo(["build"]).run().silently();
    alice.by_name(["explain"]).run().ok().prints("sudo cargo-peruser provision alice");
    let build = || alice.cargo(["build"]).env("CARGO_PERUSER_MISSING", "refuse").run();
    let run = build();
    run.stopped(Stop::Create).blames(root.join("alice").to_string_lossy());
    run.helps("sudo cargo-peruser provision alice");
    stage.person("root").by_name(["provision", "alice"]).run().ok();
    private(&root.join("alice"), alice.uid());
    build().silently().builds_in(root.join("alice/target"));
    // A session that began before still names the other directory.
    let run = alice.cargo(["build"]).env("CARGO_TARGET_DIR", cache.join("target")).run();
    run.silently().builds_in(root.join("alice/target"));
}

fn no_home(stage: &Stage) {
    stage.shared_root().make();
    let alice = stage.person("alice");
    do_as_root("chmod", ["0500".as_ref(), alice.home.as_os_str()]);
    alice.cargo(["build"]).run().stopped(Stop::Create).helps("sudo cargo-peruser provision alice");
}

fn left(stage: &Stage) {
    stage.shared_root().provisioned();
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    let tree = [("Cargo.toml", ""), ("target/CACHEDIR.TAG", "")];
    project::write(&stage.checkout, &tree, &bob);
    let run = alice.cargo(["build"]).run();
    run.notes("to remove it: ask bob (uid 2002)").never_says("cargo clean");
    bob.cargo(["build"]).run().notes("to remove it: CARGO_PERUSER=off cargo clean");
}

fn closed(stage: &Stage) {
    let root = stage.shared_root().mode(0o700).make();
    // It cannot be known whether she has a directory in it, so she builds in her own cache directory.
    let alice = stage.person("alice");
    let run = alice.cargo(["build"]).run();
    let mends = format!("sudo cargo-peruser setup --shared-root {}", root.display());
    run.ok().notes(mends).never_says("usermod");
    run.builds_in(alice.home.join(".cache/cargo-peruser/target"));
    let run = alice.cargo(["build"]).env("CARGO_PERUSER_MISSING", "refuse").run();
    run.fails().never_says("stub:").blames(root.to_string_lossy());
}

/// We follow no symlink to it, but a directory there can be a user's shared root.
fn another_disk(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let disk = stage.at("disk");
    make::tmpfs(&disk, "mode=0755");
    make::directory(&disk.join("alice"), alice.uid(), alice.uid(), 0o755);
    make::link(&root.join("alice/target"), &disk.join("alice"), alice.uid());
    alice.cargo(["build"]).run().refused().blames("symlink").helps("shared-root");
    let config = alice.home.join(".config/cargo-peruser/config.toml");
    let text = format!("shared-root = \"{}\"\n", disk.join("alice").display());
    let write = "mkdir -p \"${2%/*}\" && printf %s \"$1\" >\"$2\"";
    alice.shell(write, [text.as_ref(), config.as_os_str()]).run().ok();
    let run = alice.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT").run();
    run.silently().builds_in(disk.join("alice/alice/target"));
    private(&disk.join("alice/alice"), alice.uid());
}

fn default_acl(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    Acl::Default.grant(&root, 2003, 0o7);
    let probe = root.join("probe");
    fs::create_dir(&probe).unwrap();
    assert!(acls(&probe) == [Acl::Access, Acl::Default], "new directories do not inherit the ACL");
    let alice = stage.person("alice");
    alice.cargo(["build"]).run().silently();
    private(&root.join("alice"), alice.uid());
    private(&root.join("alice/target"), alice.uid());
}

fn vfat(stage: &Stage) {
    let image = stage.at("image");
    fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
    let path = |path: &Path| path.to_str().map(str::to_owned).expect("a plain path");
    do_as_root("mkfs.vfat", [path(&image)]);
    let root = stage.shared_root().sticky().make();
    do_as_root("mount", ["-o", "loop,uid=2001,umask=0022", &path(&image), &path(&root)]);
    stage.person("alice").cargo(["build"]).run().refused().blames(root.to_string_lossy());
}
