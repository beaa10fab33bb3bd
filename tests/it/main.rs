//! Tests with one user: the shipped binary, with a stub as cargo that only records its calls.
//!
//! Anyone can run these tests: they need no root, no network and no second account, and everything
//! they create is in temporary directories. A test that cannot run on this machine is shown as ignored,
//! with the reason, and never as passed. Tests with real accounts are in `tests/users`.
//!
//! - [`harness`]: a fresh world for every test, and the runs in it.
//! - [`stub`]: the cargo that takes notes. It is this very program under the name `cargo`.
//! - [`runner`]: turns functions into tests of the test runner.
//! - [`shared`]: what both suites have in common.
//!
//! The other modules are tests, one topic each. As in `tests/users`, an *invocation* is a command that is
//! still to be run, and its *outcome* is what came of it; a *world* is what one test has for itself, a
//! temporary directory with one person in it.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

mod completions;
mod decision;
mod doctor;
mod editor;
mod editor_overview;
mod editor_real;
mod editor_refused;
mod entry_points;
mod env;
mod explain;
mod harness;
mod help;
mod leftover;
mod man;
mod migrate;
mod path;
mod prelude;
mod private_dir;
mod private_dir_refused;
mod properties;
mod real_cargo;
mod real_cargo_loops;
mod runner;
mod settings;
mod settings_mistakes;
#[path = "../shared/mod.rs"]
mod shared;
mod stub;
mod terminal;
mod toolchain;
mod toolchain_refused;
mod transparency;
mod transparency_process;
mod usage;
mod workspace_root;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    if stub::is_meant() {
        return stub::run();
    }
    let tests = [
        transparency::tests(),
        transparency_process::tests(),
        decision::tests(),
        doctor::tests(),
        entry_points::tests(),
        path::tests(),
        env::tests(),
        help::tests(),
        completions::tests(),
        man::tests(),
        leftover::tests(),
        toolchain::tests(),
        toolchain_refused::tests(),
        migrate::tests(),
        explain::tests(),
        editor::tests(),
        editor_overview::tests(),
        editor_real::tests(),
        editor_refused::tests(),
        settings::tests(),
        settings_mistakes::tests(),
        private_dir::tests(),
        private_dir_refused::tests(),
        real_cargo::tests(),
        real_cargo_loops::tests(),
        properties::tests(),
        workspace_root::tests(),
        usage::tests(),
        runner::tests_of_its_own(),
    ];
    shared::run(&Arguments::from_args(), tests.into_iter().flatten().collect())
}
