//! The old target directory becomes one user's: moved by root for another user, or by that user.

mod dialogue;
mod faults;
mod hostile;
mod interrupted;
mod kills;
mod planted;
mod races;
mod rebuilt;
mod refused;
mod scene;
mod secrets;
mod synced;
mod warm;

use scene::Scene;
use scene::migrate;

use crate::prelude::*;

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("root_gives_a_mixed_cache_to_alice_by_renaming_it", renamed),
        test!("the_profile_scripts_directory_goes_one_level_down", gathered),
        test!("content_at_the_destination_is_refused_or_kept_aside", replaced),
        test!("a_checkouts_own_directory_is_the_destination_where_it_has_one", checkout),
        test!("a_session_that_exports_the_old_directory_does_not_matter", exported),
        test!("a_read_only_directory_is_copied_and_removed", read_only),
    ];
    for part in [
        refused::tests,
        faults::tests,
        kills::tests,
        hostile::tests,
        planted::tests,
        races::tests,
        rebuilt::tests,
        dialogue::tests,
        secrets::tests,
        synced::tests,
        interrupted::tests,
        warm::tests,
    ] {
        tests.extend(part());
    }
    // The destination with `scope = "workspace"` has its own test.
    tests.into_iter().map(Test::by_user).collect()
}

fn renamed(stage: &Stage) {
    let scene = Scene::new(stage);
    let inode = look(&scene.old).map(|sight| sight.identity);
    let run = scene.give(&["--yes"]);
    run.ok().prints("renamed").prints("alice (uid 2001)").prints("bob (uid 2002)");
    assert!(!run.stdout.contains('\x1b'), "a control character reached the terminal");
    assert!(look(&scene.target).map(|sight| sight.identity) == inode, "it was copied");
    scene.has_moved();
    let left = format!("cargo-peruser migrate {} --checkout CHECKOUT", scene.target.display());
    let run = scene.give(&["--yes"]);
    run.fails().blames("it does not exist").helps(format!("as alice (uid 2001): {left}"));
    scene.alice.cargo(["build"]).run().ok().builds_in(&scene.target);
    // Bob starts empty.
    scene.bob.cargo(["build"]).run().ok().builds_in(stage.root.join("bob/target"));
}

fn gathered(stage: &Stage) {
    let scene = Scene::of_alice(stage);
    let directory = stage.root.join("alice");
    fs::rename(&scene.old, &directory).unwrap();
    for path in ["", "debug", "debug/deps", "debug/incremental", "release"] {
        make::own(&directory.join(path), scene.alice.uid(), scene.alice.uid(), 0o755);
    }
    scene.alice.shell("chmod -R go-w \"$1\"", [&directory]).run().ok();
    migrate(&scene.alice, &directory).arg("--yes").run().ok().prints("one level down");
    scene.has_arrived();
    assert!(cache::names(&directory) == ["target"], "{:?}", cache::names(&directory));
}

fn replaced(stage: &Stage) {
    let scene = Scene::new(stage);
    scene.alice.cargo(["build"]).run().ok();
    let run = scene.give(&["--yes"]);
    run.fails().blames(scene.target.to_string_lossy()).helps("--replace");
    scene.give(&["--dry-run"]).fails().prints("destination").helps("--replace");
    scene.give(&["--dry-run", "--replace"]).ok();
    assert!(cache::content(&scene.old) == scene.content, "the source has changed");
    scene.give(&["--yes", "--replace"]).ok().mentions(".replaced-");
    scene.has_moved();
    let names = cache::names(&stage.root.join("alice"));
    let kept = names.iter().find(|name| name.starts_with("target.replaced-"));
    let kept = stage.root.join("alice").join(kept.expect("nothing was kept"));
    assert!(
        fs::read_to_string(kept.join("debug/app")).unwrap() == "an artifact\n",
        "not what was there"
    );
}

fn checkout(stage: &Stage) {
    let scene = Scene::new(stage);
    make::file(&stage.checkout.join("Cargo.toml"), "", scene.alice.uid(), 0o644);
    let path = scene.alice.by_name(["path"]).env("CARGO_PERUSER_SCOPE", "workspace").run();
    let expected = PathBuf::from(path.ok().stdout.trim_end());
    assert!(expected != scene.target, "the scope has no effect");
    let run = scene.giving(&["--yes", "--checkout"]).arg(&stage.checkout).within("/");
    run.env("CARGO_PERUSER_SCOPE", "workspace").run().ok();
    let scene = Scene { target: expected, ..scene };
    scene.has_moved();
}

fn read_only(stage: &Stage) {
    let scene = Scene::of_alice(stage);
    scene.alice.shell("chmod a-w \"$1\"", [&scene.old.join("debug/deps")]).run().ok();
    scene.take(&["--yes", "--copy"]).ok();
    scene.has_moved();
}

fn exported(stage: &Stage) {
    let scene = Scene::of_alice(stage);
    scene.taking(&["--yes"]).env("CARGO_TARGET_DIR", &scene.old).run().ok().prints("renamed");
    scene.has_moved();
}
