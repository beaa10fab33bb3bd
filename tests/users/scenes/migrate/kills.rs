//! A migration that is killed, before every single system call that changes the disk: one whole cache
//! is left each time, and the next run goes on or begins again.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::scene::Scene;
use crate::machine::Need;
use crate::stage::cache::{self, Content};
use crate::stage::steps::{self, Step};
use crate::stage::{Outcome, Stage, look, make};
use crate::suite::{Test, test};

/// Every call by which a migration changes the disk, but for the `openat` that creates a file.
pub(super) const CHANGES: &str = "mkdirat,?mkdir,renameat,renameat2,?rename,unlinkat,?unlink,?rmdir,linkat,\
                       symlinkat,fchmod,?chmod,fchown,fchownat,utimensat,write,ftruncate,\
                       copy_file_range,ioctl,fsync,syncfs,fremovexattr";

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    // What replaces does all that a plain move does.
    for (name, flags) in [
        ("replacing", &["--yes", "--replace"][..]),
        ("copying_and_replacing", &["--yes", "--copy", "--replace"]),
    ] {
        let name = format!("migrate::kills::a_kill_while_{name}_loses_nothing");
        let body = move |stage: &Stage| killed_everywhere(stage, flags);
        tests.push(test(name, body).needs(&[Need::Strace]).heavy());
    }
    let name = "migrate::kills::a_kill_while_moving_one_level_down_loses_nothing";
    tests.push(test(name, killed_one_level_down).needs(&[Need::Strace]).heavy());
    tests
}

fn killed_everywhere(stage: &Stage, flags: &[&str]) -> Result<()> {
    let mut scene = Scene::new(stage)?;
    let replaces = flags.contains(&"--replace");
    afresh(stage, &mut scene, replaces)?;
    let mut kills = 0;
    for Step { call, number, .. } in changes(&scene, flags)? {
        let former = afresh(stage, &mut scene, replaces)?;
        let run = killed_at(&scene, &call, number, flags)?;
        let after = || format!("killed at {call} {number} with {flags:?}");
        something_is_whole(&scene).with_context(after)?;
        if !run.status.success() {
            kills += 1;
            let run = scene.give(flags)?;
            let is_done = run.stderr.contains("nothing is there");
            ensure!(run.status.success() || is_done, "{}: {}{}", after(), run.stdout, run.stderr);
            leave_if_it_stays(&scene, &run)?;
        }
        scene.has_moved().with_context(after)?;
        if let Some(former) = former {
            is_kept(stage, &former).with_context(after)?;
        }
    }
    ensure!(kills > 30, "it was killed {kills} times only");
    Ok(())
}

/// Every change that a migration makes, found by letting one run to its end.
fn changes(scene: &Scene<'_>, flags: &[&str]) -> Result<Vec<Step>> {
    let log = scene.old.with_file_name("changes.log");
    let trace = format!("trace={CHANGES},openat");
    let name = log.to_str().context("a plain path")?;
    let run =
        give_after(scene, flags, ["strace", "-qq", "--decode-fds", "-o", name, "-e", &trace])?;
    run.ok()?;
    let found = steps::all(&log)?;
    fs::remove_file(&log)?;
    Ok(found)
}

/// The stage as it was; what alice has built herself, if she has.
fn afresh(stage: &Stage, scene: &mut Scene<'_>, is_built: bool) -> Result<Option<Content>> {
    for path in [&scene.old, &stage.root.join("alice")] {
        if look(path)?.is_some() {
            make::nothing(path)?;
        }
    }
    cache::build(&scene.old, &[&scene.alice, &scene.bob])?;
    scene.content = cache::content(&scene.old)?;
    if !is_built {
        return Ok(None);
    }
    scene.alice.cargo(["build"]).run()?.ok()?;
    cache::content(&scene.target).map(Some)
}

pub(super) fn killed_at(
    scene: &Scene<'_>,
    call: &str,
    number: u32,
    flags: &[&str],
) -> Result<Outcome> {
    let trace = format!("trace={call}");
    // strace counts each kind of call, and each thread's, for itself.
    let inject = format!("inject={call}:signal=KILL:when={number}");
    let strace = ["strace", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    give_after(scene, flags, strace)
}

pub(super) fn give_after<const N: usize>(
    scene: &Scene<'_>,
    flags: &[&str],
    before: [&str; N],
) -> Result<Outcome> {
    scene.giving(flags).after(before).run()
}

/// A source that nobody has watched since it was copied stays, whole, and its owner removes it.
pub(super) fn leave_if_it_stays(scene: &Scene<'_>, run: &Outcome) -> Result<()> {
    if run.stderr.contains(&format!("`{}` stays", scene.old.display())) {
        ensure!(cache::content(&scene.old)? == scene.content, "the source has changed");
        make::nothing(&scene.old)?;
    }
    Ok(())
}

/// At every moment one whole cache is somewhere.
pub(super) fn something_is_whole(scene: &Scene<'_>) -> Result<()> {
    let arrived = scene.target.with_file_name(".migration").join("incoming");
    let is_whole = |path: &PathBuf| cache::content(path).is_ok_and(|found| found == scene.content);
    let places = [scene.old.clone(), arrived, scene.target.clone()];
    ensure!(places.iter().any(is_whole), "no whole cache is left");
    Ok(())
}

pub(super) fn is_kept(stage: &Stage, former: &Content) -> Result<()> {
    let directory = stage.root.join("alice");
    let kept = cache::names(&directory)?.into_iter().filter(|name| name.contains(".replaced-"));
    let found =
        kept.map(|name| cache::content(&directory.join(name))).collect::<Result<Vec<_>>>()?;
    ensure!(found.contains(former), "what stood there before is not kept");
    Ok(())
}

/// There the cache moves entry by entry: whatever has moved and whatever has not makes one cache.
fn killed_one_level_down(stage: &Stage) -> Result<()> {
    let mut scene = Scene::new(stage)?;
    make::nothing(&scene.old)?;
    let directory = stage.root.join("alice");
    scene.old = directory.clone();
    one_level_up(&mut scene)?;
    let changes = changes(&scene, &["--yes"])?;
    ensure!(changes.len() > 30, "it makes {} changes only", changes.len());
    for Step { call, number, .. } in changes {
        one_level_up(&mut scene)?;
        killed_at(&scene, &call, number, &["--yes"])?.fails()?;
        let run = scene.give(&["--yes"])?;
        let is_done = run.stderr.contains("is no target directory");
        ensure!(run.status.success() || is_done, "{call} {number}: {}{}", run.stdout, run.stderr);
        scene.has_arrived().with_context(|| format!("killed at {call} {number}"))?;
        let names = cache::names(&directory)?;
        ensure!(names == ["target"], "killed at {call} {number}: {names:?}");
    }
    Ok(())
}

/// The private directory is the old cache itself.
fn one_level_up(scene: &mut Scene<'_>) -> Result<()> {
    if look(&scene.old)?.is_some() {
        make::nothing(&scene.old)?;
    }
    cache::build(&scene.old, &[&scene.alice])?;
    scene.alice.shell("chmod -R go-w \"$1\"", [&scene.old]).run()?.ok()?;
    scene.content = cache::content(&scene.old)?;
    Ok(())
}
