//! A shared `CARGO_TARGET_DIR` from before, which counts as a choice: setup says where it is set.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::setup::Setup;
use crate::machine::Need;
use crate::stage::{Host, Shell, Stage, make};
use crate::suite::{Test, test};

/// Where it is set, for everybody or by alice, and how.
const PLACES: &[(&str, &str, &str)] = &[
    ("etc_environment", "/etc/environment", "CARGO_TARGET_DIR=\"/srv/shared\"\n"),
    ("cargos_weaker_variable", "/etc/environment", "CARGO_BUILD_TARGET_DIR=/srv/shared\n"),
    (
        "pam_env_conf",
        "/etc/security/pam_env.conf",
        "# ours\nCARGO_TARGET_DIR DEFAULT=/srv/shared\n",
    ),
    (
        "her_environment_d",
        "/home/alice/.config/environment.d/old.conf",
        "CARGO_TARGET_DIR=${HOME}/shared\n",
    ),
    ("a_script_in_profile_d", "/etc/profile.d/old.sh", "export CARGO_TARGET_DIR=/srv/shared\n"),
];

pub(super) fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for &(name, file, text) in PLACES {
        let name = format!("sessions::status_finds_a_target_directory_set_in_{name}");
        let body = move |stage: &Stage| set_in_a_file(stage, file, text);
        tests.push(test(name, body).needs(&[Need::Bash]));
    }
    let name = "sessions::status_looks_at_the_session_that_it_runs_in";
    tests.push(test(name, this_session).needs(&[Need::Bash]));
    tests
}

fn set_in_a_file(stage: &Stage, file: &str, text: &str) -> Result<()> {
    let host = Host::new(stage, "machine", Shell::Bash)?;
    Setup::Machine.install(&host)?;
    Setup::Machine.status(&host)?.ok()?;
    let is_hers = file.starts_with("/home");
    if is_hers {
        host.directory("alice", ".config/environment.d")?;
    }
    make::file(&host.at(file), text, if is_hers { 2001 } else { 0 }, 0o644)?;
    let found = Setup::Machine.status(&host)?;
    let sudo = if is_hers { "" } else { "sudo " };
    let line = text.lines().count();
    found.fails()?.mentions(format!("by `{file}` line {line}"))?;
    found.helps(format!("take that line out: {sudo}${{EDITOR:-vi}} +{line} {file}"))?;
    fs::write(host.at(file), "")?;
    Setup::Machine.status(&host)?.ok()?;
    Ok(())
}

/// It began before, and new ones are well.
fn this_session(stage: &Stage) -> Result<()> {
    let host = Host::new(stage, "machine", Shell::Bash)?;
    Setup::Machine.install(&host)?;
    let alice = host.person("alice")?;
    let status = |name, value: &Path| {
        let run = host.run(&alice, Setup::Machine.program(), ["setup", "--status"]);
        run.env(name, value).run()
    };
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        let found = status(name, "/srv/shared".as_ref())?;
        found.fails()?.helps("unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR")?;
    }
    let own = Setup::Machine.target_dir();
    status("CARGO_TARGET_DIR", &own)?.ok()?.prints("this session")?;
    Ok(())
}
