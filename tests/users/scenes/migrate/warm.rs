//! A real workspace, built by two people in one directory with umask 002, and what stays fresh after the
//! move. It has a build script, a proc macro, a dependency in C, integration tests and two profiles, and
//! is built in both of cargo's layouts.

mod session;
mod workspace;

use std::collections::BTreeSet;
use std::thread;

use session::Old;
use session::Session;
use workspace::DEPENDENCIES;
use workspace::OWN;

use crate::prelude::*;

pub(super) fn tests() -> Vec<Test> {
    let rows = [
        ("a_real_workspace_stays_warm", Channel::Stable, Old::Target),
        ("a_build_directory_in_the_new_layout_stays_warm", Channel::Nightly, Old::BuildDirectory),
    ];
    let declare = |(name, channel, old): (_, Channel, _)| {
        let body = move |stage: &Stage| stays_warm(stage, channel, old);
        test!(name, body).needs(channel.needs()).needs(&[Need::Registry]).heavy()
    };
    rows.into_iter().map(declare).collect()
}

fn stays_warm(stage: &Stage, channel: Channel, old: Old) {
    let session = Session::open(stage, channel, old);
    // A second profile is the same in either layout, and takes the longest.
    let release: &[&[&str]] = if old == Old::Target { &[&["build", "--release"]] } else { &[] };
    session.fill(&[&[&["build"][..], &["test"]], release].concat());
    let (alice, bob) = (&session.alice, &session.bob);
    let state = session.old.join("debug/incremental");
    let names = cache::names(&state);
    assert!(names.iter().any(|name| name.starts_with("app-")), "no state: {names:?}");
    let before = cache::content(&state);
    session.give();

    // Nothing is rebuilt automatically, so the tests use the old directory.
    session.after(alice, &["test"]).fails().never_says("Compiling");
    session.rebuild().ok().prints("rebuild its own packages");
    let state = session.target.join("debug/incremental");
    assert!(cache::content(&state) == before, "the incremental state is not kept");

    both_build(&session);
    for words in release.iter().chain(&[&["test"][..]]) {
        only_its_own(&session.after(alice, words));
    }
    session.after(alice, &["test"]).ok().never_says("Compiling");

    // A dependency that reads its files at run time still looks in the old directory.
    let table = |place: &Path| {
        let run = session.after(alice, &["run", "--", "table"]);
        run.ok().prints(place.join("debug/build").to_string_lossy());
    };
    table(&session.old);
    session.after(alice, &["clean", "-p", "native"]).ok();
    table(&session.target);
    session.after(bob, &["build"]).ok().never_says("Compiling");
}

/// At the same time, without waiting: alice with her moved cache, bob from nothing.
fn both_build(session: &Session<'_>) {
    let (hers, his) = thread::scope(|scope| {
        let hers = scope.spawn(|| session.telling_what_is_reused(&session.alice));
        let his = scope.spawn(|| session.after(&session.bob, &["build"]));
        (hers.join().unwrap(), his.join().unwrap())
    });
    only_its_own(&hers);
    hers.mentions("files hard-linked").never_says("session directory: 0 files hard-linked");
    hers.never_says("completely ignoring cache");
    his.ok().never_waits();
    for name in OWN.iter().chain(&DEPENDENCIES) {
        his.mentions(format!("Compiling {name} v"));
    }
}

/// The workspace's own packages were compiled, and nothing else.
fn only_its_own(run: &Outcome) {
    run.ok().never_waits();
    let compiled = run.stderr.lines().filter_map(|line| line.trim().strip_prefix("Compiling "));
    let compiled: BTreeSet<&str> =
        compiled.filter_map(|package| package.split_whitespace().next()).collect();
    assert!(compiled == BTreeSet::from(OWN), "compiled: {compiled:?}\n{}", run.stderr);
}
