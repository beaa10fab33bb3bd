//! A power failure during a migration: unlike a kill it loses what the kernel had only in memory. After
//! each call that changes the disk, one complete cache is on the disk. After a reboot the next run
//! continues or begins again, even if the disk has another device number.

mod disks;

use super::kills::is_kept;
use super::kills::leave_if_it_stays;
use super::kills::something_is_whole;
use super::scene::Scene;
use crate::prelude::*;
use crate::stage::cache::Content;
use crate::stage::disk::Disk;
use crate::stage::make::Image;
use crate::stage::steps::Step;
use disks::Disks;
use disks::Photograph;

pub(super) fn tests() -> Vec<Test> {
    use Image::{Ext4, Xfs};
    let mut tests = vec![];
    // A replacing move makes all the calls of a plain one, and a copy to another disk those of a local
    // one.
    for (name, flags, images) in [
        ("replacing", &["--yes", "--replace"][..], &[Ext4][..]),
        ("copying_to_another_disk_and_replacing", &["--yes", "--replace"], &[Ext4, Xfs]),
    ] {
        let name = format!("a_power_failure_while_{name}_loses_nothing");
        let body = move |stage: &Stage| fails_everywhere(stage, flags, images);
        tests.push(test!(name, body).needs(&[Need::Images, Need::Strace]));
    }
    let name = "a_power_failure_loses_what_was_not_synced";
    tests.push(test!(name, loses_what_was_not_synced).needs(&[Need::Images]));
    tests
}

/// What a disk has of three files after a power failure.
fn seen(disk: &Disk, photograph: &Path) -> [Option<String>; 3] {
    disk.unmount();
    disk.restore(photograph);
    disk.mount();
    ["synced", "committed", "lost"].map(|name| fs::read_to_string(disk.at.join(name)).ok())
}

/// The control: if this fails, the other tests prove nothing.
fn loses_what_was_not_synced(stage: &Stage) {
    for kind in Image::ALL {
        let disk = Disk::make(&stage.at(kind.name()), kind);
        let photograph = stage.at("photograph");
        let write = |name: &str| fs::write(disk.at.join(name), "text");
        write("synced").unwrap();
        disk.sync();
        write("committed").unwrap();
        disk.commit();
        write("lost").unwrap();
        disk.photograph(&photograph);
        let expected = [Some("text".into()), Some(String::new()), None];
        let found = seen(&disk, &photograph);
        assert!(found == expected, "{kind:?}: {found:?}");
        disk.unmount();
    }
}

fn fails_everywhere(stage: &Stage, flags: &[&str], images: &[Image]) {
    let replaces = flags.contains(&"--replace");
    stage.accept_sticky_root();
    let disks = Disks::make(stage, images);
    let (scene, former) = furnish(stage, &disks, replaces);
    let before = disks.put_away();
    let (mut pictures, mut calls) = (Vec::new(), Vec::new());
    for committed in disks.commits() {
        disks.start(&before, Photograph::Kept);
        let is_wanted = |step: &Step| calls.is_empty() || is_of_the_sample(step, &calls);
        let (made, taken) = disks.record(&scene, flags, committed, &is_wanted);
        disks.stop(Photograph::Kept);
        pictures.extend(taken);
        calls = if calls.is_empty() { made } else { calls };
    }
    let count = pictures.len();
    for picture in &pictures {
        let _context = context(|| format!("{}\n{}", picture.after, state(&scene)));
        disks.start(picture, Photograph::Used);
        goes_on(&scene, flags, former.as_ref());
        disks.stop(Photograph::Used);
    }
    assert!(count > 30, "the power failed {count} times only");
}

/// All calls of a kind if there are few; otherwise the first, the last and some between.
fn is_of_the_sample(step: &Step, calls: &[Step]) -> bool {
    const FEW: usize = 5;
    let alike = || calls.iter().filter(|made| made.call == step.call);
    let all = alike().count();
    let Some(place) = alike().position(|made| made.number == step.number) else { return true };
    all <= FEW || place < 2 || place + 3 > all || place.is_multiple_of(all.div_ceil(4))
}

/// The old cache, and alice's own builds, if any.
fn furnish<'s>(
    stage: &'s Stage,
    disks: &Disks<'_>,
    is_built: bool,
) -> (Scene<'s>, Option<Content>) {
    let old = disks.source().join("old");
    let [alice, bob] = ["alice", "bob"].map(|name| stage.person(name));
    cache::build(&old, &[&alice, &bob]);
    let target = stage.root.join("alice/target");
    let scene = Scene::new_with(stage, old.clone(), target, cache::content(&old));
    for (number, uid) in
        [scene.alice.uid(), scene.bob.uid()].into_iter().cycle().take(12).enumerate()
    {
        let path = old.join(format!("debug/deps/unit-{number}.o"));
        make::file(&path, format!("unit {number} ").repeat(1500 * number), uid, 0o664);
        fs::hard_link(&path, old.join(format!("debug/incremental/unit-{number}.o"))).unwrap();
        make::link(
            &old.join(format!("release/unit-{number}")),
            &Path::new("..").join(format!("debug/deps/unit-{number}.o")),
            uid,
        );
    }
    let scene = Scene { content: cache::content(&old), ..scene };
    if !is_built {
        return (scene, None);
    }
    scene.alice.cargo(["build"]).run().ok();
    let former = cache::content(&scene.target);
    (scene, Some(former))
}

/// After the reboot.
fn goes_on(scene: &Scene<'_>, flags: &[&str], former: Option<&Content>) {
    something_is_whole(scene);
    let run = scene.give(flags);
    let is_done = run.stderr.contains("it does not exist");
    assert!(run.status.success() || is_done, "{}{}", run.stdout, run.stderr);
    leave_if_it_stays(scene, &run);
    scene.has_moved();
    former.into_iter().for_each(|former| is_kept(scene.alice.stage, former));
}

/// The files that exist, for debugging.
fn state(scene: &Scene<'_>) -> String {
    let private = scene.target.parent().unwrap_or(&scene.target);
    let staging = private.join(".migration");
    let names = [&scene.old.with_file_name(""), private, &staging];
    let names = names
        .map(|path| format!("{}: {:?}", path.display(), path.exists().then(|| cache::names(path))));
    let journal = fs::read_to_string(staging.join("journal"));
    format!("{}\n{}", names.join("\n"), journal.unwrap_or_default())
}
