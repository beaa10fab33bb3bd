//! A run is killed before each call that changes the disk: nothing is lost but what was chosen, and the
//! next run removes the rest.

use super::*;
use crate::stage::steps::Step;

/// The calls by which it changes the disk.
const CHANGES: &str = "mkdirat,renameat,renameat2,?rename,unlinkat,?unlink,?rmdir";

pub(super) fn tests() -> Vec<Test> {
    let test = |(name, body): (_, fn(&Stage))| {
        let name = format!("a_kill_on_{name}_loses_nothing_but_what_was_chosen");
        test!(name, body).needs(&[Need::Strace]).heavy()
    };
    vec![test(("an_ordinary_disk", on_an_ordinary_disk)), test(("a_full_disk", on_a_full_disk))]
}

const WORDS: [&str; 5] = ["--all-users", "--older-than", "30d", "--departed", "off"];

fn on_an_ordinary_disk(stage: &Stage) {
    stage.shared_root().provisioned();
    at_each_call(stage, false);
}

fn on_a_full_disk(stage: &Stage) {
    full::small(stage, full::Disk::Inodes);
    full::on(stage, || at_each_call(stage, true));
}

fn at_each_call(stage: &Stage, is_full: bool) {
    let (alice, administrator) = (stage.person("alice"), stage.person("root"));
    let kept = target(&alice, "kept-0123456789abcdef", 1);
    Caches::make(&alice, is_full);
    let changes = steps::of(gc(&administrator, &WORDS), CHANGES, &stage.at("calls"));
    assert!(changes.len() > 20, "{changes:?}");
    for Step { call, number, .. } in changes {
        let _context = context(|| format!("killed at {call} {number}"));
        let caches = Caches::make(&alice, is_full);
        let run = steps::killed_at(gc(&administrator, &WORDS), &call, number);
        assert!(run.status.code().is_none_or(|code| code > 128), "not killed: {}", run.status);
        assert!(kept.join("debug/app").exists(), "another one was taken");
        caches.keep_what_was_not_chosen();
        gc(&administrator, &WORDS).run().ok();
        caches.are_taken();
        caches.keep_what_was_not_chosen();
        nothing_is_staged(&stage.root.join("alice"));
    }
}

/// One is chosen completely, of one only its incremental data, and one is an orphan.
struct Caches {
    old: PathBuf,
    incremental: PathBuf,
    orphan: PathBuf,
    record: PathBuf,
}

impl Caches {
    /// As they were before.
    fn make(alice: &Person<'_>, is_full: bool) -> Caches {
        let private = alice.stage.root.join("alice");
        let filler = alice.stage.root.join(".filler");
        let names = ["old", "incremental"].map(|name| format!("{name}-0123456789abcdef"));
        for path in names.iter().map(|name| private.join(name)).chain([filler.clone()]) {
            if look(&path).is_some() {
                make::nothing(&path);
            }
        }
        let [old, incremental] = names.map(|name| target(alice, &name, 0));
        let (gone, orphan) = workspace(alice, "gone");
        make::nothing(&gone);
        let record = private.join(".workspaces").join(orphan.file_name().expect("a name"));
        for (path, days) in [(&old, 40), (&incremental, 9), (&orphan, 2)] {
            used(path, days);
        }
        if is_full {
            fs::create_dir(&filler).unwrap();
            for number in 0.. {
                if fs::create_dir(filler.join(number.to_string())).is_err() {
                    break;
                }
            }
        }
        Caches { old, incremental, orphan, record }
    }

    fn keep_what_was_not_chosen(&self) {
        for cache in [&self.old, &self.incremental] {
            assert!(cache.join("CACHEDIR.TAG").exists(), "the tag is gone");
            assert!(cache.join("debug/.cargo-lock").exists(), "the lock is gone");
        }
        assert!(self.incremental.join("debug/app").exists(), "what was not chosen is gone");
    }

    fn are_taken(&self) {
        is_emptied(&self.old);
        for gone in [&self.incremental.join("debug/incremental"), &self.orphan, &self.record] {
            assert!(look(gone).is_none(), "`{}` is there", gone.display());
        }
    }
}
