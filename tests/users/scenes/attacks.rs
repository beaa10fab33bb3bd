//! Attacks and accidents that have worked once. Each stays here so that it never works again.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::machine::{Need, group, places};
use crate::stage::{Acl, Person, Stage, Stop, look, make, private};
use crate::suite::{Test, test};

/// Says whose rights it runs with.
const CONFESSES: &str = "#!/bin/sh\necho \"mallory's program runs as $(id -u)\"\n";

/// Runs the shim as a child instead of becoming it.
const FORKS: &str = "#!/bin/sh\necho once >>\"${0%/*}/log\"\n/opt/shim/cargo \"$@\"\n";

/// A cargo that becomes its program, which works a while and starts itself anew.
const RESTARTS: &str = r#"#!/bin/sh
count=$((${COUNT:-0} + 1))
[ "$count" -lt 3 ] || { echo "started $count times"; exit 0; }
sleep 1.2
COUNT=$count exec cargo run
"#;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("attacks::another_persons_home_offers_no_cargo_to_root", |stage| {
            offers_no_cargo(stage, &stage.person("root")?)
        }),
        test("attacks::another_persons_home_offers_no_cargo_to_alice", |stage| {
            offers_no_cargo(stage, &stage.person("alice")?)
        }),
        test("attacks::what_others_could_write_to_is_not_made_private", writable_inside),
        test("attacks::what_others_own_is_not_made_private", foreign_inside),
        test("attacks::what_a_common_group_could_write_to_is_not_made_private", |stage| {
            group_writable_inside(stage, "devs", false)
        }),
        test("attacks::what_only_ones_private_group_could_write_to_is_made_private", |stage| {
            group_writable_inside(stage, "alice", true)
        }),
        test("attacks::what_an_acl_let_others_write_to_is_not_made_private", acl_inside)
            .needs(&[Need::Acls]),
        test(
            "attacks::a_cargo_that_everyone_can_write_runs_where_nothing_is_protected",
            open_cargo,
        ),
        test("attacks::a_wrapper_that_runs_us_as_a_child_ends", forks),
        test("attacks::a_program_that_executes_cargo_run_to_start_anew_does", restarts),
        test("attacks::a_nested_run_is_given_its_own_checkouts_directory", nested),
        test("attacks::a_build_script_that_hides_cargos_variables_is_told_as_one", hides),
        test("attacks::another_spelling_of_the_shared_root_is_still_the_shared_root", spelling),
    ]
}

/// HOME and CARGO_HOME are mallory's, as after `su -m`, and no cargo is on PATH.
fn offers_no_cargo(stage: &Stage, caller: &Person<'_>) -> Result<()> {
    stage.shared_root().sticky().make()?;
    let mallory = stage.person("mallory")?;
    let cargo_home = mallory.home.join(".cargo");
    for directory in [&cargo_home, &cargo_home.join("bin")] {
        make::directory(directory, mallory.uid(), mallory.uid(), 0o755)?;
    }
    make::file(&cargo_home.join("bin/cargo"), CONFESSES, mallory.uid(), 0o755)?;
    let own: [(&str, &Path); 2] = [("HOME", &mallory.home), ("CARGO_HOME", &cargo_home)];
    for variables in [&own[..1], &own[1..], &own] {
        let mut run = caller.cargo(["--version"]).path([places::SHIM]);
        for (name, value) in variables {
            run = run.env(name, value);
        }
        let run = run.run()?;
        run.stopped(Stop::NoCargo)?;
        ensure!(run.stdout.is_empty(), "{variables:?}: {}", run.stdout);
    }
    Ok(())
}

fn writable_inside(stage: &Stage) -> Result<()> {
    let directory = stage.shared_root().sticky().make()?.join("alice");
    let alice = stage.person("alice")?;
    make::directory(&directory, alice.uid(), alice.uid(), 0o755)?;
    make::directory(&directory.join("target"), alice.uid(), alice.uid(), 0o755)?;
    make::directory(&directory.join("target/deps"), alice.uid(), alice.uid(), 0o777)?;
    still_refused(&alice, &directory, "target/deps")
}

/// As umask 002 leaves it.
fn group_writable_inside(stage: &Stage, of: &str, is_made_private: bool) -> Result<()> {
    let directory = stage.shared_root().sticky().make()?.join("alice");
    let alice = stage.person("alice")?;
    make::directory(&directory, alice.uid(), alice.uid(), 0o755)?;
    make::file(&directory.join("app"), "", alice.uid(), 0o664)?;
    make::own(&directory.join("app"), alice.uid(), group(of)?, 0o664)?;
    if is_made_private {
        alice.cargo(["build"]).run()?.notes("private")?.builds_in(directory.join("target"))?;
        return private(&directory, alice.uid());
    }
    still_refused(&alice, &directory, "app")
}

fn acl_inside(stage: &Stage) -> Result<()> {
    let directory = stage.shared_root().sticky().make()?.join("alice");
    let (alice, mallory) = (stage.person("alice")?, stage.person("mallory")?);
    make::directory(&directory, alice.uid(), alice.uid(), 0o755)?;
    make::file(&directory.join("app"), "", alice.uid(), 0o644)?;
    Acl::Access.grant(&directory.join("app"), mallory.uid(), 0o6)?;
    still_refused(&alice, &directory, "app")
}

/// As the container images have it that make cargo's home writable for everyone.
fn open_cargo(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let place = stage.at("open");
    make::directory(&place, 0, 0, 0o777)?;
    make::link(&place.join("cargo"), &Path::new(places::STUB).join("cargo"), 0)?;
    let path = [Path::new(places::SHIM), &place];
    alice.cargo(["build"]).path(path).run()?.stopped(Stop::NoCargo)?;
    alice.cargo(["build"]).path(path).env("CARGO_PERUSER", "off").run()?.ok()?;
    alice.cargo(["build"]).path(path).unset("CARGO_PERUSER_SHARED_ROOT").run()?.ok()?;
    let named = place.join("cargo");
    let run = alice.cargo(["build"]).path(path).env("CARGO_PERUSER_REAL_CARGO", named).run()?;
    run.builds_in(root.join("alice/target"))?;
    Ok(())
}

fn foreign_inside(stage: &Stage) -> Result<()> {
    let directory = stage.shared_root().sticky().make()?.join("alice");
    let (alice, mallory) = (stage.person("alice")?, stage.person("mallory")?);
    make::directory(&directory, alice.uid(), alice.uid(), 0o755)?;
    make::file(&directory.join("planted"), "", mallory.uid(), 0o644)?;
    still_refused(&alice, &directory, "planted")
}

/// Commands that only look, too: `metadata` believes what it reads there.
/// The second time as well: a refusal must not leave a directory that passes for private.
fn still_refused(alice: &Person<'_>, directory: &Path, inside: &str) -> Result<()> {
    for _ in 0..2 {
        alice.cargo(["build"]).run()?.refused()?.blames(inside)?.helps("mv ")?;
        alice.cargo(["metadata"]).run()?.refused()?.blames(inside)?.helps("mv ")?;
        ensure!(look(directory)?.is_some_and(|sight| sight.mode == 0o755), "it was tightened");
    }
    Ok(())
}

fn forks(stage: &Stage) -> Result<()> {
    stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let wrapper = stage.at("w");
    make::directory(&wrapper, alice.uid(), alice.uid(), 0o755)?;
    make::script(&wrapper.join("cargo"), FORKS)?;
    let path = [wrapper.as_path(), Path::new(places::STUB)];
    let run = alice.cargo(["check"]).path(path).limit(Duration::from_secs(15)).run()?;
    run.stopped(Stop::NoCargo)?.mentions(wrapper.to_string_lossy())?;
    let rounds = std::fs::read_to_string(wrapper.join("log"))?.lines().count();
    ensure!(rounds <= 30, "the wrapper ran {rounds} times");
    Ok(())
}

fn restarts(stage: &Stage) -> Result<()> {
    stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let place = stage.at("c");
    make::directory(&place, 0, 0, 0o755)?;
    make::script(&place.join("cargo"), RESTARTS)?;
    let path = [places::SHIM.as_ref(), place.as_path(), "/usr/bin".as_ref(), "/bin".as_ref()];
    alice.cargo(["run"]).path(path).run()?.ok()?.prints("started 3 times")?;
    Ok(())
}

fn nested(stage: &Stage) -> Result<()> {
    let own = stage.shared_root().sticky().make()?.join("alice");
    let alice = stage.person("alice")?;
    let outer = own.join("worktree-0123456789abcdef");
    let run = alice.cargo(["build"]).env("CARGO_TARGET_DIR", &outer);
    let run = run.env("CARGO_BUILD_BUILD_DIR", &outer).run()?;
    run.builds_in(own.join("target"))?;
    ensure!(run.build_dir()?.is_none(), "intermediates still go to the outer run's directory");
    Ok(())
}

fn hides(stage: &Stage) -> Result<()> {
    stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let mut run = alice.cargo(["build"]);
    let out_dir = alice.home.join("out");
    for (name, value) in [("HOST", "x"), ("TARGET", "x"), ("NUM_JOBS", "2")] {
        run = run.env(name, value);
    }
    let run = run.env("OUT_DIR", out_dir).run()?;
    run.ok()?;
    ensure!(run.target_dir()?.is_none(), "it would wait for its own parent");
    Ok(())
}

fn spelling(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let link = stage.at("link");
    make::link(&link, &root, 0)?;
    for inside in ["", "bob/target", "alice"] {
        let value = link.join(inside);
        let run = alice.cargo(["build"]).env("CARGO_TARGET_DIR", value).run()?;
        run.builds_in(root.join("alice/target"))?;
    }
    Ok(())
}
