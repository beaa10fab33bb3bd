//! `su -m`, `su -c`, `setpriv`, `sudo -E`: a session that carries somebody else's variables.

use std::fs;

use anyhow::{Result, ensure};

use crate::stage::{Stage, look, private};
use crate::suite::{Test, test};

/// What alice's `CARGO_TARGET_DIR` holds, and where her build must go. `{}` is the shared root,
/// `{stage}` the directory around it.
const TABLE: &[(&str, &str, &str)] = &[
    ("redirects_an_empty_variable", "", "{}/alice/target"),
    ("redirects_the_shared_root_itself", "{}", "{}/alice/target"),
    ("redirects_the_shared_root_with_a_slash", "{}/", "{}/alice/target"),
    ("redirects_another_persons_private_directory", "{}/bob", "{}/alice/target"),
    ("redirects_another_persons_target_directory", "{}/bob/target", "{}/alice/target"),
    ("redirects_what_is_deep_in_another_persons", "{}/bob/target/debug/x", "{}/alice/target"),
    (
        "redirects_a_way_through_her_own_to_another_persons",
        "{}/alice/../bob/target",
        "{}/alice/target",
    ),
    ("redirects_a_relative_way_to_another_persons", "../shared/bob/target", "{}/alice/target"),
    ("redirects_somebody_who_does_not_exist", "{}/ghost/target", "{}/alice/target"),
    ("redirects_her_own_private_directory", "{}/alice", "{}/alice/target"),
    ("keeps_her_own_target_directory", "{}/alice/target", "{}/alice/target"),
    ("leaves_another_directory_inside_her_own_alone", "{}/alice/app-1", "{}/alice/app-1"),
    ("leaves_a_directory_outside_the_shared_root_alone", "{stage}/out", "{stage}/out"),
    ("leaves_a_neighbour_of_the_shared_root_alone", "{}-2/alice", "{}-2/alice"),
    ("leaves_a_relative_directory_alone", "out", "out"),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("inherited::another_persons_home_has_no_effect", home),
        test("inherited::su_c_from_root_goes_to_the_new_persons_own", su_from_root),
        test("inherited::an_explicit_variable_can_be_overruled_by_the_settings", overruled),
    ];
    for (name, value, expected) in TABLE {
        tests.push(test(format!("inherited::{name}"), move |stage| row(stage, value, expected)));
    }
    tests
}

fn row(stage: &Stage, value: &str, expected: &str) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let (alice, bob) = (stage.person("alice")?, stage.person("bob")?);
    bob.cargo(["build"]).run()?.silently()?;
    alice.cargo(["check"]).run()?.silently()?;
    let fill = |text: &str| {
        let text = text.replace("{stage}", &stage.directory.to_string_lossy());
        text.replace("{}", &root.to_string_lossy())
    };
    let run = alice.cargo(["check"]).env("CARGO_TARGET_DIR", fill(value)).run()?;
    run.silently()?.builds_in(fill(expected))?;
    private(&root.join("bob"), bob.uid())?;
    private(&root.join("alice"), alice.uid())
}

fn home(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let (alice, bob) = (stage.person("alice")?, stage.person("bob")?);
    let run = alice.cargo(["build"]).env("HOME", &bob.home).env("USER", "bob").run()?;
    run.silently()?.builds_in(root.join("alice/target"))?;
    ensure!(fs::read_dir(&bob.home)?.next().is_none(), "bob's home is no longer empty");
    Ok(())
}

/// Root's whole session, alice's rights.
fn su_from_root(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let (alice, superuser) = (stage.person("alice")?, stage.person("root")?);
    superuser.cargo(["build"]).run()?.silently()?;
    let run = alice
        .cargo(["build"])
        .env("HOME", &superuser.home)
        .env("USER", "root")
        .env("CARGO_TARGET_DIR", root.join("root/target"))
        .run()?;
    run.builds_in(root.join("alice/target"))?;
    private(&root.join("root"), 0)?;
    private(&root.join("alice"), alice.uid())
}

fn overruled(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let outside = stage.at("outside");
    for (setting, expected) in [("honour", &outside), ("override", &root.join("alice/target"))] {
        let run = alice.cargo(["check"]).env("CARGO_TARGET_DIR", &outside);
        let run = run.env("CARGO_PERUSER_EXPLICIT_TARGET_DIR", setting).run()?;
        run.builds_in(expected)?;
    }
    ensure!(look(&outside)?.is_none(), "the directory outside was made");
    Ok(())
}
