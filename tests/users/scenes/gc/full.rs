//! A disk without room for even one more directory: people run gc then.

use super::*;

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
    tests
}

/// A shared root on a small disk, with alice's private directory.
pub(super) fn small(stage: &Stage, disk: Disk) -> PathBuf {
    match disk {
        Disk::Inodes => make::tmpfs(&stage.root, "mode=0755,nr_inodes=200,size=16m"),
        Disk::Blocks => make::image(&stage.root, "ext4"),
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

/// What was chosen for each reason goes, and what is in use stays until then.
fn full(stage: &Stage, disk: Disk, person: &str) {
    let private = small(stage, disk);
    on(stage, || {
        let alice = stage.person("alice");
        let [old, busy, incremental, new] = [("old", 40), ("busy", 40), ("parts", 9), ("new", 1)]
            .map(|(name, days)| target(&alice, &format!("{name}-0123456789abcdef"), days));
        let (gone, orphan) = workspace(&alice, "gone");
        make::nothing(&gone);
        used(&orphan, 2);
        fill(&alice);
        let program = alice.program("/bin/sleep", ["60"]);
        let working = program.within(busy.join("debug/deps")).start();
        let words: &[&str] =
            if person == "root" { &["--all-users", "--departed", "off"] } else { &[] };
        let collect = || gc(&stage.person(person), &["--older-than", "30d"]).args(words).run();
        let run = collect();
        run.ok().prints("taken").prints("uses it");
        is_emptied(&old);
        assert!(look(&orphan).is_none(), "{}", run.stdout);
        assert!(look(&incremental.join("debug/incremental")).is_none(), "{}", run.stdout);
        for kept in [&busy, &incremental, &new] {
            assert!(kept.join("debug/app").exists(), "{}", run.stdout);
        }
        nothing_is_staged(&private);
        drop(working);
        collect().ok().prints("taken");
        is_emptied(&busy);
    });
}
