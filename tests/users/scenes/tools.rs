//! Other people's tools in a checkout that two people share, each with the tool itself.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::machine::{Channel, Need, group};
use crate::stage::child::do_as_root;
use crate::stage::{Outcome, Person, Stage, project};
use crate::suite::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("tools::nextest_writes_a_report_for_each_person_as_doctor_says", nextest)
            .needs(&[Need::Cargo, Need::Nextest])
            .heavy(),
    ]
}

/// A checkout for a group, in which alice has written a program.
fn shared_checkout(stage: &Stage, more: project::Tree<'_>) -> Result<()> {
    let alice = stage.person("alice")?;
    project::that_prints("hello", &stage.checkout, &alice)?;
    project::write(&stage.checkout, more, &alice)?;
    project::give(&stage.checkout, &format!("{}:{}", alice.uid(), group("devs")?))?;
    do_as_root("chmod", ["-R".as_ref(), "g+rwXs".as_ref(), stage.checkout.as_os_str()])
}

/// With nextest's own report, which stands in the checkout.
fn nextest(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let (alice, bob) = (stage.person("alice")?, stage.person("bob")?);
    shared_checkout(
        stage,
        &[
            ("tests/t.rs", "#[test] fn works() {}\n"),
            (".config/nextest.toml", "[profile.default.junit]\npath = \"junit.xml\"\n"),
        ],
    )?;
    let run = |who: &'_ Person<'_>, umask| -> Result<Outcome> {
        who.cargo(["nextest", "run"]).with(Channel::Stable).umask(umask).run()
    };
    let doctor = || bob.by_name(["doctor", "checkout"]).with(Channel::Stable).run();
    // Where everybody's files are the group's, nobody is in the way.
    for who in [&alice, &bob, &alice] {
        run(who, "0002")?.ok()?;
    }
    doctor()?.never_says("nextest")?;
    let store = stage.checkout.join("target/nextest");
    fs::remove_file(store.join("default/junit.xml"))?;
    fs::remove_dir(store.join("default"))?;
    fs::remove_dir(&store)?;
    run(&alice, "0022")?.ok()?;
    run(&bob, "0022")?.fails()?.mentions("target/nextest/default/junit.xml")?;
    let told = doctor()?;
    told.prints("warn[checkout]: ")?.prints("alice (uid 2001)")?;
    let help = told.stdout.lines().find_map(|line| line.trim_start().strip_prefix("help: printf"));
    let help = format!("printf{}", help.context("no command")?);
    bob.shell(&help, [""; 0]).with(Channel::Stable).run()?.ok()?;
    ensure!(bob.home.join(".cache/nextest/default/junit.xml").is_file(), "no report of bob's");
    Ok(())
}
