//! What came of a command, and what a test may demand of it.
//!
//! Each demand returns the outcome again, so that they can be told one after the other; a failed
//! one shows the whole output.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why cargo-peruser stopped before any cargo ran, by its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
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
    /// What it wrote.
    pub(crate) stdout: String,
    /// What it complained about.
    pub(crate) stderr: String,
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Outcome { shown, status, stdout, stderr } = self;
        write!(f, "{shown}: {status}\n  stdout:\n{stdout}\n  stderr:\n{stderr}")
    }
}

impl Outcome {
    #[track_caller]
    fn demand(&self, holds: bool, what: impl Display) -> &Self {
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

    /// It did not succeed, whoever says so.
    #[track_caller]
    pub(crate) fn fails(&self) -> &Self {
        self.demand(!self.status.success(), "must fail")
    }

    /// cargo-peruser stopped for this reason and with one error, and no cargo has run.
    #[track_caller]
    pub(crate) fn stopped(&self, stop: Stop) -> &Self {
        let code = stop as i32;
        self.demand(self.status.code() == Some(code), format_args!("must exit with {code}"));
        self.demand(!self.stdout.contains("stub:"), "cargo must not have run");
        self.demand(self.lines("error: ").count() == 1, "must say exactly one `error:`")
    }

    /// A verb of ours stopped for this reason, after it had shown what it would do.
    #[track_caller]
    pub(crate) fn stopped_having_shown(&self, stop: Stop) -> &Self {
        self.stopped(stop).prints("destination")
    }

    /// It was refused as unsafe.
    #[track_caller]
    pub(crate) fn refused(&self) -> &Self {
        self.stopped(Stop::Unsafe)
    }

    /// Whether it was refused as unsafe, where it need not be.
    pub(crate) fn is_refused(&self) -> bool {
        self.status.code() == Some(Stop::Unsafe as i32)
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

    /// cargo did not wait for anybody's target, build or package cache directory.
    #[track_caller]
    pub(crate) fn never_waits(&self) -> &Self {
        self.never_says("Blocking waiting for file lock")
    }

    /// On stdout this stands.
    #[track_caller]
    pub(crate) fn prints(&self, what: impl AsRef<str>) -> &Self {
        let what = what.as_ref();
        self.demand(self.stdout.contains(what), format_args!("stdout must have `{what}`"))
    }

    /// The command that a help line offers, from its first word on.
    #[track_caller]
    pub(crate) fn offered(&self, first_word: &str) -> String {
        let from =
            |line: &str| line.find(first_word).and_then(|at| line.get(at..)).map(str::to_owned);
        let found = self.lines("help: ").find_map(from);
        found.unwrap_or_else(|| panic!("no help line offers `{first_word}`\n{}", self.stderr))
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

    /// The stub ran, and this was its `CARGO_BUILD_BUILD_DIR`.
    #[track_caller]
    pub(crate) fn build_dir(&self) -> Option<PathBuf> {
        self.variable("CARGO_BUILD_BUILD_DIR")
    }

    /// The stub ran, and this was its value of a variable that it shows.
    #[track_caller]
    pub(crate) fn variable(&self, name: &str) -> Option<PathBuf> {
        self.ok().prints("stub: cargo");
        let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix('=')?.into());
        self.stdout.lines().find_map(value)
    }

    fn lines<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.stderr.lines().filter_map(move |line| line.strip_prefix(prefix))
    }
}
