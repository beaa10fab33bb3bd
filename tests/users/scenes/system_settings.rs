//! Settings files: whose they must be, and what the system's may enforce.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::machine::{account, group};
use crate::stage::{Outcome, Person, Stage, Stop, make};
use crate::suite::{Test, test};

/// Owner, group and mode of a settings file that must not count.
const UNTRUSTED: &[(&str, &str, &str, u32)] = &[
    ("stops_at_a_system_file_that_everyone_can_write", "root", "root", 0o666),
    ("stops_at_a_system_file_that_a_group_can_write", "root", "devs", 0o664),
    ("stops_at_a_system_file_of_an_ordinary_account", "mallory", "mallory", 0o644),
    ("stops_at_a_system_file_of_the_callers", "alice", "alice", 0o644),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("system_settings::the_system_file_names_the_shared_root", names_the_root),
        test("system_settings::nobody_overrides_what_the_system_file_enforces", enforced),
        test("system_settings::stops_at_a_persons_file_of_somebody_elses", foreign_file),
        test("system_settings::a_masked_file_is_named_and_left_alone", masked),
        test("system_settings::stops_at_a_persons_file_that_cannot_be_read", unreadable_file),
    ];
    for (name, owner, group, mode) in UNTRUSTED {
        tests.push(test(format!("system_settings::{name}"), move |stage| {
            untrusted(stage, owner, group, *mode)
        }));
    }
    tests
}

/// Runs `cargo build` with this text as the system's file and nothing in the environment.
fn build(person: &Person<'_>, text: &str, owner: &str, owners: &str, mode: u32) -> Result<Outcome> {
    let directory = person.stage.at("etc");
    make::directory(&directory, 0, 0, 0o755)?;
    let file = directory.join("config.toml");
    make::file(&file, text, 0, 0o644)?;
    make::own(&file, account(owner)?.uid, group(owners)?, mode)?;
    person.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT").system_settings(directory).run()
}

fn root_line(root: &Path) -> String {
    format!("shared-root = \"{}\"\n", root.display())
}

fn names_the_root(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let run = build(&stage.person("alice")?, &root_line(&root), "root", "root", 0o644)?;
    run.silently()?.builds_in(root.join("alice/target"))?;
    Ok(())
}

fn untrusted(stage: &Stage, owner: &str, group: &str, mode: u32) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let run = build(&stage.person("alice")?, &root_line(&root), owner, group, mode)?;
    run.stopped(Stop::Settings)?.blames("/etc/cargo-peruser/config.toml")?;
    Ok(())
}

fn enforced(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let directory = stage.at("etc");
    make::directory(&directory, 0, 0, 0o755)?;
    let text = format!("{}enforce = [\"shared-root\"]\n", root_line(&root));
    make::file(&directory.join("config.toml"), text, 0, 0o644)?;
    let other = stage.at("other");
    make::directory(&other, 0, 0, 0o1777)?;
    let run =
        alice.cargo(["build"]).env("CARGO_PERUSER_SHARED_ROOT", &other).system_settings(&directory);
    run.run()?
        .stopped(Stop::Settings)?
        .blames("shared-root")?
        .blames("CARGO_PERUSER_SHARED_ROOT")?;
    ensure!(fs::read_dir(&other)?.next().is_none(), "a directory was made all the same");
    Ok(())
}

fn persons_file(stage: &Stage, owner: &str, mode: u32) -> Result<Outcome> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let directory = stage.at("config");
    make::directory(&directory, alice.uid(), alice.uid(), 0o755)?;
    let own = directory.join("cargo-peruser");
    make::directory(&own, alice.uid(), alice.uid(), 0o755)?;
    make::file(&own.join("config.toml"), root_line(&root), account(owner)?.uid, mode)?;
    alice
        .cargo(["build"])
        .unset("CARGO_PERUSER_SHARED_ROOT")
        .env("XDG_CONFIG_HOME", directory)
        .run()
}

fn foreign_file(stage: &Stage) -> Result<()> {
    let run = persons_file(stage, "mallory", 0o644)?;
    run.stopped(Stop::Settings)?
        .blames(stage.at("config/cargo-peruser/config.toml").to_string_lossy())?;
    Ok(())
}

fn unreadable_file(stage: &Stage) -> Result<()> {
    let run = persons_file(stage, "alice", 0o000)?;
    run.stopped(Stop::Settings)?
        .blames(stage.at("config/cargo-peruser/config.toml").to_string_lossy())?;
    Ok(())
}

/// `/dev/null` in its place, as systemd masks files: no command may change its mode.
fn masked(stage: &Stage) -> Result<()> {
    let directory = stage.at("etc");
    make::directory(&directory, 0, 0, 0o755)?;
    make::link(&directory.join("config.toml"), "/dev/null".as_ref(), 0)?;
    let alice = stage.person("alice")?;
    let run = alice.cargo(["build"]).system_settings(directory).run()?;
    run.stopped(Stop::Settings)?.blames("device")?.never_says("chmod")?;
    Ok(())
}
