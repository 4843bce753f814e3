//! What a trained model says of images that it was trained on: enough to see whether adaptation does harm.

use super::evaluation::argmax;
use serde::{Deserialize, Serialize};

/// What a trained model says of some images that it was trained on. No label of the target is among it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Predictions {
    /// The share of labelled images that are classified wrongly.
    pub source_error: f64,
    /// How many classes labelled images are taken for, in effect: e to the entropy of the classes' shares, so K where
    /// all are as frequent, and 1 where one class is taken for all.
    pub source_classes: f64,
    /// The same of unlabelled images.
    pub target_classes: f64,
}

impl Predictions {
    /// From logits (images, K) of labelled images, below K, and of unlabelled ones.
    #[cfg_attr(not(feature = "fit"), allow(dead_code))]
    pub(crate) fn of(labelled: &[f32], labels: &[u16], unlabelled: &[f32]) -> Self {
        let classes = labelled.len() / labels.len();
        let wrong = |(row, &label): (&[f32], &u16)| argmax(row) != usize::from(label);
        let wrong = labelled.chunks(classes).zip(labels).filter(|&seen| wrong(seen)).count();
        Self::with_error(wrong as f64 / labels.len() as f64, classes, labelled, unlabelled)
    }

    /// From logits (images, K `classes`) of labelled images, of which that share is classified wrongly, and of unlabelled ones.
    pub(crate) fn with_error(
        source_error: f64,
        classes: usize,
        labelled: &[f32],
        unlabelled: &[f32],
    ) -> Self {
        let taken = |logits: &[f32]| -> Vec<usize> { logits.chunks(classes).map(argmax).collect() };
        let [source_classes, target_classes] =
            [labelled, unlabelled].map(|logits| in_effect(&taken(logits), classes));
        Self { source_error, source_classes, target_classes }
    }
}

/// e to the entropy of the shares of `classes` classes.
fn in_effect(taken: &[usize], classes: usize) -> f64 {
    let mut counts = vec![0_u32; classes];
    taken.iter().for_each(|&class| counts[class] += 1);
    let shares = counts.iter().map(|&count| f64::from(count) / taken.len() as f64);
    (-shares.filter(|share| *share > 0.0).map(|share| share * share.ln()).sum::<f64>()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_counted_in_effect() {
        let near =
            |value: f64, by_hand: f64| assert!((value - by_hand).abs() < 1e-12, "{value} is not {by_hand}");
        near(in_effect(&[0, 1, 2, 3], 10), 4.0);
        near(in_effect(&[7, 7, 7], 10), 1.0);
        // Shares 1/2, 1/4, 1/4: an entropy of 1.5 ln 2.
        near(in_effect(&[0, 0, 1, 2], 3), 2.0_f64.powf(1.5));
    }

    #[test]
    fn errors_are_those_of_labelled_images() {
        let (first, second) = ([1.0, 0.0], [0.0, 1.0]);
        let seen =
            Predictions::of(&[first, second, second, first].concat(), &[0, 1, 0, 0], &[second; 3].concat());
        assert_eq!(seen, Predictions { source_error: 0.25, source_classes: 2.0, target_classes: 1.0 });
    }
}
