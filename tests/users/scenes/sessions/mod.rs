//! Which cargo is first and where it builds, in every kind of session: before and after each kind of
//! setup, and after it is uninstalled.
//!
//! The tables beside this file have one line for each kind of session and three columns for each
//! way of installing rustup: before, after the machine's setup, after a user's own. `shim` is ours,
//! `rustup` the proxy in `~/.cargo/bin`, `system` the one in `/usr/bin`. With `+`, CARGO_TARGET_DIR is
//! the user's own directory; without it, it is not set.

mod cargo_bin;
mod dotfiles;
mod hooks;
mod interrupted;
mod other_accounts;
mod other_peoples_homes;
mod rare_shells;
mod rustup;
mod session;
mod setup;
mod setup_again;
mod setup_variants;
mod status;
mod sudo;
mod uninstall;

use std::fmt::Write;

use rustup::Rustup;
use session::ASKED;
use session::Answer;
use session::LOCAL;
use session::REMOTE;
use session::Session;
use session::all_win;
use session::ask;
use session::do_as_told;
use setup::MACHINES_ROOT;
use setup::Setup;

use crate::prelude::*;

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = cells();
    tests.extend(setup_again::tests());
    tests.extend(status::tests());
    tests.extend(cargo_bin::tests());
    tests.extend(dotfiles::tests());
    tests.extend(other_peoples_homes::tests());
    tests.extend(interrupted::tests());
    tests.extend(other_accounts::tests());
    tests.extend(hooks::tests());
    tests.extend(rare_shells::tests());
    tests.extend(sudo::tests());
    tests.extend(uninstall::tests());
    tests.extend(setup_variants::tests());
    tests
}

/// One test for each shell.
fn for_each_shell(name: &str, needs: &[Need], body: fn(&Stage, Shell)) -> Vec<Test> {
    let test = |shell: Shell| {
        let name = format!("{}_{name}", shell.name());
        test!(name, move |stage| body(stage, shell)).needs(needs).needs(&[shell.need()])
    };
    Shell::ALL.into_iter().map(test).collect()
}

fn cells() -> Vec<Test> {
    let mut tests = Vec::new();
    for shell in Shell::ALL {
        for rustup in Rustup::ALL {
            let name = format!("{}_{}", shell.name(), rustup.name());
            let test = test!(name, move |stage| columns(stage, shell, rustup));
            let needs = [shell.need(), Need::Su, Need::Ssh];
            tests.push(test.needs(&needs).needs(rustup.needs()));
        }
    }
    tests
}

fn table(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("bash.txt"),
        Shell::Dash => include_str!("dash.txt"),
        Shell::Zsh => include_str!("zsh.txt"),
        Shell::Fish => include_str!("fish.txt"),
    }
}

/// The three words that a table has for a kind of session.
fn expected(shell: Shell, rustup: Rustup, session: Session) -> [&'static str; 3] {
    let words = |line: &'static str| line.strip_prefix(session.name())?.strip_prefix("  ");
    let words = table(shell).lines().find_map(words).expect("the table lacks a line");
    let words: Vec<&str> = words.split_whitespace().collect();
    let columns = words.chunks(3).nth(rustup as usize).expect("the table lacks a column");
    columns.try_into().expect("the table lacks a word")
}

/// Compares three columns of a table with the sessions' answers.
fn columns(stage: &Stage, shell: Shell, rustup: Rustup) {
    let host = Host::new(stage, "host", shell);
    rustup.install(&host);
    host.opens_ssh();
    let sessions = &[&LOCAL[..], &REMOTE].concat();
    let ask = || sessions.iter().map(|session| session.ask(&host)).collect::<Vec<_>>();
    let before = ask();
    let [machine, person] =
        [Setup::Machine, Setup::Person].map(|setup| with(&host, setup, sessions, &before));
    let mut wrong = String::new();
    for (((session, before), machine), person) in
        sessions.iter().zip(before).zip(machine).zip(person)
    {
        let found = [before.word(&Setup::Machine.target_dir()), machine, person];
        let expected = expected(shell, rustup, *session);
        if found != expected {
            let (found, expected) = (found.join(" "), expected.join(" "));
            writeln!(wrong, "  {:20} {found:26} (the table: {expected})", session.name()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "not as in the table:\n{wrong}");
}

/// Each session's answer with a setup, in the tables' words. The session must print the same as before,
/// and after uninstalling nothing may differ.
fn with(host: &Host<'_>, setup: Setup, sessions: &[Session], before: &[Answer]) -> Vec<String> {
    let photograph = Photograph::take(host);
    setup.install(host);
    let ask = |(session, before): (&Session, &Answer)| {
        let after = session.ask(host);
        assert!(before.printed == after.printed, "{session:?}: prints {:?}", after.printed);
        after.word(&setup.target_dir())
    };
    let words = sessions.iter().zip(before).map(ask).collect();
    setup.uninstall(host);
    // If all files are restored, sessions are too.
    Photograph::take(host).equals(&photograph, setup.caches());
    words
}
