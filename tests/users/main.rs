//! Real accounts, real uids, real file systems and the real cargo against the shipped binary.
//!
//! Every row of the threat model that needs more than one person is a test here. The tests run on
//! their own machine, a mount namespace with its own account database, so that nothing they
//! make outlives them and the accounts of the system are never touched. As root that is always
//! possible; as an ordinary user it takes a user namespace with several ids. What cannot run here
//! is shown as ignored, with the reason, and never as passed.
//!
//! - [`machine`]: the namespace, its accounts and toolchains, and what it lacks.
//! - [`stage`]: what one test has for itself, a fresh corner of the machine: a shared root, a checkout,
//!   people who run things.
//! - [`scenes`]: the tests themselves.
//! - [`suite`]: turns scenes into trials of the test runner.
//! - [`shared`]: what both suites have in common.
#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

mod machine;
mod prelude;
mod scenes;
#[path = "../shared/mod.rs"]
mod shared;
mod stage;
mod suite;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Many tests wait for a shell, or for their turn.
    arguments.test_threads.get_or_insert(suite::processors() + 1);
    let ground = match arguments.list {
        true => Err("they are only listed".to_owned()),
        false => machine::ground(),
    };
    say(&ground);
    shared::run(&arguments, suite::trials(scenes::all(), ground))
}

#[expect(clippy::print_stderr, reason = "the runner has no line of its own for what is left out")]
fn say(ground: &machine::Ground) {
    match ground {
        Ok(lacks) if lacks.is_empty() => eprintln!("users: nothing is left out"),
        Ok(lacks) => {
            let reasons: Vec<&str> = lacks.values().map(String::as_str).collect();
            eprintln!("users: left out: {}", reasons.join("; "));
        }
        Err(reason) => eprintln!("users: every test is left out: {reason}"),
    }
}
