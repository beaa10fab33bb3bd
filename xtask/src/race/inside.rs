//! The part of the race inside its namespace: the rows, and the table.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use super::person::{Outcome, Place};
use super::stage::Stage;
use crate::interrupt;
use crate::screen::{self, Progress};
use crate::table::Table;

/// Called by the outer part only.
#[derive(clap::Args)]
pub(crate) struct Options {
    pub(super) scratch: PathBuf,
    pub(super) shim: PathBuf,
    pub(super) sysroot: PathBuf,
    pub(super) rounds: u32,
}

/// What people do today, and what the shim makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    SharedTarget,
    Shim,
}

struct Row {
    way: Way,
    /// In octal, as the shell takes it.
    umask: &'static str,
}

const ROWS: [Row; 4] = [
    Row { way: Way::SharedTarget, umask: "022" },
    Row { way: Way::SharedTarget, umask: "002" },
    Row { way: Way::Shim, umask: "022" },
    Row { way: Way::Shim, umask: "002" },
];

impl Row {
    fn title(&self) -> String {
        match self.way {
            Way::SharedTarget => format!("one shared target directory, umask {}", self.umask),
            Way::Shim => format!("through the shim, umask {}", self.umask),
        }
    }
}

/// A row's outcome for both people together.
struct Finish {
    outcome: Outcome,
    wall: Duration,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    thread::spawn(end_with_the_outer_part);
    let stage = Stage::set_up(options)?;
    let mut finishes = Vec::new();
    let progress = Progress::start();
    for (at, row) in ROWS.iter().enumerate() {
        progress.at(format_args!("row {} of {}: {}", at + 1, ROWS.len(), row.title()));
        finishes.push(race(&stage, row, options.rounds)?);
    }
    drop(progress);
    show(&finishes);
    let crossed = ROWS.iter().zip(&finishes).any(|(row, finish)| {
        row.way == Way::Shim && (finish.outcome.failures > 0 || finish.outcome.waits > 0)
    });
    if crossed {
        screen::note("error: two people got into each other's way through the shim");
    }
    Ok(if crossed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The outer part holds the other end of our stdin and lets go of it to end us. We are the first
/// process of the namespace: when we exit, the kernel ends every build in it.
#[expect(clippy::exit, reason = "nothing in here owns what has to be cleaned up")]
fn end_with_the_outer_part() {
    _ = io::copy(&mut io::stdin(), &mut io::sink());
    std::process::exit(interrupt::EXIT_CODE.into());
}

/// Both people edit and build, each at their own pace.
fn race(stage: &Stage, row: &Row, rounds: u32) -> anyhow::Result<Finish> {
    let place: Place = stage.place(row.way, row.umask)?;
    let start = Instant::now();
    let outcomes: Vec<anyhow::Result<Outcome>> = thread::scope(|scope| {
        let people: Vec<_> =
            stage.people.iter().map(|person| scope.spawn(|| person.work(&place, rounds))).collect();
        people
            .into_iter()
            .map(|person| person.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread died"))))
            .collect()
    });
    let wall = start.elapsed();
    let mut outcome = Outcome::default();
    for one in outcomes {
        outcome.add(one?);
    }
    Ok(Finish { outcome, wall })
}

fn show(finishes: &[Finish]) {
    let mut table =
        Table::new(["two people, one checkout", "builds", "failures", "lock waits", "seconds"]);
    for (row, Finish { outcome, wall }) in ROWS.iter().zip(finishes) {
        table.row([
            row.title(),
            outcome.builds.to_string(),
            outcome.failures.to_string(),
            outcome.waits.to_string(),
            format!("{:.1}", wall.as_secs_f64()),
        ]);
    }
    screen::result(table.render());
    for (row, finish) in ROWS.iter().zip(finishes) {
        if let Some(failure) = &finish.outcome.first_failure {
            screen::result(format_args!("\nThe first failure, {}:\n{failure}", row.title()));
        }
    }
}
