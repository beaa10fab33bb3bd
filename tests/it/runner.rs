//! Functions as tests: named after the function, ignored with a reason where they cannot run.

use std::sync::OnceLock;

use libtest_mimic::{Completion, Failed, Trial};

use crate::{harness, shared};

/// Why a test, or a part of it, cannot run on this machine.
#[derive(Debug)]
pub(crate) struct Skip(pub(crate) String);

/// What a test function returns.
pub(crate) trait Ending {
    /// What the test runner shows.
    fn completion(self) -> Result<Completion, Failed>;
}

impl Ending for () {
    fn completion(self) -> Result<Completion, Failed> {
        Ok(Completion::Completed)
    }
}

impl Ending for Result<(), Skip> {
    fn completion(self) -> Result<Completion, Failed> {
        match self {
            Ok(()) => Ok(Completion::Completed),
            Err(Skip(reason)) => shared::left_out(shared::is_ci(), &reason),
        }
    }
}

/// What a test needs of the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Only the library.
    Nothing,
    /// A [`harness::World`].
    World,
}

/// One test.
pub(crate) fn test<E: Ending>(
    name: String,
    needs: Needs,
    body: impl FnOnce() -> E + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
        static OBSTACLE: OnceLock<Option<String>> = OnceLock::new();
        match OBSTACLE.get_or_init(harness::obstacle) {
            Some(reason) if needs == Needs::World => shared::left_out(shared::is_ci(), reason),
            _ => body().completion(),
        }
    })
}

/// The tests of a module, each a function that returns nothing or a [`Skip`].
macro_rules! tests {
    ($($name:ident),+ $(,)?) => { $crate::runner::tests!(@ World: $($name),+) };
    (@ $needs:ident: $($name:ident),+ $(,)?) => {
        vec![$($crate::runner::test(
            format!("{}::{}", module_path!().trim_start_matches("it::"), stringify!($name)),
            $crate::runner::Needs::$needs,
            $name,
        )),+]
    };
}
pub(crate) use tests;

/// The tests of the runner itself.
pub(crate) fn tests_of_its_own() -> Vec<Trial> {
    tests!(@ Nothing: a_test_that_cannot_run_fails_in_ci_unless_it_is_listed)
}

fn a_test_that_cannot_run_fails_in_ci_unless_it_is_listed() {
    for (is_ci, reason, fails) in [
        (false, "no zsh: not found", false),
        (true, "no zsh: not found", true),
        (true, "no vfat: the kernel has not loaded it", false),
    ] {
        assert_eq!(shared::left_out(is_ci, reason).is_err(), fails, "{is_ci}: {reason}");
    }
}
