//! Becomes the real cargo: the same process, so that exit code, signals, terminal and descriptors
//! are cargo's own.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::shim::environment::Change;
use crate::ui::error::Error;

/// Replaces this process. Arguments go along byte for byte; the environment is this process's but
/// for `changes`. SIGPIPE, which Rust's start-up ignores, is back at its default.
///
/// # Errors
/// [`Error::Exec`] where the system does not execute `cargo`.
pub fn exec(cargo: &Path, args: &[OsString], changes: &[Change]) -> Result<Infallible, Error> {
    let mut command = Command::new(cargo);
    prepare(&mut command, changes);
    Err(failed(cargo, command.arg0("cargo").args(args).exec()))
}

/// Makes a command see the environment that [`exec`] would give it.
pub fn prepare(command: &mut Command, changes: &[Change]) {
    for change in changes {
        match &change.value {
            Some(value) => command.env(change.name, value),
            None => command.env_remove(change.name),
        };
    }
}

/// The error of an execution that did not happen.
pub fn failed(cargo: &Path, cause: io::Error) -> Error {
    Error::Exec { path: cargo.to_owned(), cause }
}
