//! A chain of layers: feature extractor, label predictor or domain classifier.

use super::convolution::{self, Convolution};
use super::layer::{self, Layer};
use super::parameters::Parameters;
use super::spec::PlacedLayer;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Variant};

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
    stages: Vec<Stage>,
}

/// A layer, or a tuned convolution that may stand for several.
enum Stage {
    Layer(Box<Layer>),
    Convolution(Box<Convolution>),
}

enum Saved {
    Layer(layer::Saved),
    Convolution(convolution::Saved, Vec<usize>),
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
        let mut stages = Vec::new();
        let mut next = 0;
        while next < placed.len() {
            let convolution = match gpu.variant() {
                Variant::Plain => None,
                Variant::Tuned => Convolution::new(&placed[next..], parameters)?,
            };
            let (stage, layers) = match convolution {
                Some((convolution, layers)) => (Stage::Convolution(Box::new(convolution)), layers),
                None => {
                    let salt = (first_salt + next) as u32;
                    let layer = Layer::new(gpu, &placed[next], parameters, salt)?;
                    (Stage::Layer(Box::new(layer)), 1)
                }
            };
            stages.push(stage);
            next += layers;
        }
        Ok(Self { stages })
    }

    /// The state that is not trained but belongs to the model, by name.
    pub(super) fn state(&self) -> impl Iterator<Item = (String, Tensor)> + '_ {
        self.stages.iter().flat_map(|stage| match stage {
            Stage::Layer(layer) => layer.state(),
            Stage::Convolution(_) => vec![],
        })
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

impl Stage {
    fn forward(&self, rec: &mut Recording, step: &Tensor, x: &Tensor, mode: Mode) -> Result<(Tensor, Saved)> {
        Ok(match self {
            Self::Layer(layer) => {
                let (y, saved) = layer.forward(rec, step, x, mode)?;
                (y, Saved::Layer(saved))
            }
            Self::Convolution(convolution) => {
                let (y, saved) = convolution.forward(rec, x)?;
                (y, Saved::Convolution(saved, x.dims().to_vec()))
            }
        })
    }

    /// dx if it is wanted.
    fn backward(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        saved: &Saved,
        dy: &Tensor,
        want_dx: bool,
    ) -> Result<Option<Tensor>> {
        match (self, saved) {
            (Self::Convolution(convolution), Saved::Convolution(saved, x)) => {
                convolution.backward(rec, saved, dy, want_dx.then_some(x.as_slice()))
            }
            (Self::Layer(layer), Saved::Layer(saved)) => {
                layer.backward_parameters(rec, saved, dy)?;
                if want_dx { layer.backward_input(rec, step, saved, dy).map(Some) } else { Ok(None) }
            }
            _ => unreachable!("a trace is made by the stages that it is given back to"),
        }
    }
}
