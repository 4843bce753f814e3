//! What a training step minimises and how, where it finds its rows, and what it leaves behind.

use super::update::OptimizerState;
use crate::error::Result;
use crate::gpu::{Gpu, Tensor};
use crate::ops::optimizer::{OptimizerSpec, ParameterGroup};
use serde::{Deserialize, Serialize};

/// How the domain losses of the two domains make up L_d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Where a step finds its rows: the source rows first, then as many target rows.
pub struct Batch {
    /// (N, C, H, W)
    pub x: Tensor,
    /// (S): the classes of the source rows, u32.
    pub labels: Tensor,
}

/// What steps report, a row each.
#[derive(Clone)]
pub struct Ledger {
    /// (steps, 4): label loss, source rows classified rightly, domain loss, rows whose domain was told rightly.
    pub table: Tensor,
    /// (steps), u32: which update is no finite number; see
    /// [`first_fault`](crate::ops::optimizer::first_fault). Must hold 0 before a step.
    pub faults: Tensor,
}

impl Ledger {
    /// Memory for the reports of `steps` steps.
    ///
    /// # Errors
    /// [`crate::error::Error::Gpu`] when there is no memory for it.
    pub fn new(gpu: &Gpu, steps: usize) -> Result<Self> {
        Ok(Self {
            table: Tensor::zeros(gpu, "metrics", &[steps, 4])?,
            faults: Tensor::zeros(gpu, "faults", &[steps])?,
        })
    }
}

/// What a step leaves behind for others to read.
pub struct StepOutputs {
    /// What it reports.
    pub ledger: Ledger,
    /// (N, …): the features of the batch.
    pub features: Tensor,
    /// (S, K)
    pub logits: Tensor,
    /// What the optimiser keeps from step to step.
    pub optimizer: OptimizerState,
}

/// What the network says of a batch in evaluation mode.
pub struct Inference {
    /// (N, …)
    pub features: Tensor,
    /// (N, K)
    pub logits: Tensor,
    /// (N, 2): the domain classifier's logits, source and target.
    pub domains: Tensor,
}
