//! What rules make of a model's outputs: logits of classes (images, K).

use crate::train::{argmax, softmax};

/// The share of images whose class is not that of the largest logit.
pub(super) fn error(logits: &[f32], labels: &[u16]) -> f64 {
    let classes = logits.len() / labels.len();
    let rows = logits.chunks(classes).zip(labels);
    rows.filter(|&(row, &label)| argmax(row) != usize::from(label)).count() as f64 / labels.len() as f64
}

/// The cross-entropy of each image, in nats: finite for finite logits, as the logarithm is taken of the sum alone.
pub(super) fn losses(logits: &[f32], labels: &[u16]) -> Vec<f64> {
    let loss = |(row, &label): (&[f32], &u16)| {
        let largest = f64::from(row[argmax(row)]);
        let sum: f64 = row.iter().map(|&v| (f64::from(v) - largest).exp()).sum();
        largest + sum.ln() - f64::from(row[usize::from(label)])
    };
    logits.chunks(logits.len() / labels.len()).zip(labels).map(loss).collect()
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
