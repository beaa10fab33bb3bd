//! What setup says about the sessions that it does not win, and whether what it says helps.

use super::Body;
use super::for_each_shell;
use super::rustup::Rustup;
use super::session::ASKED;
use super::session::Session;
use super::session::all_win;
use super::session::do_as_told;
use super::setup::Setup;
use crate::prelude::*;

pub(super) fn tests() -> Vec<Test> {
    let tests: [(&str, Body); 2] = [
        ("status_names_what_gets_in_front_and_its_remedy_wins", machine),
        ("a_persons_own_setup_needs_no_remedy", person),
    ];
    for_each_shell(&tests, &[Need::Rustup])
}

/// Her own files prepend `~/.cargo/bin` behind the machine's hooks.
fn machine(stage: &Stage, shell: Shell) {
    let host = Host::new(stage, "machine", shell);
    Rustup::Always.install(&host);
    Setup::Machine.install(&host);
    let before = Setup::Machine.status(&host);
    before.fails().mentions("/home/alice/.cargo/bin/cargo");
    let lost: Vec<_> = ASKED.into_iter().filter(|session| reads_a_file(shell, *session)).collect();
    // As setup calls it: there, dash is the system's `sh`.
    let name = if shell == Shell::Dash { "sh" } else { shell.name() };
    for session in &lost {
        let word = session.ask(&host).word(&Setup::Machine.target_dir());
        assert!(word == "rustup+", "{session:?} is not lost");
        before.mentions(format!("a fresh {name} ({}) ", session.name()));
    }
    do_as_told(&host, &before);
    Setup::Machine.status(&host).ok();
    all_win(&host, Setup::Machine, &lost);
}

/// What no file of the shell's is read for, no line in a file can help, and setup does not ask.
fn reads_a_file(shell: Shell, session: Session) -> bool {
    shell != Shell::Dash || session != Session::Interactive
}

/// Hers stand behind her own lines.
fn person(stage: &Stage, shell: Shell) {
    let host = Host::new(stage, "person", shell);
    Rustup::Always.install(&host);
    Setup::Person.install(&host).never_says("warning: ");
    Setup::Person.status(&host).ok().never_says("warning: ");
}
