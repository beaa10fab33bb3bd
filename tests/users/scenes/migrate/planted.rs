//! Traps in the old cache for the next user who builds in it.

use std::fs::File;
use std::os::unix::fs::lchown;

use rustix::fs::FlockOperation;
use rustix::fs::flock;

use super::hostile::refuses;
use super::*;
use crate::stage::steps::Steps;

tests![
    test!("symlinks_that_may_lead_out_are_refused", symlinks),
    test!("what_came_into_a_stopped_move_is_refused_as_well", stopped).needs(&[Need::Strace]),
    test!("what_comes_between_two_steps_is_refused", between).needs(&[Need::Strace]),
    test!("another_source_in_its_place_is_not_moved", replaced).needs(&[Need::Strace]),
    test!("what_comes_into_alices_own_in_between_lets_it_stay", begun).needs(&[Need::Strace]),
    test!("root_does_not_work_in_what_alice_puts_in_its_place", exchanged).needs(&[Need::Strace]),
    test!("what_a_person_moves_for_oneself_leads_nowhere_else", own_symlinks),
    test!("what_stands_above_a_target_directory_is_refused", above),
    test!("a_lock_that_others_have_open_keeps_alice_from_nothing", locked),
    test!("no_access_list_comes_along", lists).needs(&[Need::Acls]),
    test!("an_overlay_is_one_file_system", overlay).needs(&[Need::AllIds]),
];

/// Each would make the next build write somewhere else.
const LINKS: [(&str, &str); 6] = [
    ("debug/c.d", "/etc/passwd"),
    ("debug/build", "../../elsewhere"),
    ("debug/other", "../../old/debug"),
    // `up` itself is harmless.
    ("debug/climbs", "up/../../elsewhere"),
    ("bench", "/etc"),
    ("debug/deps/nothing", "/nothing/at/all"),
];

fn symlinks(stage: &Stage) {
    let scene = Scene::new(stage);
    make::link(&scene.old.join("debug/up"), Path::new(".."), scene.bob.uid());
    let scene = Scene { content: cache::content(&scene.old), ..scene };
    for (name, target) in LINKS {
        let link = scene.old.join(name);
        make::link(&link, Path::new(target), scene.bob.uid());
        refuses(&scene, name);
        // It is no better if it is her own file: others may have put it there.
        lchown(&link, Some(scene.alice.uid()), None).unwrap();
        refuses(&scene, name);
        scene.give(&["--yes"]).refused().helps(format!(": namei -l {}", link.display()));
        fs::remove_file(&link).unwrap();
    }
    scene.is_untouched();
    scene.give(&["--yes", "--copy"]).ok();
    scene.has_moved();
    assert!(
        fs::read_link(scene.target.join("debug/up")).unwrap() == Path::new(".."),
        "another target"
    );
}

fn own_symlinks(stage: &Stage) {
    let scene = Scene::of_alice(stage);
    let link = scene.old.join(".rustc_info.json");
    fs::remove_file(&link).unwrap();
    make::link(&link, Path::new("/etc/passwd"), scene.alice.uid());
    for flags in [&["--yes"][..], &["--yes", "--copy"], &["--dry-run"]] {
        scene.take(flags).refused().blames(".rustc_info.json");
    }
}

/// A process with an open directory can add files to it after the rename.
fn stopped(stage: &Stage) {
    let scene = Scene::new(stage);
    steps::killed_at(scene.giving(&["--yes"]), "fchownat", 3).fails();
    let incoming = stage.root.join("alice/.migration/incoming");
    for (name, target) in LINKS {
        make::link(&incoming.join(name), Path::new(target), scene.bob.uid());
        let path = incoming.join(name);
        scene.give(&["--yes"]).refused().blames(path.to_string_lossy());
        assert!(look(&scene.target).is_none(), "there is a target directory");
        fs::remove_file(path).unwrap();
    }
    let led_elsewhere = incoming.join("release/nowhere");
    fs::remove_file(&led_elsewhere).unwrap();
    make::link(&led_elsewhere, Path::new("/etc/passwd"), scene.bob.uid());
    scene.give(&["--yes"]).refused().blames("release/nowhere");
}

/// A symlink or another name of a file: after the check and before the rename; and after the second check,
/// through an open directory, before its owner changes.
fn between(stage: &Stage) {
    let staging = stage.root.join("alice/.migration");
    let (incoming, elsewhere) = (staging.join("incoming"), stage.at("elsewhere"));
    let link = |place: &Path| {
        make::link(&place.join("debug/deps/link"), Path::new("/etc"), 2002);
        place.join("debug/deps/link")
    };
    let name = |place: &Path| {
        fs::hard_link(place.join("debug/deps/app"), &elsewhere).unwrap();
        elsewhere.clone()
    };
    type Act<'a> = &'a dyn Fn(&Path) -> PathBuf;
    let acts: [(Act<'_>, &str); 2] = [(&link, "may point out"), (&name, "another name outside")];
    for (act, why) in acts {
        let scene = Scene::new(stage);
        make::directory(&stage.root.join("alice"), scene.alice.uid(), scene.alice.uid(), 0o700);
        for (call, sign, place, says) in [
            ("renameat2", "journal", &scene.old, why),
            ("fchownat", "incoming", &incoming, "was changed meanwhile"),
        ] {
            let mut planted = PathBuf::new();
            let act = || planted = act(place);
            let run = meanwhile(scene.giving(&["--yes"]), call, &staging.join(sign), act);
            run.fails().blames(says);
            assert!(look(&scene.target).is_none(), "there is a target directory");
            fs::remove_file(&planted).unwrap();
        }
        scene.give(&["--yes"]).ok();
        scene.has_moved();
        make::nothing(&stage.root);
    }
}

/// The source is another directory by the time that it is renamed.
fn replaced(stage: &Stage) {
    let scene = Scene::new(stage);
    make::directory(&stage.root.join("alice"), scene.alice.uid(), scene.alice.uid(), 0o700);
    let [other, aside] = ["other", "aside"].map(|name| stage.at(name));
    cache::build(&other, &[&scene.bob]);
    let content = cache::content(&other);
    let act = || {
        fs::rename(&scene.old, &aside).unwrap();
        fs::rename(&other, &scene.old).unwrap();
    };
    let sign = stage.root.join("alice/.migration/journal");
    meanwhile(scene.giving(&["--yes"]), "renameat2", &sign, act).fails();
    assert!(look(&scene.target).is_none(), "there is a target directory");
    assert!(cache::content(&aside) == scene.content, "the source has changed");
    assert!(cache::content(&scene.old) == content, "the other one is not back");
}

/// The result of a move if something happens just before one of its calls, shortly after the call
/// that announces it.
fn meanwhile(run: Invocation<'_>, call: &str, sign: &Path, act: impl FnOnce()) -> Outcome {
    let delay = format!("inject={call}:delay_enter=3000000:when=1");
    let running = run.after(["strace", "-qq", "-o", "/dev/null", "-e", &delay]).start();
    wait_until("it does not begin", || look(sign).is_some());
    std::thread::sleep(Duration::from_secs(1));
    act();
    running.finish()
}

/// A build in a new profile and one of bob's before alice's cache is renamed, and one during a copy.
fn begun(stage: &Stage) {
    let scene = Scene::of_alice(stage);
    let (alice, bob) = (scene.alice.uid(), scene.bob.uid());
    let private = stage.root.join("alice");
    make::directory(&private, alice, alice, 0o700);
    for (flags, call, sign, name, owner) in [
        (&["--yes"][..], "renameat2", "journal", ".cargo-build-lock", alice),
        (&["--yes"], "renameat2", "journal", "new", bob),
        (&["--yes", "--copy"], "utimensat", "incoming", "new", alice),
    ] {
        let file = scene.old.join("debug/deps").join(name);
        let mut lock = None;
        let act = || {
            make::file(&file, "", owner, 0o644);
            let file = lock.insert(File::open(&file).unwrap());
            flock(file, FlockOperation::NonBlockingLockExclusive).unwrap();
        };
        let sign = private.join(".migration").join(sign);
        let run = meanwhile(scene.taking(flags), call, &sign, act);
        run.fails().blames("was changed meanwhile");
        fs::remove_file(&file).expect("it is not back");
        scene.is_untouched();
    }
    scene.take(&["--yes"]).ok();
    scene.has_moved();
}

/// Alice replaces root's directory by her own, after root has created it.
fn exchanged(stage: &Stage) {
    let scene = Scene::new(stage);
    let (alice, private) = (scene.alice.uid(), stage.root.join("alice"));
    make::directory(&private, alice, alice, 0o700);
    let [staging, aside] = [".migration", "aside"].map(|name| private.join(name));
    let seen = [private];
    let mut steps = Steps::start_on(scene.giving(&["--yes"]), "mkdirat", &seen, &stage.at("log"));
    while let Some(step) = steps.next() {
        let is_seen = step.shown.contains("\".migration\"") && look(&staging).is_some();
        if is_seen && look(&aside).is_none() {
            fs::rename(&staging, &aside).unwrap();
            make::directory(&staging, alice, alice, 0o700);
        }
    }
    steps.finish().fails().blames("by alice (uid 2001) is unfinished");
    for place in [staging, aside] {
        fs::remove_dir(place).unwrap();
    }
    scene.is_untouched();
}

/// The checkout instead of its target directory, and a private directory instead of its own.
fn above(stage: &Stage) {
    let scene = Scene::of_alice(stage);
    let checkout = scene.alice.home.join("checkout");
    let uid = scene.alice.uid();
    make::directory(&checkout, uid, uid, 0o755);
    fs::rename(&scene.old, checkout.join("out")).unwrap();
    let scene = Scene { old: checkout.clone(), ..scene };
    // Only a lock in the third level.
    scene.take(&["--yes"]).fails().blames("not a target directory");
    make::tag(&checkout, uid);
    fs::rename(checkout.join("out"), checkout.join("target")).unwrap();
    make::directory(&checkout.join("src"), uid, uid, 0o755);
    refuses(&scene, "`src`");
    let run = scene.take(&["--yes"]);
    run.refused().blames("`src`").helps("name the target directory itself");
    fs::remove_dir(checkout.join("src")).unwrap();
    // As in the private directory of every user of this tool.
    make::tag(&checkout.join("target"), uid);
    scene.give(&["--yes"]).refused().blames("`target`");
    let scene = Scene { old: checkout.join("target"), ..scene };
    scene.take(&["--yes"]).ok();
    scene.has_moved();
}

/// They are removed, and cargo creates new ones.
fn locked(stage: &Stage) {
    let scene = Scene::new(stage);
    let mallory = stage.person("mallory");
    // Under another of the names that cargo locks.
    fs::hard_link(scene.old.join("debug/deps/app"), scene.old.join("release/.cargo-build-lock"))
        .unwrap();
    let hold = "exec 8<\"$1/debug/.cargo-lock\" 9<\"$1/debug/deps/app\"; exec sleep 60";
    let running = mallory.shell(hold, [&scene.old]).start();
    std::thread::sleep(Duration::from_millis(300));
    scene.give(&["--yes"]).ok();
    drop(running);
    for lock in ["debug/.cargo-lock", "release/.cargo-lock", "release/.cargo-build-lock"] {
        assert!(look(&scene.target.join(lock)).is_none(), "`{lock}` is still there");
    }
    scene.has_moved();
}

fn lists(stage: &Stage) {
    let mallory = stage.person("mallory").uid();
    for flags in [&["--yes"][..], &["--yes", "--copy"]] {
        let scene = Scene::new(stage);
        // The first two are alice's, private but for their ACLs. The others' ACLs let her in.
        for (directory, owner) in [("debug", true), ("debug/deps", true), ("release", false)] {
            let path = scene.old.join(directory);
            if owner {
                make::own(&path, scene.alice.uid(), scene.alice.uid(), 0o700);
            }
            Acl::Default.grant(&path, mallory, 0o7);
            if !owner {
                Acl::Access.grant(&path, scene.alice.uid(), 0o7);
            }
        }
        Acl::Access.grant(&scene.old.join("debug/deps/app"), scene.alice.uid(), 0o7);
        scene.give(flags).ok();
        for path in ["", "debug", "debug/deps", "release", "debug/deps/app", "debug/app"] {
            let found = acls(&scene.target.join(path));
            assert!(found.is_empty(), "`{path}` has lists: {}", found.len());
        }
        scene.has_moved();
        make::nothing(&stage.root);
    }
}

/// On an overlay a file has another device number than its directory.
fn overlay(stage: &Stage) {
    let scene = Scene::new(stage);
    let (below, above, merged) = (stage.at("below"), stage.at("above"), stage.at("merged"));
    make::tmpfs(&below, "mode=0755");
    make::tmpfs(&above, "mode=0755");
    for path in [&above.join("upper"), &above.join("work"), &merged] {
        make::directory(path, 0, 0, 0o755);
    }
    cache::build(&below.join("old"), &[&scene.alice, &scene.bob]);
    let options = format!(
        "xino=off,lowerdir={},upperdir={},workdir={}",
        below.display(),
        above.join("upper").display(),
        above.join("work").display()
    );
    let words = ["-t", "overlay", "-o", &options, "overlay"].map(std::ffi::OsStr::new);
    do_as_root("mount", words.into_iter().chain([merged.as_os_str()]));
    let old = merged.join("old");
    let scene = Scene { content: cache::content(&old), old, ..scene };
    scene.give(&["--yes"]).ok();
    scene.has_arrived();
    for path in [&merged, &below, &above] {
        do_as_root("umount", [path.as_os_str()]);
    }
}
