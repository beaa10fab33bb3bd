//! A cargo shim that gives every person on a shared machine a private target directory.
//!
//! One feature, one folder. Each row of this table uses its own and those below it, the first three use
//! each other as well, and none of the other features uses another; `cargo xtask tidy` holds that:
//!
//! | folder | what it does |
//! |---|---|
//! | `cli`, `completions`, `man` | the table of verbs, and what is made from it |
//! | `doctor` | `doctor`: what is wrong on this machine, and the command that helps |
//! | `setup` | `setup`: install the shim, prove that sessions find it, uninstall it |
//! | `editor`, `toolchain` | `editor`, `toolchain`: what editors need, because they bypass PATH |
//! | `migrate` | `migrate`: move an old target directory into a private one |
//! | `usage`, `gc` | `usage`, `gc`: who uses how much, and giving it back |
//! | `provision` | `provision`: root makes other accounts' private directories |
//! | `path`, `explain` | `path`, `explain`: where a build goes, and why |
//! | `caches` | all private directories and what is in them |
//! | `session` | `env`: what a session exports |
//! | `shim`, `workspace`, `compile_cache` | one build: read the world, decide, make the directory, become cargo; which workspace it is of; sccache, where it is asked for |
//! | `private_dir` | who gets a private directory; judge it and make it |
//! | `settings` | the table of settings, and where their values come from |
//! | `os` | accounts, files, trees by descriptor, locks: without any feature's types |
//! | `ui` | messages with their exit codes, tables, names made safe for display |
//!
//! To follow one build, begin at `shim::run`. The rules are in `shim::decide`, what makes a
//! directory safe is in `private_dir::judge`. A file that begins with `//! Pure:` decides over what
//! others have read, and knows nothing of the world.

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

/// Runs the program; returns only if it did not become cargo.
///
/// # Errors
/// Ours, and those of our verbs, with the exit code in [`ui::failure::Failure::exit`] or 1.
pub fn run() -> anyhow::Result<u8> {
    let snapshot = Snapshot::take()?;
    match snapshot.called_as {
        CalledAs::ShimOnPath | CalledAs::ShimByPath => match shim::run(&snapshot)? {},
        CalledAs::RustcWrapper => Ok(wrapper::run(&snapshot)?),
        CalledAs::OwnName | CalledAs::Subcommand => cli::run(&snapshot),
    }
}
