//! What comes of an evaluation.

use crate::train::Evaluation;

/// What a model says of a whole data set.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Evaluated {
    /// Steps of training behind the model.
    pub step: u64,
    /// (images, K), row-major: what the label predictor makes of each image.
    pub logits: Vec<f32>,
    /// The most probable class of each image.
    pub predictions: Vec<u16>,
    /// Accuracy, loss and confusions; `None` where the data set has no labels.
    pub evaluation: Option<Evaluation>,
}
