//! `su -m`, `su -c`, `setpriv`, `sudo -E`: a session that carries somebody else's variables.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::machine::account;
use crate::stage::{Stage, look, make, private};
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

/// What root's variable holds, with the same placeholders and `{alice}` for her home.
const ROOTS: &[(&str, &str, &str)] = &[
    ("root_believes_no_variable_of_alices_home", "{alice}/target", "{}/root/target"),
    ("root_believes_no_variable_of_what_alice_has_not_made", "{alice}/a/b/c", "{}/root/target"),
    ("root_believes_a_variable_of_its_own", "{stage}/out", "{stage}/out"),
];

/// Where `OUT_DIR` is, who owns that, its mode, and whether it is believed to be a build script's.
const OUT_DIRS: &[(&str, (&str, &str, u32), bool)] = &[
    ("an_out_dir_in_ones_home_is_believed", ("{alice}/out", "alice", 0o775), true),
    ("an_out_dir_in_ones_private_directory_is_believed", ("{}/alice/out", "alice", 0o755), true),
    ("an_out_dir_of_ones_own_is_believed", ("{stage}/out", "alice", 0o755), true),
    ("an_out_dir_that_others_can_write_is_forged", ("{stage}/out", "alice", 0o777), false),
    ("an_out_dir_behind_a_missing_one_is_forged", ("{alice}/no/../../x", "mallory", 0o777), false),
    (
        "an_out_dir_in_ones_home_that_everyone_can_write_is_forged",
        ("{alice}/out", "alice", 0o1777),
        false,
    ),
    ("an_out_dir_of_somebody_elses_is_forged", ("{stage}/out", "mallory", 0o777), false),
    ("an_out_dir_of_roots_is_forged_for_others", ("{stage}/out", "root", 0o755), false),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("inherited::another_persons_home_has_no_effect", home),
        test("inherited::su_c_from_root_goes_to_the_new_persons_own", su_from_root),
        test("inherited::a_session_of_somebody_who_builds_at_home_does_not_decide", at_home),
        test("inherited::an_explicit_variable_can_be_overruled_by_the_settings", overruled),
    ];
    for (name, value, expected) in ROOTS {
        tests.push(test(format!("inherited::{name}"), move |stage| {
            for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
                roots(stage, variable, value, expected)?;
            }
            Ok(())
        }));
    }
    for (name, directory, is_believed) in OUT_DIRS {
        tests.push(test(format!("inherited::{name}"), move |stage| {
            forged(stage, directory, *is_believed)
        }));
    }
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

/// As after `sudo -E` or `su -m` in alice's session.
fn roots(stage: &Stage, variable: &str, value: &str, expected: &str) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let (alice, superuser) = (stage.person("alice")?, stage.person("root")?);
    let fill = |text: &str| {
        let text = text.replace("{stage}", &stage.directory.to_string_lossy());
        let text = text.replace("{alice}", &alice.home.to_string_lossy());
        text.replace("{}", &root.to_string_lossy())
    };
    let run = superuser.cargo(["build"]).env(variable, fill(value)).run()?;
    // A choice that is weaker than the other variable is left to cargo.
    match run.target_dir()? {
        None if variable != "CARGO_TARGET_DIR" => ensure!(value == expected, "{}", run.stdout),
        _ => drop(run.builds_in(fill(expected))?),
    }
    ensure!(fs::read_dir(&alice.home)?.next().is_none(), "root wrote into alice's home");
    // The same where a choice of root's own is weaker than the variable.
    let words = ["--config", "build.target-dir='/srv/x'", "check"];
    let run = superuser.cargo(words).env(variable, fill(value)).run()?;
    if variable == "CARGO_TARGET_DIR" && value != expected {
        ensure!(run.target_dir()?.is_none(), "{}", run.stdout);
    }
    Ok(())
}

/// A nested run that inherits alice's own directory.
fn forged(stage: &Stage, directory: &(&str, &str, u32), is_believed: bool) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    alice.cargo(["check"]).run()?.silently()?;
    let (place, owner, mode) = directory;
    let place = place.replace("{stage}", &stage.directory.to_string_lossy());
    let place = place.replace("{alice}", &alice.home.to_string_lossy());
    let place = Path::new(&place.replace("{}", &root.to_string_lossy())).to_owned();
    let owner = account(owner)?.uid;
    // Where the missing one would lead if it were there.
    let behind =
        place.to_string_lossy().replace(&format!("{}/no/../..", alice.home.display()), "{}");
    let home = alice.home.parent().unwrap_or(Path::new("/")).to_string_lossy();
    make::directory(Path::new(&behind.replace("{}", &home)), owner, owner, *mode)?;
    let signs = ["HOST", "TARGET", "NUM_JOBS"];
    let run = signs.into_iter().fold(alice.cargo(["check"]), |run, name| run.env(name, "x"));
    let run = run.env("OUT_DIR", &place).env("CARGO_TARGET_DIR", root.join("alice/target"));
    let expected = if is_believed { place.join("target") } else { root.join("alice/target") };
    run.run()?.builds_in(expected)?;
    Ok(())
}

/// Mallory has no directory in the shared root, and bob has her session after `su`.
fn at_home(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let (bob, mallory) = (stage.person("bob")?, stage.person("mallory")?);
    let hers = mallory.home.join(".cache/cargo-peruser/target");
    for mode in [0o700, 0o777] {
        make::own(&mallory.home, mallory.uid(), mallory.uid(), mode)?;
        for above in [".cache", ".cache/cargo-peruser", ".cache/cargo-peruser/target"] {
            let path = mallory.home.join(above);
            fs::create_dir_all(&path)?;
            make::own(&path, mallory.uid(), mallory.uid(), mode)?;
        }
        let run = bob.cargo(["build"]).env("CARGO_TARGET_DIR", &hers).run()?;
        run.ok()?.builds_in(root.join("bob/target"))?;
    }
    Ok(())
}
