//! A migration that is stopped: before every single system call that changes the disk, by a full or
//! read-only file system, and across file systems. The cache is never lost and never mixed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::migrate::Scene;
use crate::machine::Need;
use crate::stage::cache::{self, Content};
use crate::stage::child::do_as_root;
use crate::stage::make::Image;
use crate::stage::{Outcome, Stage, Stop, look, make};
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

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("migrate_faults::a_full_destination_leaves_the_source_as_it_was", full),
        test("migrate_faults::a_destination_without_inodes_leaves_the_source_as_it_was", no_inodes),
        test("migrate_faults::a_destination_too_small_is_refused_beforehand", too_small),
        test("migrate_faults::a_read_only_destination_leaves_the_source_as_it_was", read_only),
        test("migrate_faults::a_read_only_source_is_copied_and_stays", read_only_source),
        test("migrate_faults::an_interrupt_leaves_the_source_as_it_was", interrupted)
            .needs(&[Need::Strace]),
        test("migrate_faults::moves_between_two_file_systems_and_back", two_file_systems)
            .needs(&[Need::Images]),
        test("migrate_faults::shares_content_where_the_file_system_can", shared)
            .needs(&[Need::Images, Need::Strace]),
    ];
    for (name, flags, threads) in [
        ("renaming", &["--yes"][..], Threads::First),
        ("replacing", &["--yes", "--replace"], Threads::First),
        ("copying", &["--yes", "--copy"], Threads::First),
        ("copying_in_every_thread", &["--yes", "--copy"], Threads::All),
        ("copying_and_replacing", &["--yes", "--copy", "--replace"], Threads::First),
    ] {
        let name = format!("migrate_faults::a_kill_while_{name}_loses_nothing");
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

/// A small tmpfs with the source and the shared root on it.
fn on_a_small_one<'s>(stage: &'s Stage, options: &str) -> Result<Scene<'s>> {
    let scene = Scene::new(stage)?;
    let small = stage.at("small");
    make::tmpfs(&small, options)?;
    let old = small.join("old");
    cache::build(&old, &[&scene.alice, &scene.bob])?;
    let content = cache::content(&old)?;
    make::nothing(&scene.old)?;
    Ok(Scene { old, content, ..scene })
}

fn full(stage: &Stage) -> Result<()> {
    let small = stage.at("small");
    let mut scene = on_a_small_one(stage, "mode=0755,size=2m")?;
    make::file(&small.join("old/debug/large"), vec![b'x'; 1 << 20], scene.bob.uid(), 0o664)?;
    scene.content = cache::content(&scene.old)?;
    make::directory(&small.join("shared"), 0, 0, 0o1777)?;
    scene.target = small.join("shared/alice/target");
    let give = || {
        let words = ["migrate".as_ref(), scene.old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
        let words = words.into_iter().chain(["--yes".as_ref(), "--copy".as_ref()]);
        scene.root.by_name(words).env("CARGO_PERUSER_SHARED_ROOT", small.join("shared")).run()
    };
    give()?.stopped_having_shown(Stop::Create)?.mentions("no space left on device")?;
    scene.is_untouched()?;
    do_as_root("mount", ["-o".as_ref(), "remount,size=8m".as_ref(), small.as_os_str()])?;
    give()?.ok()?;
    scene.has_moved()
}

fn no_inodes(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    make::nothing(&stage.root)?;
    make::tmpfs(&stage.root, "mode=1777,nr_inodes=9")?;
    scene
        .give(&["--yes"])?
        .stopped_having_shown(Stop::Create)?
        .mentions("no space left on device")?;
    scene.is_untouched()?;
    do_as_root("mount", ["-o".as_ref(), "remount,nr_inodes=999".as_ref(), stage.root.as_os_str()])?;
    scene.give(&["--yes"])?.ok()?;
    scene.has_moved()
}

fn too_small(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    make::nothing(&stage.root)?;
    make::tmpfs(&stage.root, "mode=1777,size=16k")?;
    let run = scene.give(&["--yes"])?;
    run.stopped_having_shown(Stop::Create)?.blames("no room for a copy")?.helps("df -h")?;
    scene.is_untouched()?;
    ensure!(look(&stage.root.join("alice"))?.is_none(), "a private directory was made");
    Ok(())
}

fn read_only(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    make::nothing(&stage.root)?;
    make::tmpfs(&stage.root, "mode=1777")?;
    remount(&stage.root, "ro")?;
    scene.give(&["--yes"])?.stopped_having_shown(Stop::Create)?.mentions("read-only")?;
    scene.is_untouched()?;
    remount(&stage.root, "rw")?;
    make::directory(&stage.root.join("alice"), scene.alice.uid(), scene.alice.uid(), 0o700)?;
    remount(&stage.root, "ro")?;
    scene.give(&["--yes"])?.stopped_having_shown(Stop::Create)?.mentions("read-only")?;
    scene.is_untouched()?;
    remount(&stage.root, "rw")?;
    scene.give(&["--yes"])?.ok()?;
    scene.has_moved()
}

fn read_only_source(stage: &Stage) -> Result<()> {
    let scene = on_a_small_one(stage, "mode=0755")?;
    remount(&stage.at("small"), "ro")?;
    scene.give(&["--yes"])?.ok()?.mentions("stays")?;
    scene.has_arrived()?;
    ensure!(cache::content(&scene.old)? == scene.content, "the source has changed");
    Ok(())
}

fn remount(path: &Path, state: &str) -> Result<()> {
    let options = format!("remount,{state}");
    do_as_root("mount", ["-o".as_ref(), options.as_ref(), path.as_os_str()])
}

/// Ctrl-C in the middle of the copy, at the first file's times.
fn interrupted(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
    let words = words.into_iter().chain(["--yes".as_ref(), "--copy".as_ref()]);
    let strace = ["strace", "-fqq", "-o", "/dev/null", "-e", "inject=utimensat:signal=INT:when=1"];
    let run = scene.root.by_name(words).after(strace).run()?;
    ensure!(run.status.code() == Some(130), "{}: {}", run.status, run.stderr);
    run.blames("interrupted")?;
    scene.is_untouched()?;
    scene.give(&["--yes", "--copy"])?.ok()?;
    scene.has_moved()
}

fn two_file_systems(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let (first, second) = (stage.at("first"), stage.at("second"));
    make::image(&first, Image::Ext4)?;
    make::image(&second, Image::Xfs)?;
    for (from, to) in [(&first, &second), (&second, &first)] {
        let old = from.join("old");
        cache::build(&old, &[&scene.alice, &scene.bob])?;
        let (shared, content) = (to.join("shared"), cache::content(&old)?);
        make::directory(&shared, 0, 0, 0o1777)?;
        let words = ["migrate".as_ref(), old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
        let run = scene.root.by_name(words.into_iter().chain(["--yes".as_ref()]));
        let run = run.env("CARGO_PERUSER_SHARED_ROOT", &shared).run()?;
        run.ok()?.prints("another file system")?;
        let scene = Scene::new_with(stage, old, shared.join("alice/target"), content)?;
        scene.has_moved()?;
    }
    for path in [first, second] {
        do_as_root("umount", [path.as_os_str()])?;
    }
    Ok(())
}

fn shared(stage: &Stage) -> Result<()> {
    let place = stage.at("xfs");
    make::image(&place, Image::Xfs)?;
    let scene = Scene::new(stage)?;
    let (old, shared) = (place.join("old"), place.join("shared"));
    cache::build(&old, &[&scene.alice, &scene.bob])?;
    make::directory(&shared, 0, 0, 0o1777)?;
    let content = cache::content(&old)?;
    let log = stage.at("log");
    let words = ["migrate".as_ref(), old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
    let words = words.into_iter().chain(["--yes".as_ref(), "--copy".as_ref()]);
    let log_word = log.to_str().context("a plain path")?;
    let strace = ["strace", "-fqq", "-o", log_word, "-e", "trace=ioctl,copy_file_range"];
    let run = scene.root.by_name(words).env("CARGO_PERUSER_SHARED_ROOT", &shared);
    run.after(strace).run()?.ok()?;
    Scene::new_with(stage, old, shared.join("alice/target"), content)?.has_moved()?;
    let log = fs::read_to_string(log)?;
    let cloned =
        log.lines().filter(|line| line.contains("FICLONE") && line.ends_with("= 0")).count();
    ensure!(cloned >= 4 && !log.contains("copy_file_range"), "{log}");
    do_as_root("umount", [place.as_os_str()])
}
