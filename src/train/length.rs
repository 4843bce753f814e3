//! How long a training is.

use super::training_spec::TrainingSpec;

/// How long a training is, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Passes over the smaller domain.
    Epochs(u64),
    /// Steps.
    Steps(u64),
}

impl Length {
    /// Makes `training` so long.
    pub fn apply(self, training: &mut TrainingSpec) {
        match self {
            Self::Epochs(epochs) => (training.epochs, training.steps) = (epochs, None),
            Self::Steps(steps) => training.steps = Some(steps),
        }
    }
}
