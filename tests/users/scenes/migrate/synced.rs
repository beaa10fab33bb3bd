//! What is on the disk before the next step: after a power failure the next run finds a whole cache and a
//! journal that says where it is. And the file systems between which a cache is moved.

use super::kills::CHANGES;
use super::*;

tests![
    test!("a_rename_begins_when_the_journal_is_on_the_disk", renamed).needs(&[Need::Strace]),
    test!("a_copy_is_on_the_disk_before_its_source_goes", copied).needs(&[Need::Strace]),
    test!("a_cache_goes_to_another_file_system_and_is_cloned_on_one", between)
        .needs(&[Need::Images]),
];

/// A call, and a part of it.
type Sign<'a> = (&'a str, &'a str);

/// The journal's content, its name, and the name on the disk.
const JOURNAL: [Sign<'static>; 3] =
    [("fsync", "/journal.new>"), ("renameat", "\"journal\""), ("fsync", "/.migration>")];
/// It is no longer needed.
const END: Sign<'static> = ("unlinkat", ">, \"journal\", 0)");

/// Demands these calls of a migration, in this order and among others.
fn makes(run: Invocation<'_>, signs: &[Sign<'_>]) {
    let log = run.actor.stage.at("calls");
    let made = steps::of(run, CHANGES, &log);
    let mut rest = made.iter();
    for (call, part) in signs {
        let is_it = |step: &steps::Step| step.call == *call && step.shown.contains(part);
        assert!(rest.any(is_it), "no `{call}` of `{part}` there: {made:#?}");
    }
}

fn renamed(stage: &Stage) {
    let scene = Scene::new(stage);
    let tag = ("fsync", "/incoming/#");
    let moves = [("renameat2", "\"old\""), tag, ("renameat2", "\"incoming\""), END];
    makes(scene.giving(&["--yes"]), &[&JOURNAL[..], &moves].concat());
    scene.has_moved();
}

fn copied(stage: &Stage) {
    let parent = format!("<{}>)", stage.directory.display());
    let private = ("fsync", "/alice>");
    let removes = [("unlinkat", "/.old.migrated>"), ("fsync", &parent), END];
    let copies = [("syncfs", "/incoming>")];
    let places = [("fsync", "/incoming/#"), ("renameat2", "\"incoming\""), private];
    let hides = [("renameat2", "\".old.migrated\""), ("fsync", &parent)];
    let scene = Scene::new(stage);
    let copy = || scene.giving(&["--yes", "--copy"]);
    makes(copy(), &[&JOURNAL[..], &copies, &JOURNAL, &places, &hides, &removes].concat());
    scene.has_moved();
    make::nothing(&stage.root);
    // Killed when the source has its other name: the next run cannot know what is on the disk, and removes
    // nothing more.
    let scene = Scene::new(stage);
    let copy = || scene.giving(&["--yes", "--copy"]);
    steps::killed_at(copy(), "fsync", 7).fails();
    makes(copy(), &[private, END]);
    assert!(cache::content(&scene.old.with_file_name(".old.migrated")) == scene.content);
    assert!(cache::content(&scene.target) == scene.content, "the copy differs");
}

fn between(stage: &Stage) {
    let [ext4, xfs] = ["ext4", "xfs"].map(|kind| {
        let place = stage.at(kind);
        make::image(&place, kind);
        place
    });
    let shared = xfs.join("shared");
    make::directory(&shared, 0, 0, 0o1777);
    for (place, flags) in [(&ext4, &["--yes"][..]), (&xfs, &["--yes", "--copy"])] {
        let scene = Scene::new(stage);
        let old = place.join("old");
        make::nothing(&scene.old);
        cache::build(&old, &[&scene.alice, &scene.bob]);
        let content = cache::content(&old);
        let scene = Scene { old, target: shared.join("alice/target"), content, ..scene };
        scene.giving(flags).env("CARGO_PERUSER_SHARED_ROOT", &shared).run().ok().prints("copied");
        scene.has_moved();
        make::nothing(&scene.target);
    }
    do_as_root("umount", [ext4, xfs]);
}
