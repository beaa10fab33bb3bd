//! `cargo xtask bench`: what the shim adds to a cargo command, beside other ways to do the same.
//!
//! The same file stands at the end of every candidate, so the difference to calling it directly is
//! what the candidate costs. Wall time comes from interleaved runs, because a machine's mood changes
//! by the second; the counts come from one run each, because they repeat.

mod candidate;
mod counts;
mod growth;
mod hook;
mod instructions;
mod machine;
mod network;
mod reference;
mod stand;
mod targets;
mod times;
mod usage;
mod warm;

use std::process::ExitCode;

use crate::screen::{self, Progress};
use crate::table::Table;
use crate::{interrupt, shim};
use candidate::{Candidate, Kind};
use counts::Counts;
use stand::Stand;
use targets::Verdict;
use times::{Clock, Times};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each candidate runs in each of the two settings
    #[arg(long, value_name = "N", default_value_t = 400,
          value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// What to measure
    #[arg(long, value_enum, default_value_t = Part::Shim)]
    part: Part,
    /// How often a large cache is counted, with `--part usage`
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many files are counted, with `--part usage`
    #[arg(long, value_name = "N", default_value_t = 300_000,
          value_parser = clap::value_parser!(u32).range(10_000..))]
    files: u32,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    shim: shim::Choice,
}

/// What the bench measures.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Part {
    /// What the shim adds to a cargo command
    Shim,
    /// What it adds where PATH, the account database, a configuration and the like are large
    Growth,
    /// What the shells' hook adds to the start of a shell
    Hook,
    /// How long `usage` takes for a large team's shared root
    Usage,
    /// What a second worktree's first build costs, with a compile cache and without one
    Warm,
}

/// A candidate and its counts up to the moment it executes the end; an error says
/// why one is unknown.
struct Counted<'a> {
    candidate: &'a Candidate,
    counts: anyhow::Result<Counts>,
    instructions: anyhow::Result<u64>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let binary = options.shim.binary()?;
    if let Part::Growth = options.part
        && let Some(code) = growth::in_own_namespace()?
    {
        return Ok(code);
    }
    interrupt::watch()?;
    let stand = Stand::set_up(&binary)?;
    screen::result(format_args!("{}\n", machine::describe(&stand.toolchain)?));
    let verdicts = match options.part {
        Part::Shim => measure(&stand, options.runs)?,
        Part::Growth => growth::run(&stand, options.runs)?,
        Part::Hook => hook::run(&stand, options.runs)?,
        Part::Usage => usage::run(&binary, options.rounds, options.files)?,
        Part::Warm => warm::run(&binary)?,
    };
    screen::result("Targets\n");
    verdicts.iter().for_each(screen::result);
    let missed = options.check && !verdicts.iter().all(Verdict::is_met);
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The plain case.
fn measure(stand: &Stand, runs: u32) -> anyhow::Result<Vec<Verdict>> {
    let minimal = stand.minimal()?;
    let times = times::measure(&minimal, runs, Clock::Wall)?;
    show_times(&minimal.title, &times);
    let real = stand.real()?;
    show_times(&real.title, &times::measure(&real, runs, Clock::Wall)?);
    screen::result(format_args!("{}\n", times::WHAT_IS_MEASURED));
    let counted = count(stand, &minimal)?;
    show_counts(&counted);
    Ok(targets::verdicts(&times, &counted))
}

fn show_times(heading: &str, times: &Times) {
    let mut table = Table::new(["candidate", "median ms", "overhead ms", "× bare Rust", "× bash"]);
    for kind in times.kinds() {
        let ratio_to = |base: Kind| {
            let ratio = times.ratio(kind, base).filter(|_| kind != Kind::Direct);
            shown(ratio, |ratio| format!("{ratio:.2}"))
        };
        table.row([
            kind.name().to_owned(),
            shown(times.median(kind), |seconds| format!("{:.3}", seconds * 1e3)),
            shown(times.overhead(kind), |seconds| format!("{:.3}", seconds * 1e3)),
            ratio_to(Kind::BareRust),
            ratio_to(Kind::Bash),
        ]);
    }
    show(heading, &table);
}

/// Counts every candidate of the setting but the end itself.
fn count<'a>(stand: &Stand, setting: &'a stand::Setting) -> anyhow::Result<Vec<Counted<'a>>> {
    let progress = Progress::start();
    let strace = counts::Strace::find(stand.scratch());
    let callgrind = instructions::Callgrind::find(stand.scratch());
    let mut counted = Vec::new();
    for candidate in setting.candidates.iter().filter(|candidate| candidate.is_in_between()) {
        interrupt::check()?;
        progress.at(format_args!("counting: {}", candidate.kind.name()));
        counted.push(Counted {
            candidate,
            counts: with(&strace, |strace| strace.count(candidate)),
            instructions: with(&callgrind, |callgrind| callgrind.count(candidate)),
        });
    }
    drop(progress);
    Ok(counted)
}

/// What a tool finds out, or why there is no such tool.
fn with<T, A>(
    tool: &anyhow::Result<T>,
    ask: impl FnOnce(&T) -> anyhow::Result<A>,
) -> anyhow::Result<A> {
    tool.as_ref().map_err(|error| anyhow::anyhow!("{error:#}")).and_then(ask)
}

fn show_counts(counted: &[Counted]) {
    let head = ["candidate", "system calls", "files opened", "processes started", "instructions"];
    let mut table = Table::new(head);
    for Counted { candidate, counts, instructions } in counted {
        let counts = counts.as_ref().ok();
        table.row([
            candidate.kind.name().to_owned(),
            shown(counts, |counts| counts.calls.to_string()),
            shown(counts, |counts| counts.opened.to_string()),
            shown(counts, |counts| counts.processes.to_string()),
            shown(instructions.as_ref().ok(), |&instructions| grouped(instructions)),
        ]);
    }
    show("Counts from the start to the exec of the end", &table);
    screen::result(format_args!("{}\n", instructions::WHAT_IS_COUNTED));
    if let Some(error) = counted.iter().find_map(|row| row.counts.as_ref().err()) {
        screen::result(format_args!("System calls, files and processes left out: {error:#}\n"));
    }
    if let Some(error) = counted.iter().find_map(|row| row.instructions.as_ref().err()) {
        screen::result(format_args!("Instructions left out: {error:#}\n"));
    }
}

fn show(heading: &str, table: &Table) {
    screen::result(format_args!("{}\n\n{}\n", heading, table.render()));
}

fn shown<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "–".to_owned(), show)
}

/// `1 234 567`: seven digits in a row cannot be compared at a glance.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_digits_by_three() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1 000"), (1_234_567, "1 234 567")]
        {
            assert_eq!(grouped(number), expected);
        }
    }
}
