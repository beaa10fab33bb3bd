//! A run that is killed before every single call that changes the disk: nothing is lost but what was
//! chosen, and the next run clears the rest.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::{gc, is_emptied, nothing_is_staged, target};
use crate::machine::Need;
use crate::stage::{Person, Stage, make};
use crate::suite::{Test, test};

/// The calls by which it changes the disk.
const CHANGES: &str = "mkdirat,renameat,renameat2,?rename,unlinkat,?unlink,?rmdir";

pub(super) fn tests() -> Vec<Test> {
    let name = "gc::kills::a_kill_at_any_moment_loses_nothing_but_what_was_chosen";
    vec![test(name, killed).needs(&[Need::Strace]).heavy()]
}

const WORDS: [&str; 5] = ["--all-users", "--older-than", "30d", "--incremental", "off"];

fn killed(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let (alice, administrator) = (stage.person("alice")?, stage.person("root")?);
    let kept = target(&alice, "kept-0123456789abcdef", 1)?;
    afresh(&alice)?;
    let counts = changes(stage, &administrator)?;
    ensure!(counts.values().sum::<u32>() > 10, "{counts:?}");
    for (call, count) in counts {
        for number in 1..=count {
            let old = afresh(&alice)?;
            let trace = format!("trace={call}");
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let strace =
                ["strace", "-fqq", "--seccomp-bpf", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            gc(&administrator, &WORDS).after(strace).run()?;
            let after = || format!("killed at {call} {number}");
            ensure!(kept.join("debug/app").exists(), "{}: another one was taken", after());
            ensure!(old.join("CACHEDIR.TAG").exists(), "{}: the tag is gone", after());
            ensure!(old.join("debug/.cargo-lock").exists(), "{}: the lock is gone", after());
            gc(&administrator, &WORDS).run()?.ok().with_context(after)?;
            is_emptied(&old).with_context(after)?;
            nothing_is_staged(&root.join("alice")).with_context(after)?;
        }
    }
    Ok(())
}

/// An old target directory, as it was before.
fn afresh(alice: &Person<'_>) -> Result<PathBuf> {
    let old = alice.stage.root.join("alice/old-0123456789abcdef");
    if old.exists() {
        make::nothing(&old)?;
    }
    target(alice, "old-0123456789abcdef", 40)
}

/// How often each call is made by a run that is left alone.
fn changes(stage: &Stage, administrator: &Person<'_>) -> Result<BTreeMap<String, u32>> {
    let log = stage.at("calls");
    let (name, trace) = (log.to_str().context("a plain path")?, format!("trace={CHANGES}"));
    let strace = ["strace", "-fqq", "--seccomp-bpf", "-o", name, "-e", &trace];
    gc(administrator, &WORDS).after(strace).run()?.ok()?;
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(&log)?.lines() {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((call, _)) = call.split_once('(') else { continue };
        *counts.entry(call.to_owned()).or_default() += 1;
    }
    Ok(counts)
}
