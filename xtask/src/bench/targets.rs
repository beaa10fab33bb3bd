//! What the shim was promised to cost at most.

use std::fmt;

use super::Counted;
use super::candidate::Kind;
use super::times::Times;

/// Times the overhead of a Rust program that only execs.
const BARE_RUST_RATIO: f64 = 1.2;
/// Times the overhead of the bash script.
const BASH_RATIO: f64 = 0.35;
const SYSTEM_CALLS: u32 = 115;
const PROCESSES: u32 = 0;

/// A target and what came of it.
pub(super) struct Verdict {
    what: String,
    /// Nothing if it could not be measured here.
    measured: Option<f64>,
    at_most: f64,
}

impl Verdict {
    pub(super) fn new(what: impl Into<String>, measured: Option<f64>, at_most: f64) -> Self {
        Self { what: what.into(), measured, at_most }
    }

    /// What was not measured is not met.
    pub(super) fn is_met(&self) -> bool {
        self.measured.is_some_and(|measured| measured <= self.at_most)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, measured, at_most } = self;
        match measured {
            None => write!(out, "unknown: {what} was not measured, at most {at_most} wanted"),
            Some(measured) => {
                let word = if self.is_met() { "met" } else { "missed" };
                // Three digits for ratios, none for counts.
                let digits = if at_most.fract() == 0.0 { 0 } else { 3 };
                write!(out, "{word}: {what} {measured:.digits$}, at most {at_most} wanted")
            }
        }
    }
}

/// The verdicts on the shim's times and counts.
pub(super) fn verdicts(times: &Times, counted: &[Counted]) -> Vec<Verdict> {
    let shim = counted.iter().find(|row| row.candidate.kind == Kind::Shim);
    let counts = shim.and_then(|row| row.counts.as_ref().ok());
    let ratio = |base: Kind| times.ratio(Kind::Shim, base);
    vec![
        Verdict::new("overhead over a bare Rust exec", ratio(Kind::BareRust), BARE_RUST_RATIO),
        Verdict::new("overhead over the bash script", ratio(Kind::Bash), BASH_RATIO),
        Verdict::new("system calls", counts.map(|counts| counts.calls.into()), SYSTEM_CALLS.into()),
        Verdict::new(
            "processes started",
            counts.map(|counts| counts.processes.into()),
            PROCESSES.into(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_whether_a_target_was_met() {
        let table = [
            (Verdict::new("ratio", Some(1.204), 1.3), "met: ratio 1.204, at most 1.3 wanted", true),
            (
                Verdict::new("ratio", Some(1.31), 1.3),
                "missed: ratio 1.310, at most 1.3 wanted",
                false,
            ),
            (
                Verdict::new("calls", Some(121.0), 120.0),
                "missed: calls 121, at most 120 wanted",
                false,
            ),
            (Verdict::new("calls", Some(0.0), 0.0), "met: calls 0, at most 0 wanted", true),
            (
                Verdict::new("calls", None, 120.0),
                "unknown: calls was not measured, at most 120 wanted",
                false,
            ),
        ];
        for (verdict, text, met) in table {
            assert_eq!((verdict.to_string().as_str(), verdict.is_met()), (text, met));
        }
    }
}
