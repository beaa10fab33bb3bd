//! What was promised to cost at most so much, and what came of it.

use std::fmt;

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
        let Some(measured) = measured else {
            return write!(out, "unknown: {what} was not measured, at most {at_most} wanted");
        };
        let word = if self.is_met() { "met" } else { "missed" };
        // Three digits for ratios, none for counts.
        let digits = if measured.fract() == 0.0 { 0 } else { 3 };
        write!(out, "{word}: {what} {measured:.digits$}, at most {at_most} wanted")
    }
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
            (Verdict::new("ratio", Some(2.1), 2.0), "missed: ratio 2.100, at most 2 wanted", false),
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
