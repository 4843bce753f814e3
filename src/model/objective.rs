//! What a training step minimises, and how.

use crate::ops::optimizer::ParameterGroup;
use crate::ops::optimizers::OptimizerSpec;
use serde::{Deserialize, Serialize};

/// How the domain losses of the two domains make up L_d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DomainLoss {
    /// The mean over source rows plus the mean over target rows (JMLR 17(59), equation 18).
    #[default]
    Sum,
    /// The mean over all rows: half the pressure on the features.
    Mean,
}

/// What a step minimises, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// How L_d is made up; `None` trains on the source rows' L_y alone, without domain classifier.
    pub domain_loss: Option<DomainLoss>,
    /// From gradients to new parameters.
    pub optimizer: OptimizerSpec,
    /// Parameters that are trained in another way than the others.
    pub parameter_groups: Vec<ParameterGroup>,
    /// The largest norm of all gradients together; `None` leaves them as they are.
    pub clip_norm: Option<f32>,
}
