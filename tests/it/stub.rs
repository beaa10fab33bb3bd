//! A cargo that builds nothing: it records how it was called, and exits as it was told.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::Mode;
use rustix::process::Signal;

use crate::shared::Call;

/// The file that a [`Call`] is appended to; without it nothing is written down.
pub(crate) const RECORD: &str = "STUB_RECORD";
/// The exit code to end with.
pub(crate) const EXIT: &str = "STUB_EXIT";
/// The number of the signal that ends the stub.
pub(crate) const SIGNAL: &str = "STUB_SIGNAL";
/// Set to read stdin to its end.
pub(crate) const READ_STDIN: &str = "STUB_READ_STDIN";

/// Whether this process is the stub: it was executed under the name `cargo`.
pub(crate) fn is_meant() -> bool {
    let name = std::env::args_os().next().unwrap_or_default();
    Path::new(&name).file_name() == Some(OsStr::new("cargo"))
}

/// Records the call, and exits as it was told.
pub(crate) fn run() -> ExitCode {
    if let Some(record) = std::env::var_os(RECORD) {
        // Before the record is opened, which would be one more descriptor.
        let mut line = serde_json::to_vec(&call()).expect("plain data");
        line.push(b'\n');
        // The file exists already: with some tests' umask a new one would not be readable.
        let mut file = fs::OpenOptions::new().append(true).open(record).expect("the record file");
        file.write_all(&line).expect("room for the record");
    }
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    if let Some(signal) = number(SIGNAL) {
        let signal = Signal::from_named_raw(signal).expect("a signal that has a name");
        rustix::process::kill_process(rustix::process::getpid(), signal).expect("myself");
    }
    ExitCode::from(u8::try_from(number(EXIT).unwrap_or(0)).expect("an exit code"))
}

fn call() -> Call {
    let mut stdin = Vec::new();
    if std::env::var_os(READ_STDIN).is_some() {
        std::io::stdin().read_to_end(&mut stdin).expect("readable stdin");
    }
    let umask = rustix::process::umask(Mode::empty());
    rustix::process::umask(umask);
    Call {
        argv: std::env::args_os().map(OsStringExt::into_vec).collect(),
        environ: environ(),
        cwd: std::env::current_dir().ok().map(|path| path.into_os_string().into_vec()),
        pid: std::process::id(),
        descriptors: descriptors(),
        umask: umask.as_raw_mode(),
        state: state(),
        stdin,
    }
}

/// The raw environment from `/proc`, including duplicates and entries without `=`.
fn environ() -> Vec<Vec<u8>> {
    let Ok(raw) = fs::read("/proc/self/environ") else {
        let pair = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            [name.as_bytes(), b"=", value.as_bytes()].concat()
        };
        return std::env::vars_os().map(pair).collect();
    };
    let mut entries: Vec<Vec<u8>> = raw.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    entries.pop();
    entries
}

/// Leaves out the descriptor of the directory that is read.
fn descriptors() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        let target = target.to_string_lossy();
        if !target.ends_with("/fd") {
            let kind = if target.ends_with(" (deleted)") { "a file" } else { &*target };
            let kind = kind.split(":[").next().unwrap_or_default().to_owned();
            found.insert((entry.file_name().to_string_lossy().into_owned(), kind));
        }
    }
    found
}

fn state() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let signals =
        status.lines().filter(|line| line.starts_with("Sig") && !line.starts_with("SigQ"));
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    format!("{}\n{limits}", signals.collect::<Vec<_>>().join("\n"))
}
