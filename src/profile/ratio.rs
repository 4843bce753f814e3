//! Which of two takes longer, by runs that were taken turn by turn.

use super::Verdict;
use serde::{Deserialize, Serialize};

/// How much longer the second of two takes, by the ratios of runs that lie close together in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ratio {
    /// The second one's time over the first one's: the median of the means of any two ratios, in logarithms (Hodges and Lehmann),
    /// which is closer to the truth than the median of the ratios alone, and as little moved by those far off.
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
/// Of fewer ratios not even the smallest and the largest hold it with that certainty.
pub(super) const FEWEST: usize = 8;

impl Ratio {
    /// How certain it is that the true ratio lies between both ends.
    pub const CERTAINTY: f64 = 0.99;

    /// Of no ratios, which say nothing.
    pub(super) const NONE: Self = Self { ratio: 1.0, least: 0.0, most: f64::INFINITY, count: 0, margin: 0.0 };

    /// Of `ratios`, in any order; `None` of none.
    pub(super) fn of(ratios: &[f64], margin: f64) -> Option<Self> {
        let means = means(ratios);
        let count = ratios.len();
        let middle = super::Spread::of(&means)?.median;
        let (least, most) = match count {
            ..FEWEST => (0.0, f64::INFINITY),
            _ => {
                // How many of the means lie below the truth is known as that of Wilcoxon's signed ranks.
                let n = count as f64;
                let deviation = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
                let below = (n * (n + 1.0) / 4.0 - DEVIATIONS * deviation).max(0.0) as usize;
                (means[below].exp(), means[means.len() - 1 - below].exp())
            }
        };
        let ratio = middle.exp();
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

/// The means of any two, and each by itself, of the logarithms, in order.
fn means(ratios: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let with_others = |(place, one): (usize, &f64)| {
        let one = *one;
        logs[place..].iter().map(move |other| (one + other) / 2.0)
    };
    let mut means: Vec<f64> = logs.iter().enumerate().flat_map(with_others).collect();
    means.sort_unstable_by(f64::total_cmp);
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use rand::RngExt as _;

    /// Ratios around `ratio` as a busy machine has them: a few per cent apart, and one of ten far off, to either side, as it is a
    /// toss which of two runs something else gets in the way of.
    fn ratios(ratio: f64, count: usize, stream: usize) -> Vec<f64> {
        let mut rng = rng::stream(7, &format!("ratios {stream}"));
        let mut one = || {
            let noise: f64 = (0..4).map(|_| rng.random_range(-0.05..0.05)).sum();
            let far = if rng.random_range(0..10) == 0 { rng.random_range(-1.2_f64..1.2).exp() } else { 1.0 };
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

    /// Pairs of runs on a machine with three times the work that it has processors for: each takes up to three times as long.
    #[test]
    fn a_machine_busy_with_other_work_is_no_obstacle() {
        let ratios = |stream: usize, ratio: f64| -> Vec<f64> {
            let mut rng = rng::stream(9, &format!("busy {stream}"));
            let mut run = || rng.random_range(1.0..1.6) * if rng.random_range(0..4) == 0 { 2.0 } else { 1.0 };
            (0..240).map(|_| ratio * run() / run()).collect()
        };
        let count = |ratio: f64, expected: Verdict| {
            let verdict = |stream| Ratio::of(&ratios(stream, ratio), 0.05).map(|ratio| ratio.verdict());
            (0..100).filter(|&stream| verdict(stream) == Some(expected)).count()
        };
        let (slower, wrong) = (count(1.1, Verdict::Slower), count(1.0, Verdict::Slower));
        // Both ends hold the ratio with a certainty of 99 %.
        assert!(slower >= 80 && wrong <= 1, "{slower} of 100 are slower, {wrong} are not and said to be");
    }

    #[test]
    fn the_ends_hold_the_ratio_as_often_as_is_said() {
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
