//! `cargo xtask`: what the project's developers and its CI run beside cargo itself.
//!
//! One file per verb; this one only dispatches. Nothing here is part of the shipped program, and
//! nothing here uses it as a library: `bench` and `race` run the built binary as a stranger would.

mod bench;
mod ci;
mod interrupt;
mod namespace;
mod project;
mod race;
mod screen;
mod table;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What the project's developers and its CI run beside cargo itself.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Check format, lints, documentation, dependencies, floors and shell files
    Ci(ci::Options),
    /// Check the house rules that no compiler knows, and count the lines of code by area
    Tidy,
    /// Measure what the shim adds to a cargo command, or how long a large cache takes to count
    Bench(bench::Options),
    /// Show two people building at the same time, without the shim and with it (needs root)
    Race(race::Options),
}

fn main() -> ExitCode {
    let outcome = match &Cli::parse().verb {
        Verb::Ci(options) => ci::run(options),
        Verb::Tidy => tidy::run(),
        Verb::Bench(options) => bench::run(options),
        Verb::Race(options) => race::run(options),
    };
    outcome.unwrap_or_else(|error| {
        if interrupt::requested() {
            // Whatever failed, failed because of it.
            screen::note("error: interrupted");
            return ExitCode::from(interrupt::EXIT_CODE);
        }
        screen::note(format_args!("error: {error}"));
        error.chain().skip(1).for_each(|cause| screen::note(format_args!("  {cause}")));
        ExitCode::FAILURE
    })
}
