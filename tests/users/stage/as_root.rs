//! What the harness itself does, as the machine's root.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use crate::shared::Running;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a command and expects it to succeed.
#[track_caller]
pub(crate) fn do_as_root<W: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = W>) {
    try_as_root(program, args).unwrap_or_else(|said| panic!("{said}"));
}

/// The same where it need not succeed; the error is what it said.
#[track_caller]
pub(crate) fn try_as_root<W: AsRef<OsStr>>(
    program: &str,
    args: impl IntoIterator<Item = W>,
) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(args);
    let run = Running::start(command, program.to_owned(), (Vec::new(), None), LIMIT).finish();
    match run.status.success() {
        true => Ok(()),
        false => Err(run.to_string()),
    }
}
