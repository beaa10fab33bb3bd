//! Interrupted moves with an obstacle: there is always a way to continue, and no printed command deletes
//! what may be the only copy.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let needs = |test: Test| test.needs(&[Need::Strace]);
    vec![
        needs(test!("a_journal_that_cannot_be_used_is_not_overwritten", journal,)),
        needs(test!("what_others_added_is_named_and_root_stays_out_of_it", begun)),
        needs(test!("what_came_while_the_source_was_taken_away_stays", cleared,)),
        needs(test!("the_rebuild_of_what_still_waits_says_so", rebuild)),
        needs(test!("goes_on_where_the_sources_directory_is_gone", no_parent)),
        needs(test!("goes_on_to_where_it_was_begun", checkout)),
        needs(test!("what_was_copied_of_a_source_that_is_gone_is_named", gone)),
    ]
}

/// The cache in the staging directory.
fn waiting(scene: &Scene<'_>) -> PathBuf {
    scene.target.parent().expect("a parent").join(".migration/incoming")
}

/// Stopped after the cache has been renamed, at the next change of an owner.
fn stop(scene: &Scene<'_>, run: Invocation<'_>) {
    let calls = "trace=fchmod,fchownat";
    // The first sets the mode of alice's staging directory.
    let kill = "inject=fchmod,fchownat:signal=KILL:when=3";
    run.after(["strace", "-qq", "-o", "/dev/null", "-e", calls, "-e", kill]).run().fails();
    assert!(look(&waiting(scene)).is_some(), "it was not stopped on its way");
}

fn journal(stage: &Stage) {
    let mut scene = Scene::new(stage);
    stop(&scene, scene.giving(&["--yes"]));
    let waits = waiting(&scene);
    let journal = waits.with_file_name("journal");
    let good = fs::read_to_string(&journal).unwrap();
    let other = good.replace("\"version\": 3", "\"version\": 1");
    let another = stage.at("another");
    cache::build(&another, &[&scene.bob]);
    let first = std::mem::replace(&mut scene.old, another);
    for text in [Some(other.as_str()), Some("{"), Some(""), None] {
        match text {
            Some(text) => fs::write(&journal, text).unwrap(),
            None => fs::remove_file(&journal).unwrap(),
        }
        let run = scene.give(&["--yes", "--replace"]);
        run.fails().blames("unfinished").never_says("rm ");
        run.helps("move it elsewhere before you continue: ls -lAR /");
        assert!(look(&scene.old).is_some(), "the next one was begun");
        assert!(cache::content(&waits) == scene.content, "what waits has changed");
    }
    fs::write(&journal, good).unwrap();
    // It is of the first one.
    scene.give(&["--yes"]).fails().blames(format!("`{}` is unfinished", first.display()));
    scene.old = first;
    // Root began it, and alice cannot even open it.
    let run = scene.take(&["--yes"]);
    run.fails().blames("by root (uid 0)").helps("as root (uid 0), run").helps("--to alice");
    // Anyone who could enter it could have replaced everything in it.
    let staging = waits.parent().expect("a parent");
    make::own(staging, 0, 0, 0o755);
    scene.give(&["--yes"]).fails().blames("others can reach it");
    assert!(cache::content(&waits) == scene.content, "what waits has changed");
    make::own(staging, 0, 0, 0o700);
    scene.give(&["--yes"]).ok();
    scene.has_moved();
}

/// Alice's move is interrupted, and bob has added a file.
fn spoiled(stage: &Stage) -> Scene<'_> {
    let mut scene = Scene::of_alice(stage);
    stop(&scene, scene.taking(&["--yes"]));
    let late = waiting(&scene).join("debug/bobs");
    make::file(&late, "of bob's", scene.bob.uid(), 0o664);
    scene.content = cache::content(&waiting(&scene));
    // And somebody builds in the old directory again.
    make::directory(&scene.old, scene.bob.uid(), scene.bob.uid(), 0o755);
    scene
}

fn begun(stage: &Stage) {
    let mut scene = spoiled(stage);
    let run = scene.give(&["--yes"]);
    run.fails().blames("by alice (uid 2001) is unfinished").helps("as alice (uid 2001), run");
    assert!(cache::content(&waiting(&scene)) == scene.content, "what waits has changed");
    let late = waiting(&scene).join("debug/bobs");
    let run = scene.take(&["--yes"]);
    run.fails().blames(late.to_string_lossy()).helps("remove it, and run the same command again");
    // Alice does what the help says.
    scene.alice.shell("rm -f \"$1\"", [&late]).run().ok();
    scene.content = cache::content(&waiting(&scene));
    scene.take(&["--yes"]).ok();
    scene.has_arrived();
}

/// Root is stopped while it removes the copied source. Returns the rest of the source.
pub(super) fn half_removed(stage: &Stage) -> (Scene<'_>, PathBuf) {
    let mut scene = Scene::new(stage);
    let around = stage.at("around");
    make::directory(&around, 0, 0, 0o1777);
    fs::rename(&scene.old, around.join("old")).unwrap();
    scene.old = around.join("old");
    let kill = ["strace", "-fqq", "-o", "/dev/null", "-e", "inject=unlinkat:signal=KILL:when=12"];
    scene.giving(&["--yes", "--copy"]).after(kill).run().fails();
    assert!(cache::names(&around) == [".old.migrated"], "the source is not being removed");
    (scene, around.join(".old.migrated"))
}

/// Somebody puts bob's files there.
fn cleared(stage: &Stage) {
    let (scene, left) = half_removed(stage);
    let work = left.join("thesis");
    make::directory(&work, scene.bob.uid(), scene.bob.uid(), 0o755);
    make::file(&work.join("text"), "years of work", scene.bob.uid(), 0o644);
    let run = scene.give(&["--yes"]);
    run.ok().mentions(format!("`{}` stays", left.display())).helps("remove it, if nobody needs it");
    assert!(fs::read_to_string(work.join("text")).unwrap() == "years of work", "it is gone");
    scene.has_arrived();
}

fn rebuild(stage: &Stage) {
    let scene = Scene::of_alice(stage);
    stop(&scene, scene.taking(&["--yes"]));
    let rebuild =
        || migrate(&scene.alice, &scene.target).arg("--checkout").arg(&stage.checkout).run();
    let old = scene.old.display();
    rebuild().fails().blames("unfinished").helps(format!("cargo-peruser migrate {old}"));
    // Not even where something has been built meanwhile.
    scene.alice.cargo(["build"]).run().ok();
    rebuild().fails().blames("unfinished");
    scene.take(&["--yes", "--replace"]).ok();
    make::nothing(&scene.target);
    rebuild().fails().blames("it does not exist");
}

fn no_parent(stage: &Stage) {
    let mut scene = Scene::new(stage);
    let parent = stage.at("short-lived");
    make::directory(&parent, 0, 0, 0o755);
    fs::rename(&scene.old, parent.join("old")).unwrap();
    scene.old = parent.join("old");
    stop(&scene, scene.giving(&["--yes"]));
    fs::remove_dir(&parent).unwrap();
    scene.give(&["--yes"]).ok().prints("moved");
    scene.has_arrived();
}

fn checkout(stage: &Stage) {
    let scene = Scene::new(stage);
    let checkouts = [stage.at("one"), stage.at("two")];
    for checkout in &checkouts {
        make::directory(checkout, scene.alice.uid(), scene.alice.uid(), 0o755);
        make::file(&checkout.join("Cargo.toml"), "", scene.alice.uid(), 0o644);
    }
    let give = |checkout: &PathBuf| {
        let run = scene.giving(&["--yes", "--checkout"]).arg(checkout).within("/");
        run.env("CARGO_PERUSER_SCOPE", "workspace")
    };
    let [one, two] = &checkouts;
    let calls = "trace=fchownat";
    let kill = "inject=fchownat:signal=KILL:when=4";
    let strace = ["strace", "-qq", "-o", "/dev/null", "-e", calls, "-e", kill];
    give(one).after(strace).run().fails();
    give(two).run().ok().prints("/one-").never_says("/two-");
    assert!(look(&scene.old).is_none(), "the source is still there");
}

/// Neither migration can go on before a person has looked at the incomplete copy.
fn gone(stage: &Stage) {
    let scene = Scene::new(stage);
    let another = stage.at("another");
    cache::build(&another, &[&scene.alice]);
    steps::killed_at(scene.giving(&["--yes", "--copy"]), "syncfs", 1).fails();
    make::nothing(&scene.old);
    let staging = waiting(&scene).with_file_name("");
    for source in [&scene.old, &another] {
        let run = migrate(&scene.root, source).args(["--to", "alice", "--yes"]).run();
        run.fails().blames("is gone, so its copy stays incomplete").helps("ls -lAR");
    }
    make::nothing(&staging);
    migrate(&scene.root, &another).args(["--to", "alice", "--yes"]).run().ok();
}
