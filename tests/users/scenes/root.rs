//! The shared root itself: which states are accepted, and what is said about the others.

use anyhow::{Result, ensure};

use crate::stage::child::do_as_root;
use crate::stage::{Stage, Stop, look, private, tagged};
use crate::suite::{Test, test};

/// Owner, group and mode of a root in which alice may make a directory of her own.
const ACCEPTED: &[(&str, &str, &str, u32)] = &[
    ("accepts_a_root_that_only_the_caller_can_write_to_0755", "alice", "alice", 0o755),
    ("accepts_a_root_that_only_the_caller_can_enter_0700", "alice", "alice", 0o700),
];

/// Sticky roots, which the settings have to accept.
const STICKY: &[(&str, &str, &str, u32)] = &[
    ("accepts_a_sticky_root_by_choice_1777", "root", "root", 0o1777),
    ("accepts_a_sticky_root_of_a_group_by_choice_3775", "root", "devs", 0o3775),
    ("accepts_a_sticky_root_of_the_callers_own_by_choice_1777", "alice", "alice", 0o1777),
    ("accepts_a_sticky_root_of_the_callers_own_by_choice_3775", "alice", "devs", 0o3775),
];

/// Roots that others can write to, sticky or not.
const WRITABLE: &[(&str, &str, &str, u32)] = &[
    ("refuses_a_sticky_root_1777", "root", "root", 0o1777),
    ("refuses_a_sticky_root_of_a_group_3775", "root", "devs", 0o3775),
    ("refuses_a_sticky_root_of_the_callers_own_1777", "alice", "alice", 0o1777),
    ("refuses_a_group_writable_root_2775", "root", "devs", 0o2775),
    ("refuses_a_group_writable_root_0775", "root", "devs", 0o775),
    ("refuses_a_world_writable_root_0777", "root", "root", 0o777),
    ("refuses_a_root_that_others_but_not_the_group_can_write_to_0757", "root", "root", 0o757),
    ("refuses_even_the_callers_own_root_2775", "alice", "devs", 0o2775),
];

/// Roots that are writable and not sticky, which no setting accepts.
const NEVER: &[(&str, u32)] = &[
    ("refuses_a_group_writable_root_whatever_is_accepted_2775", 0o2775),
    ("refuses_a_world_writable_root_whatever_is_accepted_0777", 0o777),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("root::accepts_a_provisioned_directory_in_a_root_of_roots_0755", provisioned),
        test("root::accepts_a_provisioned_directory_in_a_root_for_a_group_0750", for_a_group),
        test("root::builds_in_the_own_cache_directory_until_provisioned", not_provisioned),
        test("root::stops_where_the_settings_refuse_what_is_not_provisioned", refused_if_missing),
        test("root::tells_a_home_without_room_how_to_be_provisioned", no_home),
    ];
    for (name, owner, group, mode) in ACCEPTED {
        tests.push(test(format!("root::{name}"), move |stage| {
            stage.shared_root().owned_by(owner).group(group).mode(*mode).make()?;
            accepted(stage)
        }));
    }
    for (name, owner, group, mode) in STICKY {
        tests.push(test(format!("root::{name}"), move |stage| {
            stage.shared_root().owned_by(owner).group(group).mode(*mode).accepted().make()?;
            accepted(stage)
        }));
    }
    for (name, owner, group, mode) in WRITABLE {
        tests
            .push(test(format!("root::{name}"), move |stage| writable(stage, owner, group, *mode)));
    }
    for (name, mode) in NEVER {
        tests.push(test(format!("root::{name}"), move |stage| {
            stage.shared_root().group("devs").mode(*mode).accepted().make()?;
            stage.person("alice")?.cargo(["build"]).run()?.refused()?;
            Ok(())
        }));
    }
    tests
}

fn accepted(stage: &Stage) -> Result<()> {
    let root = stage.root.clone();
    let alice = stage.person("alice")?;
    let run = alice.cargo(["build"]).run()?;
    run.silently()?;
    let target = root.join("alice/target");
    run.builds_in(&target)?;
    private(&root.join("alice"), alice.uid())?;
    private(&target, alice.uid())?;
    tagged(&target)?;
    let before = look(&root.join("alice"))?;
    alice.cargo(["build"]).run()?.silently()?;
    let explained = alice.by_name(["explain"]).run()?;
    if look(&root)?.is_some_and(|sight| sight.mode & 0o022 != 0) {
        explained.prints("others can create files in the shared root")?;
    } else {
        explained.never_says("others can create files")?;
    }
    ensure!(look(&root.join("alice"))? == before, "the second run changed the private directory");
    Ok(())
}

fn writable(stage: &Stage, owner: &'static str, group: &'static str, mode: u32) -> Result<()> {
    let root = stage.shared_root().owned_by(owner).group(group).mode(mode).make()?;
    let alice = stage.person("alice")?;
    let run = alice.cargo(["build"]).run()?;
    run.refused()?.blames(root.to_string_lossy())?;
    ensure!(look(&root.join("alice"))?.is_none(), "a directory was made all the same");
    if owner == "root" {
        // What that does with such a root is tested where setup is.
        run.helps(format!("cargo-peruser setup --shared-root {}", root.display()))?;
        return Ok(());
    }
    // What the help line says is what helps.
    let close = run.offered("chmod go-w")?;
    alice.shell(&close, [""; 0]).run()?.ok()?;
    alice.cargo(["build"]).run()?.silently()?;
    Ok(())
}

fn provisioned(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    private(&root.join("alice"), alice.uid())?;
    let run = alice.cargo(["build"]).run()?;
    run.silently()?.builds_in(root.join("alice/target"))?;
    private(&root.join("alice/target"), alice.uid())?;
    tagged(&root.join("alice/target"))
}

/// Only members have a directory, and only they can look in; others build in their own cache.
fn for_a_group(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().group("devs").mode(0o750).provisioned()?;
    let (alice, robot) = (stage.person("alice")?, stage.person("robot")?);
    alice.cargo(["build"]).run()?.silently()?.builds_in(root.join("alice/target"))?;
    ensure!(look(&root.join("robot"))?.is_none(), "robot is no member and has a directory");
    let run = robot.cargo(["build"]).run()?;
    run.ok()?.builds_in(robot.home.join(".cache/cargo-peruser/target"))?;
    run.notes("sudo usermod -aG devs robot && sudo cargo-peruser provision robot")?;
    let root = stage.person("root")?;
    let run = root.by_name(["provision", "robot"]).run()?;
    run.fails()?.blames("robot")?.helps("usermod -aG devs robot")?;
    Ok(())
}

fn not_provisioned(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().make()?;
    let alice = stage.person("alice")?;
    let cache = alice.home.join(".cache/cargo-peruser");
    let run = alice.cargo(["build"]).run()?;
    run.ok()?.builds_in(cache.join("target"))?.notes("sudo cargo-peruser provision alice")?;
    private(&cache, alice.uid())?;
    // Said once for each target directory, and always by `explain`.
    alice.cargo(["build"]).run()?.silently()?;
    alice.by_name(["explain"]).run()?.ok()?.prints("sudo cargo-peruser provision alice")?;
    provision(stage, "alice")?;
    private(&root.join("alice"), alice.uid())?;
    // A session that began before still names the other directory.
    let run = alice.cargo(["build"]).env("CARGO_TARGET_DIR", cache.join("target")).run()?;
    run.silently()?.builds_in(root.join("alice/target"))?;
    Ok(())
}

/// What `sudo cargo-peruser provision NAME` does.
fn provision(stage: &Stage, name: &str) -> Result<()> {
    stage.person("root")?.by_name(["provision", name]).run()?.ok()?;
    Ok(())
}

fn refused_if_missing(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().make()?;
    let alice = stage.person("alice")?;
    let build = || alice.cargo(["build"]).env("CARGO_PERUSER_MISSING", "refuse").run();
    let run = build()?;
    run.stopped(Stop::Create)?.blames(root.join("alice").to_string_lossy())?;
    run.helps("sudo cargo-peruser provision alice")?;
    ensure!(look(&alice.home.join(".cache"))?.is_none(), "something was made in the home");
    provision(stage, "alice")?;
    build()?.silently()?.builds_in(root.join("alice/target"))?;
    Ok(())
}

fn no_home(stage: &Stage) -> Result<()> {
    stage.shared_root().make()?;
    let alice = stage.person("alice")?;
    do_as_root("chmod", ["0500".as_ref(), alice.home.as_os_str()])?;
    let run = alice.cargo(["build"]).run()?;
    run.stopped(Stop::Create)?.helps("sudo cargo-peruser provision alice")?;
    Ok(())
}
