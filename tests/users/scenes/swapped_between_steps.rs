//! Somebody acts between two steps of alice's first run, at each of them in turn.
//!
//! A path that was checked is opened next, and a new directory is checked again: a replacement in
//! between must be noticed.

use crate::prelude::*;
use crate::stage::steps::Step;
use crate::stage::steps::Steps;

/// The calls that look at, open and create the shared root and its entries.
const CALLS: &str = "statx,newfstatat,openat,mkdirat,fchmod,fchown,linkat";

tests![
    test!("what_mallory_plants_is_noticed", planted).needs(&[Need::Strace]),
    test!("what_was_made_and_replaced_is_not_followed", replaced).needs(&[Need::Strace]),
    test!("a_root_that_is_replaced_is_noticed", replaced_root).needs(&[Need::Strace]),
    test!("a_mode_that_does_not_stay_is_noticed", ignored_modes).needs(&[Need::Strace]),
];

type Plant = fn(&Path, &Cast<'_>);

const PLANTED: &[Plant] = &[
    |at, cast| make::directory(at, cast.mallory, cast.mallory, 0o777),
    |at, cast| make::link(at, &cast.trap, cast.mallory),
    |at, cast| make::link(at, &cast.hers, cast.mallory),
    |at, cast| make::file(at, "", cast.mallory, 0o666),
];

struct Cast<'s> {
    alice: Person<'s>,
    mallory: u32,
    trap: PathBuf,
    /// Another private directory of alice's.
    hers: PathBuf,
}

impl<'s> Cast<'s> {
    fn of(stage: &'s Stage) -> Cast<'s> {
        let (alice, mallory) = (stage.person("alice"), stage.person("mallory").uid());
        let (trap, hers) = (stage.at("trap"), stage.at("hers"));
        make::directory(&trap, mallory, mallory, 0o777);
        make::directory(&hers, alice.uid(), alice.uid(), 0o700);
        Cast { alice, mallory, trap, hers }
    }

    fn nothing_was_made(&self) {
        for place in [&self.trap, &self.hers] {
            let made = cache::names(place);
            // Records are written by path, and nothing depends on them.
            let is_record = |name: &String| name == ".workspaces";
            assert!(made.iter().all(is_record), "{made:?} is in `{}`", place.display());
        }
    }
}

/// Whether a step is about the shared root.
fn concerns_the_root(step: &Step, root: &Path) -> bool {
    step.shown.contains(&*root.to_string_lossy()) || step.shown.contains("\"alice\"")
}

/// Runs `cargo check` once for each of its steps, and acts after that one. Hands the outcome to `judge`.
fn at_each_step(cast: &Cast<'_>, mut act: impl FnMut(), mut judge: impl FnMut(&Outcome)) {
    let stage = cast.alice.stage;
    for number in 0.. {
        let log = stage.at(format!("log-{number}"));
        make::file(&log, "", cast.alice.uid(), 0o644);
        let mut steps = Steps::start(cast.alice.cargo(["check"]), CALLS, &log);
        let (mut seen, mut shown) = (0, None);
        while let Some(step) = steps.next() {
            if concerns_the_root(&step, &stage.root) {
                if seen == number {
                    act();
                    shown = Some(step.shown);
                }
                seen += 1;
            }
        }
        let outcome = steps.finish();
        let Some(shown) = shown else { return };
        let _context = context(|| format!("after step {number}, {shown}"));
        judge(&outcome);
    }
}

/// Mallory creates an entry as soon as the name is free.
fn planted(stage: &Stage) {
    let at = stage.shared_root().sticky().make().join("alice");
    let cast = Cast::of(stage);
    for (row, plant) in PLANTED.iter().enumerate() {
        let _context = context(|| format!("row {row}"));
        let (mut refused, mut was_private) = (0, 0);
        let act = || {
            if look(&at).is_none() {
                plant(&at, &cast);
            }
        };
        at_each_step(&cast, act, |outcome| {
            cast.nothing_was_made();
            if outcome.status.success() {
                private(&at, cast.alice.uid());
                was_private += 1;
            } else {
                outcome.refused();
                refused += 1;
            }
            if look(&at).is_some() {
                do_as_root("rm", ["-r".as_ref(), at.as_os_str()]);
            }
        });
        assert!(refused > 1 && was_private > 1, "{refused} refused, {was_private} private");
    }
}

/// The root's owner can do more: replace the entry of the step before by a symlink.
fn replaced(stage: &Stage) {
    let at = stage.shared_root().sticky().make().join("alice");
    let cast = Cast::of(stage);
    make::own(&cast.hers, cast.alice.uid(), cast.alice.uid(), 0o755);
    let act = || {
        if look(&at).is_some() {
            make::nothing(&at);
        }
        make::link(&at, &cast.hers, 0);
    };
    let mut refused = 0;
    at_each_step(&cast, act, |outcome| {
        cast.nothing_was_made();
        let mode = look(&cast.hers).expect("hers").mode;
        assert!(mode == 0o755, "it has mode {mode:04o}");
        refused += usize::from(outcome.is_refused());
        fs::remove_file(&at).unwrap();
    });
    assert!(refused > 3, "{refused} refused");
}

/// Its owner replaces it by another directory, which mallory can write to.
fn replaced_root(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let cast = Cast::of(stage);
    let (mut refused, aside) = (0, stage.at("aside"));
    let act = || {
        fs::rename(&root, &aside).unwrap();
        make::directory(&root, cast.mallory, cast.mallory, 0o777);
    };
    at_each_step(&cast, act, |outcome| {
        assert!(is_empty(&root), "{:?}", cache::names(&root));
        refused += usize::from(outcome.is_refused());
        make::nothing(&root);
        fs::rename(&aside, &root).unwrap();
        if look(&root.join("alice")).is_some() {
            private(&root.join("alice"), cast.alice.uid());
            make::nothing(&root.join("alice"));
        }
    });
    assert!(refused > 2, "{refused} refused");
}

/// The file system reports success without doing anything.
fn ignored_modes(stage: &Stage) {
    let root = stage.shared_root().group("devs").mode(0o3775).accepted().make();
    let alice = stage.person("alice");
    let strace = ["strace", "--quiet", "-f", "--output=/dev/null", "--inject=fchmod:retval=0"];
    // With the inherited group it gets a set-id bit, which only fchmod removes.
    let run = alice.cargo(["check"]).after(strace).run();
    run.refused().blames("does not keep Unix permissions");
    assert!(look(&root.join("alice")).is_none(), "it was left behind");
    make::directory(&root.join("alice"), alice.uid(), alice.uid(), 0o755);
    let run = alice.cargo(["check"]).after(strace).run();
    run.refused().blames("does not keep Unix permissions");
    // The directories inside as well.
    alice.cargo(["check"]).run().ok();
    // Nor is the directory that root creates for bob given to him.
    let strace = ["strace", "--quiet", "-f", "--output=/dev/null", "--inject=fchown:retval=0"];
    let run = stage.person("root").by_name(["provision", "bob"]).after(strace).run();
    run.fails().mentions("does not keep Unix permissions");
    assert!(cache::names(&root) == ["alice"], "something was left behind");
}
