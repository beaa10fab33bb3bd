//! A cargo shim that gives every person on a shared machine a private target directory.
//!
//! The house has floors; each uses only those below it:
//!
//! | floor | what it does |
//! |---|---|
//! | `main` | hands over, and turns the result into an exit code |
//! | this file | decides by the program's name which door it is |
//! | [`command`] | one file for each verb |
//! | [`migrate`] | moves an old target directory into a private one |
//! | [`shim`], [`session`] | the hot path; what a session exports |
//! | [`report`] | the only writer to a terminal |
//! | [`sys`], [`workspace`] | what touches the world; which workspace is being built |
//! | [`core`] | the decisions, as pure functions |
//! | [`error`], [`shown`] | every failure with its exit code; how names are displayed |
//!
//! To follow one build through it, begin at [`shim::run`]. The rules themselves are in
//! [`core::placement`], and what makes a directory safe is in [`core::safety`].

#[cfg(not(unix))]
compile_error!(
    "cargo-peruser needs Unix accounts and permissions, so it does not build for this system"
);

pub mod command;
pub mod core;
pub mod error;
pub mod migrate;
pub mod report;
pub mod session;
pub mod shim;
pub mod shown;
pub mod sys;
pub mod workspace;

use crate::sys::snapshot::{CalledAs, Snapshot};

/// Runs the program; returns only if it did not become cargo.
///
/// # Errors
/// Ours, and those of our verbs, with the exit code in [`error::Error::exit_code`] or 1.
pub fn run() -> anyhow::Result<u8> {
    let snapshot = Snapshot::take()?;
    match snapshot.called_as {
        CalledAs::ShimOnPath | CalledAs::ShimByPath => match shim::run(&snapshot)? {},
        CalledAs::OwnName | CalledAs::Subcommand => command::run(&snapshot),
    }
}
