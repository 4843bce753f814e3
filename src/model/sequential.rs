//! A chain of layers: feature extractor, label predictor or domain classifier.

use super::parameters::Parameters;
use super::spec::PlacedLayer;
use super::stage::{Saved, Stage, group_len, group_name, stages};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Variant};
use crate::ops::tuning;

/// Whether dropout drops and batch norm uses the batch's own statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    Training,
    /// They do not: nothing is dropped, running statistics are used.
    Evaluation,
}

/// A chain of layers.
#[derive(Debug)]
pub struct Sequential {
    stages: Vec<Stage>,
}

/// What a forward pass leaves for the backward pass.
#[derive(Debug)]
pub struct Trace {
    /// The chain's result.
    pub y: Tensor,
    saved: Vec<Saved>,
}

/// `placed` as the groups of layers that are built together.
pub(super) fn groups<'a, 's>(
    gpu: &'a Gpu,
    placed: &'a [PlacedLayer<'s>],
) -> impl Iterator<Item = &'a [PlacedLayer<'s>]> {
    let mut rest = placed;
    std::iter::from_fn(move || {
        rest.first()?;
        let (group, behind) = rest.split_at(group_len(gpu, rest));
        rest = behind;
        Some(group)
    })
}

impl Sequential {
    /// The kernels of each group are those that the device or a search on its adapter chooses. `first_salt` counts the
    /// layers of the parts before this one.
    pub(super) fn new(
        gpu: &Gpu,
        placed: &[PlacedLayer<'_>],
        parameters: &Parameters,
        first_salt: usize,
    ) -> Result<Self> {
        let (mut all, mut salt) = (Vec::new(), first_salt);
        for group in groups(gpu, placed) {
            all.extend(stages(gpu, tuning::variant(gpu, &group_name(group)), group, parameters, salt)?);
            salt += group.len();
        }
        Ok(Self { stages: all })
    }

    /// One group by itself, of the kernels of `variant`.
    pub(super) fn of_group(
        gpu: &Gpu,
        variant: Variant,
        group: &[PlacedLayer<'_>],
        parameters: &Parameters,
    ) -> Result<Self> {
        Ok(Self { stages: stages(gpu, variant, group, parameters, 0)? })
    }

    /// The state that is not trained but belongs to the model, by name.
    pub(super) fn state(&self) -> impl Iterator<Item = (String, Tensor)> + '_ {
        self.stages.iter().flat_map(Stage::state)
    }

    /// Records y from x (N, …).
    pub(super) fn forward(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        mode: Mode,
    ) -> Result<Trace> {
        let mut y = x.clone();
        let mut saved = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            let (next, kept) = stage.forward(rec, step, &y, mode)?;
            saved.push(kept);
            y = next;
        }
        Ok(Trace { y, saved })
    }

    /// Records the gradients of all parameters from dy; gives dx.
    pub(super) fn backward(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        trace: &Trace,
        dy: Tensor,
    ) -> Result<Tensor> {
        let mut dy = dy;
        for (stage, saved) in self.stages.iter().zip(&trace.saved).rev() {
            if let Some(dx) = stage.backward(rec, step, saved, &dy, true)? {
                dy = dx;
            }
        }
        Ok(dy)
    }

    /// Records the gradients of all parameters from dy; for the part that nothing in front of it needs dx of.
    pub(super) fn backward_to_input(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        trace: &Trace,
        dy: Tensor,
    ) -> Result<()> {
        let mut dy = dy;
        for (index, (stage, saved)) in self.stages.iter().zip(&trace.saved).enumerate().rev() {
            if let Some(dx) = stage.backward(rec, step, saved, &dy, index > 0)? {
                dy = dx;
            }
        }
        Ok(())
    }
}
