//! The cure of a workspace's own units, in caches as people have them: with other workspaces'
//! profiles, other tools' directories, and a build at work.

mod pasted;

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::scene::migrate;
use super::warm::LAYOUT;
use crate::machine::{Channel, Need};
use crate::stage::project::{self, Tree};
use crate::stage::{Invocation, Outcome, Person, Stage, cache, look, make};
use crate::suite::{Test, test};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test("migrate::cured::what_the_workspace_does_not_know_stops_nothing", ordinary)
            .needs(&[Need::Cargo]),
        test("migrate::cured::what_a_cargo_with_another_layout_has_built_is_named", layouts)
            .needs(&[Need::Cargo, Need::Nightly]),
        test("migrate::cured::what_fails_is_named_and_the_rest_is_done", failing)
            .needs(&[Need::Cargo]),
        test("migrate::cured::what_the_help_says_has_dependencies_rebuilt", pasted::pasted)
            .needs(&[Need::Cargo]),
        test("migrate::cured::a_build_keeps_its_incremental_state", busy)
            .needs(&[Need::Cargo, Need::Flock]),
    ]
}

const PROJECT: Tree<'_> = &[
    (
        "Cargo.toml",
        r#"[package]
name = "b"
version = "0.1.0"
edition = "2021"

[dependencies]
maker = { path = "maker" }
plain = { path = "plain" }
"#,
    ),
    ("src/main.rs", "fn main() {}\n"),
    ("maker/Cargo.toml", "[package]\nname = \"maker\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
    ("maker/src/lib.rs", ""),
    (
        "maker/build.rs",
        "fn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
         std::fs::write(format!(\"{out}/table.rs\"), \"\").unwrap();\n}\n",
    ),
    ("plain/Cargo.toml", "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
    ("plain/src/lib.rs", ""),
];

/// Alice's cache, where it belongs, built with two profiles.
struct Built<'s> {
    alice: Person<'s>,
    target: PathBuf,
    checkout: PathBuf,
}

impl<'s> Built<'s> {
    fn new(stage: &'s Stage) -> Result<Self> {
        let shared = stage.shared_root().sticky().make()?;
        let alice = stage.person("alice")?;
        project::write(&stage.checkout, PROJECT, &alice)?;
        project::give(&stage.checkout, "alice:alice")?;
        let built =
            Built { alice, target: shared.join("alice/target"), checkout: stage.checkout.clone() };
        for words in [&["build"][..], &["build", "--release"]] {
            built.cargo(words)?.ok()?;
        }
        Ok(built)
    }

    fn cargo(&self, words: &[&str]) -> Result<Outcome> {
        self.alice.cargo(words).with(Channel::Stable).run()
    }

    /// A directory with cargo's lock, as every profile has one.
    fn profile(&self, name: &str) -> Result<()> {
        self.file(&format!("{name}/.cargo-lock"))
    }

    /// An empty file of alice's.
    fn file(&self, path: &str) -> Result<()> {
        let make = "mkdir -p \"${1%/*}\" && : > \"$1\"";
        self.alice.shell(make, [&self.target.join(path)]).run()?.ok()?;
        Ok(())
    }

    fn cure(&self) -> Result<Outcome> {
        self.curing(Channel::Stable).run()
    }

    /// The same with any toolchain, still to be run.
    fn curing(&self, channel: Channel) -> Invocation<'_> {
        let run = migrate(&self.alice, &self.target).arg("--checkout").arg(&self.checkout);
        run.with(channel)
    }

    /// What has the dependency with a build script rebuilt, in both profiles.
    fn advice(&self) -> String {
        let clean = ["dev", "release"];
        let clean = clean.map(|name| format!("cargo-peruser clean --profile {name} -p maker"));
        format!("to rebuild them, in `{}`: {}\n", self.checkout.display(), clean.join(" && "))
    }

    fn is_stale(&self, words: &[&str]) -> Result<()> {
        self.cargo(words)?.ok()?.mentions("Compiling b v")?;
        Ok(())
    }
}

fn ordinary(stage: &Stage) -> Result<()> {
    let built = Built::new(stage)?;
    // For cargo, `test` is another name of `dev`.
    for name in ["another", "rust-analyzer/debug", "my-board/release", "test"] {
        built.profile(name)?;
    }
    // Build scripts have made files: the workspace's own, and one of a package that it does not know.
    for unit in ["debug/build/b-0123", "debug/build/other-0123", "another/build/maker-0123"] {
        built.file(&format!("{unit}/out/table.rs"))?;
    }
    // In the new layout a library has such a directory as well.
    built.file("debug/build/plain/0123/out/lib.rlib")?;
    let info = built.target.join("rust-analyzer/.rustc_info.json");
    make::file(&info, "{}", built.alice.uid(), 0o600)?;
    let before = cache::names(&built.target.join("debug/incremental"))?;
    let run = built.cure()?;
    run.ok()?.prints("will be rebuilt (dev, release)")?.mentions("no profile `another`")?;
    for name in ["rust-analyzer", "my-board", "test"] {
        run.mentions(format!("not cleaned: `{}`", built.target.join(name).display()))?;
    }
    run.mentions("cargo clean --target-dir")?;
    ensure!(cache::names(&built.target.join("debug/incremental"))? == before, "state is lost");
    let advice = built.advice();
    ensure!(run.stderr.contains(&advice), "{}", run.stderr);
    for words in [&["build"][..], &["build", "--release"]] {
        built.cargo(words)?.ok()?.mentions("Compiling b v")?.never_says("Compiling plain v")?;
    }
    Ok(())
}

/// Two toolchains have built there, each in a layout of its own, and cargo cleans that of one.
fn layouts(stage: &Stage) -> Result<()> {
    let built = Built::new(stage)?;
    let new =
        |words: &[&str]| built.alice.cargo(words).with(Channel::Nightly).env(LAYOUT, "true").run();
    new(&["build"])?.ok()?;
    let package = built.target.join("debug/build/b");
    ensure!(look(&package)?.is_some(), "that is not the new layout");
    let run = built.cure()?;
    let advice = format!("rm -r {}", package.display());
    run.ok()?.mentions(format!("to have them rebuilt: {advice}\n"))?;
    // `maker` has run its script in either.
    run.mentions(built.advice())?;
    new(&["build"])?.ok()?.never_says("Compiling")?;
    built.alice.shell(&advice, [""; 0]).run()?.ok()?;
    new(&["build"])?.ok()?.mentions("Compiling b v")?.never_says("Compiling maker v")?;
    built.is_stale(&["build"])?;
    // And the other way round.
    let run = built.curing(Channel::Nightly).env(LAYOUT, "true").run()?;
    run.ok()?
        .mentions("rm -r ")?
        .mentions(built.target.join("debug/.fingerprint/b-").display().to_string())?;
    let said = run.stderr.lines().find_map(|line| Some(line.split_once("rebuilt: rm")?.1));
    let advice = format!("rm{}", said.context("no advice")?);
    built.cargo(&["build"])?.ok()?.never_says("Compiling")?;
    built.alice.shell(&advice, [""; 0]).run()?.ok()?;
    built.is_stale(&["build"])?;
    built.is_stale(&["build", "--release"])?;
    new(&["build"])?.ok()?.mentions("Compiling b v")?;
    Ok(())
}

fn failing(stage: &Stage) -> Result<()> {
    let built = Built::new(stage)?;
    // A profile that cannot be cleaned, before one that can.
    let blocked = built.target.join("debug");
    built.alice.shell("chmod 500 \"$1\"", [&blocked]).run()?.ok()?;
    let run = built.cure()?;
    run.fails()?.blames("not everything of")?.mentions("shared/alice/target/debug`")?;
    run.helps("cargo-peruser migrate")?.prints("will be rebuilt (release)")?;
    built.is_stale(&["build", "--release"])?;
    built.alice.shell("chmod 700 \"$1\"", [&blocked]).run()?.ok()?;
    built.cure()?.ok()?;
    built.is_stale(&["build"])
}

fn busy(stage: &Stage) -> Result<()> {
    let built = Built::new(stage)?;
    let profile = built.target.join("debug");
    let before = cache::names(&profile.join("incremental"))?;
    ensure!(!before.is_empty(), "there is no incremental state");
    // An earlier run was stopped, and a build has begun anew since.
    let kept = profile.join("incremental.kept-by-cargo-peruser");
    let aside = "mv \"$1\" \"$2\" && mkdir -p \"$1/new\"";
    built.alice.shell(aside, [&profile.join("incremental"), &kept]).run()?.ok()?;
    let lock = profile.join(".cargo-lock");
    let holder = built.alice.shell("exec flock \"$1\" sleep 3", [&lock]).start()?;
    sleep(Duration::from_millis(500));
    let run = built.curing(Channel::Stable).start()?;
    sleep(Duration::from_millis(1200));
    let during = cache::names(&profile.join("incremental"))?;
    holder.finish()?.ok()?;
    run.finish()?.ok()?.mentions("waiting for")?;
    ensure!(during == ["new"], "moved under a build: {during:?}");
    let mut expected = before;
    expected.push("new".into());
    expected.sort();
    let after = cache::names(&profile.join("incremental"))?;
    ensure!(after == expected, "{after:?}, not {expected:?}");
    ensure!(!fs::exists(&kept)?, "something is left behind");
    Ok(())
}
