//! The only module that writes to a terminal. Errors and notes go to stderr in cargo's grammar and
//! colours. The output that a command was asked for goes to stdout.

#![expect(clippy::disallowed_methods, reason = "this is the module that writes to the terminal")]

mod table;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::ui::escape;
use crate::ui::failure::{Failure, reason};

pub use table::{Column, ago, counted, grid, row, table};

/// Writes an error, including its cause, and the next step.
pub fn error(error: &anyhow::Error) {
    let own = error.downcast_ref::<Failure>();
    let text = if own.is_some() { format!("{error}") } else { format!("{error:#}") };
    labelled("error", &text);
    if let Some(text) = own.and_then(|failure| failure.help.as_ref()) {
        help(text);
    }
}

/// Writes what the person should know although the command succeeded.
pub fn note(text: &dyn Display) {
    labelled("note", text);
}

/// Writes what the person should know, and what they can do about it.
pub fn advice(text: &dyn Display, help: &dyn Display) {
    note(text);
    self::help(help);
}

/// Writes a next step alone, below a message that is already written.
pub fn help(text: &dyn Display) {
    labelled("help", text);
}

/// Writes what did not go as the person wants, and the next step.
pub fn warning(text: &dyn Display, help: &dyn Display) {
    labelled("warning", text);
    self::help(help);
}

/// Writes one line, or several, to stdout.
///
/// # Errors
/// The same as [`raw`].
pub fn line(text: impl Display) -> io::Result<()> {
    raw_line(text.to_string().as_bytes())
}

/// Writes something as JSON to stdout.
///
/// # Errors
/// The same as [`raw`], and a value that cannot be written as JSON.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    line(escape::json(&serde_json::to_string_pretty(value)?))
}

/// Writes bytes unchanged to stderr. If that fails, nobody can be told.
pub fn to_stderr(bytes: &[u8]) {
    let _ = io::stderr().write_all(bytes);
}

/// Writes bytes unchanged to stdout, and ends the line.
///
/// # Errors
/// The same as [`raw`].
pub fn raw_line(bytes: &[u8]) -> io::Result<()> {
    raw(&[bytes, b"\n"].concat())
}

/// Writes bytes unchanged to stdout.
///
/// # Errors
/// Any I/O error, except that the reader has closed the pipe.
pub fn raw(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut write = || {
        stdout.write_all(bytes)?;
        stdout.flush()
    };
    match write() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|cause| {
            let text = format!("failed to write to stdout: {}", reason(&cause));
            io::Error::new(cause.kind(), text)
        }),
    }
}

/// Replaces the progress line, if stderr is a terminal. An empty text removes the line.
pub fn progress(text: &str) {
    if io::stderr().is_terminal() {
        let _ = io::stderr().write_all(format!("\r\x1b[K{text}").as_bytes());
    }
}

/// The number of columns of the terminal that stdout is connected to.
pub fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Asks a question on the terminal. Everything except a plain yes is a no. Returns `None` if there is no
/// terminal to ask on.
///
/// # Errors
/// Any I/O error.
pub fn ask(question: &str) -> io::Result<Option<bool>> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    io::stderr().write_all(format!("{question} [y/N] ").as_bytes())?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
}

/// Writes what clap says about arguments that it does not understand.
pub fn usage(text: &clap::builder::StyledStr) {
    let text = if is_coloured(&io::stderr()) { text.ansi().to_string() } else { text.to_string() };
    let _ = io::stderr().write_all(text.as_bytes());
}

fn labelled(label: &str, text: &dyn Display) {
    let line = format!("{}: {text}\n", painted(label, &io::stderr()));
    // If stderr is closed, nobody is left to tell.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// A word such as `error`, in the colour that cargo gives it if stdout shows colours.
pub fn coloured(word: &str) -> String {
    painted(word, &io::stdout())
}

fn painted(word: &str, stream: &impl IsTerminal) -> String {
    if !is_coloured(stream) {
        return word.to_owned();
    }
    let code = match word {
        "error" | "fail" => "91",
        "warning" | "warn" => "93",
        "note" => "92",
        _ => "96",
    };
    format!("\x1b[1;{code}m{word}\x1b[0m")
}

/// Decides as cargo does: `CARGO_TERM_COLOR` first, then `NO_COLOR`, then whether the stream is a
/// terminal that has colours.
fn is_coloured(stream: &impl IsTerminal) -> bool {
    match std::env::var_os("CARGO_TERM_COLOR") {
        Some(choice) if choice == "always" => true,
        Some(choice) if choice == "never" => false,
        _ => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let is_plain = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
            !unwanted && !is_plain && stream.is_terminal()
        }
    }
}
