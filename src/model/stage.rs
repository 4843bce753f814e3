//! Parts of a chain: a layer by itself, or kernels that stand for several layers.

use super::convolution::{self, Convolution};
use super::dense_chain::{self, DenseChain};
use super::layer::{self, Layer};
use super::parameters::Parameters;
use super::product::ProductStage;
use super::sequential::Mode;
use super::spec::PlacedLayer;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Variant};
use crate::ops::{product, tuned};

/// A layer, or kernels that may stand for several.
#[derive(Debug)]
pub(super) enum Stage {
    Layer(Box<Layer>),
    Convolution(Box<Convolution>),
    Chain(Box<DenseChain>),
    Product(Box<ProductStage>),
}

/// What a stage's forward pass leaves for its backward pass.
#[derive(Debug)]
pub(super) enum Saved {
    Layer(layer::Saved),
    Convolution(convolution::Saved, Vec<usize>),
    Chain(tuned::dense_chain::Saved),
    Product(product::Saved, Vec<usize>),
}

/// How many layers at the start of `placed` are built together, from kernels of one family.
pub(super) fn group_len(gpu: &Gpu, placed: &[PlacedLayer<'_>]) -> usize {
    convolution::length(placed).max(dense_chain::length(gpu, placed).map_or(0, |count| 2 * count - 1)).max(1)
}

/// What tells groups apart that are built together: the shape that goes in and all layers.
pub(super) fn group_name(group: &[PlacedLayer<'_>]) -> String {
    let layers = group.iter().map(|layer| layer.spec.to_string());
    std::iter::once(group[0].x.to_string()).chain(layers).collect::<Vec<_>>().join(" → ")
}

/// The stages for `group`, layers that are built together. Where `variant` has no kernels for a layer, plain ones take
/// their place. `salt` is that of the first layer.
pub(super) fn stages(
    gpu: &Gpu,
    variant: Variant,
    group: &[PlacedLayer<'_>],
    parameters: &Parameters,
    salt: usize,
) -> Result<Vec<Stage>> {
    let mut stages = Vec::new();
    let mut next = 0;
    while next < group.len() {
        let (stage, layers) = match Stage::fused(gpu, variant, &group[next..], parameters)? {
            Some(fused) => fused,
            None => {
                let layer = Layer::new(gpu, &group[next], parameters, (salt + next) as u32)?;
                (Stage::Layer(Box::new(layer)), 1)
            }
        };
        next += layers;
        stages.push(stage);
    }
    Ok(stages)
}

impl Stage {
    /// Kernels of `variant` for the first layers of `placed`, if any can stand for them, and for how many.
    fn fused(
        gpu: &Gpu,
        variant: Variant,
        placed: &[PlacedLayer<'_>],
        parameters: &Parameters,
    ) -> Result<Option<(Self, usize)>> {
        match variant {
            Variant::Plain => Ok(None),
            Variant::Register => {
                if let Some((convolution, layers)) = Convolution::new(placed, parameters)? {
                    return Ok(Some((Self::Convolution(Box::new(convolution)), layers)));
                }
                let chain = DenseChain::new(gpu, placed, parameters)?;
                Ok(chain.map(|(chain, layers)| (Self::Chain(Box::new(chain)), layers)))
            }
            Variant::Workgroup | Variant::Subgroup | Variant::Half | Variant::Cooperative => {
                let product = ProductStage::new(variant, placed, parameters)?;
                Ok(product.map(|(product, layers)| (Self::Product(Box::new(product)), layers)))
            }
        }
    }

    /// The state that is not trained but belongs to the model, by name.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        match self {
            Self::Layer(layer) => layer.state(),
            Self::Convolution(_) | Self::Chain(_) | Self::Product(_) => vec![],
        }
    }

    /// Records y from x; gives y and what the way back needs.
    pub fn forward(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        mode: Mode,
    ) -> Result<(Tensor, Saved)> {
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
            Self::Product(product) => {
                let (y, saved) = product.forward(rec, x)?;
                (y, Saved::Product(saved, x.dims().to_vec()))
            }
        })
    }

    /// Records the gradients of the parameters; gives dx if it is wanted.
    pub fn backward(
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
            (Self::Product(product), Saved::Product(saved, x)) => {
                product.backward(rec, saved, dy, want_dx.then_some(x.as_slice()))
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
