//! A cargo shim that gives every user of a shared machine a private target directory.
//!
//! One folder for each feature. A folder uses only those in its own row and below; the first three rows
//! also use each other, and no other feature uses another one. `cargo xtask tidy` checks that.
//!
//! | folder | what it does |
//! |---|---|
//! | `cli`, `completions`, `man` | the table of verbs, and the completions and man pages made from it |
//! | `doctor` | `doctor`: what is wrong on this machine, and the command that fixes it |
//! | `setup` | `setup`: install the shim, prove that sessions find it, uninstall it |
//! | `editor`, `toolchain` | `editor`, `toolchain`: what editors need, because they bypass PATH |
//! | `migrate` | `migrate`: move an old target directory into a private one |
//! | `usage`, `gc` | `usage`, `gc`: how much space each user takes, and removing what is unused |
//! | `provision` | `provision`: root creates private directories for other accounts |
//! | `path`, `explain` | `path`, `explain`: where a build goes, and why |
//! | `caches` | lists and measures all private directories |
//! | `session` | `env`: the variables that a session exports |
//! | `shim`, `workspace`, `compile_cache` | one build: gather facts, decide, create the directory, execute cargo; find the workspace; use sccache, if the settings ask for it |
//! | `private_dir` | which accounts get a private directory, and its name; check and create it |
//! | `settings` | the table of settings, and reading their values |
//! | `os` | accounts, files, directory trees by descriptor, locks; knows no feature's types |
//! | `ui` | messages with their exit codes, tables, escaping for display |
//!
//! To follow one build, start at `shim::run`. The rules for where a build goes, into the shared root, the
//! user's own cache directory or cargo's `target`, are in `shim::decide`. In each feature, a file `judge`
//! decides what is refused, and `plan` what is done. A file that begins with `//! Pure:` works only on its
//! arguments: it does not read or change the system.

#[cfg(not(unix))]
compile_error!(
    "cargo-peruser needs Unix accounts and permissions, so it does not build for this system"
);

mod caches;
mod cli;
mod compile_cache;
pub mod completions;
mod doctor;
mod editor;
mod explain;
mod gc;
pub mod man;
mod migrate;
pub mod os;
mod path;
pub mod private_dir;
mod provision;
mod session;
pub mod settings;
mod setup;
pub mod shim;
mod toolchain;
pub mod ui;
mod usage;
pub mod workspace;

use crate::compile_cache::wrapper;
use crate::os::snapshot::{CalledAs, Snapshot};

/// Runs the program; returns only if it did not execute cargo.
///
/// # Errors
/// Our own and those of our verbs, with the exit code in [`ui::failure::Failure::exit`] or 1.
pub fn run() -> anyhow::Result<u8> {
    let snapshot = Snapshot::take()?;
    match snapshot.called_as {
        CalledAs::ShimOnPath | CalledAs::ShimByPath => match shim::run(&snapshot)? {},
        CalledAs::RustcWrapper => Ok(wrapper::run(&snapshot)?),
        CalledAs::OwnName | CalledAs::Subcommand => cli::run(&snapshot),
    }
}
