//! A disk without room for even one more directory: people run gc then.

use super::*;
use crate::stage::make::Image;

/// How the disk is full.
#[derive(Clone, Copy)]
pub(super) enum Disk {
    /// No inode is left.
    Inodes,
    /// No block is left.
    Blocks,
}

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (name, disk) in [("inodes", Disk::Inodes), ("space", Disk::Blocks)] {
        let needs: &[Need] = if matches!(disk, Disk::Blocks) { &[Need::Images] } else { &[] };
        for person in ["alice", "root"] {
            let name = format!("{person}_gets_{name}_back_where_there_are_none_left");
            tests.push(test!(name, move |stage| full(stage, disk, person)).needs(needs));
        }
    }
    tests.push(test!("an_orphan_and_incremental_data_make_room", kinds));
    tests.push(test!("what_is_in_use_stays_on_a_full_disk", in_use));
    tests
}

/// A shared root on a small disk, with alice's private directory.
pub(super) fn small(stage: &Stage, disk: Disk) -> PathBuf {
    match disk {
        Disk::Inodes => make::tmpfs(&stage.root, "mode=0755,nr_inodes=200,size=16m"),
        Disk::Blocks => make::image(&stage.root, Image::Ext4).unwrap(),
    }
    stage.person("root").by_name(["provision", "alice"]).run().ok();
    stage.root.join("alice")
}

/// Uses up everything, down to the last block that an ordinary account gets.
fn fill(alice: &Person<'_>) {
    let place = alice.stage.root.join("alice/filler-0123456789abcdef");
    make::directory(&place, alice.uid(), alice.uid(), 0o700);
    let lines = "cd \"$1\"; cat /dev/zero >large; for size in 1M 64k 4k; do
        while head -c $size /dev/zero >\"file-$((i = i + 1))\"; do :; done; done
        while mkdir \"directory-$((i = i + 1))\"; do :; done";
    alice.shell(lines, [&place]).run();
    alice.shell("mkdir \"$1\"", [place.join("more")]).run().fails().mentions("No space left");
}

/// Runs it, and removes the disk again.
pub(super) fn on(stage: &Stage, body: impl FnOnce()) {
    body();
    do_as_root("umount", ["-l".as_ref(), stage.root.as_os_str()]);
}

fn full(stage: &Stage, disk: Disk, person: &str) {
    let private = small(stage, disk);
    on(stage, || {
        let alice = stage.person("alice");
        let names = ["a", "b"].map(|name| format!("{name}-0123456789abcdef"));
        let old = names.map(|name| target(&alice, &name, 40));
        let new = target(&alice, "new-0123456789abcdef", 1);
        fill(&alice);
        let words: &[&str] =
            if person == "root" { &["--all-users", "--departed", "off"] } else { &[] };
        let run = gc(&stage.person(person), &["--older-than", "30d"]).args(words).run();
        run.ok().prints("taken");
        for old in old {
            is_emptied(&old);
        }
        assert!(new.join("debug/app").exists(), "the new one was taken");
        nothing_is_staged(&private);
        gc(&stage.person(person), &["--older-than", "30d"]).args(words).run().ok();
    });
}

fn kinds(stage: &Stage) {
    for is_orphan in [false, true] {
        let private = small(stage, Disk::Inodes);
        on(stage, || {
            let alice = stage.person("alice");
            let old = match is_orphan {
                false => target(&alice, "old-0123456789abcdef", 9),
                true => {
                    let (gone, orphan) = workspace(&alice, "gone");
                    make::nothing(&gone);
                    used(&orphan, 2);
                    orphan
                }
            };
            fill(&alice);
            let run = gc(&alice, &[]).run();
            run.ok().prints("taken");
            assert!(look(&old).is_some() != is_orphan, "{}", run.stdout);
            assert!(look(&old.join("debug/incremental")).is_none(), "{}", run.stdout);
            nothing_is_staged(&private);
        });
        fs::remove_dir(&stage.root).unwrap();
    }
}

fn in_use(stage: &Stage) {
    let private = small(stage, Disk::Inodes);
    on(stage, || {
        let alice = stage.person("alice");
        let busy = target(&alice, "a-0123456789abcdef", 40);
        fill(&alice);
        let works = |path: &Path| alice.program("/bin/sleep", ["60"]).within(path).start();
        let working = works(&busy.join("debug/deps"));
        let run = gc(&alice, &["--older-than", "30d"]).run();
        run.ok().prints("uses it");
        assert!(busy.join("debug/app").exists());
        nothing_is_staged(&private);
        drop(working);
        gc(&alice, &["--older-than", "30d"]).run().ok().prints("taken");
        is_emptied(&busy);
    });
}
