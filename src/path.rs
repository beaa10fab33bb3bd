//! `path`: the target directory of a build, as one line for scripts.

use std::ffi::OsString;
use std::process::{Command as Process, Stdio};

use anyhow::Context;
use clap::{ArgMatches, Command};

use crate::os::snapshot::Snapshot;
use crate::settings::Flags;
use crate::shim::Plan;
use crate::shim::argv::Manifest;
use crate::shim::decide::EntryPoint;
use crate::shim::environment;
use crate::shim::exec;
use crate::ui::arguments::{CARGO_WORDS, cargo_arguments, cargo_words};
use crate::ui::report;

pub(super) fn command() -> Command {
    Command::default()
        .about("Print the target directory of a build here")
        .long_about(
            "Prints the target directory of `cargo-peruser build` in the working directory, as one \
             line, for scripts: `$(cargo peruser path)/release/app`. Creates nothing.",
        )
        .arg(cargo_arguments())
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let words = cargo_words(verb);
    let plan = Plan::make(snapshot, EntryPoint::ByName, flags, &words)?;
    let Some(path) = plan.target_dir() else { return cargos_own(&plan) };
    if plan.is_sudo() {
        // The person has built elsewhere, but a makefile's `install` target would look here.
        report::advice(
            &"running as root through sudo, so this is root's own directory",
            &"ask before sudo: sudo make install TARGET_DIR=\"$(cargo-peruser path)\"",
        );
    }
    let is_asked_for_this_place = verb.get_many::<OsString>(CARGO_WORDS).is_none();
    if is_asked_for_this_place && plan.is_outside_of_workspaces() {
        report::note(&"there is no workspace here: this is the directory for commands without one");
    }
    report::raw_line(path.as_os_str().as_encoded_bytes())?;
    Ok(0)
}

/// Cargo's own answer. If cargo fails, its own message is shown.
fn cargos_own(plan: &Plan<'_>) -> anyhow::Result<u8> {
    let cargo = plan.real_cargo(&plan.trail()).cargo()?;
    let mut metadata = Process::new(&cargo);
    metadata.args(plan.invocation().toolchain.as_deref()).args(metadata_words(plan));
    metadata.current_dir(&plan.facts.working_directory);
    exec::prepare(&mut metadata, &environment::changes(&plan.decision));
    let output = metadata.stderr(Stdio::inherit()).output();
    let output = output.map_err(|cause| exec::failed(&cargo, cause))?;
    if !output.status.success() {
        return Ok(output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
    }
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
        .context("failed to read what `cargo metadata` printed")?;
    let path = answer.get("target_directory").and_then(serde_json::Value::as_str);
    report::line(path.context("`cargo metadata` printed no target directory")?)?;
    Ok(0)
}

fn metadata_words(plan: &Plan<'_>) -> Vec<OsString> {
    let mut words: Vec<OsString> =
        ["metadata", "--no-deps", "--format-version=1"].map(OsString::from).into();
    let manifest = match &plan.invocation().manifest {
        Some(Manifest::File(path)) => Some(path.to_owned()),
        Some(Manifest::Directory(path)) => Some(path.join("Cargo.toml")),
        None => None,
    };
    if let Some(path) = manifest {
        words.extend(["--manifest-path".into(), path.into_os_string()]);
    }
    for config in &plan.invocation().configs {
        words.extend(["--config".into(), config.clone()]);
    }
    words
}
