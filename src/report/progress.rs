//! How far a copy is, as one line that is rewritten, and gone at the end.
//!
//! By hand, since the crates for it bring the mathematics library along, which then is loaded before
//! every cargo command. Whether it is shown at all is decided as cargo decides it for its own bar.

use std::cell::Cell;
use std::ffi::OsString;
use std::time::Instant;

use super::{columns, rewrite};
use crate::shown::bytes;

/// One line about work that takes its time.
pub struct Progress {
    what: &'static str,
    total: u64,
    begun: Instant,
    is_there: Cell<bool>,
}

impl Progress {
    /// Begins a line for so many bytes that are to be, say, copied.
    pub fn new(what: &'static str, total: u64) -> Progress {
        Progress { what, total, begun: Instant::now(), is_there: Cell::new(false) }
    }

    /// Shows how far it is.
    pub fn at(&self, done: u64, files: u64, of_files: u64) {
        // Asked each time: a terminal's width changes.
        let Some(width) = width(columns(), &|name| std::env::var_os(name)) else { return };
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let mut parts = vec![
            format!("{} {} of {}", self.what, bytes(done), bytes(self.total)),
            format!(", {files} of {of_files} files"),
        ];
        // Nothing can be said of the speed before there is any.
        if let rate @ 1.. = done.saturating_mul(1000) / elapsed {
            let left = self.total.saturating_sub(done) / rate;
            parts.push(format!(", {}/s, {left} s left", bytes(rate)));
        }
        rewrite(&fitting(&parts, width));
        self.is_there.set(true);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_there.get() {
            rewrite("");
        }
    }
}

/// As many parts as fit, from the first on. The last column stays free: some terminals go on to the
/// next line once it is written.
fn fitting(parts: &[String], width: usize) -> String {
    let room = width.saturating_sub(1);
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() && text.len() + part.len() > room {
            break;
        }
        text.push_str(part);
    }
    text.chars().take(room).collect()
}

/// How wide the line may be; `None` where there is to be none. As cargo does it: what
/// `CARGO_TERM_PROGRESS_WHEN` says comes first, then whether anybody looks on.
fn width(
    terminal: Option<usize>,
    variable: &dyn Fn(&'static str) -> Option<OsString>,
) -> Option<usize> {
    let is = |name, value: &str| variable(name).is_some_and(|found| found == value);
    let when = |value| is("CARGO_TERM_PROGRESS_WHEN", value);
    let has = |name| variable(name).is_some();
    let is_unwanted =
        || is("TERM", "dumb") || is("CARGO_TERM_QUIET", "true") || has("CI") || has("TF_BUILD");
    if when("never") || (!when("always") && is_unwanted()) {
        return None;
    }
    let chosen = variable("CARGO_TERM_PROGRESS_WIDTH");
    let chosen = chosen.and_then(|width| width.to_str()?.parse().ok());
    chosen.or(terminal)
}

#[cfg(test)]
mod tests {
    use super::{fitting, width};

    #[test]
    fn is_shown_where_cargo_would_show_its_own() {
        const WHEN: &str = "CARGO_TERM_PROGRESS_WHEN";
        for (terminal, variables, expected) in [
            (Some(80), &[][..], Some(80)),
            (Some(80), &[("TERM", "xterm")], Some(80)),
            (None, &[], None),
            (Some(80), &[("TERM", "dumb")], None),
            (Some(80), &[("CI", "")], None),
            (Some(80), &[("TF_BUILD", "True")], None),
            (Some(80), &[("CARGO_TERM_QUIET", "true")], None),
            (Some(80), &[("CARGO_TERM_QUIET", "false")], Some(80)),
            (Some(80), &[(WHEN, "never")], None),
            (Some(80), &[(WHEN, "auto"), ("TERM", "dumb")], None),
            (Some(80), &[(WHEN, "always"), ("TERM", "dumb"), ("CI", "1")], Some(80)),
            (Some(80), &[(WHEN, "always"), ("CARGO_TERM_QUIET", "true")], Some(80)),
            (None, &[(WHEN, "always")], None),
            (None, &[(WHEN, "always"), ("CARGO_TERM_PROGRESS_WIDTH", "30")], Some(30)),
            (Some(80), &[("CARGO_TERM_PROGRESS_WIDTH", "30")], Some(30)),
        ] {
            let variable = |name: &'static str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
            };
            assert_eq!(width(terminal, &variable), expected, "{terminal:?} {variables:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let parts = ["copied 1 B of 2 B", ", 1 of 2 files", ", 1 B/s, 1 s left"].map(String::from);
        for (width, expected) in [
            (200, "copied 1 B of 2 B, 1 of 2 files, 1 B/s, 1 s left"),
            (49, "copied 1 B of 2 B, 1 of 2 files, 1 B/s, 1 s left"),
            (48, "copied 1 B of 2 B, 1 of 2 files"),
            (20, "copied 1 B of 2 B"),
            (7, "copied"),
            (0, ""),
        ] {
            assert_eq!(fitting(&parts, width), expected, "{width}");
        }
    }
}
