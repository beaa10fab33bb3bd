//! Who is calling: the effective uid and the account database decide, and nothing that a session
//! says about itself.

use std::fs;

use anyhow::{Result, ensure};

use crate::stage::{Person, Stage, private};
use crate::suite::{Test, test};

/// Account names that are no plain directory names, and the directory that they get.
const NAMES: &[(&str, &[u8], &str)] = &[
    ("names_an_account_that_begins_with_a_digit_by_number", b"1st.user", "uid-2301"),
    ("names_an_account_with_an_umlaut_by_number", b"m\xc3\xbc", "uid-2302"),
    ("names_an_account_that_is_no_text_by_number", b"m\xfc", "uid-2303"),
    ("names_an_account_called_two_dots_by_number", b"..", "uid-2304"),
    ("lets_no_account_claim_the_number_of_another", b"uid-2001", "uid-2305"),
];

/// Accounts that get no directory: the account and a setting.
const SERVICES: &[(&str, &str, (&str, &str))] = &[
    ("passes_through_for_an_account_with_nologin", "doorman", ("TERM", "dumb")),
    ("passes_through_for_an_account_with_false_as_shell", "gate", ("TERM", "dumb")),
    ("passes_through_for_an_excluded_user", "carol", ("CARGO_PERUSER_EXCLUDE_USERS", "dave,carol")),
    (
        "passes_through_for_a_member_of_an_excluded_group",
        "robot",
        ("CARGO_PERUSER_EXCLUDE_GROUPS", "service"),
    ),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("callers::names_an_id_without_an_account_by_number", no_account),
        test("callers::gives_an_included_service_account_its_directory", included),
        test("callers::runs_cargo_untouched_when_asked_to_step_aside", bypass),
        test("callers::a_group_that_only_the_process_has_is_excluded_as_well", process_group),
    ];
    for (name, account, directory) in NAMES {
        tests.push(test(format!("callers::{name}"), move |stage| {
            stage.shared_root().sticky().make()?;
            builds_in(&stage.person(account)?, directory)
        }));
    }
    for (name, account, setting) in SERVICES {
        tests
            .push(test(format!("callers::{name}"), move |stage| service(stage, account, *setting)));
    }
    tests
}

/// Builds, and demands that this is the one directory in the shared root.
fn builds_in(person: &Person<'_>, directory: &str) -> Result<()> {
    let root = &person.stage.root;
    let run = person.cargo(["build"]).run()?;
    run.silently()?;
    let target = root.join(directory).join("target");
    run.builds_in(&target)?;
    private(&root.join(directory), person.uid())?;
    only(person, directory)
}

fn only(person: &Person<'_>, directory: &str) -> Result<()> {
    let entries: Result<Vec<_>, _> = fs::read_dir(&person.stage.root)?.collect();
    let names: Vec<_> = entries?.iter().map(|entry| entry.file_name()).collect();
    ensure!(names == [directory], "the shared root has {names:?}");
    Ok(())
}

fn no_account(stage: &Stage) -> Result<()> {
    stage.shared_root().sticky().make()?;
    builds_in(&stage.stranger(4242)?, "uid-4242")
}

/// A service account inherits a session variable into the root: it must not write there either.
fn service(stage: &Stage, account: &str, (name, value): (&str, &str)) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let person = stage.person(account)?;
    let outside = stage.at("outside");
    for (inherited, expected) in [
        (None, None),
        (Some(root.clone()), None),
        (Some(root.join(account)), None),
        (Some(root.join("alice/target")), None),
        (Some(outside.clone()), Some(outside)),
    ] {
        let run = person.cargo(["check"]).env(name, value);
        let run = match &inherited {
            Some(inherited) => run.env("CARGO_TARGET_DIR", inherited),
            None => run,
        };
        let target = run.run()?.target_dir()?;
        ensure!(target == expected, "CARGO_TARGET_DIR={inherited:?} became {target:?}");
    }
    ensure!(fs::read_dir(&root)?.next().is_none(), "the shared root is no longer empty");
    Ok(())
}

fn included(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let doorman = stage.person("doorman")?;
    let run = doorman.cargo(["build"]).env("CARGO_PERUSER_INCLUDE_USERS", "doorman").run()?;
    run.builds_in(root.join("doorman/target"))?;
    private(&root.join("doorman"), doorman.uid())
}

/// `CARGO_PERUSER=off`, under a root that would be refused.
fn bypass(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().mode(0o777).make()?;
    let alice = stage.person("alice")?;
    let run = alice.cargo(["build"]).env("CARGO_PERUSER", "off").run()?;
    run.silently()?;
    ensure!(run.target_dir()?.is_none(), "CARGO_TARGET_DIR was set to {:?}", run.target_dir()?);
    ensure!(fs::read_dir(&root)?.next().is_none(), "the shared root is no longer empty");
    Ok(())
}

/// Directory services do not always list a group's members; the session has the group all the same.
fn process_group(stage: &Stage) -> Result<()> {
    stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    for (groups, is_excluded) in [("--groups=3001,3000", true), ("--groups=3000", false)] {
        let run = alice.cargo(["check"]).env("CARGO_PERUSER_EXCLUDE_GROUPS", "service");
        let run = run.identity(["--reuid=2001", "--regid=2001", groups]).run()?;
        let target = run.target_dir()?;
        ensure!(target.is_none() == is_excluded, "with {groups}: {target:?}");
    }
    Ok(())
}
