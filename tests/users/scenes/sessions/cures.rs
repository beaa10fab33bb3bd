//! What setup says about the sessions that it does not win, and whether its cure is one.

use anyhow::{Result, ensure};

use super::rustup::Rustup;
use super::session::Session;
use super::setup::Setup;
use super::{Body, for_each_shell};
use crate::machine::Need;
use crate::stage::{Host, Outcome, Shell, Stage};
use crate::suite::Test;

/// The kinds of session that setup asks.
const ASKED: [Session; 3] = [Session::Login, Session::Interactive, Session::LoginInteractive];

pub(super) fn tests() -> Vec<Test> {
    let alone: [(&str, Body); 2] = [
        ("status_is_content_where_it_wins", content),
        ("status_is_content_for_everyone_on_the_machine", content_for_everyone),
    ];
    let mut tests = for_each_shell(&alone, &[]);
    let with_rustup: [(&str, Body); 2] = [
        ("status_names_what_gets_in_front_and_its_cure_wins", machine),
        ("a_persons_own_setup_needs_no_cure", person),
    ];
    tests.extend(for_each_shell(&with_rustup, &[Need::Rustup]));
    tests
}

/// `cargo-peruser setup --status`, as alice types it; whether all is well is its exit code.
fn status(host: &Host<'_>, program: &str) -> Result<Outcome> {
    let alice = host.person("alice")?;
    host.run(&alice, program, ["setup", "--status"]).run()
}

fn content(stage: &Stage, shell: Shell) -> Result<()> {
    let host = Host::new(stage, "person", shell)?;
    Setup::Person.install(&host)?.never_says("warning: ")?;
    status(&host, Setup::Person.program())?.ok()?.never_says("warning: ")?;
    Ok(())
}

fn content_for_everyone(stage: &Stage, shell: Shell) -> Result<()> {
    let host = Host::new(stage, "machine", shell)?;
    Setup::Machine.install(&host)?;
    Setup::Machine.again(&host, "--status")?.never_says("warning: ")?;
    status(&host, Setup::Machine.program())?.ok()?.never_says("warning: ")?;
    Ok(())
}

/// Her own files prepend `~/.cargo/bin` behind the machine's hooks.
fn machine(stage: &Stage, shell: Shell) -> Result<()> {
    let host = Host::new(stage, "machine", shell)?;
    Rustup::Always.install(&host)?;
    Setup::Machine.install(&host)?;
    let before = status(&host, Setup::Machine.program())?;
    before.fails()?.mentions("/home/alice/.cargo/bin/cargo")?;
    let lost = ASKED.into_iter().filter(|session| reads_a_file(shell, *session));
    for session in lost.clone() {
        ensure!(word(&host, session)? == "rustup+", "{session:?} is not lost");
        before.mentions(format!("a fresh {} ({}) ", name(shell), session.name()))?;
    }
    let alice = host.person("alice")?;
    for line in before.stderr.lines().filter_map(|line| line.strip_prefix("help: ")) {
        host.run(&alice, "/bin/sh", ["-c", line]).run()?.silently()?;
    }
    status(&host, Setup::Machine.program())?.ok()?;
    for session in lost {
        let word = word(&host, session)?;
        ensure!(word == "shim+", "{session:?}: {word}");
    }
    Ok(())
}

fn word(host: &Host<'_>, session: Session) -> Result<String> {
    session.ask(host)?.word(&Setup::Machine.target_dir())
}

/// What no file of the shell's is read for, no line in a file can cure, and setup does not ask.
fn reads_a_file(shell: Shell, session: Session) -> bool {
    shell != Shell::Dash || session != Session::Interactive
}

/// As setup calls it: there, dash is the system's `sh`.
fn name(shell: Shell) -> &'static str {
    if shell == Shell::Dash { "sh" } else { shell.name() }
}

/// Hers stand behind her own lines.
fn person(stage: &Stage, shell: Shell) -> Result<()> {
    let host = Host::new(stage, "person", shell)?;
    Rustup::Always.install(&host)?;
    Setup::Person.install(&host)?;
    status(&host, Setup::Person.program())?.ok()?;
    Ok(())
}
