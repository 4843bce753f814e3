//! Which layers the tuned convolutions can stand for: conv2d → relu → max_pool2d(2), or a conv2d by itself.

use super::layer::as_maps;
use super::parameters::{Parameter, Parameters};
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::tuned::conv_block::{self, ConvBlock};
use crate::ops::tuned::conv2d_tiled::{self, Conv2dTiled};
use crate::ops::tuned::{self, Gradients};
use crate::shape::MapShape;

/// A tuned convolution with its parameters in place.
pub(super) struct Convolution {
    name: String,
    kernels: Kernels,
    y: MapShape,
    weight: Parameter,
    bias: Parameter,
}

enum Kernels {
    Block(ConvBlock),
    Alone(Conv2dTiled),
}

/// What the forward pass leaves for the backward pass.
pub(super) enum Saved {
    Block(conv_block::Saved),
    Alone(conv2d_tiled::Saved),
}

/// How many layers at the start of `placed` belong to a convolution: none, it alone, or ReLU and pooling too.
pub(super) fn length(placed: &[PlacedLayer<'_>]) -> usize {
    match placed.first() {
        Some(first) if matches!(first.spec, LayerSpec::Conv2d { .. }) => {
            if pooled(placed) {
                3
            } else {
                1
            }
        }
        _ => 0,
    }
}

/// The kernels that can stand for the first layers of `placed`, and for how many.
fn kernels(placed: &[PlacedLayer<'_>]) -> Option<(Kernels, usize)> {
    let conv = placed.first()?;
    let &LayerSpec::Conv2d { outputs, kernel, padding } = conv.spec else { return None };
    let convolution =
        tuned::Convolution { x: conv.x, outputs, kernel: kernel.into(), padding: padding.into() };
    if pooled(placed) {
        return ConvBlock::new(convolution).map(|block| (Kernels::Block(block), 3));
    }
    Conv2dTiled::new(convolution).map(|alone| (Kernels::Alone(alone), 1))
}

/// Whether ReLU and the pooling of blocks stand behind the first layer.
pub(super) fn pooled(placed: &[PlacedLayer<'_>]) -> bool {
    let [_, relu, pool, ..] = placed else { return false };
    match (relu.spec, pool.spec) {
        (LayerSpec::Relu {}, &LayerSpec::MaxPool2d { kernel, stride }) => {
            LayerSpec::window(kernel, stride) == tuned::WINDOW
        }
        _ => false,
    }
}

impl Convolution {
    /// The kernels for the first layers of `placed`, if some can stand for them, and for how many.
    pub fn new(placed: &[PlacedLayer<'_>], parameters: &Parameters) -> Result<Option<(Self, usize)>> {
        let Some((kernels, layers)) = kernels(placed) else { return Ok(None) };
        let name = &placed[0].name;
        let convolution = Self {
            name: name.clone(),
            kernels,
            y: placed[layers - 1].y,
            weight: parameters.get(&format!("{name}.weight"))?,
            bias: parameters.get(&format!("{name}.bias"))?,
        };
        Ok(Some((convolution, layers)))
    }

    /// Records y from x; gives y and what the way back needs.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor) -> Result<(Tensor, Saved)> {
        let MapShape { channels, height, width } = self.y;
        let y = self.room(rec, "y", &[x.rows(), channels, height, width])?;
        let (x, weight, bias) = (&as_maps(x), &self.weight.value, &self.bias.value);
        let saved = match &self.kernels {
            Kernels::Block(block) => Saved::Block(block.forward(rec, x, weight, bias, &y)?),
            Kernels::Alone(alone) => Saved::Alone(alone.forward(rec, x, weight, bias, &y)?),
        };
        Ok((y, saved))
    }

    /// Records the gradients of the parameters and, if wanted, dx, shaped as `x`.
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        dy: &Tensor,
        wanted_dx: Option<&[usize]>,
    ) -> Result<Option<Tensor>> {
        let dx = wanted_dx.map(|dims| self.room(rec, "dx", dims)).transpose()?;
        let maps = dx.as_ref().map(as_maps);
        let gradients = Gradients { dweight: &self.weight.grad, dbias: &self.bias.grad, dx: maps.as_ref() };
        let (weight, dy) = (&self.weight.value, &as_maps(dy));
        match (&self.kernels, saved) {
            (Kernels::Block(block), Saved::Block(saved)) => {
                block.backward(rec, saved, weight, dy, &gradients)?;
            }
            (Kernels::Alone(alone), Saved::Alone(saved)) => {
                alone.backward(rec, saved, weight, dy, &gradients)?;
            }
            _ => unreachable!("what was saved is given back to the kernels that saved it"),
        }
        Ok(dx)
    }

    fn room(&self, rec: &Recording, label: &str, dims: &[usize]) -> Result<Tensor> {
        Tensor::zeros(rec.gpu(), &format!("{}.{label}", self.name), dims)
    }
}
