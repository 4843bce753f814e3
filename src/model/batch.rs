//! What goes into a step and what comes out of it.

use super::objective::Objective;
use super::update::OptimizerState;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};

/// Where a step finds its rows: the source rows first, then the target rows.
#[derive(Debug)]
pub struct Batch {
    /// (N, C, H, W)
    pub x: Tensor,
    /// (S): the classes of the source rows, u32.
    pub labels: Tensor,
    /// (T, C, H, W): the target rows without augmentation, where pseudo-labels are asked for.
    pub plain: Option<Tensor>,
}

impl Batch {
    /// Memory for a batch of `source_rows` labelled rows, and those of the target if there is a domain loss, as many unless
    /// `objective` says another number; each of shape `row`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] and [`Error::BeyondLimit`] when there is no memory for it.
    pub(crate) fn new(gpu: &Gpu, source_rows: usize, objective: &Objective, row: &[usize]) -> Result<Self> {
        let target_rows = objective.domain_loss.map(|_| objective.target_rows.unwrap_or(source_rows));
        let room = |label: &str, rows: usize| Tensor::zeros(gpu, label, &[&[rows], row].concat());
        let plain = target_rows.filter(|_| objective.has_pseudo_labels());
        Ok(Self {
            x: room("x", source_rows.saturating_add(target_rows.unwrap_or_default()))?,
            labels: Tensor::zeros_of::<u32>(gpu, "labels", &[source_rows])?,
            plain: plain.map(|rows| room("plain", rows)).transpose()?,
        })
    }

    /// Refuses labels of more rows than there are.
    pub(super) fn check(&self) -> Result<()> {
        if self.labels.rows() <= self.x.rows() {
            return Ok(());
        }
        let expected = format!("labels of at most {} rows", self.x.rows());
        Err(Error::input("batch", expected, self.labels.rows()))
    }
}

/// What steps report, a row each.
#[derive(Clone, Debug)]
pub struct MetricsBuffer {
    /// (steps, 4): label loss, source rows classified rightly, domain loss, rows whose domain was told rightly. Behind them
    /// stand the losses of [`Adaptation`](super::Adaptation), where there is one.
    pub table: Tensor,
    /// (steps), u32: which update is no finite number; see
    /// [`first_fault`](crate::ops::optimizer::first_fault). Must hold 0 before a step.
    pub faults: Tensor,
}

impl MetricsBuffer {
    /// Memory for the reports of `steps` steps.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for it.
    pub fn new(gpu: &Gpu, steps: usize, objective: &Objective) -> Result<Self> {
        Ok(Self {
            table: Tensor::zeros(gpu, "metrics", &[steps, objective.adaptation.columns()])?,
            faults: Tensor::zeros_of::<u32>(gpu, "faults", &[steps])?,
        })
    }
}

/// What a step leaves behind for others to read.
#[derive(Debug)]
#[non_exhaustive]
pub struct StepOutputs {
    /// What it reports.
    pub metrics_buffer: MetricsBuffer,
    /// (N, …): the features of the batch.
    pub features: Tensor,
    /// (S, K)
    pub logits: Tensor,
    /// The mean of the gradients of several batches, where these make one update; must hold 0 before the first of them.
    pub(crate) mean_grads: Option<Tensor>,
    /// What the optimiser keeps from step to step.
    pub optimizer: OptimizerState,
}

/// What the network says of a batch in evaluation mode.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inference {
    /// (N, …)
    pub features: Tensor,
    /// (N, K)
    pub logits: Tensor,
    /// (N, 2): the domain classifier's logits, source and target.
    pub domains: Tensor,
}
