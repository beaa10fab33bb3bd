//! A real workspace, built by two people in one directory at umask 002, and what the move leaves
//! warm: with a build script, a proc macro, a dependency in C, integration tests and two profiles,
//! in either layout of cargo's.

mod session;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
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

pub(super) fn tests() -> Vec<Test> {
    type Body = fn(&Stage, Channel, Layout) -> Result<()>;
    let rows: [(&str, Body, Channel, Layout); 3] = [
        ("a_real_workspace_stays_warm_on_stable", whole, Channel::Stable, Layout::Usual),
        ("a_real_workspace_stays_warm_in_the_new_layout", whole, Channel::Nightly, Layout::New),
        ("a_build_directory_stays_warm_on_stable", build_dir, Channel::Stable, Layout::Usual),
    ];
    let declare = |(name, body, channel, layout): (_, Body, _, _)| {
        let body = move |stage: &Stage| body(stage, channel, layout);
        let declared = test(format!("migrate::warm::{name}"), body).heavy();
        let declared = declared.needs(&[Need::Cargo, Need::Registry]);
        if channel == Channel::Nightly { declared.needs(&[Need::Nightly]) } else { declared }
    };
    rows.into_iter().map(declare).collect()
}

fn whole(stage: &Stage, channel: Channel, layout: Layout) -> Result<()> {
    let session = Session::open(stage, channel, layout, From::Target)?;
    // A second profile is the same in either layout, and takes the longest.
    let release: &[&[&str]] =
        if layout == Layout::Usual { &[&["build", "--release"]] } else { &[] };
    session.fill(&[&[&["build"][..], &["test"]], release].concat())?;
    let (alice, bob) = (&session.alice, &session.bob);
    let state = session.old.join("debug/incremental");
    let before = sessions(&state)?;
    ensure!(before.keys().any(|name| name.starts_with("app-")), "no state: {:?}", before.keys());
    session.give()?;

    // Nothing is rebuilt by itself, so that the tests are those of the old place.
    session.after(alice, &["test"])?.fails()?.never_says("Compiling")?;
    session.rebuild()?.ok()?.prints("rebuild its own packages")?;
    let state = session.target.join("debug/incremental");
    ensure!(sessions(&state)? == before, "the incremental state is not kept");

    both_build(&session)?;
    is_used(&before, &sessions(&state)?)?;
    for words in release.iter().chain(&[&["test"][..]]) {
        only_its_own(&session.after(alice, words)?)?;
    }
    session.after(alice, &["test"])?.ok()?.never_says("Compiling")?;

    // A dependency that looks for its files at run time still does so at the old place.
    let table = |place: &Path| -> Result<()> {
        let run = session.after(alice, &["run", "--", "table"])?;
        run.ok()?.prints(place.join("debug/build").to_string_lossy()).map(drop)
    };
    table(&session.old)?;
    session.after(alice, &["clean", "-p", "native"])?.ok()?;
    table(&session.target)?;
    session.after(bob, &["build"])?.ok()?.never_says("Compiling").map(drop)
}

/// Only the intermediates are moved, and nothing names their old place any more.
fn build_dir(stage: &Stage, channel: Channel, layout: Layout) -> Result<()> {
    let session = Session::open(stage, channel, layout, From::Configured)?;
    session.fill(&[&["test"]])?;
    let program = session.artifacts.join("debug/app");
    ensure!(program.is_file(), "the program is not where it was to be");
    ensure!(!session.old.join("debug/app").exists(), "that is no build directory");
    session.give()?;
    session.after(&session.alice, &["test"])?.fails()?.never_says("Compiling")?;
    session.rebuild()?.ok()?.prints("rebuild its own packages")?;
    only_its_own(&session.after(&session.alice, &["test"])?)?;
    ensure!(!session.old.exists(), "something was built at the old place");
    Ok(())
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
    his.ok()?.never_waits()?;
    for name in OWN.iter().chain(&DEPENDENCIES) {
        his.mentions(format!("Compiling {name} v"))?;
    }
    Ok(())
}

/// The workspace's own packages were compiled, and nothing else.
fn only_its_own(run: &Outcome) -> Result<()> {
    run.ok()?.never_waits()?;
    let compiled = run.stderr.lines().filter_map(|line| line.trim().strip_prefix("Compiling "));
    let compiled: BTreeSet<&str> =
        compiled.filter_map(|package| package.split_whitespace().next()).collect();
    ensure!(compiled == BTreeSet::from(OWN), "compiled: {compiled:?}\n{}", run.stderr);
    Ok(())
}

/// Of what it compiles again, rustc takes over what it can still use.
fn is_used(before: &BTreeMap<String, State>, after: &BTreeMap<String, State>) -> Result<()> {
    let compiled = before.iter().filter_map(|(name, old)| Some((name, old, after.get(name)?)));
    let compiled = compiled.filter(|(_, old, new)| old.names != new.names);
    let taken: Vec<(&String, bool)> =
        compiled.map(|(name, old, new)| (name, !old.files.is_disjoint(&new.files))).collect();
    let is_any_app = taken.iter().any(|(name, _)| name.starts_with("app-"));
    ensure!(is_any_app && taken.iter().all(|(_, taken)| *taken), "not used: {taken:?}");
    Ok(())
}

/// The incremental state of one crate.
#[derive(Default, PartialEq, Eq)]
struct State {
    /// The names of its sessions; each compilation has a new one.
    names: BTreeSet<OsString>,
    /// Its files by their inodes, and when they were written, in nanoseconds.
    files: BTreeSet<(u64, i64, i64)>,
}

fn sessions(directory: &Path) -> Result<BTreeMap<String, State>> {
    let mut found = BTreeMap::new();
    for name in cache::names(directory)? {
        let mut state = State::default();
        for session in fs::read_dir(directory.join(&name))? {
            let session = session?;
            // What else is there are empty locks.
            if session.file_type()?.is_dir() {
                state.names.insert(session.file_name());
                for file in fs::read_dir(session.path())? {
                    let file = file?.metadata()?;
                    state.files.insert((file.ino(), file.mtime(), file.mtime_nsec()));
                }
            }
        }
        found.insert(name, state);
    }
    Ok(found)
}
