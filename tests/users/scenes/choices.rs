//! What people ask for besides a plain build: to step aside, another directory, commands that build
//! nothing; and what is left of the time before.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::machine::{Channel, Need};
use crate::stage::{Host, Invocation, Outcome, Shell, Stage, Stop, make, project};
use crate::suite::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("choices::off_is_off_in_a_session_that_setup_has_made", off),
        test("choices::off_is_a_shell_without_us_whatever_shell_it_is", off_shell).needs(&[
            Need::Bash,
            Need::Dash,
            Need::Zsh,
            Need::Fish,
            Need::Tcsh,
        ]),
        test("choices::a_session_counts_for_nothing_where_the_root_is_absent", absent),
        test("choices::what_an_alias_chooses_counts_as_if_it_were_typed", alias),
        test("choices::what_builds_nothing_passes_whatever_the_directory_is_like", no_build),
        test("choices::each_person_is_told_once_of_a_leftover_target_directory", leftover),
        test("choices::the_path_that_is_told_is_where_builds_go_once_it_is_exported", exported),
        test("choices::an_unknown_variable_of_ours_stops_what_builds", unknown_variable),
        test("choices::words_that_were_meant_for_us_do_not_reach_cargo", meant_for_us)
            .needs(&[Need::Cargo])
            .heavy(),
    ]
}

/// In a session that setup has made.
fn in_session<'p>(run: Invocation<'p>, private: &Path) -> Invocation<'p> {
    let build_dir = private.join("build/{workspace-path-hash}");
    run.env("CARGO_TARGET_DIR", private.join("target")).env("CARGO_BUILD_BUILD_DIR", build_dir)
}

fn left_alone(run: &Outcome) -> Result<()> {
    run.silently()?;
    let found = (run.target_dir()?, run.build_dir()?);
    ensure!(found == (None, None), "these are left: {found:?}");
    Ok(())
}

fn off(stage: &Stage) -> Result<()> {
    let private = stage.shared_root().provisioned()?.join("alice");
    let alice = stage.person("alice")?;
    left_alone(&in_session(alice.cargo(["build"]), &private).env("CARGO_PERUSER", "off").run()?)
}

/// The session that it is started from has the variables, and its start-up files have the hook.
fn off_shell(stage: &Stage) -> Result<()> {
    let host = Host::new(stage, "machine", Shell::Bash)?;
    host.by_name(&host.person("root")?, ["setup"]).run()?.ok()?;
    let (alice, bob) = (host.person("alice")?, host.person("bob")?);
    for shell in ["bash", "dash", "zsh", "fish", "tcsh"] {
        for person in [&alice, &bob] {
            let line = |off| format!("{off} {shell} -i -c 'cargo build'");
            let run = |off| host.run(person, "/bin/bash", ["-l", "-c", &line(off)]).run();
            let with = run("")?.target_dir()?;
            ensure!(with.is_some(), "{shell}: {} has no shim", person.name().to_string_lossy());
            let without = run("CARGO_PERUSER=off")?;
            let found = (without.target_dir()?, without.build_dir()?);
            ensure!(found == (None, None), "{shell}: these are left: {found:?}");
        }
    }
    Ok(())
}

/// A container, or another node.
fn absent(stage: &Stage) -> Result<()> {
    let alice = stage.person("alice")?;
    left_alone(&in_session(alice.cargo(["build"]), &stage.root.join("alice")).run()?)?;
    ensure!(!stage.root.exists(), "the root was made");
    Ok(())
}

fn alias(stage: &Stage) -> Result<()> {
    let private = stage.shared_root().provisioned()?.join("alice");
    let alice = stage.person("alice")?;
    let aliases = "[alias]\nflag = 'build --target-dir t'\n\
                   weaker = \"build --config build.target-dir='t'\"\nplain = 'build'\n";
    make::directory(&stage.checkout.join(".cargo"), alice.uid(), alice.uid(), 0o755)?;
    make::file(&stage.checkout.join(".cargo/config.toml"), aliases, alice.uid(), 0o644)?;
    let session = private.join("target");
    // `--target-dir` is stronger than the variable, `--config` weaker, so that it has to go.
    for (word, expected) in [("flag", Some(&session)), ("weaker", None)] {
        let found = in_session(alice.cargo([word]), &private).run()?.target_dir()?;
        ensure!(found.as_ref() == expected, "{word}: {found:?}");
    }
    ensure!(fs::read_dir(&private)?.next().is_none(), "a target directory was made");
    let found = in_session(alice.cargo(["plain"]), &private).run()?.target_dir()?;
    ensure!(found.is_some_and(|path| path.starts_with(&private)), "an alias hides a build");
    Ok(())
}

fn no_build(stage: &Stage) -> Result<()> {
    let private = stage.shared_root().provisioned()?.join("alice");
    let alice = stage.person("alice")?;
    make::own(&private, alice.uid(), alice.uid(), 0o777)?;
    alice.cargo(["build"]).run()?.fails()?;
    for words in [&["fmt"][..], &["--version"], &["--list"], &["help"], &["login"]] {
        let run = alice.cargo(words).run()?;
        run.silently()?;
    }
    Ok(())
}

fn leftover(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let (alice, bob) = (stage.person("alice")?, stage.person("bob")?);
    let target = stage.checkout.join("target");
    make::file(&stage.checkout.join("Cargo.toml"), "", alice.uid(), 0o644)?;
    make::directory(&target, alice.uid(), alice.uid(), 0o755)?;
    make::file(&target.join("CACHEDIR.TAG"), "", alice.uid(), 0o644)?;
    for person in [&alice, &bob] {
        let first = person.cargo(["build"]).run()?;
        first.ok()?.mentions("is left from earlier builds")?;
        person.cargo(["build"]).run()?.silently()?;
    }
    Ok(())
}

/// For tools that look into the variable for what they have built.
fn exported(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    make::file(&stage.checkout.join("Cargo.toml"), "", 0, 0o644)?;
    for name in ["alice", "bob"] {
        let person = stage.person(name)?;
        let told = person.target()?;
        ensure!(told.starts_with(root.join(name)), "{name} is told {}", told.display());
        let found = person.cargo(["build"]).env("CARGO_TARGET_DIR", &told).run()?.target_dir()?;
        ensure!(found.as_ref() == Some(&told), "{name}: {found:?}, not {}", told.display());
    }
    Ok(())
}

fn unknown_variable(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    for name in ["alice", "bob"] {
        let person = stage.person(name)?;
        let run = |words: &[&str]| person.cargo(words).env("CARGO_PERUSER_SCOP", "user").run();
        let said = run(&["build"])?;
        said.stopped(Stop::Settings)?.blames("CARGO_PERUSER_SCOP")?.helps("CARGO_PERUSER_SCOPE")?;
        ensure!(fs::read_dir(root.join(name))?.next().is_none(), "something was made");
        run(&["--version"])?.silently()?;
    }
    Ok(())
}

/// What bob types, and what he meant.
const MEANT: &[(&[&str], &str)] = &[
    (&["uninstall"], "cargo-peruser setup --uninstall;"),
    (&["uninstall", "-q"], "cargo-peruser setup --uninstall;"),
    (&["uninstall", "--offline", "-v"], "cargo-peruser setup --uninstall;"),
    (&["install"], "cargo-peruser setup;"),
    (&["setup", "uninstall"], "cargo-peruser setup --uninstall"),
    (&["--scope", "user", "setup", "status"], "cargo-peruser setup --status"),
    (&["gc", "apply"], "cargo-peruser gc --apply"),
    (&["unistall"], "cargo-peruser setup --uninstall"),
    (&["exlpain"], "cargo-peruser explain"),
    (&["help", "exlpain"], "cargo-peruser explain"),
    (&["staus"], "cargo-peruser setup --status"),
    (&["diagnose"], "cargo-peruser doctor"),
    (&["off"], "CARGO_PERUSER=off cargo build"),
    (&["path", "--scope", "user"], "cargo-peruser --scope …"),
    (&["explain", "--scope=user"], "cargo-peruser --scope=user …"),
    (&["--shared_root", "/x", "path"], "cargo-peruser --shared-root …"),
];

/// In the checkout that alice has made, which bob has installed the program of.
fn meant_for_us(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let (alice, bob) = (stage.person("alice")?, stage.person("bob")?);
    project::that_prints("hello", &stage.checkout, &alice)?;
    bob.cargo(["install", "-q", "--path", "."]).with(Channel::Stable).run()?.ok()?;
    let program = bob.home.join(".cargo/bin/speaker");
    for (words, help) in MEANT {
        let run = bob.by_name(*words).with(Channel::Stable).run()?;
        ensure!(run.status.code() == Some(2), "{words:?}: {}{}", run.stdout, run.stderr);
        run.helps(help)?;
        ensure!(program.exists(), "{words:?} has removed bob's own program");
    }
    // What cargo knows stays cargo's, also where only its home has it.
    make::script(&bob.home.join(".cargo/bin/cargo-explian"), "#!/bin/sh\necho external\n")?;
    for (words, says) in [
        (&["explian"][..], "external"),
        (&["help"], "Usage: cargo-peruser"),
        (&["help", "gc"], "Usage: cargo-peruser gc"),
        (&["--", "help"], "Usage: cargo [OPTIONS]"),
        (&["uninstall", "--help"], "cargo uninstall"),
        (&["install", "--list"], "speaker v0.1.0"),
        (&["uninstall", "-p", "speaker"], ""),
    ] {
        bob.by_name(words).with(Channel::Stable).run()?.ok()?.prints(says)?;
    }
    ensure!(!program.exists(), "it is still installed");
    Ok(())
}
