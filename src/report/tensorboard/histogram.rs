//! Values sorted into buckets.

use super::messages::Histogram;

/// Buckets between the smallest and the largest value.
const BUCKETS: usize = 60;

/// How `values` are distributed over buckets of equal width; what is no number is left out.
pub fn histogram(values: &[f32]) -> Histogram {
    let finite: Vec<f64> = values.iter().filter(|value| value.is_finite()).map(|&v| v.into()).collect();
    let min = finite.iter().copied().fold(f64::INFINITY, f64::min);
    let max = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if finite.is_empty() {
        return Histogram { bucket_limit: vec![0.0], bucket: vec![0.0], ..Histogram::default() };
    }
    // One bucket is enough for one value; its limit must lie above it.
    let width = ((max - min) / BUCKETS as f64).max(f64::MIN_POSITIVE);
    let mut bucket = vec![0.0; BUCKETS];
    for &value in &finite {
        bucket[(((value - min) / width) as usize).min(BUCKETS - 1)] += 1.0;
    }
    Histogram {
        min,
        max,
        num: finite.len() as f64,
        sum: finite.iter().sum(),
        sum_squares: finite.iter().map(|value| value * value).sum(),
        bucket_limit: (1..=BUCKETS).map(|k| min + width * k as f64).collect(),
        bucket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_falls_into_the_bucket_below_its_limit() {
        let histogram = histogram(&[-3.0, 0.0, 0.05, 3.0, f32::NAN]);
        assert_eq!((histogram.min, histogram.max, histogram.num), (-3.0, 3.0, 4.0));
        assert!((histogram.sum_squares - 18.0025).abs() < 1e-6);
        // Width 0.1: -3 in the first, 0 and 0.05 in number 30, 3 in the last.
        let counts: Vec<(usize, f64)> =
            histogram.bucket.iter().copied().enumerate().filter(|&(_, count)| count > 0.0).collect();
        assert_eq!(counts, [(0, 1.0), (30, 2.0), (59, 1.0)]);
        assert!((histogram.bucket_limit[30] - 0.1).abs() < 1e-9);
    }

    #[test]
    fn values_that_are_all_alike_and_no_values_have_histograms_too() {
        assert_eq!(histogram(&[0.5; 7]).bucket.iter().sum::<f64>(), 7.0);
        assert_eq!(histogram(&[]).num, 0.0);
    }
}
