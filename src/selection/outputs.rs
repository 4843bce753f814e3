//! What rules make of a model's outputs: logits of classes (images, K) and of domains (images, 2).

use crate::train::{argmax, softmax};

/// The share of images whose class is not that of the largest logit.
pub(super) fn error(logits: &[f32], labels: &[u8]) -> f64 {
    let classes = logits.len() / labels.len();
    let rows = logits.chunks(classes).zip(labels);
    rows.filter(|&(row, &label)| argmax(row) != usize::from(label)).count() as f64 / labels.len() as f64
}

/// The cross-entropy of each image, in nats: finite for finite logits, as the logarithm is taken of the sum alone.
pub(super) fn losses(logits: &[f32], labels: &[u8]) -> Vec<f64> {
    let loss = |(row, &label): (&[f32], &u8)| {
        let largest = f64::from(row[argmax(row)]);
        let sum: f64 = row.iter().map(|&v| (f64::from(v) - largest).exp()).sum();
        largest + sum.ln() - f64::from(row[usize::from(label)])
    };
    logits.chunks(logits.len() / labels.len()).zip(labels).map(loss).collect()
}

/// How well a domain classifier separates source from target: |2 b - 1|, where b is its balanced accuracy, the mean of
/// the share of source images taken for the source and that of target images taken for the target. 0 at chance; 1 where
/// all are told apart, even if by the wrong names.
pub(super) fn separation(source: &[f32], target: &[f32]) -> f64 {
    let taken_for_target = |logits: &[f32]| {
        let images = logits.chunks(2);
        images.clone().filter(|row| row[1] > row[0]).count() as f64 / images.len() as f64
    };
    let balanced = 0.5 * (1.0 - taken_for_target(source) + taken_for_target(target));
    (2.0 * balanced - 1.0).abs()
}

/// The entropy of a distribution, in nats.
fn entropy(distribution: &[f64]) -> f64 {
    -distribution.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

/// The mean entropy of p(y|x).
pub(super) fn mean_entropy(logits: &[f32], classes: usize) -> f64 {
    let rows = logits.chunks(classes);
    rows.clone().map(|row| entropy(&softmax(row))).sum::<f64>() / rows.len() as f64
}

/// What an image tells of its class, as the model has it: the entropy of the mean of p(y|x), less the mean entropy.
pub(super) fn mutual_information(logits: &[f32], classes: usize) -> f64 {
    let rows = logits.chunks(classes);
    let mut mean = vec![0.0; classes];
    for row in rows.clone() {
        mean.iter_mut().zip(softmax(row)).for_each(|(mean, p)| *mean += p / rows.len() as f64);
    }
    entropy(&mean) - mean_entropy(logits, classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::LN_2;

    fn near(value: f64, by_hand: f64) {
        assert!((value - by_hand).abs() < 1e-6, "{value} is not {by_hand}");
    }

    /// ln 3, so that two logits differing by it have probabilities 3/4 and 1/4.
    const THREE_TO_ONE: f32 = 1.098_612_3;
    /// Of the distribution (3/4, 1/4), by hand.
    const QUARTERS: f64 = 0.562_335_144_6;

    #[test]
    fn errors_are_counted() {
        assert_eq!(error(&[2.0, 1.0, 0.0, 3.0, 5.0, 1.0], &[0, 1, 1]), 1.0 / 3.0);
    }

    #[test]
    fn losses_are_cross_entropies_and_stay_finite() {
        let found = losses(&[THREE_TO_ONE, 0.0, THREE_TO_ONE, 0.0, 2000.0, 0.0], &[0, 1, 1]);
        near(found[0], (4.0_f64 / 3.0).ln());
        near(found[1], 4.0_f64.ln());
        near(found[2], 2000.0);
    }

    #[test]
    fn separation_is_nothing_at_chance_and_one_where_domains_are_told_apart() {
        let (source, target) = ([1.0, 0.0], [0.0, 1.0]);
        let of = |source: &[[f32; 2]], target: &[[f32; 2]]| separation(&source.concat(), &target.concat());
        assert_eq!(of(&[source], &[target]), 1.0);
        assert_eq!(of(&[target], &[source]), 1.0, "the wrong names tell apart just as well");
        // Everything is taken for the source: half of all are right, whatever their numbers.
        assert_eq!(of(&[source, source, source], &[source]), 0.0);
        // Source 3/4 right, target 1/2: b = 5/8.
        assert_eq!(of(&[source, source, source, target], &[source, target]), 0.25);
        // A classifier that does not decide is at chance.
        assert_eq!(of(&[[0.5, 0.5]], &[[0.5, 0.5]]), 0.0);
    }

    #[test]
    fn entropies_are_those_of_the_probabilities() {
        near(mean_entropy(&[0.0, 0.0], 2), LN_2);
        near(mean_entropy(&[0.0, 0.0, 0.0, THREE_TO_ONE], 2), 0.5 * (LN_2 + QUARTERS));
        near(mean_entropy(&[1000.0, 0.0], 2), 0.0);
    }

    #[test]
    fn information_is_in_sure_answers_that_differ() {
        near(mutual_information(&[1000.0, 0.0, 0.0, 1000.0], 2), LN_2);
        near(mutual_information(&[1000.0, 0.0, 1000.0, 0.0], 2), 0.0);
        // The mean of (3/4, 1/4) and (1/4, 3/4) is (1/2, 1/2).
        near(mutual_information(&[THREE_TO_ONE, 0.0, 0.0, THREE_TO_ONE], 2), LN_2 - QUARTERS);
    }
}
