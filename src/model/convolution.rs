//! Which layers the tuned convolutions can stand for: conv2d → relu → max_pool2d(2), or a conv2d by itself.

use super::layer::as_maps;
use super::parameters::{Parameter, Parameters};
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::tuned::conv_block::ConvBlock;
use crate::ops::tuned::conv_chain::{self, ConvChain};
use crate::ops::tuned::conv2d_tiled::{self, Conv2dTiled};
use crate::ops::tuned::{self, Gradients};
use crate::shape::MapShape;

/// Layers of a block: conv2d → relu → max_pool2d.
const BLOCK: usize = 3;

/// Tuned convolutions with their parameters in place.
#[derive(Debug)]
pub(super) struct Convolution {
    name: String,
    kernels: Kernels,
    y: MapShape,
    /// Weight and bias of each convolution.
    parameters: Vec<(Parameter, Parameter)>,
}

#[derive(Debug)]
enum Kernels {
    Chain(ConvChain),
    Alone(Conv2dTiled),
}

/// What the forward pass leaves for the backward pass.
#[derive(Debug)]
pub(super) enum Saved {
    Chain(conv_chain::Saved),
    Alone(conv2d_tiled::Saved),
}

/// How many layers at the start of `placed` belong to convolutions that are built together: none, one convolution alone,
/// or blocks with ReLU and pooling.
pub(super) fn length(placed: &[PlacedLayer<'_>]) -> usize {
    match placed.first() {
        Some(first) if matches!(first.spec, LayerSpec::Conv2d { .. }) => {
            if pooled(placed) {
                BLOCK * chain(placed).map_or(1, |chain| chain.len())
            } else {
                1
            }
        }
        _ => 0,
    }
}

/// The convolution at the start of `placed`.
fn convolution(placed: &[PlacedLayer<'_>]) -> Option<tuned::Convolution> {
    let conv = placed.first()?;
    let &LayerSpec::Conv2d { outputs, kernel, padding } = conv.spec else { return None };
    Some(tuned::Convolution { x: conv.x, outputs, kernel: kernel.into(), padding: padding.into() })
}

/// The block at the start of `placed`.
fn block(placed: &[PlacedLayer<'_>]) -> Option<ConvBlock> {
    let convolution = convolution(placed)?;
    if pooled(placed) { ConvBlock::new(convolution) } else { None }
}

/// The blocks at the start of `placed`.
fn chain(placed: &[PlacedLayer<'_>]) -> Option<ConvChain> {
    let mut chain = ConvChain::from(block(placed)?);
    while let Some(next) = placed.get(BLOCK * chain.len()..).and_then(block) {
        if !chain.push(next) {
            break;
        }
    }
    Some(chain)
}

/// The kernels that can stand for the first layers of `placed`, and for how many.
fn kernels(placed: &[PlacedLayer<'_>]) -> Option<(Kernels, usize)> {
    if pooled(placed) {
        return chain(placed).map(|chain| (BLOCK * chain.len(), chain)).map(|(n, c)| (Kernels::Chain(c), n));
    }
    Conv2dTiled::new(convolution(placed)?).map(|alone| (Kernels::Alone(alone), 1))
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
        let of = |layer: &PlacedLayer<'_>| {
            let name = &layer.name;
            Ok((parameters.get(&format!("{name}.weight"))?, parameters.get(&format!("{name}.bias"))?))
        };
        let convolution = Self {
            name: placed[0].name.clone(),
            kernels,
            y: placed[layers - 1].y,
            parameters: placed[..layers].iter().step_by(BLOCK).map(of).collect::<Result<_>>()?,
        };
        Ok(Some((convolution, layers)))
    }

    /// Records y from x; gives y and what the way back needs.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor) -> Result<(Tensor, Saved)> {
        let MapShape { channels, height, width } = self.y;
        let y = self.room(rec, "y", &[x.rows(), channels, height, width])?;
        let x = &as_maps(x);
        let values = self.each(|parameter| &parameter.value);
        let saved = match &self.kernels {
            Kernels::Chain(chain) => Saved::Chain(chain.forward(rec, x, &values, &y)?),
            Kernels::Alone(alone) => {
                Saved::Alone(alone.forward(rec, x, values[0].weight, values[0].bias, &y)?)
            }
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
        let (dx_maps, dy) = (maps.as_ref(), &as_maps(dy));
        let gradients = self.each(|parameter| &parameter.grad);
        match (&self.kernels, saved) {
            (Kernels::Chain(chain), Saved::Chain(saved)) => {
                let weights: Vec<_> = self.parameters.iter().map(|(weight, _)| &weight.value).collect();
                chain.backward(rec, saved, &weights, dy, &gradients, dx_maps)?;
            }
            (Kernels::Alone(alone), Saved::Alone(saved)) => {
                let tuned::Parameters { weight: dweight, bias: dbias } = gradients[0];
                let gradients = Gradients { dweight, dbias, dx: dx_maps };
                alone.backward(rec, saved, &self.parameters[0].0.value, dy, &gradients)?;
            }
            _ => unreachable!("what was saved is given back to the kernels that saved it"),
        }
        Ok(dx)
    }

    /// `part` of the parameters of each convolution.
    fn each(&self, part: fn(&Parameter) -> &Tensor) -> Vec<tuned::Parameters<'_>> {
        let of = |(weight, bias)| tuned::Parameters { weight: part(weight), bias: part(bias) };
        self.parameters.iter().map(|(weight, bias)| of((weight, bias))).collect()
    }

    fn room(&self, rec: &Recording, label: &str, dims: &[usize]) -> Result<Tensor> {
        Tensor::zeros(rec.gpu(), &format!("{}.{label}", self.name), dims)
    }
}
