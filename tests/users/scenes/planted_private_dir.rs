//! Mallory was first: the entry with alice's name in a sticky shared root is not hers.
//!
//! Whatever it is, every command must be refused, and the entry and the target of a symlink must be
//! unchanged afterwards.

use crate::prelude::*;
use crate::stage::cache::names;

const ALICE: u32 = 2001;
const MALLORY: u32 = 2003;

/// The planted entry, and its word in the error. The second path is mallory's trap, the third alice's
/// home.
type Planted = (&'static str, fn(&Path, &Path, &Path));

const PLANTED: &[Planted] = &[
    // One that anyone can write to, one that alice can only read, and one whose ACL lets her in.
    ("mallory", |at, _, _| make::directory(at, MALLORY, MALLORY, 0o777)),
    ("mallory", |at, _, _| make::directory(at, MALLORY, MALLORY, 0o755)),
    ("mallory", |at, _, _| {
        make::directory(at, MALLORY, MALLORY, 0o700);
        Acl::Access.grant(at, ALICE, 0o7);
    }),
    ("symlink", |at, trap, _| make::link(at, trap, MALLORY)),
    ("symlink", |at, _, home| make::link(at, home, MALLORY)),
    // Its target does not exist yet.
    ("symlink", |at, _, home| make::link(at, &home.join("new"), MALLORY)),
    ("file", |at, _, _| make::file(at, "", MALLORY, 0o666)),
    ("fifo", |at, _, _| make::fifo(at, MALLORY)),
    ("socket", |at, _, _| make::socket(at, MALLORY)),
];

pub(crate) fn tests() -> Vec<Test> {
    let name = "whatever_mallory_has_put_at_alices_name_is_refused_and_left_alone";
    vec![test!(name, all_refused).needs(&[Need::Acls])]
}

fn all_refused(stage: &Stage) {
    let at = stage.shared_root().sticky().make().join("alice");
    let alice = stage.person("alice");
    let trap = stage.at("trap");
    make::directory(&trap, MALLORY, MALLORY, 0o777);
    make::file(&trap.join("bait"), "mallory's", MALLORY, 0o666);
    // Real files at the paths of build results, where a `clean` through a symlink would delete.
    let treasure = alice.home.join("target");
    make::directory(&treasure, ALICE, ALICE, 0o755);
    make::file(&treasure.join("thesis"), "years", ALICE, 0o644);
    for (number, (says, plant)) in PLANTED.iter().enumerate() {
        plant(&at, &trap, &alice.home);
        let before = look(&at);
        let _context = context(|| format!("row {number}"));
        refused(&alice, &at, says);
        assert!(look(&at) == before, "row {number} was {before:?}, and is {:?}", look(&at));
        for (place, expected) in [(&trap, "bait"), (&alice.home, "target"), (&treasure, "thesis")] {
            let names = names(place);
            assert!(names == [expected], "row {number}: `{}` has {names:?}", place.display());
        }
        match before.expect("nothing was planted").kind {
            "directory" => fs::remove_dir(&at).unwrap(),
            _ => fs::remove_file(&at).unwrap(),
        }
    }
}

fn refused(alice: &Person<'_>, at: &Path, says: &str) {
    let is_refused = |run: Outcome| {
        run.refused().blames(at.to_string_lossy()).blames(says);
        run.blames("mallory").blames(MALLORY.to_string());
        run.never_says("rm -r").never_says("chown").never_says("chmod");
    };
    for args in [&["build"][..], &["clean"], &["run", "--release"]] {
        is_refused(alice.cargo(args).run());
        is_refused(alice.by_name(args).run());
    }
}
