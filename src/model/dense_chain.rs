//! Which layers a chain of fused dense kernels can stand for: dense, then any number of relu → dense.

use super::parameters::{Parameter, Parameters};
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::ops::tuned::dense_chain::{self as kernels, Saved};
use crate::ops::tuned::{self, dense_tile};

/// A chain with its parameters in place.
#[derive(Debug)]
pub(super) struct DenseChain {
    /// The first layer's.
    name: String,
    /// Weight and bias of each dense layer.
    layers: Vec<[Parameter; 2]>,
}

/// How many dense layers at the start of `placed` are a chain whose weights fit the device's textures; `None` without.
pub(super) fn length(gpu: &Gpu, placed: &[PlacedLayer<'_>]) -> Option<usize> {
    let fits = |layer: &PlacedLayer<'_>| match *layer.spec {
        LayerSpec::Dense { outputs } => dense_tile::fits(gpu, outputs, layer.x.len()),
        _ => false,
    };
    let follows = |pair: &[PlacedLayer<'_>]| matches!(pair[0].spec, LayerSpec::Relu {}) && fits(&pair[1]);
    match placed {
        [first, rest @ ..] if fits(first) => {
            Some(1 + rest.chunks_exact(2).take_while(|pair| follows(pair)).count())
        }
        _ => None,
    }
}

impl DenseChain {
    /// The chain for the first layers of `placed`, if one can stand for them, and for how many.
    pub fn new(
        gpu: &Gpu,
        placed: &[PlacedLayer<'_>],
        parameters: &Parameters,
    ) -> Result<Option<(Self, usize)>> {
        let Some(count) = length(gpu, placed) else { return Ok(None) };
        let parameter = |layer: &PlacedLayer<'_>, kind| parameters.get(&format!("{}.{kind}", layer.name));
        let dense = placed.iter().step_by(2).take(count);
        let layers = dense.map(|layer| Ok([parameter(layer, "weight")?, parameter(layer, "bias")?]));
        let layers = layers.collect::<Result<_>>()?;
        Ok(Some((Self { name: placed[0].name.clone(), layers }, 2 * count - 1)))
    }

    /// Records y from x; gives y and what the way back needs.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor) -> Result<(Tensor, Saved)> {
        let layers: Vec<_> = self.each(|parameter| &parameter.value);
        let outputs = layers.last().map_or(0, |layer| layer.bias.len());
        let y = self.room(rec, "y", &[x.rows(), outputs])?;
        let saved = kernels::forward(rec, x, &layers, &y)?;
        Ok((y, saved))
    }

    /// Records the gradients of the parameters and, if wanted, dx.
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        dy: &Tensor,
        want_dx: bool,
    ) -> Result<Option<Tensor>> {
        let dx = if want_dx { Some(self.room(rec, "dx", &saved.x_dims)?) } else { None };
        kernels::backward(rec, saved, dy, &self.each(|parameter| &parameter.grad), dx.as_ref())?;
        Ok(dx)
    }

    /// The tensor that `part` takes of each parameter.
    fn each<'a>(&'a self, part: impl Fn(&'a Parameter) -> &'a Tensor) -> Vec<tuned::Parameters<'a>> {
        let layers = self.layers.iter();
        layers.map(|[weight, bias]| tuned::Parameters { weight: part(weight), bias: part(bias) }).collect()
    }

    fn room(&self, rec: &Recording, label: &str, dims: &[usize]) -> Result<Tensor> {
        Tensor::zeros(rec.gpu(), &format!("{}.{label}", self.name), dims)
    }
}
