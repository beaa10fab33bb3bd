//! Replaces this process by the real cargo, so that exit code, signals, terminal and descriptors are
//! cargo's own.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::shim::environment::Change;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};

/// Executes cargo in place of this process. Arguments are passed byte for byte; the environment is this
/// process's with `changes`. Restores SIGPIPE, which Rust's start-up ignores, to its default.
///
/// # Errors
/// Exit 126 if the system cannot execute `cargo`.
pub fn exec(cargo: &Path, args: &[OsString], changes: &[Change]) -> Result<Infallible, Failure> {
    let mut command = Command::new(cargo);
    prepare(&mut command, changes);
    Err(failed(cargo, command.arg0("cargo").args(args).exec()))
}

/// Executes a program in place of this process, found in the way in which cargo would find it.
///
/// # Errors
/// Exit 126 if the system cannot execute it.
pub fn exec_as(program: &Path, args: &[OsString]) -> Result<Infallible, Failure> {
    Err(failed(program, Command::new(program).args(args).exec()))
}

/// Gives a command the environment that [`exec`] would set.
pub fn prepare(command: &mut Command, changes: &[Change]) {
    for change in changes {
        match &change.value {
            Some(value) => command.env(change.name, value),
            None => command.env_remove(change.name),
        };
    }
}

/// The failure to execute a program.
pub fn failed(cargo: &Path, cause: io::Error) -> Failure {
    Failure::new(format!("failed to execute `{}`: {}", escaped(cargo), reason(&cause)))
        .help(format!("ls -lL {}", quoted(cargo)))
        .exit(126)
}
