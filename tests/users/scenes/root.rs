//! The shared root itself: which states are accepted, and what is said about the others.

use anyhow::{Result, ensure};

use crate::stage::child::do_as_root;
use crate::stage::{Stage, Stop, look, make, private, tagged};
use crate::suite::{Test, test};

/// Owner, group and mode of a root in which anyone may make a directory of their own.
const ACCEPTED: &[(&str, &str, &str, u32)] = &[
    ("accepts_a_sticky_root_for_everyone_1777", "root", "root", 0o1777),
    ("accepts_a_sticky_root_for_a_group_3775", "root", "devs", 0o3775),
    ("accepts_a_sticky_root_of_the_callers_own_1777", "alice", "alice", 0o1777),
    ("accepts_a_sticky_root_of_the_callers_own_3775", "alice", "devs", 0o3775),
    ("accepts_a_root_that_only_the_caller_can_write_to_0755", "alice", "alice", 0o755),
    ("accepts_a_root_that_only_the_caller_can_enter_0700", "alice", "alice", 0o700),
];

const REPLACEABLE: &[(&str, &str, &str, u32)] = &[
    ("refuses_a_group_writable_root_without_the_sticky_bit_2775", "root", "devs", 0o2775),
    ("refuses_a_group_writable_root_without_the_sticky_bit_0775", "root", "devs", 0o775),
    ("refuses_a_world_writable_root_without_the_sticky_bit_0777", "root", "root", 0o777),
    ("refuses_a_root_that_others_but_not_the_group_can_write_to_0757", "root", "root", 0o757),
    ("refuses_even_the_callers_own_root_without_the_sticky_bit_2775", "alice", "devs", 0o2775),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("root::accepts_a_provisioned_directory_in_a_root_of_roots_0755", provisioned),
        test("root::hands_out_the_install_command_when_nothing_is_provisioned", not_provisioned),
    ];
    for (name, owner, group, mode) in ACCEPTED {
        tests
            .push(test(format!("root::{name}"), move |stage| accepted(stage, owner, group, *mode)));
    }
    for (name, owner, group, mode) in REPLACEABLE {
        tests.push(test(format!("root::{name}"), move |stage| {
            replaceable(stage, owner, group, *mode)
        }));
    }
    tests
}

fn accepted(stage: &Stage, owner: &'static str, group: &'static str, mode: u32) -> Result<()> {
    let root = stage.shared_root().owned_by(owner).group(group).mode(mode).make()?;
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
    ensure!(look(&root.join("alice"))? == before, "the second run changed the private directory");
    Ok(())
}

fn replaceable(stage: &Stage, owner: &'static str, group: &'static str, mode: u32) -> Result<()> {
    let root = stage.shared_root().owned_by(owner).group(group).mode(mode).make()?;
    let alice = stage.person("alice")?;
    let run = alice.cargo(["build"]).run()?;
    run.refused()?.blames(root.to_string_lossy())?.helps(format!("chmod +t {}", root.display()))?;
    ensure!(look(&root.join("alice"))?.is_none(), "a directory was made all the same");
    // What the help line says is what helps.
    do_as_root("sh", ["-c", &run.offered("chmod +t")?])?;
    alice.cargo(["build"]).run()?.silently()?;
    Ok(())
}

fn provisioned(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().make()?;
    let alice = stage.person("alice")?;
    make::directory(&root.join("alice"), alice.uid(), alice.uid(), 0o700)?;
    let run = alice.cargo(["build"]).run()?;
    run.silently()?.builds_in(root.join("alice/target"))?;
    private(&root.join("alice/target"), alice.uid())?;
    tagged(&root.join("alice/target"))
}

/// Only the administrator can help here, so the help line is for alice to hand on.
fn not_provisioned(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().make()?;
    let alice = stage.person("alice")?;
    let run = alice.cargo(["build"]).run()?;
    let place = root.join("alice");
    let expected = format!("install -d -m 0700 -o alice -g alice {}", place.display());
    run.stopped(Stop::Create)?.blames(place.to_string_lossy())?.helps(&expected)?;
    do_as_root("sh", ["-c", &run.offered("install -d")?])?;
    alice.cargo(["build"]).run()?.silently()?;
    private(&place, alice.uid())
}
