//! The only module of xtask that writes to the terminal.
//!
//! Results go to stdout, so that they can be piped into a file; everything that is said on the way
//! goes to stderr. A closed pipe at the other end is no reason to fail: what cannot be written any
//! more is dropped.

#![expect(clippy::disallowed_methods, reason = "this is the module that writes to the terminal")]

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Writes one line of the result.
pub(crate) fn result(line: impl Display) {
    _ = writeln!(io::stdout(), "{line}");
}

/// Writes one line about what is going on.
pub(crate) fn note(line: impl Display) {
    _ = writeln!(io::stderr(), "{line}");
}

/// Writes an error and its causes the way cargo does.
pub(crate) fn error(error: &anyhow::Error) {
    note(format_args!("error: {error}"));
    let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    if !causes.is_empty() {
        note(format_args!("\nCaused by:\n  {}", causes.join("\n  ")));
    }
}

/// One line on stderr that is rewritten as the work goes on and removed at its end. Without a
/// terminal it stays silent, so that logs hold no half lines.
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    pub(crate) fn start() -> Self {
        Self { shown: io::stderr().is_terminal() }
    }

    pub(crate) fn at(&self, step: impl Display) {
        if self.shown {
            _ = write!(io::stderr(), "\r\x1b[K{step}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.at("");
    }
}
