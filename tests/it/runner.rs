//! Functions as tests: named after the function, ignored with a reason where they cannot run.

use std::sync::LazyLock;

use libtest_mimic::Trial;

use crate::harness;
use crate::shared::{self, skip};

/// One test.
pub(crate) fn test(name: String, body: impl FnOnce() + Send + 'static) -> Trial {
    static OBSTACLE: LazyLock<Option<String>> = LazyLock::new(harness::obstacle);
    Trial::ignorable_test(name, move || {
        shared::perform(|| match &*OBSTACLE {
            Some(reason) => skip(reason),
            None => body(),
        })
    })
}

/// The tests of a module, each a function.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => {
        pub(crate) fn tests() -> Vec<libtest_mimic::Trial> {
            $crate::runner::list![$($name),+]
        }
    };
}
pub(crate) use tests;

/// The same as a list.
macro_rules! list {
    ($($name:ident),+ $(,)?) => {
        vec![$($crate::runner::test(
            format!("{}::{}", module_path!().trim_start_matches("it::"), stringify!($name)),
            $name,
        )),+]
    };
}
pub(crate) use list;

/// The tests of the runner itself.
pub(crate) fn tests_of_its_own() -> Vec<Trial> {
    list![a_test_that_cannot_run_fails_in_ci_unless_it_is_listed]
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
