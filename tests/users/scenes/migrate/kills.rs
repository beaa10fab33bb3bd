//! A migration that is killed, before every single system call that changes the disk: one whole cache
//! is left each time, and the next run goes on or begins again.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use super::scene::Scene;
use crate::machine::Need;
use crate::stage::cache::{self, Content};
use crate::stage::{Outcome, Stage, look, make};
use crate::suite::{Test, test};

/// Every call by which a migration changes the disk. Files are created by `openat`, which cannot be
/// told from reading; between two creations there always is another call of these.
const CHANGES: &str = "mkdirat,?mkdir,renameat,renameat2,?rename,unlinkat,?unlink,?rmdir,linkat,\
                       symlinkat,fchmod,?chmod,fchown,fchownat,utimensat,write,ftruncate,\
                       copy_file_range,ioctl,fsync,syncfs,fremovexattr";

/// Which threads a kill counts the calls of.
#[derive(Clone, Copy)]
enum Threads {
    /// Of the first alone, so that its calls after a copy are reached as well.
    First,
    /// Of each for itself.
    All,
}

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (name, flags, threads) in [
        ("renaming", &["--yes"][..], Threads::First),
        ("replacing", &["--yes", "--replace"], Threads::First),
        ("copying", &["--yes", "--copy"], Threads::First),
        ("copying_in_every_thread", &["--yes", "--copy"], Threads::All),
        ("copying_and_replacing", &["--yes", "--copy", "--replace"], Threads::First),
    ] {
        let name = format!("migrate::kills::a_kill_while_{name}_loses_nothing");
        let body = move |stage: &Stage| killed_everywhere(stage, flags, threads);
        tests.push(test(name, body).needs(&[Need::Strace]).heavy());
    }
    tests
}

fn killed_everywhere(stage: &Stage, flags: &[&str], threads: Threads) -> Result<()> {
    let mut scene = Scene::new(stage)?;
    for number in 1..1000 {
        let former = afresh(stage, &mut scene, flags.contains(&"--replace"))?;
        let run = killed_at(&scene, number, flags, threads)?;
        let survived = run.status.success();
        let after = || format!("killed at change {number} with {flags:?}");
        something_is_whole(&scene).with_context(after)?;
        if !survived {
            let run = scene.give(flags)?;
            let is_done = run.stderr.contains("nothing is there");
            ensure!(run.status.success() || is_done, "{}: {}{}", after(), run.stdout, run.stderr);
        }
        scene.has_moved().with_context(after)?;
        if let Some(former) = former {
            is_kept(stage, &former).with_context(after)?;
        }
        if survived {
            ensure!(number > 15, "it was never killed");
            return Ok(());
        }
    }
    bail!("it never ends")
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

fn killed_at(scene: &Scene<'_>, number: u32, flags: &[&str], threads: Threads) -> Result<Outcome> {
    let inject = format!("inject={CHANGES}:signal=KILL:when={number}");
    let trace = format!("trace={CHANGES}");
    let threads = match threads {
        Threads::First => "-qq",
        Threads::All => "-fqq",
    };
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
    let words = words.into_iter().chain(flags.iter().map(|flag| flag.as_ref()));
    let strace = ["strace", threads, "-o", "/dev/null", "-e", &trace, "-e", &inject];
    scene.root.by_name(words).after(strace).run()
}

/// At every moment one whole cache is somewhere.
fn something_is_whole(scene: &Scene<'_>) -> Result<()> {
    let arrived = scene.target.with_file_name(".migration").join("incoming");
    let is_whole = |path: &PathBuf| cache::content(path).is_ok_and(|found| found == scene.content);
    let places = [scene.old.clone(), arrived, scene.target.clone()];
    ensure!(places.iter().any(is_whole), "no whole cache is left");
    Ok(())
}

fn is_kept(stage: &Stage, former: &Content) -> Result<()> {
    let directory = stage.root.join("alice");
    let kept = cache::names(&directory)?.into_iter().filter(|name| name.contains(".replaced-"));
    let found =
        kept.map(|name| cache::content(&directory.join(name))).collect::<Result<Vec<_>>>()?;
    ensure!(found.contains(former), "what stood there before is not kept");
    Ok(())
}
