//! What the domain classifier is given.

use super::stage::in_rows;
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::{gradient_reversal, outer_product, softmax};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};

/// What the domain classifier is given, behind the gradient reversal layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DomainInput {
    /// The features.
    #[default]
    Features,
    /// The features times each of the probabilities that the label predictor gives, K times as many values (CDAN, Long et
    /// al. 2018). No gradient flows back through the probabilities.
    Conditional,
}

impl DomainInput {
    /// Whether nothing is said of it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The shape of what the classifier is given.
    pub(crate) fn shape(self, features: MapShape, classes: usize) -> MapShape {
        match self {
            Self::Features => features,
            Self::Conditional => MapShape { channels: classes * features.channels, ..features },
        }
    }
}

/// What the domain classifier is given of a batch.
pub(super) struct Given {
    /// (N, …)
    pub x: Tensor,
    /// The probabilities (N, K) that the features are multiplied by, and the features' shape.
    conditions: Option<(Tensor, Vec<usize>)>,
}

impl Given {
    /// Records it from features (N, …) and logits (N, K).
    pub fn record(
        rec: &mut Recording,
        input: DomainInput,
        features: &Tensor,
        logits: &Tensor,
    ) -> Result<Self> {
        let features = gradient_reversal::forward(features);
        if input == DomainInput::Features {
            return Ok(Self { x: features.clone(), conditions: None });
        }
        let (gpu, rows, classes) = (rec.gpu().clone(), logits.rows(), logits.map().len());
        let logits = in_rows(logits);
        let probabilities = Tensor::zeros(&gpu, "conditions", logits.dims())?;
        let predictions = Tensor::zeros_of::<u32>(&gpu, "predictions", &[rows])?;
        softmax::forward(rec, &logits, &probabilities, &predictions)?;
        let mut dims = features.dims().to_vec();
        dims[1] *= classes;
        let x = Tensor::zeros(&gpu, "conditional features", &dims)?;
        outer_product::forward(rec, &probabilities, features, &x)?;
        Ok(Self { x, conditions: Some((probabilities, features.dims().to_vec())) })
    }

    /// Records the gradient of the features, in front of the reversal, from that of what was given.
    pub fn backward(&self, rec: &mut Recording, dx: Tensor) -> Result<Tensor> {
        let Some((probabilities, dims)) = &self.conditions else { return Ok(dx) };
        let d_features = Tensor::zeros(rec.gpu(), "d_features of domains", dims)?;
        outer_product::backward(rec, probabilities, &dx, &d_features)?;
        Ok(d_features)
    }
}
