//! Turns the tests that scenes declare into trials of the test runner.

use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use libtest_mimic::{Completion, Failed, Trial};

use crate::machine::{Ground, Need};
use crate::shared::{self, skip};
use crate::stage::Stage;

/// One test: its name, its needs besides the machine, and its code, which gets a new stage.
pub(crate) struct Test {
    name: String,
    needs: Vec<Need>,
    pace: Pace,
    body: Body,
}

type Body = Box<dyn FnOnce(&Stage) + Send>;

/// How many tests of a kind may run at the same time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Takes well under a second: any number.
    Light,
    /// Keeps a processor busy: as many as there are processors.
    Heavy,
}

/// A test that needs nothing but the machine.
pub(crate) fn test_called(name: String, body: impl FnOnce(&Stage) + Send + 'static) -> Test {
    Test { name, needs: Vec::new(), pace: Pace::Light, body: Box::new(body) }
}

/// A test that is named after its module, as in `tests/it`, and needs nothing but the machine.
macro_rules! test {
    ($name:expr, $body:expr $(,)?) => {
        $crate::suite::test_called(
            format!("{}::{}", module_path!().trim_start_matches("users::scenes::"), $name),
            $body,
        )
    };
}
pub(crate) use test;

/// The tests of a chapter.
macro_rules! tests {
    ($($test:expr),+ $(,)?) => {
        pub(crate) fn tests() -> Vec<$crate::suite::Test> {
            vec![$($test),+]
        }
    };
}
pub(crate) use tests;

impl Test {
    /// States what the test needs; where that is missing the test is ignored, with the reason.
    pub(crate) fn needs(mut self, needs: &[Need]) -> Self {
        self.needs.extend(needs);
        self
    }

    /// Uses `scope = "user"` for everybody, which is not the default.
    pub(crate) fn by_user(self) -> Self {
        let body: Body = Box::new(move |stage| {
            stage.build_by_user();
            (self.body)(stage);
        });
        Self { body, ..self }
    }

    /// Runs when a processor is free for it.
    pub(crate) fn heavy(self) -> Self {
        Self { pace: Pace::Heavy, ..self }
    }

    fn perform(self, ground: &Ground) -> Result<Completion, Failed> {
        shared::perform(|| {
            let lacks = ground.as_ref().unwrap_or_else(|reason| skip(reason));
            if let Some(reason) = self.needs.iter().find_map(|need| lacks.get(need)) {
                skip(reason);
            }
            let _turn = (self.pace == Pace::Heavy).then(Turn::take);
            (self.body)(&Stage::new());
        })
    }
}

/// The trials for the test runner.
pub(crate) fn trials(tests: Vec<Test>, ground: Ground) -> Vec<Trial> {
    let ground = Arc::new(ground);
    let trial = |test: Test| {
        let ground = Arc::clone(&ground);
        Trial::ignorable_test(test.name.clone(), move || test.perform(&ground))
    };
    tests.into_iter().map(trial).collect()
}

/// The right to keep a processor busy, until it is dropped.
struct Turn;

static TAKEN: Mutex<usize> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

impl Turn {
    fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = GIVEN_BACK.wait_while(taken, |taken| *taken >= processors());
        *taken.unwrap_or_else(PoisonError::into_inner) += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        GIVEN_BACK.notify_one();
    }
}

/// A number that a variable may say, for a longer run.
pub(crate) fn number(variable: &str, unless_said: usize) -> usize {
    let said = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    said.unwrap_or(unless_said)
}

/// How many processors there are.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
