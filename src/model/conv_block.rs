//! Which layers a block of fused kernels can stand for: conv2d → relu → max_pool2d(2).

use super::layer::as_maps;
use super::parameters::{Parameter, Parameters};
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::tuned::conv_block::{self, Gradients, Saved};
use crate::ops::tuned::{self, Convolution};

/// How many layers a block stands for.
pub(super) const LAYERS: usize = 3;

/// A block with its parameters in place.
pub(super) struct ConvBlock {
    name: String,
    kernels: conv_block::ConvBlock,
    weight: Parameter,
    bias: Parameter,
}

/// The kernels that can stand for the first layers of `placed`.
fn kernels(placed: &[PlacedLayer<'_>]) -> Option<conv_block::ConvBlock> {
    let [conv, relu, pool, ..] = placed else { return None };
    let (
        &LayerSpec::Conv2d { outputs, kernel, padding },
        LayerSpec::Relu {},
        &LayerSpec::MaxPool2d { kernel: window, stride },
    ) = (conv.spec, relu.spec, pool.spec)
    else {
        return None;
    };
    if LayerSpec::window(window, stride) != tuned::WINDOW {
        return None;
    }
    let convolution = Convolution { x: conv.x, outputs, kernel: kernel.into(), padding: padding.into() };
    conv_block::ConvBlock::new(convolution)
}

impl ConvBlock {
    /// The block for the first layers of `placed`, if one can stand for them.
    pub fn new(placed: &[PlacedLayer<'_>], parameters: &Parameters) -> Result<Option<Self>> {
        let Some(kernels) = kernels(placed) else { return Ok(None) };
        let name = &placed[0].name;
        Ok(Some(Self {
            name: name.clone(),
            kernels,
            weight: parameters.get(&format!("{name}.weight"))?,
            bias: parameters.get(&format!("{name}.bias"))?,
        }))
    }

    /// Records y from x; gives y and what the way back needs.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor) -> Result<(Tensor, Saved)> {
        let y = self.room(rec, "y", &self.kernels.y_dims(x.rows()))?;
        let (weight, bias) = (&self.weight.value, &self.bias.value);
        let saved = self.kernels.forward(rec, &as_maps(x), weight, bias, &y)?;
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
        let dx = if want_dx { Some(self.room(rec, "dx", &self.kernels.x_dims(dy.rows()))?) } else { None };
        let gradients = Gradients { dweight: &self.weight.grad, dbias: &self.bias.grad, dx: dx.as_ref() };
        self.kernels.backward(rec, saved, &self.weight.value, dy, &gradients)?;
        Ok(dx)
    }

    fn room(&self, rec: &Recording, label: &str, dims: &[usize]) -> Result<Tensor> {
        Tensor::zeros(rec.gpu(), &format!("{}.{label}", self.name), dims)
    }
}
