//! A run is killed before each call that changes the disk: nothing is lost but what was chosen, and the
//! next run removes the rest.

use std::collections::BTreeMap;

use super::full;
use super::gc;
use super::is_emptied;
use super::nothing_is_staged;
use super::target;
use super::used;
use crate::prelude::*;

/// The calls by which it changes the disk.
const CHANGES: &str = "mkdirat,renameat,renameat2,?rename,unlinkat,?unlink,?rmdir";

/// What is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    OldLayout,
    NewLayout,
    FullDisk,
}

pub(super) fn tests() -> Vec<Test> {
    let scenes = [
        ("the_old_layout", Scene::OldLayout),
        ("the_new_layout", Scene::NewLayout),
        ("a_full_disk", Scene::FullDisk),
    ];
    let test = |(name, scene)| {
        let name = format!("a_kill_on_{name}_loses_nothing_but_what_was_chosen");
        test!(name, move |stage| killed(stage, scene)).needs(&[Need::Strace]).heavy()
    };
    scenes.into_iter().map(test).collect()
}

const WORDS: [&str; 5] = ["--all-users", "--older-than", "30d", "--departed", "off"];

fn killed(stage: &Stage, scene: Scene) {
    match scene {
        Scene::FullDisk => {
            full::small(stage, full::Disk::Inodes);
            full::on(stage, || at_each_call(stage, scene));
        }
        _ => {
            stage.shared_root().provisioned();
            at_each_call(stage, scene);
        }
    }
}

fn at_each_call(stage: &Stage, scene: Scene) {
    let (alice, administrator) = (stage.person("alice"), stage.person("root"));
    let kept = target(&alice, "kept-0123456789abcdef", 1);
    Caches::make(&alice, scene);
    let counts = changes(stage, &administrator);
    assert!(counts.values().sum::<u32>() > 20, "{counts:?}");
    for (call, count) in counts {
        for number in 1..=count {
            let after = || format!("killed at {call} {number}");
            let caches = Caches::make(&alice, scene);
            let trace = format!("trace={call}");
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let strace = ["strace", "-fqq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let run = gc(&administrator, &WORDS).after(strace).run();
            assert!(
                run.status.code().is_none_or(|code| code > 128),
                "not {}: {}",
                after(),
                run.status
            );
            assert!(kept.join("debug/app").exists(), "{}: another one was taken", after());
            let _context = context(after);
            caches.keep_what_was_not_chosen();
            gc(&administrator, &WORDS).run().ok();
            caches.are_taken();
            caches.keep_what_was_not_chosen();
            nothing_is_staged(&stage.root.join("alice"));
        }
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
    fn make(alice: &Person<'_>, scene: Scene) -> Caches {
        let private = alice.stage.root.join("alice");
        let filler = alice.stage.root.join(".filler");
        let names = ["old", "incremental", "orphan"].map(|name| format!("{name}-0123456789abcdef"));
        for path in names.iter().map(|name| private.join(name)).chain([filler.clone()]) {
            if look(&path).is_some() {
                make::nothing(&path);
            }
        }
        let [old, incremental, orphan] = names.map(|name| {
            let made = target(alice, &name, 0);
            if scene == Scene::NewLayout {
                new_layout(alice, &made);
            }
            made
        });
        let (records, parent) = (private.join(".workspaces"), alice.stage.at("home"));
        let record = records.join("orphan-0123456789abcdef");
        if look(&records).is_none() {
            make::directory(&records, alice.uid(), alice.uid(), 0o700);
        }
        let inode = look(&parent).expect("no home").identity.1;
        let text = format!(
            "cargo-peruser record 1\ninode 4711\nparent {inode:020}\nworkspace {}\n",
            parent.join("gone").display()
        );
        make::file(&record, text, alice.uid(), 0o600);
        for (path, days) in [(&old, 40), (&incremental, 9), (&orphan, 2)] {
            used(path, days);
        }
        if scene == Scene::FullDisk {
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

/// The layout of cargo 1.100 and later, with the locks of 1.96 and later.
fn new_layout(alice: &Person<'_>, target: &Path) {
    for old in ["debug/deps", "debug/.fingerprint"] {
        make::nothing(&target.join(old));
    }
    let unit = target.join("debug/build/app/0123456789abcdef");
    for (directory, file) in [("out", "libapp.rlib"), ("fingerprint", "hash")] {
        fs::create_dir_all(unit.join(directory)).unwrap();
        fs::write(unit.join(directory).join(file), [b'x'; 5000]).unwrap();
    }
    for lock in [".cargo-build-lock", ".cargo-artifact-lock"] {
        fs::write(target.join("debug").join(lock), "").unwrap();
    }
    project::give(target, &format!("{0}:{0}", alice.uid()));
}

/// How often an undisturbed run makes each call.
fn changes(stage: &Stage, administrator: &Person<'_>) -> BTreeMap<String, u32> {
    let log = stage.at("calls");
    let (name, trace) = (log.to_str().expect("a plain path"), format!("trace={CHANGES}"));
    let strace = ["strace", "-fqq", "--seccomp-bpf", "-o", name, "-e", &trace];
    gc(administrator, &WORDS).after(strace).run().ok();
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(&log).unwrap().lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((call, _)) = call.split_once('(') else { continue };
        *counts.entry(call.to_owned()).or_default() += 1;
    }
    counts
}
