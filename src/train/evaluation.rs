//! How often a model was right.

use serde::Serialize;

/// A matrix of more classes would take more memory than it tells.
const MOST_CONFUSED: usize = 1000;

/// How often a model was right.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// Rightly classified images over all images.
    pub accuracy: f64,
    /// How many images were looked at.
    pub images: usize,
    /// The mean cross-entropy.
    pub loss: f64,
    /// What became of the images of each class.
    pub per_class: Vec<ClassCounts>,
    /// `confusion[label][prediction]`: how many images of the one were taken for the other. Empty for more than 1,000
    /// classes.
    pub confusion: Vec<Vec<u64>>,
}

/// How the images of one class were classified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClassCounts {
    /// Images of the class.
    pub images: u64,
    /// Those of them that were classified rightly.
    pub right: u64,
    /// Images that were taken for it, rightly or not.
    pub predicted: u64,
}

/// The same of the images that were counted so far.
pub(super) struct Tally(Evaluation);

impl Tally {
    /// Of none, of so many classes.
    pub fn new(classes: usize) -> Self {
        let side = if classes > MOST_CONFUSED { 0 } else { classes };
        Self(Evaluation {
            accuracy: 0.0,
            images: 0,
            loss: 0.0,
            per_class: vec![ClassCounts::default(); classes],
            confusion: vec![vec![0; side]; side],
        })
    }

    /// Counts images with these logits (images, K), labelled with the first of `labels`.
    pub fn count(&mut self, logits: &[f32], labels: &[u16]) {
        let Evaluation { images, loss, per_class, confusion, .. } = &mut self.0;
        for (row, &label) in logits.chunks(per_class.len()).zip(labels) {
            let (label, predicted) = (usize::from(label), argmax(row));
            per_class[label].images += 1;
            per_class[label].right += u64::from(label == predicted);
            per_class[predicted].predicted += 1;
            if let Some(row) = confusion.get_mut(label) {
                row[predicted] += 1;
            }
            *loss -= softmax(row)[label].ln();
            *images += 1;
        }
    }

    /// What comes of all that were counted.
    pub fn evaluation(self) -> Evaluation {
        let Self(counted) = self;
        let hits: u64 = counted.per_class.iter().map(|class| class.right).sum();
        let images = counted.images as f64;
        Evaluation { accuracy: hits as f64 / images, loss: counted.loss / images, ..counted }
    }
}

impl Evaluation {
    /// Compares logits (images, K) with labels (images).
    pub(super) fn of(logits: &[f32], labels: &[u16]) -> Self {
        let mut tally = Tally::new(logits.len() / labels.len());
        tally.count(logits, labels);
        tally.evaluation()
    }
}

/// The first of the largest values.
pub fn argmax(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best })
}

/// Probabilities from logits.
pub fn softmax(row: &[f32]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = row.iter().map(|&v| f64::from(v - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluation_counts_hits_and_confusions() {
        let logits = [2.0, 1.0, 0.0, 3.0, 5.0, 1.0];
        let evaluation = Evaluation::of(&logits, &[0, 1, 1]);
        assert_eq!(evaluation.confusion, [[1, 0], [1, 1]]);
        let counts = |images, right, predicted| ClassCounts { images, right, predicted };
        assert_eq!(evaluation.per_class, [counts(1, 1, 2), counts(2, 1, 1)]);
        assert!((evaluation.accuracy - 2.0 / 3.0).abs() < 1e-12);
        // ln(1 + e^-1), ln(1 + e^-3) and ln(1 + e^4), by hand.
        let by_hand = (0.313_261_687_5 + 0.048_587_351_6 + 4.018_149_927_9) / 3.0;
        assert!((evaluation.loss - by_hand).abs() < 1e-8);
    }

    #[test]
    fn very_many_classes_are_counted_without_a_matrix() {
        let classes = 1 << 16;
        let mut logits = vec![0.0; 2 * classes];
        (logits[classes - 1], logits[classes + 7]) = (1.0, 1.0);
        let evaluation = Evaluation::of(&logits, &[u16::MAX, 9]);
        assert_eq!((evaluation.accuracy, evaluation.confusion.len()), (0.5, 0));
        let right = |class: usize| evaluation.per_class[class].right;
        assert_eq!((right(classes - 1), right(9), evaluation.per_class[7].predicted), (1, 0, 1));
    }
}
