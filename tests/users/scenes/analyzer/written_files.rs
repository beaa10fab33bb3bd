//! Who wrote which files: the recorded calls, and the file system afterwards.

use std::collections::BTreeMap;

use super::Case;
use super::TargetDir;
use super::Writes;
use super::session;
use crate::prelude::*;

/// One recorded call of the toolchain's cargo.
#[derive(Clone, Debug)]
struct Call {
    is_through_the_shim: bool,
    /// `CARGO_TARGET_DIR`.
    target_dir: Option<PathBuf>,
    /// The arguments, with spaces between them.
    words: String,
}

impl Call {
    fn read(line: &str) -> Call {
        let &[door, target_dir, _, words] = &*line.splitn(4, '\t').collect::<Vec<_>>() else {
            panic!("not a call: {line}");
        };
        let target_dir = (target_dir != "none").then(|| target_dir.into());
        Call { is_through_the_shim: door == "shim", target_dir, words: words.to_owned() }
    }

    fn builds_scripts(&self) -> bool {
        self.words.starts_with("check --quiet ")
    }

    fn builds(&self) -> bool {
        self.words.starts_with("check ") || self.words.starts_with("--color=always test ")
    }
}

/// The files on the stage before the editors were opened.
pub(super) struct Before(BTreeMap<PathBuf, Trace>);

impl Before {
    pub(super) fn look(stage: &Stage) -> Self {
        Before(traces(&stage.directory))
    }
}

/// Asserts that the calls wrote to the expected directories, and nowhere else.
pub(super) fn judge(case: &Case, before: &Before, people: &[&Person<'_>]) {
    let stage = people.first().expect("nobody was there").stage;
    for person in people {
        let record = fs::read_to_string(session::record(person)).unwrap();
        let calls = record.lines().map(Call::read).collect::<Vec<_>>();
        let _context = context(|| format!("{:?}: {calls:#?}", person.name()));
        directories(case, person, &calls);
        artifacts(case, person);
    }
    nothing_elsewhere(case, stage, before, people);
}

/// Checks the variable of each call, and that a `--target-dir` names the same directory.
fn directories(case: &Case, person: &Person<'_>, calls: &[Call]) {
    // A session exports one directory for all workspaces; the shim chooses one for each.
    let common = person.stage.root.join(person.name()).join("target");
    let own = person.target();
    let shared = person.stage.checkout.join("target");
    // The server reads its settings file after the workspace, and then reads the workspace again.
    let late = calls.iter().position(|call| call.target_dir.is_some());
    for (number, call) in calls.iter().enumerate() {
        let is_told = match case.writes {
            Writes::Private => true,
            Writes::Late => late.is_some_and(|late| number >= late),
            // The shim sets its own directory, unless the user has chosen one.
            Writes::Split => call.is_through_the_shim,
            Writes::Checkout => false,
        };
        let told = call.target_dir.as_deref();
        let is_given = call.builds() && case.target_dir == TargetDir::Own;
        let expected = if call.is_through_the_shim && !is_given { &own } else { &common };
        assert!(told == is_told.then_some(expected), "told {told:?}: {call:?}");
        let place = if is_told { &common } else { &shared };
        let flag = format!("--target-dir {}", place.join("rust-analyzer").display());
        assert!(call.words.contains(&flag) == is_given, "`{flag}`: {call:?}");
    }
    let (before, after) = calls.split_at(late.unwrap_or(calls.len()));
    let has_built = |calls: &[Call]| calls.iter().any(Call::builds_scripts);
    let is_late = case.writes == Writes::Late;
    assert!(!is_late || (has_built(before) && has_built(after)), "built only once");
}

/// The build results are in the expected directory.
fn artifacts(case: &Case, person: &Person<'_>) {
    let below = |directory: &Path| match case.target_dir {
        TargetDir::Unset => directory.join("debug"),
        TargetDir::Own => directory.join("rust-analyzer/debug"),
    };
    let directory = person.stage.root.join(person.name());
    let own = [below(&directory.join("target")), below(&person.target())];
    let shared = [below(&person.stage.checkout.join("target"))];
    let (in_own, in_shared) = match case.writes {
        Writes::Private => (true, false),
        Writes::Split | Writes::Late => (true, true),
        Writes::Checkout => (false, true),
    };
    for (places, expected) in [(&own[..], in_own), (&shared, in_shared)] {
        let is_there = places.iter().any(|place| place.is_dir());
        assert!(is_there == expected, "one of {places:?}: must be {expected}");
    }
    if !in_own {
        return;
    }
    private(&directory, person.uid());
    for (path, trace) in traces(&directory) {
        assert!(trace.uid == person.uid(), "`{}` is owned by {}", path.display(), trace.uid);
    }
}

/// On the whole stage only private directories and homes have changed, and the checkout's target
/// directory if the case expects that.
fn nothing_elsewhere(case: &Case, stage: &Stage, before: &Before, people: &[&Person<'_>]) {
    let mut allowed: Vec<PathBuf> = Vec::new();
    for person in people {
        allowed.push(stage.root.join(person.name()));
        allowed.extend([".cargo", "tmp"].map(|name| person.home.join(name)));
    }
    if case.writes != Writes::Private {
        allowed.push(stage.checkout.join("target"));
    }
    let mut written = changed(&stage.directory, &before.0);
    written.retain(|path| !allowed.iter().any(|place| path.starts_with(place)));
    assert!(written.is_empty(), "this was written as well: {written:?}");
}
