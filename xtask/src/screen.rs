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
    progress("");
    _ = writeln!(io::stdout(), "{line}");
}

/// Writes one line about what is going on.
pub(crate) fn note(line: impl Display) {
    progress("");
    _ = writeln!(io::stderr(), "{line}");
}

/// Writes what is done now, in a line that the next one replaces. Without a terminal it stays silent,
/// so that logs hold no half lines.
pub(crate) fn progress(step: impl Display) {
    if io::stderr().is_terminal() {
        _ = write!(io::stderr(), "\r\x1b[K{step}");
    }
}
