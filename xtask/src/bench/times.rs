//! Time: every candidate once a round, in an order that favours none.

use std::time::Instant;

use super::stand::{Candidate, DIRECT};
use crate::{interrupt, screen};

/// What the overhead is; the line under the table.
pub(super) const WHAT_IS_MEASURED: &str = "Overhead: the median over all rounds of what a candidate \
    took longer than the direct call of the same round, so that slow changes of the machine cancel out.";

/// What time is taken.
#[derive(Clone, Copy)]
pub(super) enum Clock {
    Wall,
    /// The processor's, of the process itself: what others do meanwhile changes it little.
    Processor,
}

/// Each candidate's name, and the seconds of every run; nothing is dropped.
pub(super) struct Times(Vec<(&'static str, Vec<f64>)>);

/// Runs each candidate `rounds` times. What a first run has to make (directories, caches) is made.
pub(super) fn measure(
    candidates: &[Candidate],
    rounds: u32,
    clock: Clock,
) -> anyhow::Result<Times> {
    let mut samples: Vec<_> = candidates.iter().map(|it| (it.name, Vec::new())).collect();
    for round in 0..rounds as usize {
        interrupt::check()?;
        screen::progress(format_args!("round {} of {rounds}", round + 1));
        for at in order(round, candidates.len()) {
            if let (Some(candidate), Some((_, times))) = (candidates.get(at), samples.get_mut(at)) {
                times.push(time(candidate, clock)?);
            }
        }
    }
    Ok(Times(samples))
}

impl Times {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Seconds.
    pub(super) fn median(&self, name: &str) -> Option<f64> {
        median(self.of(name)?)
    }

    /// Seconds that the candidate takes more than the end itself; noise can make it negative.
    pub(super) fn overhead(&self, name: &str) -> Option<f64> {
        self.difference(name, DIRECT)
    }

    /// Seconds that the candidate takes more than another one in the same round.
    pub(super) fn difference(&self, name: &str, base: &str) -> Option<f64> {
        let pairs = self.of(name)?.iter().zip(self.of(base)?);
        median(&pairs.map(|(time, base)| time - base).collect::<Vec<_>>())
    }

    /// The candidate's overhead as a multiple of another one's.
    pub(super) fn ratio(&self, name: &str, base: &str) -> Option<f64> {
        let base = self.overhead(base).filter(|&base| base > 0.0)?;
        Some(self.overhead(name)? / base)
    }

    fn of(&self, name: &str) -> Option<&[f64]> {
        self.0.iter().find(|(of, _)| *of == name).map(|(_, times)| times.as_slice())
    }
}

fn time(candidate: &Candidate, clock: Clock) -> anyhow::Result<f64> {
    if let Clock::Processor = clock {
        return candidate.processor_time();
    }
    let start = Instant::now();
    candidate.run()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The middle of the sorted values, or the mean of the two in the middle.
fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// A balanced Latin square: in `2 * count` rounds each candidate stands equally often at each
/// place and runs equally often right after each other one, so that caches and clocks that a
/// candidate leaves behind profit nobody in particular.
fn order(round: usize, count: usize) -> Vec<usize> {
    let zigzag = |at: usize| if at % 2 == 1 { at.div_ceil(2) } else { count - at / 2 };
    let mut row: Vec<usize> = (0..count).map(|at| (zigzag(at) + round) % count).collect();
    if round / count.max(1) % 2 == 1 {
        row.reverse();
    }
    row
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bench::stand::{BARE_RUST, BASH, SHIM};

    #[test]
    fn every_candidate_stands_equally_often_everywhere_and_after_everyone() {
        for count in 2..8 {
            let (mut places, mut neighbours) = (BTreeMap::new(), BTreeMap::new());
            for row in (0..2 * count).map(|round| order(round, count)) {
                for (place, &candidate) in row.iter().enumerate() {
                    *places.entry((place, candidate)).or_insert(0) += 1;
                }
                for pair in row.windows(2) {
                    *neighbours.entry(pair.to_vec()).or_insert(0) += 1;
                }
            }
            assert_eq!(places.len(), count * count);
            assert!(places.values().all(|&times| times == 2), "{places:?}");
            assert_eq!(neighbours.len(), count * (count - 1));
            assert!(neighbours.values().all(|&times| times == 2), "{neighbours:?}");
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn overhead_is_counted_from_the_direct_call_of_the_same_round() {
        let samples = vec![
            // The machine gets slower from round to round.
            (DIRECT, vec![10.0, 20.0, 40.0]),
            (SHIM, vec![13.0, 23.0, 43.0]),
            (BASH, vec![16.0, 26.0, 46.0]),
        ];
        let times = Times(samples);
        assert_eq!(times.overhead(SHIM), Some(3.0));
        assert_eq!(times.ratio(SHIM, BASH), Some(0.5));
        assert_eq!(times.ratio(SHIM, BARE_RUST), None);
        assert_eq!(times.ratio(SHIM, DIRECT), None);
    }
}
