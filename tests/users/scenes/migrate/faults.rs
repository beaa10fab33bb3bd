//! A migration that is stopped by a full or read-only file system or by Ctrl-C. The cache is never lost,
//! and never mixed with another.

use super::*;

tests![
    test!("a_full_destination_leaves_the_source_as_it_was", full),
    test!("a_destination_too_small_is_refused_beforehand", too_small),
    test!("a_killed_copy_has_room_when_it_begins_again", again).needs(&[Need::Strace]),
    test!("a_read_only_destination_leaves_the_source_as_it_was", read_only),
    test!("a_read_only_source_is_copied_and_stays", read_only_source),
    test!("an_interrupt_leaves_the_source_as_it_was", interrupted).needs(&[Need::Strace]),
    test!("a_copy_of_another_length_is_noticed", unlike).needs(&[Need::Strace]),
];

/// A small tmpfs with the source and the shared root on it.
fn on_a_small_one<'s>(stage: &'s Stage, options: &str) -> Scene<'s> {
    let scene = Scene::new(stage);
    let small = stage.at("small");
    make::tmpfs(&small, options);
    let old = small.join("old");
    cache::build(&old, &[&scene.alice, &scene.bob]);
    let content = cache::content(&old);
    make::nothing(&scene.old);
    Scene { old, content, ..scene }
}

fn full(stage: &Stage) {
    let small = stage.at("small");
    let mut scene = on_a_small_one(stage, "mode=0755,size=2m");
    make::file(&small.join("old/debug/large"), vec![b'x'; 1 << 20], scene.bob.uid(), 0o664);
    scene.content = cache::content(&scene.old);
    make::directory(&small.join("shared"), 0, 0, 0o1777);
    scene.target = small.join("shared/alice/target");
    let give = || {
        let run = scene.giving(&["--yes", "--copy"]);
        run.env("CARGO_PERUSER_SHARED_ROOT", small.join("shared")).run()
    };
    give().stopped_having_shown(Stop::Create).mentions("no space left on device");
    scene.is_untouched();
    make::remount(&small, "size=8m");
    give().ok();
    scene.has_moved();
}

/// The incomplete copy takes more than half of the room.
fn again(stage: &Stage) {
    let mut scene = Scene::new(stage);
    make::file(&scene.old.join("debug/large"), vec![b'x'; 6 << 20], scene.bob.uid(), 0o664);
    scene.content = cache::content(&scene.old);
    make::nothing(&stage.root);
    make::tmpfs(&stage.root, "mode=1777,size=12m");
    steps::killed_at(scene.giving(&["--yes"]), "syncfs", 1).fails();
    scene.give(&["--yes"]).ok();
    scene.has_moved();
}

fn too_small(stage: &Stage) {
    let scene = Scene::new(stage);
    make::nothing(&stage.root);
    make::tmpfs(&stage.root, "mode=1777,size=16k");
    let run = scene.give(&["--yes"]);
    run.stopped_having_shown(Stop::Create).blames("no room for a copy").helps("df -h");
    scene.is_untouched();
    assert!(look(&stage.root.join("alice")).is_none(), "a private directory was made");
}

fn read_only(stage: &Stage) {
    let scene = Scene::new(stage);
    make::nothing(&stage.root);
    make::tmpfs(&stage.root, "mode=1777");
    make::directory(&stage.root.join("alice"), scene.alice.uid(), scene.alice.uid(), 0o700);
    make::remount(&stage.root, "ro");
    scene.give(&["--yes"]).stopped_having_shown(Stop::Create).mentions("read-only");
    scene.is_untouched();
    make::remount(&stage.root, "rw");
    scene.give(&["--yes"]).ok();
    scene.has_moved();
}

fn read_only_source(stage: &Stage) {
    let scene = on_a_small_one(stage, "mode=0755");
    make::remount(&stage.at("small"), "ro");
    scene.give(&["--yes"]).ok().mentions("stays");
    scene.has_arrived();
    assert!(cache::content(&scene.old) == scene.content, "the source has changed");
}

/// Ctrl-C in the middle of the copy, at the first file's times.
fn interrupted(stage: &Stage) {
    let scene = Scene::new(stage);
    let strace = ["strace", "-fqq", "-o", "/dev/null", "-e", "inject=utimensat:signal=INT:when=1"];
    scene.giving(&["--yes", "--copy"]).after(strace).run().exits(130).blames("interrupted");
    scene.is_untouched();
    scene.give(&["--yes", "--copy"]).ok();
    scene.has_moved();
}

/// The system reports that it has copied the first part of a file, but has not.
fn unlike(stage: &Stage) {
    const PART: usize = 32 << 20;
    let mut scene = Scene::new(stage);
    let large = scene.old.join("debug/large");
    make::file(&large, vec![b'x'; PART + 4096], scene.bob.uid(), 0o664);
    scene.content = cache::content(&scene.old);
    let lie = format!("inject=copy_file_range:retval={PART}:when=1");
    let path = large.to_str().expect("a plain path");
    let strace = ["strace", "-fqq", "-o", "/dev/null", "-P", path, "-e", &lie];
    let run = scene.giving(&["--yes", "--copy"]).after(strace).run();
    run.stopped_having_shown(Stop::Create);
    run.blames("failed to check").mentions("debug/large`: the copy differs from the original");
    scene.is_untouched();
    scene.give(&["--yes", "--copy"]).ok();
    scene.has_moved();
}
