//! Ways out: of a move whose journal is lost, and of a cure that one directory resists.

use std::fs;

use anyhow::{Result, ensure};

use super::kills::{Threads, killed_at};
use super::scene::Scene;
use crate::machine::{Channel, Need};
use crate::stage::{Stage, cache, make, project};
use crate::suite::{Test, test};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test("migrate::recovery::a_cache_without_a_journal_is_never_written_over", stranded)
            .needs(&[Need::Strace]),
        test("migrate::recovery::a_cure_goes_on_past_what_the_workspace_does_not_know", cured)
            .needs(&[Need::Cargo]),
    ]
}

fn stranded(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    killed_at(&scene, "fchownat", 3, &["--yes"], Threads::First)?.fails()?;
    let workplace = stage.root.join("alice/.migration");
    let journal = fs::read(workplace.join("journal"))?;
    // Another source, which would be the next to come here.
    cache::build(&scene.old, &[&scene.alice])?;
    for damaged in ["", "{}", "{\"version\": 99}"] {
        fs::write(workplace.join("journal"), damaged)?;
        for flags in [&["--yes"][..], &["--yes", "--copy"], &["--yes", "--replace"]] {
            let outcome = scene.give(flags)?;
            outcome.fails()?.blames(".migration/incoming")?.helps("mv -n ")?;
            outcome.never_says("rm -r")?;
        }
        ensure!(cache::content(&workplace.join("incoming"))? == scene.content, "it has changed");
        ensure!(fs::read(workplace.join("journal"))? == damaged.as_bytes(), "written over");
    }
    make::nothing(&scene.old)?;
    fs::write(workplace.join("journal"), journal)?;
    scene.give(&["--yes"])?.ok()?;
    scene.has_moved()
}

/// One cache serves many workspaces, and tools keep what looks like a target's directory in it.
fn cured(stage: &Stage) -> Result<()> {
    let alice = stage.person("alice")?;
    let checkout = stage.at("checkout");
    project::that_prints("hello", &checkout, &alice)?;
    let shared = stage.shared_root().sticky().make()?;
    for profile in ["build", "test", "run"] {
        alice.cargo([profile]).with(Channel::Stable).run()?.ok()?;
    }
    let target = shared.join("alice/target");
    for directory in ["dist", "rust-analyzer", "rust-analyzer/debug"] {
        make::directory(&target.join(directory), alice.uid(), alice.uid(), 0o755)?;
    }
    for place in ["dist", "rust-analyzer/debug"] {
        make::file(&target.join(place).join(".cargo-lock"), "", alice.uid(), 0o644)?;
    }
    alice.cargo(["build", "--release"]).with(Channel::Stable).run()?.ok()?;
    let [verb, flag] = ["migrate", "--checkout"].map(std::ffi::OsStr::new);
    let words = [verb, target.as_os_str(), flag, checkout.as_os_str()];
    let outcome = alice.by_name(words).with(Channel::Stable).run()?;
    outcome
        .ok()?
        .prints("(dev, release)")?
        .mentions("target/dist")?
        .mentions("rust-analyzer/debug")?;
    for profile in [&["build"][..], &["build", "--release"]] {
        let built = alice.cargo(profile).with(Channel::Stable).run()?;
        built.ok()?.mentions("Compiling speaker")?;
    }
    Ok(())
}
