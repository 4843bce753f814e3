//! A chain of layers: feature extractor, label predictor or domain classifier.

use super::layer::{Layer, Saved};
use super::parameters::Parameters;
use super::spec::PlacedLayer;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};

/// Whether dropout drops and batch norm uses the batch's own statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    Training,
    /// They do not: nothing is dropped, running statistics are used.
    Evaluation,
}

/// A chain of layers.
pub struct Sequential {
    layers: Vec<Layer>,
}

/// What a forward pass leaves for the backward pass.
pub struct Trace {
    /// The chain's result.
    pub y: Tensor,
    saved: Vec<Saved>,
}

impl Sequential {
    /// `first_salt` counts the layers of the parts before this one.
    pub(super) fn new(
        gpu: &Gpu,
        placed: &[PlacedLayer<'_>],
        parameters: &Parameters,
        first_salt: usize,
    ) -> Result<Self> {
        let layer = |(index, placed)| Layer::new(gpu, placed, parameters, (first_salt + index) as u32);
        Ok(Self { layers: placed.iter().enumerate().map(layer).collect::<Result<_>>()? })
    }

    /// The state that is not trained but belongs to the model, by name.
    pub(super) fn state(&self) -> impl Iterator<Item = (String, Tensor)> + '_ {
        self.layers.iter().flat_map(Layer::state)
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
        let mut saved = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (next, kept) = layer.forward(rec, step, &y, mode)?;
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
        let layers = self.layers.iter().zip(&trace.saved).rev();
        layers.into_iter().try_fold(dy, |dy, (layer, saved)| {
            layer.backward_parameters(rec, saved, &dy)?;
            layer.backward_input(rec, step, saved, &dy)
        })
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
        for (index, (layer, saved)) in self.layers.iter().zip(&trace.saved).enumerate().rev() {
            layer.backward_parameters(rec, saved, &dy)?;
            if index > 0 {
                dy = layer.backward_input(rec, step, saved, &dy)?;
            }
        }
        Ok(())
    }
}
