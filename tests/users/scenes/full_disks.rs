//! Shared roots in which nothing can be created: read-only, immutable, full, or out of inodes.
//!
//! Each gives one error with path and cause, and leaves nothing half made: everything that exists
//! afterwards is complete. Once there is room again, the next run succeeds.

use std::io::Write;

use crate::prelude::*;

tests![
    test!("stops_at_a_read_only_root", read_only),
    test!("stops_at_an_immutable_root", immutable).needs(&[Need::Immutable]),
    test!("stops_at_a_full_root_and_leaves_nothing_half_made", no_space),
    test!("notes_a_root_where_build_scripts_cannot_run", no_exec),
    test!("stops_without_an_inode_for_the_private_directory", |stage| no_inodes(stage, 0)),
    test!("stops_without_an_inode_for_the_target_directory", |stage| no_inodes(stage, 1)),
    test!("stops_without_an_inode_for_the_tag", |stage| no_inodes(stage, 2)),
];

fn read_only(stage: &Stage) {
    stage.accept_sticky_root();
    make::tmpfs(&stage.root, "mode=1777");
    make::remount(&stage.root, "ro");
    let alice = stage.person("alice");
    stops(&alice, "read-only file system");
    make::remount(&stage.root, "rw");
    recovers(&alice);
}

fn immutable(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let path = root.to_str().expect("a plain path");
    do_as_root("chattr", ["+i", path]);
    let alice = stage.person("alice");
    stops(&alice, "operation not permitted");
    do_as_root("chattr", ["-i", path]);
    recovers(&alice);
}

fn no_space(stage: &Stage) {
    stage.accept_sticky_root();
    make::tmpfs(&stage.root, "mode=1777,size=64k");
    let filler = stage.root.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    let alice = stage.person("alice");
    stops(&alice, "no space left on device");
    fs::remove_file(filler).unwrap();
    recovers(&alice);
}

fn no_inodes(stage: &Stage, free: usize) {
    stage.accept_sticky_root();
    make::tmpfs(&stage.root, "mode=1777,nr_inodes=12");
    let filler = |number: usize| stage.root.join(format!("filler-{number}"));
    let made = (0..).take_while(|number| fs::create_dir(filler(*number)).is_ok()).count();
    for number in 0..free {
        fs::remove_dir(filler(number)).unwrap();
    }
    let alice = stage.person("alice");
    stops(&alice, "no space left on device");
    for number in free..made {
        fs::remove_dir(filler(number)).unwrap();
    }
    recovers(&alice);
}

fn no_exec(stage: &Stage) {
    stage.accept_sticky_root();
    make::tmpfs(&stage.root, "mode=1777,noexec");
    let alice = stage.person("alice");
    alice.cargo(["build"]).run().notes("noexec");
    // The note is printed once, when the directory is created; then success is silent.
    alice.cargo(["build"]).run().silently();
}

/// One error, with a path below the root and the cause; and whatever exists now is complete.
fn stops(alice: &Person<'_>, cause: &str) {
    let root = &alice.stage.root;
    let run = alice.cargo(["build"]).run();
    run.stopped(Stop::Create).blames(root.join("alice").to_string_lossy());
    let lower = run.stderr.to_lowercase();
    assert!(lower.contains(cause), "the cause is not `{cause}`:\n{}", run.stderr);
    let (directory, target) = (root.join("alice"), root.join("alice/target"));
    if look(&directory).is_some() {
        private(&directory, alice.uid());
    }
    if look(&target).is_some() {
        private(&target, alice.uid());
        tagged(&target);
    }
}

fn recovers(alice: &Person<'_>) {
    let target = alice.stage.root.join("alice/target");
    alice.cargo(["build"]).run().silently();
    private(&target, alice.uid());
    tagged(&target);
}
