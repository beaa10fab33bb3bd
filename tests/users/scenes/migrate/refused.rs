//! Refused sources, waiting for builds, and who may move what.

use super::*;

tests![
    test!("on_a_terminal_it_asks", asks).needs(&[Need::Terminal]),
    test!("a_person_copies_what_others_let_her_read_and_leaves_it", unreadable),
    test!("what_nobody_can_move_there_names_what_can_be_done", who),
    test!("places_inside_one_another_are_refused", nested),
    test!("a_file_of_roots_stops_a_move_one_level_down_before_it_begins", roots_file),
    test!("a_build_is_named_and_waited_for_and_a_second_migration_refused", waits)
        .needs(&[Need::Flock]),
    test!("without_a_shared_root_it_goes_to_ones_own_home", no_shared_root),
];

/// Only root can move for another user, and must name the user and the checkout. A directory that is not
/// a target directory stays where it is.
fn who(stage: &Stage) {
    let scene = Scene::new(stage);
    make::directory(&stage.at("precious"), 0, 0, 0o755);
    make::tag(&stage.at("precious"), 0);
    make::link(&stage.at("link"), &scene.old, 0);
    make::link(&stage.at("dangling"), &stage.at("nowhere"), 0);
    let to_alice = &["--to", "alice"][..];
    let (sudo, scope) = (("SUDO_UID", "2001"), ("CARGO_PERUSER_SCOPE", "workspace"));
    let (root, plain) = (&scene.root, ("LANG", "C"));
    for (person, source, words, (variable, value), blames, helps) in [
        (&scene.alice, "old", &["--to", "bob"][..], plain, "only root can give", "sudo"),
        (root, "old", &[], sudo, "`--to` must name", "--to alice"),
        (root, "old", &["--to", "nobody-at-all"], plain, "nobody-at-all", "getent"),
        (root, "old", &["--to", "doorman"], plain, "doorman", "include.users"),
        (root, "old", to_alice, scope, "`--checkout` must name", "alice --checkout CHECKOUT"),
        (root, "precious", to_alice, plain, "not a target directory", "name the directory"),
        (root, "nothing", to_alice, plain, "it does not exist", "--checkout"),
        (root, "link", to_alice, plain, "it is a symlink", "name the directory itself"),
        (root, "dangling", to_alice, plain, "it is a symlink", "name the directory itself"),
    ] {
        let run = migrate(person, &stage.at(source)).arg("--yes").args(words);
        run.env(variable, value).run().fails().blames(blames).helps(helps);
    }
    scene.take(&["--yes", "--to", "bob"]).refused();
    scene.is_untouched();
    migrate(root, &scene.old).args(["--yes", "--to", "2001"]).run().ok();
    scene.has_moved();
}

fn nested(stage: &Stage) {
    let scene = Scene::new(stage);
    let inside = scene.old.join("root");
    make::directory(&inside, 0, 0, 0o1777);
    make::own(&scene.old, 0, 0, 0o755);
    let root = |source: &Path| migrate(&scene.root, source).arg("--yes");
    let run = root(&scene.old).env("CARGO_PERUSER_SHARED_ROOT", &inside).run();
    run.fails().blames("inside the other").helps("name the old target directory itself");
    let run = root(&stage.root).run();
    run.fails().blames("inside the other").helps("name the old target directory");
    scene.alice.cargo(["build"]).run().ok();
    let below = scene.target.join("debug");
    let run = migrate(&scene.alice, &below).arg("--yes").run();
    run.fails().blames("inside the other");
    migrate(&scene.alice, &scene.target).run().ok().prints("where it belongs");
}

fn waits(stage: &Stage) {
    let scene = Scene::new(stage);
    let lock = scene.old.join("release/.cargo-lock");
    let holder = scene.bob.shell("exec flock \"$1\" sleep 3", [&lock]).start();
    std::thread::sleep(Duration::from_millis(300));
    let first = scene.giving(&["--yes"]).start();
    std::thread::sleep(Duration::from_millis(700));
    scene.give(&["--yes"]).fails().blames("is running").blames("root (uid 0)");
    first.finish().ok().mentions("waiting for").mentions("bob (uid 2002)");
    holder.finish().ok();
    scene.has_moved();
}

fn no_shared_root(stage: &Stage) {
    let scene = Scene::new(stage);
    let run = scene.giving(&["--yes"]).unset("CARGO_PERUSER_SHARED_ROOT").run();
    run.fails().blames("no shared root");
    scene.is_untouched();
    // Without --to it is the user's own cache directory.
    scene.taking(&["--yes"]).unset("CARGO_PERUSER_SHARED_ROOT").run().ok();
    let target = scene.alice.home.join(".cache/cargo-peruser/target");
    assert!(cache::content(&target) == scene.content, "the cache is not what it was");
}

fn unreadable(stage: &Stage) {
    let mut scene = Scene::new(stage);
    // Even in a directory of hers, where she could rename it.
    let hers = stage.at("hers");
    make::directory(&hers, scene.alice.uid(), scene.alice.uid(), 0o755);
    fs::rename(&scene.old, hers.join("old")).unwrap();
    scene.old = hers.join("old");
    let secret = scene.old.join("debug/deps/secret.rlib");
    make::file(&secret, "of bob's", scene.bob.uid(), 0o640);
    let content = cache::content(&scene.old);
    let run = scene.take(&["--yes"]);
    run.fails().blames("secret.rlib").helps("namei -l");
    let scene = Scene { content, ..scene };
    scene.is_untouched();
    // Root does not give it to her either, but bob can.
    scene.give(&["--yes"]).refused().blames("secret.rlib");
    scene.bob.shell("chmod a+r \"$1\"", [&secret]).run().ok();
    scene.take(&["--yes"]).ok().prints("only root can give you").mentions("stays");
    scene.has_arrived();
    assert!(cache::content(&scene.old) == scene.content, "the source has changed");
}

fn asks(stage: &Stage) {
    let scene = Scene::new(stage);
    let large = scene.old.join("debug/large");
    make::file(&large, vec![b'x'; 32 << 20], scene.bob.uid(), 0o664);
    let script = "(sleep 0.5; echo \"$2\"; sleep 2) | \
                  script -qec \"cargo-peruser migrate $1 --to alice --copy\" /dev/null";
    let answer = |word: &str| {
        let words = [scene.old.as_os_str(), word.as_ref()];
        scene.root.shell(script, words).env("TERM", "xterm").run()
    };
    answer("").fails().prints("Copy it? [y/N]").prints("not confirmed");
    assert!(look(&stage.root.join("alice")).is_none(), "a private directory was made");
    let run = answer("y");
    run.ok().prints("copying 34.0 MiB in ");
    assert!(look(&scene.target).is_some(), "nothing was moved");
}

/// Nothing is copied there, and she cannot give herself a file that `sudo cargo` has left.
fn roots_file(stage: &Stage) {
    let mut scene = Scene::new(stage);
    make::nothing(&scene.old);
    scene.old = stage.root.join("alice");
    cache::build(&scene.old, &[&scene.alice]);
    scene.alice.shell("chmod -R go-rwx \"$1\"", [&scene.old]).run().ok();
    let file = scene.old.join("debug/roots");
    make::file(&file, "", 0, 0o644);
    scene.content = cache::content(&scene.old);
    scene.take(&["--yes"]).fails().blames("debug/roots").helps("remove");
    assert!(cache::content(&scene.old) == scene.content, "it has begun");
    fs::remove_file(&file).unwrap();
    scene.content = cache::content(&scene.old);
    scene.take(&["--yes"]).ok();
    scene.has_arrived();
}
