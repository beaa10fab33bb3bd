//! What only tests with other people demand of an outcome.

use std::path::PathBuf;

use crate::shared::{Outcome, Stop};

impl Outcome {
    /// A verb of ours stopped for this reason, after it had shown what it would do.
    #[track_caller]
    pub(crate) fn stopped_having_shown(&self, stop: Stop) -> &Self {
        self.ends_with_one_error(stop).prints("destination")
    }

    /// Whether it was refused as unsafe, where it need not be.
    pub(crate) fn is_refused(&self) -> bool {
        let is_one_error = self.calls.is_empty() && self.lines("error: ").count() == 1;
        self.status.code() == Some(Stop::Unsafe as i32) && is_one_error
    }

    /// cargo did not wait for anybody's target, build or package cache directory.
    #[track_caller]
    pub(crate) fn never_waits(&self) -> &Self {
        self.never_says("Blocking waiting for file lock")
    }

    /// The command that a help line offers, from its first word on.
    #[track_caller]
    pub(crate) fn offered(&self, first_word: &str) -> String {
        let from =
            |line: &str| line.find(first_word).and_then(|at| line.get(at..)).map(str::to_owned);
        let found = self.lines("help: ").find_map(from);
        found.unwrap_or_else(|| panic!("no help line offers `{first_word}`\n{}", self.stderr))
    }

    /// The stub ran, and this was its `CARGO_BUILD_BUILD_DIR`.
    #[track_caller]
    pub(crate) fn build_dir(&self) -> Option<PathBuf> {
        self.variable("CARGO_BUILD_BUILD_DIR")
    }

    /// It did not succeed, whoever says so.
    #[track_caller]
    pub(crate) fn fails(&self) -> &Self {
        self.demand(!self.status.success(), "must fail")
    }
}
