//! Becomes the real cargo: the same process, so that exit code, signals, terminal and descriptors
//! are cargo's own.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::shim::environment::Change;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};

/// Replaces this process. Arguments go along byte for byte; the environment is this process's but
/// for `changes`. SIGPIPE, which Rust's start-up ignores, is back at its default.
///
/// # Errors
/// Exit 126 where the system does not execute `cargo`.
pub fn exec(cargo: &Path, args: &[OsString], changes: &[Change]) -> Result<Infallible, Failure> {
    let mut command = Command::new(cargo);
    prepare(&mut command, changes);
    Err(failed(cargo, command.arg0("cargo").args(args).exec()))
}

/// Replaces this process by a program that is found as cargo has named it.
///
/// # Errors
/// Exit 126 where the system does not execute it.
pub fn exec_as(program: &Path, args: &[OsString]) -> Result<Infallible, Failure> {
    Err(failed(program, Command::new(program).args(args).exec()))
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
pub fn failed(cargo: &Path, cause: io::Error) -> Failure {
    Failure::new(format!("failed to execute `{}`: {}", escaped(cargo), reason(&cause)))
        .help(format!("ls -lL {}", quoted(cargo)))
        .exit(126)
}
