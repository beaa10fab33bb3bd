//! `cargo xtask bench`: what the shim adds to a cargo command, beside other ways to do the same.
//!
//! The same file stands at the end of every candidate, so the difference to calling it directly is
//! what the candidate costs. Wall time comes from interleaved runs, because a machine's mood changes
//! by the second; the counts come from one run each, because they repeat.

mod counts;
mod growth;
mod hook;
mod network;
mod stand;
mod times;
mod usage;
mod verdict;
mod warm;

use std::process::ExitCode;

use anyhow::Context;
use xshell::{Shell, cmd};

use crate::{interrupt, namespace, project, screen, table};
use stand::{BARE_RUST, BASH, Candidate, DIRECT, SHIM, Stand};
use times::{Clock, Times};
use verdict::Verdict;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(long, value_enum, default_value_t = Part::Shim)]
    part: Part,
    /// How often each candidate runs [default: 400; growth: 40; usage: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// How many files are counted, with `--part usage`
    #[arg(long, value_name = "N", default_value_t = 300_000,
          value_parser = clap::value_parser!(u32).range(10_000..))]
    files: u32,
    /// Exit with 1 if a target is missed
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    shim: project::Shim,
}

/// What the bench measures.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Part {
    /// What the shim adds to a cargo command
    Shim,
    /// What it adds where PATH, the account database, a configuration and the like are large (needs root)
    Growth,
    /// What the shells' hook adds to the start of a shell
    Hook,
    /// How long `usage` takes for a large team's shared root
    Usage,
    /// What a second worktree's first build costs, with a compile cache and without one
    Warm,
}

/// Times the overhead of a Rust program that only execs.
const BARE_RUST_RATIO: f64 = 1.2;
/// Times the overhead of the bash script.
const BASH_RATIO: f64 = 0.35;
const SYSTEM_CALLS: f64 = 115.0;
const PROCESSES: f64 = 0.0;

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if let Part::Growth = options.part {
        namespace::enter()?;
    }
    let binary = options.shim.binary()?;
    interrupt::watch()?;
    let stand = Stand::set_up(binary)?;
    screen::result(format_args!("{}\n", machine()?));
    let runs = |default| options.runs.unwrap_or(default);
    let verdicts = match options.part {
        Part::Shim => measure(&stand, runs(400))?,
        Part::Growth => growth::run(&stand, runs(40))?,
        Part::Hook => hook::run(&stand, runs(400))?,
        Part::Usage => usage::run(&stand, runs(3), options.files)?,
        Part::Warm => warm::run(&stand)?,
    };
    verdicts.iter().for_each(screen::result);
    let missed = options.check && !verdicts.iter().all(Verdict::is_met);
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The machine that figures were taken on: without it they say nothing.
fn machine() -> anyhow::Result<String> {
    let sh = Shell::new()?;
    let cpuinfo = sh.read_file("/proc/cpuinfo")?;
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism()?;
    let system = cmd!(sh, "uname -sr").read()?;
    let library = cmd!(sh, "getconf GNU_LIBC_VERSION").ignore_status().read()?;
    let rustc = cmd!(sh, "rustc --version").read()?;
    let model = model.unwrap_or("unknown processor");
    Ok(format!("{model}, {cores} cores, {system}, {library}, {rustc}"))
}

/// The plain case.
fn measure(stand: &Stand, runs: u32) -> anyhow::Result<Vec<Verdict>> {
    let minimal = stand.minimal()?;
    let times = times::measure(&minimal, runs, Clock::Wall)?;
    show_times("`cargo build`, with a program that does nothing in cargo's place", &times);
    let real = times::measure(&stand.real()?, runs, Clock::Wall)?;
    show_times("`cargo check` of a fresh crate, with the toolchain's cargo", &real);
    screen::result(format_args!("{}\n", times::WHAT_IS_MEASURED));
    let (calls, processes) = count(stand, &minimal)?.unzip();
    let verdicts = [
        ("overhead over a bare Rust exec", times.ratio(SHIM, BARE_RUST), BARE_RUST_RATIO),
        ("overhead over the bash script", times.ratio(SHIM, BASH), BASH_RATIO),
        ("system calls", calls.map(f64::from), SYSTEM_CALLS),
        ("processes started", processes.map(f64::from), PROCESSES),
    ];
    Ok(verdicts.map(|(what, measured, at_most)| Verdict::new(what, measured, at_most)).into())
}

fn show_times(heading: &str, times: &Times) {
    let rows = times.names().map(|name| {
        let ratio = |base| shown(times.ratio(name, base).filter(|_| name != DIRECT), 2);
        let overhead = shown(times.overhead(name).map(|it| it * 1e3), 3);
        let median = shown(times.median(name).map(|it| it * 1e3), 3);
        [name.to_owned(), median, overhead, ratio(BARE_RUST), ratio(BASH)]
    });
    let head = ["candidate", "median ms", "overhead ms", "× bare Rust", "× bash"];
    screen::result(format_args!("{heading}\n\n{}\n", table::render(head, rows)));
}

/// Counts what each candidate does before the end itself; returns the shim's system calls and processes.
fn count(stand: &Stand, candidates: &[Candidate]) -> anyhow::Result<Option<(u32, u32)>> {
    let (direct, others) = candidates.split_first().context("there is no direct call")?;
    let of_the_end = counts::system_calls(stand, direct).map(|(calls, _)| calls);
    let (mut rows, mut of_the_shim) = (Vec::new(), None);
    for candidate in others {
        interrupt::check()?;
        screen::progress(format_args!("counting: {}", candidate.name));
        let counted = of_the_end.zip(counts::system_calls(stand, candidate));
        let counted = counted.map(|(of_the_end, (calls, started))| (calls - of_the_end, started));
        let (calls, processes) = counted.unzip();
        let instructions = counts::instructions(stand, candidate);
        let counts = [calls.map(u64::from), processes.map(u64::from), instructions];
        let [calls, processes, instructions] =
            counts.map(|count| count.map_or_else(|| "–".to_owned(), grouped));
        rows.push([candidate.name.to_owned(), calls, processes, instructions]);
        of_the_shim = of_the_shim.or(counted.filter(|_| candidate.name == SHIM));
    }
    let head = ["candidate", "system calls", "processes started", "instructions"];
    let table = table::render(head, rows);
    screen::result("Counts from the start to the exec of the end");
    screen::result(format_args!("\n{table}\n\n{}\n", counts::WHAT_IS_COUNTED));
    Ok(of_the_shim)
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

/// `1 234 567`: seven digits in a row cannot be compared at a glance.
fn grouped(number: u64) -> String {
    match (number / 1_000, number % 1_000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{} {rest:03}", grouped(thousands)),
    }
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
