//! A real workspace, built by two people in one directory at umask 002, and what the move leaves
//! warm: with a build script, a proc macro, a dependency in C, integration tests and two profiles,
//! in either layout of cargo's.

mod session;
mod workspace;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::machine::{Channel, Need};
use crate::stage::{Outcome, Stage, cache};
use crate::suite::{Test, test};
use session::{From, Layout, Session};
use workspace::{DEPENDENCIES, OWN};

pub(super) use session::LAYOUT;

pub(super) fn tests() -> Vec<Test> {
    type Body = fn(&Stage, Channel, Layout) -> Result<()>;
    let rows: [(&str, Body, Channel, Layout); 5] = [
        ("a_real_workspace_stays_warm_on_stable", whole, Channel::Stable, Layout::Usual),
        ("a_real_workspace_stays_warm_on_nightly", whole, Channel::Nightly, Layout::Usual),
        ("a_real_workspace_stays_warm_in_the_new_layout", whole, Channel::Nightly, Layout::New),
        ("a_build_directory_stays_warm_on_stable", build_dir, Channel::Stable, Layout::Usual),
        (
            "a_build_directory_stays_warm_in_the_new_layout",
            build_dir,
            Channel::Nightly,
            Layout::New,
        ),
    ];
    let declare = |(name, body, channel, layout): (_, Body, _, _)| {
        let body = move |stage: &Stage| body(stage, channel, layout);
        let declared = test(format!("migrate::warm::{name}"), body).heavy();
        let declared = declared.needs(&[Need::Cargo, Need::Registry]);
        if channel == Channel::Nightly { declared.needs(&[Need::Nightly]) } else { declared }
    };
    rows.into_iter().map(declare).collect()
}

/// What cargo says when it waits for somebody else.
const WAITING: &str = "Blocking waiting for file lock";

fn whole(stage: &Stage, channel: Channel, layout: Layout) -> Result<()> {
    let session = Session::open(stage, channel, layout, From::TargetDir)?;
    session.fill(&[&["build"], &["build", "--release"], &["test"]])?;
    let (alice, bob) = (&session.alice, &session.bob);
    let state = session.old.join("debug/incremental");
    let (crates, files) = (cache::names(&state)?, inodes(&state)?);
    ensure!(crates.iter().any(|name| name.starts_with("app-")), "no incremental state: {crates:?}");
    session.give()?;

    // Without the cure the tests are those of the old place: this is what it is for.
    session.after(alice, &["test"])?.fails()?.never_says("Compiling")?;
    let run = session.cure(&[])?;
    run.ok()?.prints("will be rebuilt (dev, release)")?.never_says("not cleaned")?;
    let advice = advice(&run)?;
    let state = session.target.join("debug/incremental");
    ensure!(cache::names(&state)? == crates, "the incremental state is not kept");

    both_build(&session)?;
    // Rustc takes over what it can still use.
    ensure!(!inodes(&state)?.is_disjoint(&files), "the incremental state is not used");
    for words in [&["build", "--release"][..], &["test"]] {
        only_its_own(&session.after(alice, words)?)?;
    }
    session.after(alice, &["test"])?.ok()?.never_says("Compiling")?;
    let run = session.cure(&["--build"])?;
    run.ok()?.prints("units were fresh")?;

    // A dependency that looks for its files still does so at the old place, until the advice is taken.
    let table = |place: &Path| -> Result<()> {
        let run = session.after(alice, &["run", "--", "table"])?;
        run.ok()?.prints(place.join("debug/build").to_string_lossy()).map(drop)
    };
    table(&session.old)?;
    session.shell(alice, &advice)?.ok()?;
    table(&session.target)?;
    session.after(bob, &["build"])?.ok()?.never_says("Compiling").map(drop)
}

/// Only the intermediates are moved, and the checkout or the session still names their old place.
fn build_dir(stage: &Stage, channel: Channel, layout: Layout) -> Result<()> {
    let from = match layout {
        Layout::Usual => From::ConfiguredBuildDir,
        Layout::New => From::ExportedBuildDir,
    };
    let session = Session::open(stage, channel, layout, from)?;
    session.fill(&[&["test"]])?;
    let program = session.artifacts.join("debug/app");
    ensure!(program.is_file(), "the program is not where it was to be");
    ensure!(!session.old.join("debug/app").exists(), "that is no build directory");
    session.give()?;
    session.after(&session.alice, &["test"])?.fails()?.never_says("Compiling")?;
    session.cure(&[])?.ok()?.prints("will be rebuilt (dev)")?;
    only_its_own(&session.after(&session.alice, &["test"])?)?;
    ensure!(!session.old.exists(), "something was built at the old place");
    Ok(())
}

/// What is to be run for the dependencies that have made files, in either profile: the one in C, and
/// one of the registry's.
fn advice(run: &Outcome) -> Result<String> {
    let (_, advice) = run.stderr.split_once("has to be rebuilt: ").context("no advice")?;
    let advice = advice.lines().next().unwrap_or_default();
    let commands: Vec<&str> = advice.split(" && ").collect();
    for (command, profile) in commands.iter().zip(["dev", "release"]) {
        let is_one = command.starts_with(&format!("cargo clean --profile {profile} -p "));
        let has_both = [" -p native", " -p serde_core"].iter().all(|name| command.contains(name));
        let has_own = command.split_whitespace().any(|word| OWN.contains(&word));
        ensure!(is_one && has_both && !has_own, "not what is to be run: {command}");
    }
    ensure!(commands.len() == 2, "not one command for each profile: {advice}");
    Ok(advice.to_owned())
}

/// At the same time, without a wait: alice from what she has, bob from nothing.
fn both_build(session: &Session<'_>) -> Result<()> {
    let (hers, his) = thread::scope(|scope| {
        let hers = scope.spawn(|| session.after(&session.alice, &["build"]));
        let his = scope.spawn(|| session.after(&session.bob, &["build"]));
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

/// The workspace's own packages were compiled, and nothing else.
fn only_its_own(run: &Outcome) -> Result<()> {
    run.ok()?.never_says(WAITING)?;
    let compiled = run.stderr.lines().filter_map(|line| line.trim().strip_prefix("Compiling "));
    let compiled: BTreeSet<&str> =
        compiled.filter_map(|package| package.split_whitespace().next()).collect();
    ensure!(compiled == BTreeSet::from(OWN), "compiled: {compiled:?}\n{}", run.stderr);
    Ok(())
}

/// The inodes of the files in a directory and below.
fn inodes(directory: &Path) -> Result<BTreeSet<u64>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.append(&mut inodes(&entry.path())?);
        } else {
            found.insert(entry.metadata()?.ino());
        }
    }
    Ok(found)
}
