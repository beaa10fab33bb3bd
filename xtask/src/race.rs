//! `cargo xtask race`: two people build in one checkout at the same time, before and after.
//!
//! Everything happens in a namespace and on a file system in memory that only it has: the two accounts
//! exist there alone, and nothing is left of either when the run ends, however it ends.

mod stage;
mod workspace;

use std::process::{ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use crate::{interrupt, namespace, project, screen, table};
use stage::{Person, Place, Stage};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each person edits and builds in each row
    #[arg(long, value_name = "N", default_value_t = 6,
          value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    #[command(flatten)]
    shim: project::Shim,
}

/// What people do today, and what the shim makes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrangement {
    SharedTarget,
    Shim,
}

/// Each with an umask, in octal, as the shell takes it.
const ROWS: [(&str, Arrangement, &str); 4] = [
    ("one shared target directory, umask 022", Arrangement::SharedTarget, "022"),
    ("one shared target directory, umask 002", Arrangement::SharedTarget, "002"),
    ("through the shim, umask 022", Arrangement::Shim, "022"),
    ("through the shim, umask 002", Arrangement::Shim, "002"),
];

/// What cargo says when it waits for somebody else.
const WAIT: &str = "Blocking waiting for file lock";

/// How many lines of a failure are shown.
const SHOWN_LINES: usize = 6;

/// What came of some builds.
#[derive(Default)]
struct Outcome {
    builds: u32,
    failures: u32,
    /// How often cargo said that it waits for a lock.
    waits: usize,
    first_failure: Option<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    namespace::enter()?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let binary = options.shim.binary()?;
    interrupt::watch()?;
    let stage = Stage::set_up(&binary)?;
    let (mut rows, mut failures, mut crossed) = (Vec::new(), Vec::new(), false);
    for (title, arrangement, umask) in ROWS {
        screen::progress(title);
        let place = stage.place(arrangement, umask)?;
        let (outcome, took) = race(&place, options.rounds)?;
        crossed |= arrangement == Arrangement::Shim && (outcome.failures > 0 || outcome.waits > 0);
        let Outcome { builds, failures: failed, waits, first_failure } = outcome;
        rows.push([
            title.to_owned(),
            builds.to_string(),
            failed.to_string(),
            waits.to_string(),
            format!("{:.1}", took.as_secs_f64()),
        ]);
        failures.extend(first_failure.map(|said| format!("\nThe first failure, {title}:\n{said}")));
    }
    let head = ["two people, one checkout", "builds", "failures", "lock waits", "seconds"];
    screen::result(table::render(head, rows));
    failures.iter().for_each(screen::result);
    if crossed {
        screen::note("error: two people got into each other's way through the shim");
    }
    Ok(if crossed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Both people edit and build, each at their own pace.
fn race(place: &Place, rounds: u32) -> anyhow::Result<(Outcome, Duration)> {
    let start = Instant::now();
    let outcomes = thread::scope(|scope| {
        let work = |person| scope.spawn(move || work(person, place, rounds));
        let people = stage::PEOPLE.each_ref().map(work);
        people.map(|it| it.join().unwrap_or_else(|_| Err(anyhow!("a thread died"))))
    });
    let mut outcome = Outcome::default();
    for one in outcomes {
        outcome.add(one?);
    }
    Ok((outcome, start.elapsed()))
}

/// Edits and builds as often as asked, whatever comes of it.
fn work(person: &Person, place: &Place, rounds: u32) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    for round in 1..=rounds {
        interrupt::check()?;
        let output = place.command(person, round).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        outcome.add(Outcome::of_build(output.status.success(), &said));
    }
    Ok(outcome)
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.builds += other.builds;
        self.failures += other.failures;
        self.waits += other.waits;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }

    fn of_build(success: bool, said: &str) -> Self {
        let last: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = last.get(last.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default();
        Self {
            builds: 1,
            failures: u32::from(!success),
            waits: said.matches(WAIT).count(),
            first_failure: (!success).then(|| shown.join("\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_cargo_says() {
        let mut outcome = Outcome::default();
        let waited = "    Blocking waiting for file lock on build directory\n   Compiling a\n";
        outcome.add(Outcome::of_build(true, waited));
        outcome.add(Outcome::of_build(false, "error: failed to open\n\nCaused by:\n  denied\n"));
        outcome.add(Outcome::of_build(false, "error: another\n"));
        assert_eq!((outcome.builds, outcome.failures, outcome.waits), (3, 2, 1));
        let failure = outcome.first_failure.as_deref();
        assert_eq!(failure, Some("error: failed to open\nCaused by:\n  denied"));
    }
}
