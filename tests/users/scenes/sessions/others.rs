//! Sessions of others than the person whose environment it is: `su` that keeps it, accounts that
//! get no directory, root in somebody's home.

use anyhow::{Result, ensure};

use super::session::{Answer, Session, ask};
use super::setup::{MACHINES_ROOT, Setup};
use super::{Body, for_each_shell};
use crate::machine::Need;
use crate::stage::{Host, PATH, Shell, Stage, make, private};
use crate::suite::Test;

pub(super) fn tests() -> Vec<Test> {
    let tests: [(&str, Body); 5] = [
        ("gives_an_account_that_nobody_logs_in_to_nothing", service_account),
        ("su_m_gives_the_new_person_their_own", su_m),
        ("su_c_out_of_roots_session_still_builds_in_ones_own", su_out_of_roots_session),
        ("root_in_alices_home_never_gets_her_programs_in_front", root_in_her_home),
        ("sudo_e_gives_root_its_own", sudo_e),
    ];
    for_each_shell(&tests, &[Need::Su])
}

/// A computer that root has set up, where alice has had a session.
fn set_up<'s>(stage: &'s Stage, shell: Shell) -> Result<Host<'s>> {
    let host = Host::new(stage, "machine", shell)?;
    Setup::Machine.install(&host)?;
    let alice = Session::Login.ask(&host)?;
    is_in(&alice, "alice")?;
    private(&host.at(MACHINES_ROOT).join("alice"), host.person("alice")?.uid())?;
    Ok(host)
}

/// CARGO_TARGET_DIR is that of the account.
fn is_in(answer: &Answer, name: &str) -> Result<()> {
    let expected = format!("{MACHINES_ROOT}/{name}/target");
    ensure!(answer.target_dir.as_ref() == Some(&expected), "not {name}'s: {answer:?}");
    Ok(())
}

fn service_account(stage: &Stage, shell: Shell) -> Result<()> {
    let host = set_up(stage, shell)?;
    let root = host.person("root")?;
    let su = ["su", "-s", shell.path(), "doorman", "-c"];
    let hers = format!("{MACHINES_ROOT}/alice/target");
    for inherited in [None, Some(hers.as_str()), Some(MACHINES_ROOT), Some("/srv/elsewhere")] {
        let answer = ask(&host, |line| {
            // dash has no file for a session that is merely interactive.
            let inner = format!("{} -l -i -c '{line}'", shell.path());
            let run = host.run(&root, "su", su.iter().skip(1).chain([&inner.as_str()]));
            match inherited {
                Some(value) => run.env("CARGO_TARGET_DIR", value),
                None => run,
            }
        })?;
        let kept = inherited.filter(|value| !value.starts_with(MACHINES_ROOT));
        ensure!(answer.target_dir.as_deref() == kept, "{inherited:?}: {answer:?}");
        ensure!(answer.first == "/usr/bin/cargo", "{answer:?}");
    }
    ensure!(!host.at(MACHINES_ROOT).join("doorman").exists(), "it has a directory all the same");
    Ok(())
}

/// Alice's environment, and in a new session bob's directory.
fn su_m(stage: &Stage, shell: Shell) -> Result<()> {
    let host = set_up(stage, shell)?;
    let (alice, root) = (host.person("alice")?, host.person("root")?);
    let bin = host.home("alice").join(".cargo/bin");
    for directory in [&host.home("alice").join(".cargo"), &bin] {
        make::directory(directory, alice.uid(), alice.uid(), 0o755)?;
    }
    let hers = Session::Login.ask(&host)?;
    ensure!(hers.path.contains("/home/alice/.cargo/bin"), "{hers:?}");
    let answer = ask(&host, |line| {
        let inner = format!("{} -l -i -c '{line}'", shell.path());
        host.run(&root, "su", ["-m", "bob", "-c", &inner])
            .env("HOME", "/home/alice")
            .env("USER", "alice")
            .env("LOGNAME", "alice")
            .env("SHELL", shell.path())
            .env("PATH", format!("/usr/local/lib/cargo-peruser/bin:{PATH}"))
            .env("CARGO_TARGET_DIR", format!("{MACHINES_ROOT}/alice/target"))
    })?;
    is_in(&answer, "bob")?;
    ensure!(!answer.path.contains("/home/alice"), "{answer:?}");
    private(&host.at(MACHINES_ROOT).join("bob"), host.person("bob")?.uid())
}

/// Where no hook runs, the shim decides anew.
fn su_out_of_roots_session(stage: &Stage, shell: Shell) -> Result<()> {
    let host = set_up(stage, shell)?;
    let root = host.person("root")?;
    let line = "su alice -c 'cargo build'";
    let run = host.run(&root, "/bin/sh", ["-l", "-c", line]).run()?;
    run.builds_in(format!("{MACHINES_ROOT}/alice/target"))?;
    Ok(())
}

/// As after `su -m`: whose programs run is decided by the uid, not by HOME.
fn root_in_her_home(stage: &Stage, shell: Shell) -> Result<()> {
    let host = set_up(stage, shell)?;
    let (alice, root) = (host.person("alice")?, host.person("root")?);
    let cargo = host.home("alice").join(".cargo");
    make::directory(&cargo, alice.uid(), alice.uid(), 0o755)?;
    make::directory(&cargo.join("bin"), alice.uid(), alice.uid(), 0o755)?;
    make::script(&cargo.join("bin/cargo"), "#!/bin/sh\n")?;
    for flags in [["-l", "-i", "-c"].as_slice(), &["-l", "-c"], &["-i", "-c"]] {
        for cargo_home in [None, Some("/home/alice/.cargo")] {
            let answer = ask(&host, |line| {
                let run = host.run(&root, shell.path(), flags.iter().chain([&line]));
                let run = run.env("HOME", "/home/alice").env("SHELL", shell.path());
                match cargo_home {
                    Some(path) => run.env("CARGO_HOME", path),
                    None => run,
                }
            })?;
            ensure!(!answer.path.contains("/home/alice"), "{flags:?}: {answer:?}");
        }
    }
    Ok(())
}

/// Alice's whole environment, root's rights.
fn sudo_e(stage: &Stage, shell: Shell) -> Result<()> {
    let host = set_up(stage, shell)?;
    let root = host.person("root")?;
    let answer = ask(&host, |line| {
        host.run(&root, shell.path(), ["-l", "-i", "-c", line])
            .env("HOME", "/home/alice")
            .env("USER", "alice")
            .env("LOGNAME", "alice")
            .env("SUDO_UID", "2001")
            .env("SHELL", shell.path())
            .env("CARGO_TARGET_DIR", format!("{MACHINES_ROOT}/alice/target"))
    })?;
    is_in(&answer, "root")?;
    private(&host.at(MACHINES_ROOT).join("root"), 0)
}
