//! What others may do to a cache while root moves it: rounds of attacks at full speed.

use std::os::unix::fs::MetadataExt;

use super::*;

/// How often each race is run.
const ROUNDS: usize = 12;

tests![
    test!("what_others_have_open_is_of_no_use_to_them", left_open).needs(&[Need::Acls]),
    test!("files_that_change_while_they_are_copied_betray_nothing", swapped).heavy(),
    test!("alice_cannot_lead_root_elsewhere", led_astray).heavy(),
];

/// Mallory replaces a library by a link to bob's secret and back, as fast as she can.
fn swapped(stage: &Stage) {
    let mallory = stage.person("mallory");
    let script = "umask 002; cd \"$1/debug/deps\" || exit; while :; do
        ln -s \"$2\" l 2>/dev/null; mv -f l libdep.rlib; ln -f \"$2\" l 2>/dev/null && mv -f l libdep.rlib
        echo 'a library' >f; mv -f f libdep.rlib; mkfifo p 2>/dev/null; mv -f p libdep.rlib
        echo 'a library' >f; mv -f f libdep.rlib; done 2>/dev/null";
    for round in 0..ROUNDS {
        let scene = Scene::new(stage);
        let secret = stage.at("secret");
        make::file(&secret, "SECRET", scene.bob.uid(), 0o600);
        let running = mallory.shell(script, [&scene.old, &secret]).start();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let flags = if round % 2 == 0 { &["--yes", "--copy"][..] } else { &["--yes"] };
        let run = scene.give(flags);
        drop(running);
        let library = scene.target.join("debug/deps/libdep.rlib");
        if run.status.success() {
            cache::is_all(&scene.target, scene.alice.uid());
            if look(&library).is_some_and(|sight| sight.kind == "file") {
                assert!(
                    !fs::read_to_string(&library).unwrap().contains("SECRET"),
                    "the secret was copied"
                );
            }
        } else {
            assert!(look(&scene.target).is_none(), "it failed half way: {}", run.stderr);
            assert!(look(&scene.old).is_some(), "the source is gone: {}", run.stderr);
        }
        let metadata = fs::metadata(&secret).unwrap();
        assert!(metadata.uid() == scene.bob.uid(), "bob's secret was given away");
        fs::remove_file(&secret).unwrap();
        clear(stage, &scene);
    }
}

/// Once the old cache is alice's, mallory can neither read nor write through open directories of it.
fn left_open(stage: &Stage) {
    let mallory = stage.person("mallory");
    let script = "cd \"$1/debug/deps\" || exit 9; echo >\"$2/ready\"
        until [ -e \"$2/moved\" ]; do sleep 0.05; done
        cat libdep.rlib new && echo READ; echo x >evil && echo WROTE; ls && echo LISTED; mv app app2 && echo MOVED
        exit 0";
    let signs = stage.at("signs");
    make::directory(&signs, 0, 0, 0o777);
    let scene = Scene::new(stage);
    Acl::Default.grant(&scene.old.join("debug/deps"), mallory.uid(), 0o7);
    let running = mallory.shell(script, [&scene.old, &signs]).start();
    wait_until("mallory is not ready", || look(&signs.join("ready")).is_some());
    scene.give(&["--yes"]).ok();
    let new = "umask 000; echo new >\"$1/debug/deps/new\"";
    scene.alice.shell(new, [&scene.target]).run().ok();
    make::file(&signs.join("moved"), "", 0, 0o644);
    let run = running.finish();
    run.ok();
    for word in ["READ", "WROTE", "LISTED", "MOVED", "a library"] {
        run.never_says(word);
    }
}

/// Alice replaces her private directory by a link to a directory of root's, and back.
fn led_astray(stage: &Stage) {
    let precious = stage.at("precious");
    let script =
        "cd \"$1\"; while :; do mv -T alice x; ln -s \"$2\" alice; rm -f alice; mv -T x alice
        mv alice/.migration alice/away; mv alice/away alice/.migration; done 2>/dev/null";
    for _ in 0..ROUNDS {
        make::directory(&precious, 0, 0, 0o755);
        make::directory(&precious.join("target"), 0, 0, 0o755);
        let scene = Scene::new(stage);
        make::directory(&stage.root.join("alice"), scene.alice.uid(), scene.alice.uid(), 0o700);
        let running = scene.alice.shell(script, [&stage.root, &precious]).start();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let run = scene.give(&["--yes"]);
        drop(running);
        assert!(cache::names(&precious) == ["target"], "root was led astray: {}", run.stderr);
        assert!(cache::names(&precious.join("target")).is_empty(), "root was led astray");
        for path in [&precious, &precious.join("target")] {
            assert!(look(path).map(|sight| sight.uid) == Some(0), "it changed hands");
        }
        make::nothing(&precious);
        clear(stage, &scene);
    }
}

fn clear(stage: &Stage, scene: &Scene<'_>) {
    for path in [&scene.old, &stage.root] {
        if look(path).is_some() {
            make::nothing(path);
        }
    }
}
