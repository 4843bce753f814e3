//! Which of two takes longer, by runs that were taken turn by turn.

use super::Verdict;
use serde::{Deserialize, Serialize};

/// How much longer the second of two takes, by the ratios of runs that lie close together in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ratio {
    /// The second one's time over the first one's: the median.
    pub ratio: f64,
    /// The lower end of what it may be, with the certainty of [`Ratio::CERTAINTY`].
    pub least: f64,
    /// The upper end.
    pub most: f64,
    /// By how many ratios.
    pub count: usize,
    /// Up to which share of a difference two count as the same.
    pub margin: f64,
}

/// So many standard deviations hold 99 % of a normal distribution.
const DEVIATIONS: f64 = 2.576;
/// Of fewer ratios not even the smallest and the largest hold the median with that certainty.
const FEWEST: usize = 8;

impl Ratio {
    /// How certain it is that the true median lies between both ends.
    pub const CERTAINTY: f64 = 0.99;

    /// Of no ratios, which say nothing.
    pub(super) const NONE: Self = Self { ratio: 1.0, least: 0.0, most: f64::INFINITY, count: 0, margin: 0.0 };

    /// Of `ratios`, in any order; `None` of none.
    pub(super) fn of(ratios: &[f64], margin: f64) -> Option<Self> {
        let mut sorted = ratios.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let ratio = super::Spread::of(&sorted)?.median;
        // How many ratios lie below the true median is a matter of tossing coins.
        let below = (count as f64 - DEVIATIONS * (count as f64).sqrt()) / 2.0;
        let (least, most) = match count {
            ..FEWEST => (0.0, f64::INFINITY),
            _ => {
                let place = (below.floor() as usize).max(1) - 1;
                (sorted[place], sorted[count - 1 - place])
            }
        };
        Some(Self { ratio, least, most, count, margin })
    }

    /// What it says of the second one: the same if both ends lie within the margin, slower or faster if neither end nor the
    /// margin leaves a doubt of it.
    pub fn verdict(&self) -> Verdict {
        let (upper, lower) = (1.0 + self.margin, 1.0 / (1.0 + self.margin));
        if self.least >= lower && self.most <= upper {
            Verdict::Same
        } else if self.least > 1.0 && self.ratio > upper {
            Verdict::Slower
        } else if self.most < 1.0 && self.ratio < lower {
            Verdict::Faster
        } else {
            Verdict::Unclear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use rand::RngExt as _;

    /// Ratios around `ratio` as a busy machine has them: a few per cent apart, and one of ten far off.
    fn ratios(ratio: f64, count: usize, stream: usize) -> Vec<f64> {
        let mut rng = rng::stream(7, &format!("ratios {stream}"));
        let mut one = || {
            let noise: f64 = (0..4).map(|_| rng.random_range(-0.05..0.05)).sum();
            let far = if rng.random_range(0..10) == 0 { rng.random_range(0.3..3.0) } else { 1.0 };
            ratio * noise.exp() * far
        };
        (0..count).map(|_| one()).collect()
    }

    fn verdicts(ratio: f64, expected: Verdict) -> usize {
        let verdict = |stream| Ratio::of(&ratios(ratio, 120, stream), 0.05).map(|ratio| ratio.verdict());
        (0..200).filter(|&stream| verdict(stream) == Some(expected)).count()
    }

    #[test]
    fn a_tenth_more_is_slower_and_nothing_more_is_the_same() {
        assert!(verdicts(1.1, Verdict::Slower) >= 190, "{}", verdicts(1.1, Verdict::Slower));
        assert!(verdicts(1.0, Verdict::Same) >= 190, "{}", verdicts(1.0, Verdict::Same));
        assert!(verdicts(1.0 / 1.1, Verdict::Faster) >= 190);
        assert_eq!(verdicts(1.0, Verdict::Slower) + verdicts(1.0, Verdict::Faster), 0);
    }

    #[test]
    fn the_ends_hold_the_median_as_often_as_is_said() {
        for count in [8, 20, 75] {
            let holds = |stream: &usize| {
                let found = Ratio::of(&ratios(1.3, count, *stream), 0.05).unwrap();
                found.least <= 1.3 && 1.3 <= found.most
            };
            let held = (0..1000).filter(holds).count();
            assert!(held >= 975, "{held} of 1000 with {count} ratios");
        }
    }

    #[test]
    fn few_ratios_say_nothing() {
        let few = Ratio::of(&[1.0; 7], 0.05).unwrap();
        assert_eq!((few.ratio, few.verdict()), (1.0, Verdict::Unclear));
        assert_eq!(Ratio::of(&[1.0; 8], 0.05).unwrap().verdict(), Verdict::Same);
        assert_eq!(Ratio::of(&[], 0.05), None);
    }
}
