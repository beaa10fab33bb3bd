//! Functions as tests: named after the function, ignored with a reason where they cannot run.

use std::sync::OnceLock;

use libtest_mimic::{Completion, Failed, Trial};

use crate::harness;

/// Why a test, or a part of it, cannot run on this machine.
#[derive(Debug)]
pub(crate) struct Skip(pub(crate) String);

/// What a test function returns.
pub(crate) trait Ending {
    /// What the test runner shows.
    fn completion(self) -> Completion;
}

impl Ending for () {
    fn completion(self) -> Completion {
        Completion::Completed
    }
}

impl Ending for Result<(), Skip> {
    fn completion(self) -> Completion {
        match self {
            Ok(()) => Completion::Completed,
            Err(Skip(reason)) => Completion::ignored_with(reason),
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
            Some(reason) if needs == Needs::World => Ok(Completion::ignored_with(reason)),
            _ => Ok(body().completion()),
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
