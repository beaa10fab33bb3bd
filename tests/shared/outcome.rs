//! What came of a command, and what a test may demand of it.
//!
//! Each demand returns the outcome again, so that they can be told one after the other; a failed
//! one shows the whole output.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use serde_json::Value;

use super::Call;

/// Why cargo-peruser stopped before any cargo ran, by its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A verb could not do it.
    Failed = 1,
    /// A directory or its tag cannot be made.
    Create = 73,
    /// Going on would be unsafe.
    Unsafe = 77,
    /// A setting is wrong.
    Settings = 78,
    /// There is no real cargo.
    NoCargo = 127,
}

/// What came of a command.
pub(crate) struct Outcome {
    /// The command as failures show it.
    pub(crate) shown: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// The process that was started.
    pub(crate) pid: u32,
    /// What it wrote.
    pub(crate) stdout: String,
    /// What it complained about.
    pub(crate) stderr: String,
    /// What it wrote, where `stdout` has that in a form for tests.
    pub(super) exact: Vec<u8>,
    /// Every call of the stub.
    pub(crate) calls: Vec<Call>,
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Outcome { shown, status, pid, stdout, stderr, .. } = self;
        write!(f, "{shown}, process {pid}: {status}\n  stdout:\n{stdout}\n  stderr:\n{stderr}")
    }
}

impl Outcome {
    /// Fails with the whole output unless it holds.
    #[track_caller]
    pub(crate) fn demand(&self, holds: bool, what: impl Display) -> &Self {
        assert!(holds, "{what}\n  {self}");
        self
    }

    /// It succeeded.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Self {
        self.demand(self.status.success(), "must succeed")
    }

    /// It succeeded and left stderr empty.
    #[track_caller]
    pub(crate) fn silently(&self) -> &Self {
        self.ok().demand(self.stderr.is_empty(), "must say nothing on stderr")
    }

    /// It exited with this code.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        self.demand(self.status.code() == Some(code), format_args!("must exit with {code}"))
    }

    /// What it printed, having gone well and without a word on stderr.
    #[track_caller]
    pub(crate) fn printed(&self) -> &str {
        &self.silently().stdout
    }

    /// The JSON that it printed, having gone well.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.ok();
        serde_json::from_slice(&self.exact).unwrap_or_else(|error| panic!("{error}\n  {self}"))
    }

    /// cargo-peruser stopped for this reason, with one error and at most one next step and nothing on
    /// stdout, and no cargo has run.
    #[track_caller]
    pub(crate) fn stopped(&self, stop: Stop) -> &Self {
        self.prints_nothing().ends_with_one_error(stop)
    }

    /// The same after it has shown what it would do.
    #[track_caller]
    pub(crate) fn ends_with_one_error(&self, stop: Stop) -> &Self {
        self.exits(stop as i32).demand(self.calls.is_empty(), "cargo must not have run");
        self.demand(self.lines("error: ").count() == 1, "must say exactly one `error:`");
        self.demand(self.lines("help: ").count() <= 1, "must say at most one `help:`")
    }

    /// It was refused as unsafe.
    #[track_caller]
    pub(crate) fn refused(&self) -> &Self {
        self.stopped(Stop::Unsafe)
    }

    /// The error names this.
    #[track_caller]
    pub(crate) fn blames(&self, what: impl AsRef<str>) -> &Self {
        let what = what.as_ref();
        let named = self.lines("error: ").any(|line| line.contains(what));
        self.demand(named, format_args!("`error:` must name `{what}`"))
    }

    /// The help line offers this.
    #[track_caller]
    pub(crate) fn helps(&self, what: impl AsRef<str>) -> &Self {
        let what = what.as_ref();
        let offered = self.lines("help: ").any(|line| line.contains(what));
        self.demand(offered, format_args!("`help:` must offer `{what}`"))
    }

    /// It succeeded with exactly one note, which names this.
    #[track_caller]
    pub(crate) fn notes(&self, what: impl AsRef<str>) -> &Self {
        let what = what.as_ref();
        let lines: Vec<_> = self.lines("note: ").collect();
        let named = matches!(lines.as_slice(), [line] if line.contains(what));
        self.ok().demand(named, format_args!("must say one `note:` that names `{what}`"))
    }

    /// Somewhere on stderr this stands.
    #[track_caller]
    pub(crate) fn mentions(&self, what: impl AsRef<str>) -> &Self {
        let what = what.as_ref();
        self.demand(self.stderr.contains(what), format_args!("stderr must mention `{what}`"))
    }

    /// Nothing on stderr or stdout says this.
    #[track_caller]
    pub(crate) fn never_says(&self, what: &str) -> &Self {
        let said = self.stderr.contains(what) || self.stdout.contains(what);
        self.demand(!said, format_args!("must not say `{what}`"))
    }

    /// Nothing is on stdout.
    #[track_caller]
    pub(crate) fn prints_nothing(&self) -> &Self {
        self.demand(self.stdout.is_empty(), "must print nothing")
    }

    /// On stdout this stands.
    #[track_caller]
    pub(crate) fn prints(&self, what: impl AsRef<str>) -> &Self {
        let what = what.as_ref();
        self.demand(self.stdout.contains(what), format_args!("stdout must have `{what}`"))
    }

    /// The stub ran with this `CARGO_TARGET_DIR`.
    #[track_caller]
    pub(crate) fn builds_in(&self, expected: impl AsRef<Path>) -> &Self {
        let (expected, found) = (expected.as_ref(), self.target_dir());
        let shown = expected.display();
        self.demand(found.as_deref() == Some(expected), format_args!("must build in `{shown}`"))
    }

    /// The stub ran, and this was its `CARGO_TARGET_DIR`.
    #[track_caller]
    pub(crate) fn target_dir(&self) -> Option<PathBuf> {
        self.variable("CARGO_TARGET_DIR")
    }

    /// The stub ran, and this was its value of a variable.
    #[track_caller]
    pub(crate) fn variable(&self, name: &str) -> Option<PathBuf> {
        self.ok().demand(self.calls.len() == 1, "the real cargo must have run once");
        self.calls.first()?.variable(name).map(PathBuf::from)
    }

    /// What follows on the lines of stderr that begin so.
    pub(crate) fn lines<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.stderr.lines().filter_map(move |line| line.strip_prefix(prefix))
    }
}
