//! The state of the private directory itself, and what it protects.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::machine::Need;
use crate::stage::{Acl, Person, Stage, look, make, private, tagged};
use crate::suite::{Test, test};

/// What must come of a state.
type Consequence = fn(&Scene<'_>) -> Result<()>;

/// The mode of alice's own directory and what must come of it.
const STATES: &[(&str, u32, Consequence)] = &[
    ("uses_0700_as_it_is", 0o700, used),
    ("uses_0700_with_setgid_as_it_is", 0o2700, used),
    ("tightens_0755_with_a_note", 0o755, tightened),
    ("tightens_0750_with_a_note", 0o750, tightened),
    ("tightens_0711_with_a_note", 0o711, tightened),
    ("refuses_0775_and_offers_to_put_it_aside", 0o775, put_aside),
    ("refuses_0777_and_offers_to_put_it_aside", 0o777, put_aside),
    ("refuses_1777_and_offers_to_put_it_aside", 0o1777, put_aside),
    ("refuses_0500_and_offers_the_owner_bits", 0o500, owner_bits),
    ("refuses_0000_and_offers_the_owner_bits", 0o000, owner_bits),
];

const UMASKS: &[(&str, &str)] = &[
    ("creates_exactly_0700_under_umask_0000", "0000"),
    ("creates_exactly_0700_under_umask_0002", "0002"),
    ("creates_exactly_0700_under_umask_0077", "0077"),
    ("creates_exactly_0700_under_umask_0277", "0277"),
    ("creates_exactly_0700_under_umask_0777", "0777"),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("private_dir::mallory_can_neither_read_nor_replace_what_is_built", out_of_reach),
        test("private_dir::mallory_cannot_hold_alices_lock", lock).needs(&[Need::Flock]),
        test("private_dir::tightens_what_an_acl_lets_mallory_read", readable_by_acl)
            .needs(&[Need::Acls]),
        test("private_dir::refuses_what_an_acl_lets_mallory_write", writable_by_acl)
            .needs(&[Need::Acls]),
        test("private_dir::path_and_explain_create_nothing", nothing_made),
    ];
    for (name, mode, check) in STATES {
        tests.push(test(format!("private_dir::{name}"), move |stage| {
            check(&Scene::new(stage, *mode)?)
        }));
    }
    for (name, umask) in UMASKS {
        tests.push(test(format!("private_dir::{name}"), move |stage| under_umask(stage, umask)));
    }
    tests
}

/// Alice's directory stands in a sticky root and has the mode in question.
struct Scene<'s> {
    alice: Person<'s>,
    directory: PathBuf,
    mode: u32,
}

impl<'s> Scene<'s> {
    fn new(stage: &'s Stage, mode: u32) -> Result<Self> {
        let directory = stage.shared_root().sticky().make()?.join("alice");
        let alice = stage.person("alice")?;
        make::directory(&directory, alice.uid(), alice.uid(), mode)?;
        Ok(Scene { alice, directory, mode })
    }

    fn build(&self) -> Result<crate::stage::Outcome> {
        self.alice.cargo(["build"]).run()
    }

    fn is_untouched(&self) -> Result<()> {
        let mode = look(&self.directory)?.map(|sight| sight.mode).unwrap_or_default();
        ensure!(mode == self.mode, "the mode is now {mode:04o}");
        Ok(())
    }
}

fn used(scene: &Scene<'_>) -> Result<()> {
    scene.build()?.silently()?;
    scene.is_untouched()?;
    private(&scene.directory.join("target"), scene.alice.uid())
}

fn tightened(scene: &Scene<'_>) -> Result<()> {
    scene.build()?.notes(scene.directory.to_string_lossy())?;
    private(&scene.directory, scene.alice.uid())?;
    scene.build()?.silently()?;
    Ok(())
}

fn put_aside(scene: &Scene<'_>) -> Result<()> {
    let run = scene.build()?;
    run.refused()?.blames(scene.directory.to_string_lossy())?;
    scene.is_untouched()?;
    scene.alice.shell(&run.offered("mv ")?, [""; 0]).run()?.ok()?;
    scene.build()?.silently()?;
    private(&scene.directory, scene.alice.uid())
}

fn owner_bits(scene: &Scene<'_>) -> Result<()> {
    let run = scene.build()?;
    run.refused()?.blames(scene.directory.to_string_lossy())?;
    scene.is_untouched()?;
    scene.alice.shell(&run.offered("chmod u+rwx")?, [""; 0]).run()?.ok()?;
    scene.build()?.silently()?;
    private(&scene.directory, scene.alice.uid())
}

fn readable_by_acl(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage, 0o700)?;
    let mallory = stage.person("mallory")?;
    Acl::Access.grant(&scene.directory, mallory.uid(), 0o5)?;
    mallory.shell("ls \"$1\"", [&scene.directory]).run()?.ok()?;
    scene.build()?.notes(scene.directory.to_string_lossy())?;
    mallory.shell("ls \"$1\"", [&scene.directory]).run()?.fails()?;
    scene.build()?.silently()?;
    Ok(())
}

fn writable_by_acl(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage, 0o700)?;
    Acl::Access.grant(&scene.directory, stage.person("mallory")?.uid(), 0o7)?;
    scene.build()?.refused()?.blames(scene.directory.to_string_lossy())?;
    Ok(())
}

/// `check`, since the stub's `build` could write nothing under some of these umasks.
fn under_umask(stage: &Stage, umask: &str) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let run = alice.cargo(["check"]).umask(umask).run()?;
    run.silently()?.prints(format!("umask: {umask}\n"))?;
    private(&root.join("alice"), alice.uid())?;
    private(&root.join("alice/target"), alice.uid())?;
    tagged(&root.join("alice/target"))?;
    alice.shell("cat \"$1\"", [root.join("alice/target/CACHEDIR.TAG")]).run()?.ok()?;
    Ok(())
}

/// Even what is made with every bit set, by a cargo under umask 0000.
fn out_of_reach(stage: &Stage) -> Result<()> {
    let target = stage.shared_root().sticky().make()?.join("alice/target");
    let (alice, mallory) = (stage.person("alice")?, stage.person("mallory")?);
    alice.cargo(["build"]).umask("0000").run()?.silently()?;
    let artifact = target.join("debug/app");
    alice.shell("chmod -R 0777 \"$1\" && cat \"$1/debug/app\"", [&target]).run()?.ok()?;
    for attempt in [
        "cat \"$1\"",
        "ls \"$(dirname \"$1\")\"",
        "echo evil >\"$1\"",
        "cp /bin/true \"$1\"",
        "rm -f \"$1\"",
        "mv \"$2\" \"$2.gone\"",
        "rmdir \"$2\"",
        "cd \"$2\"",
    ] {
        let private_dir = stage.root.join("alice");
        mallory.shell(attempt, [&artifact, &private_dir]).run()?.fails()?;
    }
    ensure!(fs::read_to_string(&artifact)? == "an artifact\n", "the artifact has changed");
    Ok(())
}

fn lock(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let (alice, mallory) = (stage.person("alice")?, stage.person("mallory")?);
    alice.cargo(["build"]).run()?.silently()?;
    let lock = root.join("alice/target/debug/.cargo-lock");
    let hold = "flock --nonblock \"$1\" true";
    alice.shell(hold, [&lock]).run()?.ok()?;
    mallory.shell(hold, [&lock]).run()?.fails()?.mentions("Permission denied")?;
    Ok(())
}

fn nothing_made(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let target = root.join("alice/target");
    let path = alice.by_name(["path"]).run()?;
    path.ok()?;
    ensure!(path.stdout == format!("{}\n", target.display()), "it says {:?}", path.stdout);
    alice.by_name(["explain"]).run()?.ok()?.prints(target.to_string_lossy())?;
    ensure!(look(&root.join("alice"))?.is_none(), "a directory was made");
    let build = alice.by_name(["build"]).run()?;
    build.builds_in(target)?;
    Ok(())
}
