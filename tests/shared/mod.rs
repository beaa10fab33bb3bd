//! What both suites have in common: a command that is still to be run ([`Invocation`]), the child
//! ([`Running`]), what came of it and what a test may demand of that ([`Outcome`]), and what a test that
//! cannot run here means.
//!
//! At a desk such a test is shown as ignored, with the reason. In CI (`CI=true`) it is a failure,
//! unless [`MAY_LACK`] says that machines of that kind lack what it needs, and so is a suite in which
//! no test ran at all: neither may pass for a proof.

mod call;
pub(crate) mod doctor_json;
mod invocation;
mod outcome;
mod random;
mod running;

use std::env;
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

pub(crate) use call::Call;
pub(crate) use invocation::{Actor, Invocation};
pub(crate) use outcome::{Outcome, Stop};
pub(crate) use random::Random;
pub(crate) use running::Running;

/// What a machine of CI may lack: how the reasons of such tests begin.
const MAY_LACK: &[&str] = &[
    // A kernel module, which these tests never load.
    "no vfat",
    // They run as root there; `users` has ordinary accounts.
    "permission bits do not stop root",
    // Not in Debian, or not in a version that is new enough.
    "no nextest",
    "nu is not installed",
    "pwsh is not installed",
    // A package of another registry, which `.ci/run` installs where it can.
    "sccache is not installed",
    "this Neovim does not know NVIM_APPNAME",
];

/// Whether there is nothing in a directory.
#[track_caller]
pub(crate) fn is_empty(directory: &Path) -> bool {
    let entries = directory.read_dir();
    entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display())).next().is_none()
}

/// Whether this is a machine of CI, where nobody reads what was left out.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}

/// The end of a test that cannot run here.
pub(crate) fn left_out(is_ci: bool, reason: &str) -> Result<Completion, Failed> {
    match !is_ci || MAY_LACK.iter().any(|known| reason.starts_with(known)) {
        true => Ok(Completion::ignored_with(reason)),
        false => Err(Failed::from(format!(
            "it cannot run here, which in CI is a failure unless tests/shared lists it: {reason}"
        ))),
    }
}

/// Tells what was at stake if the test fails before this goes away: the row of a table, the round.
pub(crate) fn context<S: Display, F: Fn() -> S>(tell: F) -> Context<S, F> {
    Context(tell)
}

/// See [`context`].
pub(crate) struct Context<S: Display, F: Fn() -> S>(F);

impl<S: Display, F: Fn() -> S> Drop for Context<S, F> {
    #[expect(clippy::print_stderr, reason = "beside what the panic says")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("this was {}", (self.0)());
        }
    }
}

/// Why a test cannot run on this machine.
struct Skip(String);

/// Ends a test that cannot run on this machine.
pub(crate) fn skip(reason: impl Into<String>) -> ! {
    // Unlike a panic, it says nothing on its way.
    panic::resume_unwind(Box::new(Skip(reason.into())))
}

/// Runs a test to its end.
pub(crate) fn perform(body: impl FnOnce()) -> Result<Completion, Failed> {
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(()) => Ok(Completion::Completed),
        Err(payload) => match payload.downcast::<Skip>() {
            Ok(skip) => left_out(is_ci(), &skip.0),
            Err(failure) => panic::resume_unwind(failure),
        },
    }
}

/// Runs the tests of a suite.
pub(crate) fn run(arguments: &Arguments, tests: Vec<Trial>) -> ExitCode {
    let conclusion = libtest_mimic::run(arguments, tests);
    let ran = conclusion.num_passed + conclusion.num_failed;
    match ran == 0 && is_ci() && !arguments.list {
        true => ExitCode::FAILURE,
        false => conclusion.exit_code(),
    }
}
