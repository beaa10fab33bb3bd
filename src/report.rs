//! The only writer to a terminal. Errors and notes go to stderr in cargo's grammar and colours;
//! what a command was asked for goes to stdout.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use crate::error::Error;
use crate::shown::bytes;

/// Writes an error, its cause included, and the next step.
pub fn error(error: &anyhow::Error) {
    let own = error.downcast_ref::<Error>();
    let text = if own.is_some() { format!("{error}") } else { format!("{error:#}") };
    labelled("error", "1;91", &text);
    if let Some(help) = own.and_then(Error::help) {
        labelled("help", "1;96", &help);
    }
}

/// Writes what the person should know although it went well.
pub fn note(text: &dyn Display) {
    labelled("note", "1;92", text);
}

/// Writes what did not go as the person wants it, and the next step.
pub fn warning(text: &dyn Display, help: &dyn Display) {
    labelled("warning", "1;93", text);
    labelled("help", "1;96", help);
}

/// Writes one line, or several, to stdout.
///
/// # Errors
/// Those of [`raw_line`].
pub fn line(text: impl Display) -> io::Result<()> {
    raw_line(text.to_string().as_bytes())
}

/// Writes bytes as they are to stdout, and ends the line.
///
/// # Errors
/// Those of [`raw`].
pub fn raw_line(bytes: &[u8]) -> io::Result<()> {
    raw(&[bytes, b"\n"].concat())
}

/// Writes bytes as they are to stdout.
///
/// # Errors
/// The system's; a reader that has seen enough is none.
pub fn raw(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut write = || {
        stdout.write_all(bytes)?;
        stdout.flush()
    };
    match write() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Asks a question on the terminal, where everything but a plain yes is a no; `None` where there is no
/// terminal to ask on.
///
/// # Errors
/// The system's.
pub fn ask(question: &str) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    io::stderr().write_all(format!("{question} [y/N] ").as_bytes())?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
}

/// How far a copy is, as one line that is rewritten; on a terminal only, and gone at the end.
///
/// By hand, since the crates for it bring the mathematics library along, which then is loaded before
/// every cargo command.
pub struct Progress {
    what: &'static str,
    total: u64,
    begun: Instant,
    is_shown: bool,
}

impl Progress {
    /// Begins a line for so many bytes that are to be, say, copied.
    pub fn new(what: &'static str, total: u64) -> Progress {
        Progress { what, total, begun: Instant::now(), is_shown: io::stderr().is_terminal() }
    }

    /// Shows how far it is.
    pub fn at(&self, done: u64, files: u64, of_files: u64) {
        let total = bytes(self.total);
        let (what, done_bytes) = (self.what, bytes(done));
        let mut text = format!("{what} {done_bytes} of {total}, {files} of {of_files} files");
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        // Nothing can be said of the speed before there is any.
        if let rate @ 1.. = done.saturating_mul(1000) / elapsed {
            let left = self.total.saturating_sub(done) / rate;
            text.push_str(&format!(", {}/s, {left} s left", bytes(rate)));
        }
        self.rewrite(&text);
    }

    fn rewrite(&self, text: &str) {
        if self.is_shown {
            let _ = io::stderr().write_all(format!("\r\x1b[K{text}").as_bytes());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.rewrite("");
    }
}

/// Writes what clap says about words that it does not understand.
pub fn usage(text: &clap::builder::StyledStr) {
    let text = if is_coloured() { text.ansi().to_string() } else { text.to_string() };
    let _ = io::stderr().write_all(text.as_bytes());
}

fn labelled(label: &str, colour: &str, text: &dyn Display) {
    let line = if is_coloured() {
        format!("\x1b[{colour}m{label}\x1b[0m: {text}\n")
    } else {
        format!("{label}: {text}\n")
    };
    // Nobody is left to tell where stderr is closed.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// As cargo decides it: `CARGO_TERM_COLOR` first, then `NO_COLOR`, then whether it is a terminal that
/// has colours.
fn is_coloured() -> bool {
    match std::env::var_os("CARGO_TERM_COLOR") {
        Some(choice) if choice == "always" => true,
        Some(choice) if choice == "never" => false,
        _ => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let is_plain = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
            !unwanted && !is_plain && io::stderr().is_terminal()
        }
    }
}
