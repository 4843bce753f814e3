//! How far repeated measurements lie apart.

use serde::{Deserialize, Serialize};

/// Of repeated measurements, the one in the middle and those that a tenth of all lie beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spread {
    /// The 10th percentile.
    pub p10: f64,
    /// The 50th percentile.
    pub median: f64,
    /// The 90th percentile.
    pub p90: f64,
}

impl Spread {
    /// Of `values`, in any order; `None` of none.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let [p10, median, p90] = [0.1, 0.5, 0.9].map(|share| percentile(&sorted, share));
        Some(Self { p10, median, p90 })
    }

    /// Whether `other` lies wholly above.
    pub fn is_below(&self, other: &Self) -> bool {
        self.p90 < other.p10
    }
}

/// The value below which that share of the sorted `values` lies, interpolated between neighbours; there must be one.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let place = share * (values.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    values[below] + (values[above] - values[below]) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        assert_eq!(percentile(&[4.0], 0.9), 4.0);
        assert_eq!(percentile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(percentile(&[1.0, 2.0], 0.5), 1.5);
        assert!((percentile(&[0.0, 10.0, 20.0], 0.9) - 18.0).abs() < 1e-12);
    }

    #[test]
    fn a_spread_is_below_another_only_if_they_do_not_overlap() {
        let spread = |p10, median, p90| Spread { p10, median, p90 };
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]).map(|s| s.median), Some(2.0));
        assert_eq!(Spread::of(&[]), None);
        assert!(spread(1.0, 2.0, 3.0).is_below(&spread(3.5, 4.0, 5.0)));
        assert!(!spread(1.0, 2.0, 3.0).is_below(&spread(2.5, 4.0, 5.0)));
        assert!(!spread(3.5, 4.0, 5.0).is_below(&spread(1.0, 2.0, 3.0)));
    }
}
