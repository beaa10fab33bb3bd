//! `cargo xtask race`: two people build in one checkout at the same time, before and after.
//!
//! Everything happens in a namespace and on a file system in memory that only it has: the two accounts
//! exist there alone, and nothing is left of either when the run ends, however it ends.

mod stage;
mod workspace;

use std::process::{ExitCode, Output};
use std::thread;
use std::time::Instant;

use anyhow::anyhow;

use crate::{interrupt, namespace, project, screen, table};
use stage::{Place, Stage};

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

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    namespace::enter()?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let binary = options.shim.binary()?;
    interrupt::watch()?;
    let stage = Stage::set_up(&binary)?;
    let (mut rows, mut first_failures, mut crossed) = (Vec::new(), Vec::new(), false);
    for (title, arrangement, umask) in ROWS {
        screen::progress(title);
        let place = stage.place(arrangement, umask)?;
        let start = Instant::now();
        let builds = race(&place, options.rounds)?;
        let took = start.elapsed().as_secs_f64();
        let said = |build: &Output| String::from_utf8_lossy(&build.stderr).into_owned();
        let waits = builds.iter().map(|build| said(build).matches(WAIT).count()).sum();
        let failed: Vec<&Output> = builds.iter().filter(|it| !it.status.success()).collect();
        crossed |= arrangement == Arrangement::Shim && (waits > 0 || !failed.is_empty());
        let [built, failures, waits] =
            [builds.len(), failed.len(), waits].map(|count: usize| count.to_string());
        rows.push([title.to_owned(), built, failures, waits, format!("{took:.1}")]);
        first_failures.extend(
            failed.first().map(|build| {
                format!("\nThe first failure, {title}:\n{}", last_lines(&said(build)))
            }),
        );
    }
    let head = ["two people, one checkout", "builds", "failures", "lock waits", "seconds"];
    screen::result(table::render(head, rows));
    first_failures.iter().for_each(screen::result);
    if crossed {
        screen::note("error: two people got into each other's way through the shim");
    }
    Ok(if crossed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Both people edit and build, each at their own pace and whatever comes of it.
fn race(place: &Place, rounds: u32) -> anyhow::Result<Vec<Output>> {
    let work = |person| {
        let build =
            |round| interrupt::check().and_then(|()| Ok(place.command(person, round).output()?));
        (1..=rounds).map(build).collect::<anyhow::Result<Vec<Output>>>()
    };
    let both = thread::scope(|scope| {
        let people = stage::PEOPLE.each_ref().map(|person| scope.spawn(move || work(person)));
        people.map(|it| it.join().unwrap_or_else(|_| Err(anyhow!("a thread died"))))
    });
    Ok(both.into_iter().collect::<anyhow::Result<Vec<_>>>()?.concat())
}

/// The end of what a failed build has said.
fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_shown_by_its_last_lines() {
        let said = "error: failed to open\n\nCaused by:\n  denied\n";
        assert_eq!(last_lines(said), "error: failed to open\nCaused by:\n  denied");
        assert_eq!(last_lines("1\n2\n3\n4\n5\n6\n7\n"), "2\n3\n4\n5\n6\n7");
    }
}
