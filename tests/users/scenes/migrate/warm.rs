//! A real workspace, built by two people in one directory at umask 002, and what the move leaves
//! warm: with a build script, a proc macro, a dependency in C, integration tests and two profiles.

mod workspace;

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::machine::{Channel, Need};
use crate::stage::cache;
use crate::stage::child::do_as_root;
use crate::stage::project;
use crate::stage::{Outcome, Person, Stage, make};
use crate::suite::{Test, test};
use workspace::{DEPENDENCIES, NATIVE, OWN, WORKSPACE};

pub(super) fn tests() -> Vec<Test> {
    let on = |channel: Channel| move |stage: &Stage| stays_warm(stage, channel);
    vec![
        test("migrate::warm::a_real_workspace_stays_warm_on_stable", on(Channel::Stable))
            .needs(&[Need::Cargo, Need::Registry])
            .heavy(),
        test("migrate::warm::a_real_workspace_stays_warm_on_nightly", on(Channel::Nightly))
            .needs(&[Need::Cargo, Need::Nightly, Need::Registry])
            .heavy(),
    ]
}

/// Turns cargo's new layout on, where it is not the one that is written anyway.
pub(super) const LAYOUT: &str = "CARGO_UNSTABLE_BUILD_DIR_NEW_LAYOUT";
/// What cargo says when it waits for somebody else.
const WAITING: &str = "Blocking waiting for file lock";

fn stays_warm(stage: &Stage, channel: Channel) -> Result<()> {
    let shared = stage.shared_root().group("devs").mode(0o3775).make()?;
    let (root, alice, bob) = (stage.person("root")?, stage.person("alice")?, stage.person("bob")?);
    let (old, target) = (stage.at("old"), shared.join("alice/target"));
    let session = Session { channel, old: &old };
    fill(stage, &session, &alice, &bob)?;
    let incremental = cache::names(&old.join("debug/incremental"))?;
    ensure!(!incremental.is_empty(), "there is no incremental state");

    let words = ["migrate".as_ref(), old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
    let more = ["--yes".as_ref(), "--checkout".as_ref(), stage.checkout.as_os_str()];
    let run = root.by_name(words.into_iter().chain(more)).within("/").run()?;
    run.ok()?.prints("renamed")?.prints("bob (uid 2002)")?.mentions("as alice (uid 2001)")?;
    cache::is_all(&target, alice.uid())?;

    // Without the cure the tests are those of the old place: this is what it is for.
    let test = |person: &Person<'_>| session.after(person, &["test"], &target);
    test(&alice)?.fails()?.never_says("Compiling")?;
    let cure =
        ["migrate".as_ref(), target.as_os_str(), "--checkout".as_ref(), stage.checkout.as_os_str()];
    let run = alice.by_name(cure).with(channel).umask("0002").run()?;
    run.ok()?.prints("will be rebuilt (dev, release)")?;
    ensure!(cache::names(&target.join("debug/incremental"))? == incremental, "it is not kept");

    both_build(&session, &alice, &bob, &target)?;
    for words in [&["build", "--release"][..], &["test"]] {
        let run = session.after(&alice, words, &target)?;
        only_its_own(&run)?;
    }
    test(&alice)?.ok()?.never_says("Compiling")?;
    let run = alice.by_name(cure.into_iter().chain(["--build".as_ref()])).with(channel).run()?;
    run.ok()?.prints("units were fresh")?;
    Ok(())
}

/// Both have built everything in one directory, alice last.
fn fill(stage: &Stage, session: &Session<'_>, alice: &Person<'_>, bob: &Person<'_>) -> Result<()> {
    let native = stage.at("native");
    make::directory(&native, 0, 0, 0o755)?;
    project::write(&native, NATIVE, alice)?;
    project::write(&stage.checkout, WORKSPACE, alice)?;
    make::directory(session.old, 0, crate::machine::group("devs")?, 0o2775)?;
    for person in [alice, bob] {
        project::stock_cargo_home(person)?;
    }
    session.before(alice, &["generate-lockfile"])?;
    share(&stage.checkout)?;
    for person in [bob, alice] {
        for words in [&["build"][..], &["build", "--release"], &["test"]] {
            session.before(person, words)?;
        }
    }
    Ok(())
}

/// At the same time, without a wait: alice from what she has, bob from nothing.
fn both_build(
    session: &Session<'_>,
    alice: &Person<'_>,
    bob: &Person<'_>,
    target: &Path,
) -> Result<()> {
    let (hers, his) = thread::scope(|scope| {
        let hers = scope.spawn(|| session.after(alice, &["build"], target));
        let his = scope.spawn(|| session.after(bob, &["build"], target));
        (hers.join(), his.join())
    });
    let joined = |run: thread::Result<Result<Outcome>>| run.ok().context("a build panicked")?;
    let (hers, his) = (joined(hers)?, joined(his)?);
    only_its_own(&hers)?;
    his.ok()?.never_says(WAITING)?;
    for name in OWN.iter().chain(&DEPENDENCIES) {
        his.mentions(format!("Compiling {name} v"))?;
    }
    Ok(())
}

/// The workspace's own packages were compiled, and no dependency.
fn only_its_own(run: &Outcome) -> Result<()> {
    run.ok()?.never_says(WAITING)?;
    for name in OWN {
        run.mentions(format!("Compiling {name} v"))?;
    }
    for name in DEPENDENCIES {
        run.never_says(&format!("Compiling {name} v"))?;
    }
    Ok(())
}

/// How people build.
struct Session<'a> {
    channel: Channel,
    old: &'a PathBuf,
}

impl Session<'_> {
    /// In the old days: one directory for everybody.
    fn before(&self, person: &Person<'_>, words: &[&str]) -> Result<Outcome> {
        let run = person.cargo(words).with(self.channel).umask("0002").env("CARGO_PERUSER", "off");
        let run = run.env("CARGO_TARGET_DIR", self.old).env("EXPECTED", self.old).run()?;
        run.ok()?;
        Ok(run)
    }

    /// Through the shim.
    fn after(&self, person: &Person<'_>, words: &[&str], target: &Path) -> Result<Outcome> {
        person.cargo(words).with(self.channel).umask("0002").env("EXPECTED", target).run()
    }
}

/// Group `devs`, writable, new files inherit the group.
fn share(checkout: &Path) -> Result<()> {
    project::give(checkout, "alice:devs")?;
    do_as_root("chmod", ["-R".as_ref(), "g+w".as_ref(), checkout.as_os_str()])
}
