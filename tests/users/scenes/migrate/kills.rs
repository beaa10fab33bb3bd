//! A migration is killed before each system call that changes the disk. One complete cache is left each
//! time, and the next run continues or begins again.

use super::*;
use crate::stage::cache::Content;
use crate::stage::steps::Step;

/// The calls by which a migration changes the disk, except for an `openat` that creates a file.
pub(super) const CHANGES: &str = "mkdirat,?mkdir,renameat,renameat2,?rename,unlinkat,?unlink,?rmdir,linkat,\
                       symlinkat,fchmod,?chmod,fchown,fchownat,utimensat,write,ftruncate,\
                       copy_file_range,ioctl,fsync,syncfs,fremovexattr";

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    // A replacing move makes all the calls of a plain one.
    for (name, flags) in [
        ("replacing", &["--yes", "--replace"][..]),
        ("copying_and_replacing", &["--yes", "--copy", "--replace"]),
    ] {
        let name = format!("a_kill_while_{name}_loses_nothing");
        let body = move |stage: &Stage| killed_everywhere(stage, flags);
        tests.push(test!(name, body).needs(&[Need::Strace]).heavy());
    }
    let name = "a_kill_while_moving_one_level_down_loses_nothing";
    tests.push(test!(name, killed_one_level_down).needs(&[Need::Strace]).heavy());
    tests
}

fn killed_everywhere(stage: &Stage, flags: &[&str]) {
    let mut scene = Scene::new(stage);
    let replaces = flags.contains(&"--replace");
    afresh(stage, &mut scene, replaces);
    let mut kills = 0;
    for Step { call, number, .. } in changes(&scene, flags) {
        let former = afresh(stage, &mut scene, replaces);
        let run = steps::killed_at(scene.giving(flags), &call, number);
        let after = || format!("killed at {call} {number} with {flags:?}");
        let _context = context(after);
        something_is_whole(&scene);
        if !run.status.success() {
            kills += 1;
            let run = scene.give(flags);
            let is_done = run.stderr.contains("it does not exist");
            assert!(run.status.success() || is_done, "{}: {}{}", after(), run.stdout, run.stderr);
            leave_if_it_stays(&scene, &run);
        }
        let _context = context(after);
        scene.has_moved();
        if let Some(former) = former {
            is_kept(stage, &former);
        }
    }
    assert!(kills > 30, "it was killed {kills} times only");
}

/// Every change of a migration, found by running one to its end.
fn changes(scene: &Scene<'_>, flags: &[&str]) -> Vec<Step> {
    let log = scene.old.with_file_name("changes.log");
    steps::of(scene.giving(flags), &format!("{CHANGES},openat"), &log)
}

/// The stage before the move, and alice's own builds, if any.
fn afresh(stage: &Stage, scene: &mut Scene<'_>, is_built: bool) -> Option<Content> {
    for path in [&scene.old, &stage.root.join("alice")] {
        if look(path).is_some() {
            make::nothing(path);
        }
    }
    cache::build(&scene.old, &[&scene.alice, &scene.bob]);
    scene.content = cache::content(&scene.old);
    if !is_built {
        return None;
    }
    scene.alice.cargo(["build"]).run().ok();
    Some(cache::content(&scene.target))
}

/// A copied source stays, complete or in part, because others may have changed it since then. Its owner
/// removes it.
fn leave_if_it_stays(scene: &Scene<'_>, run: &Outcome) {
    let stays = |path: &Path| run.stderr.contains(&format!("`{}` stays", path.display()));
    let aside = scene.old.with_file_name(".old.migrated");
    if stays(&scene.old) {
        assert!(cache::content(&scene.old) == scene.content, "the source has changed");
        make::nothing(&scene.old);
    } else if stays(&aside) {
        make::nothing(&aside);
    }
}

/// At every moment there is one complete cache.
fn something_is_whole(scene: &Scene<'_>) {
    let arrived = scene.target.with_file_name(".migration").join("incoming");
    let is_whole =
        |path: &PathBuf| cache::try_content(path).is_ok_and(|found| found == scene.content);
    let places = [scene.old.clone(), arrived, scene.target.clone()];
    assert!(places.iter().any(is_whole), "no whole cache is left");
}

fn is_kept(stage: &Stage, former: &Content) {
    let directory = stage.root.join("alice");
    let kept = cache::names(&directory).into_iter().filter(|name| name.contains(".replaced-"));
    let found = kept.map(|name| cache::content(&directory.join(name))).collect::<Vec<_>>();
    assert!(found.contains(former), "the old directory is not kept");
}

/// There the cache moves entry by entry: moved and remaining entries together are the cache.
fn killed_one_level_down(stage: &Stage) {
    let mut scene = Scene::new(stage);
    make::nothing(&scene.old);
    let directory = stage.root.join("alice");
    scene.old = directory.clone();
    one_level_up(&mut scene);
    let changes = changes(&scene, &["--yes"]);
    assert!(changes.len() > 30, "it makes {} changes only", changes.len());
    for Step { call, number, .. } in changes {
        one_level_up(&mut scene);
        steps::killed_at(scene.giving(&["--yes"]), &call, number).fails();
        let run = scene.give(&["--yes"]);
        let is_done = run.stderr.contains("is not a target directory");
        assert!(run.status.success() || is_done, "{call} {number}: {}{}", run.stdout, run.stderr);
        let _context = context(|| format!("killed at {call} {number}"));
        scene.has_arrived();
        let names = cache::names(&directory);
        assert!(names == ["target"], "killed at {call} {number}: {names:?}");
    }
}

/// The private directory is the old cache itself.
fn one_level_up(scene: &mut Scene<'_>) {
    if look(&scene.old).is_some() {
        make::nothing(&scene.old);
    }
    cache::build(&scene.old, &[&scene.alice]);
    scene.alice.shell("chmod -R go-w \"$1\"", [&scene.old]).run().ok();
    scene.content = cache::content(&scene.old);
}
