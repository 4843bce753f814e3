//! A chain of layers: feature extractor, label predictor or domain classifier.

use super::convolution::{self, Convolution};
use super::dense_chain::DenseChain;
use super::layer::{self, Layer};
use super::parameters::Parameters;
use super::spec::PlacedLayer;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Variant};
use crate::ops::tuned;

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

/// A layer, or tuned kernels that may stand for several.
enum Stage {
    Layer(Box<Layer>),
    Convolution(Box<Convolution>),
    Chain(Box<DenseChain>),
}

enum Saved {
    Layer(layer::Saved),
    Convolution(convolution::Saved, Vec<usize>),
    Chain(tuned::dense_chain::Saved),
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
            let tuned = match gpu.variant() {
                Variant::Plain => None,
                Variant::Tuned => Stage::tuned(gpu, &placed[next..], parameters)?,
            };
            let (stage, layers) = match tuned {
                Some(tuned) => tuned,
                None => {
                    let salt = (first_salt + next) as u32;
                    (Stage::Layer(Box::new(Layer::new(gpu, &placed[next], parameters, salt)?)), 1)
                }
            };
            next += layers;
            stages.push(stage);
        }
        Ok(Self { stages })
    }

    /// The state that is not trained but belongs to the model, by name.
    pub(super) fn state(&self) -> impl Iterator<Item = (String, Tensor)> + '_ {
        self.stages.iter().flat_map(|stage| match stage {
            Stage::Layer(layer) => layer.state(),
            Stage::Convolution(_) | Stage::Chain(_) => vec![],
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
    /// Tuned kernels for the first layers of `placed`, if any can stand for them, and for how many.
    fn tuned(
        gpu: &Gpu,
        placed: &[PlacedLayer<'_>],
        parameters: &Parameters,
    ) -> Result<Option<(Self, usize)>> {
        if let Some((convolution, layers)) = Convolution::new(placed, parameters)? {
            return Ok(Some((Self::Convolution(Box::new(convolution)), layers)));
        }
        let chain = DenseChain::new(gpu, placed, parameters)?;
        Ok(chain.map(|(chain, layers)| (Self::Chain(Box::new(chain)), layers)))
    }

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
            Self::Chain(chain) => {
                let (y, saved) = chain.forward(rec, x)?;
                (y, Saved::Chain(saved))
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
            (Self::Chain(chain), Saved::Chain(saved)) => chain.backward(rec, saved, dy, want_dx),
            (Self::Layer(layer), Saved::Layer(saved)) => {
                layer.backward_parameters(rec, saved, dy)?;
                if want_dx { layer.backward_input(rec, step, saved, dy).map(Some) } else { Ok(None) }
            }
            _ => unreachable!("a trace is made by the stages that it is given back to"),
        }
    }
}
