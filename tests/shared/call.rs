//! How the real cargo was called, as the stub that stands for it has it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde::{Deserialize, Serialize};

/// One call, byte for byte.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Call {
    /// The arguments, the program's name included.
    pub(crate) argv: Vec<Vec<u8>>,
    /// The environment, in order.
    pub(crate) environ: Vec<Vec<u8>>,
    /// The working directory, if there is one.
    pub(crate) cwd: Option<Vec<u8>>,
    /// The process id.
    pub(crate) pid: u32,
    /// Open descriptors and what they are open on; what a pipe or a file without a name is called is
    /// left out.
    pub(crate) descriptors: BTreeSet<(String, String)>,
    /// The umask.
    pub(crate) umask: u32,
    /// Blocked and ignored signals and the resource limits, as `/proc` has them.
    pub(crate) state: String,
    /// Everything on stdin, if that was asked for.
    pub(crate) stdin: Vec<u8>,
}

impl Call {
    /// A variable's value.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let prefix = format!("{name}=").into_bytes();
        let value = self.environ.iter().find_map(|entry| entry.strip_prefix(&prefix[..]));
        value.map(OsStr::from_bytes)
    }

    /// Those of which `tests/users`' stub tells on stdout, with the variables that it shows.
    pub(crate) fn told(stdout: &str) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        for line in stdout.lines() {
            match (line.strip_prefix("stub: "), calls.last_mut()) {
                (Some(words), _) => {
                    let argv = words.split(' ').map(|word| word.into()).collect();
                    calls.push(Call { argv, ..Call::default() });
                }
                (None, Some(call)) => call.environ.push(line.into()),
                (None, None) => {}
            }
        }
        calls
    }
}
