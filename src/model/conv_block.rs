//! conv2d → relu → max_pool2d(2) as one block of fused kernels, where the layers allow it.
//!
//! The full map before pooling is never stored on the way forward. Blocks that follow each other hand their maps
//! on with channels last; only the first and the last meet the public layout.

use super::parameters::{Parameter, Parameters};
use super::spec::{LayerSpec, PlacedLayer};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::ops::max_pool2d::Window;
use crate::ops::tuned::channels_last::{self, Direction};
use crate::ops::tuned::conv2d_tile::{self, Convolution};
use crate::ops::tuned::{self, conv2d_weight};
use crate::shape::MapShape;

/// How many layers a block stands for.
pub(super) const LAYERS: usize = 3;

/// The block with its parameters in place.
pub(super) struct ConvBlock {
    name: String,
    convolution: Convolution,
    backward: Convolution,
    pooled: MapShape,
    weight: Parameter,
    bias: Parameter,
    /// Whether x comes with channels last, from another block.
    packed_x: bool,
    /// Whether y goes on with channels last, to another block.
    packed_y: bool,
}

/// What the forward pass leaves for the backward pass.
pub(super) struct Saved {
    x4: Tensor,
    winner: Tensor,
}

/// The convolution at the head of `placed` if a block can stand for its first layers.
fn convolution(placed: &[PlacedLayer<'_>]) -> Option<(Convolution, Convolution)> {
    let [conv, relu, pool, ..] = placed else { return None };
    let (
        LayerSpec::Conv2d { outputs, kernel, padding },
        LayerSpec::Relu {},
        LayerSpec::MaxPool2d { kernel: window, stride },
    ) = (conv.spec, relu.spec, pool.spec)
    else {
        return None;
    };
    let halves = Window { kernel: (2, 2), stride: (2, 2) };
    if LayerSpec::window(*window, *stride) != halves || !outputs.is_multiple_of(4) {
        return None;
    }
    let forward =
        Convolution { x: conv.x, outputs: *outputs, kernel: (*kernel).into(), padding: (*padding).into() };
    Some((forward, forward.backward()?))
}

/// Whether a block can stand for the first layers of `placed`.
pub(super) fn fits(placed: &[PlacedLayer<'_>]) -> bool {
    convolution(placed).is_some()
}

impl ConvBlock {
    /// The block for the first layers of `placed`, if one can stand for them.
    pub fn new(placed: &[PlacedLayer<'_>], parameters: &Parameters, packed_x: bool) -> Result<Option<Self>> {
        let Some((convolution, backward)) = convolution(placed) else { return Ok(None) };
        let name = &placed[0].name;
        Ok(Some(Self {
            name: name.clone(),
            convolution,
            backward,
            pooled: placed[LAYERS - 1].y,
            weight: parameters.get(&format!("{name}.weight"))?,
            bias: parameters.get(&format!("{name}.bias"))?,
            packed_x,
            packed_y: fits(&placed[LAYERS..]),
        }))
    }

    fn maps(&self, gpu: &Gpu, label: &str, rows: usize, map: MapShape) -> Result<Tensor> {
        tuned::channels_last(gpu, &format!("{}.{label}", self.name), rows, map)
    }

    /// Room for maps of `map` in the public layout.
    fn public(&self, gpu: &Gpu, label: &str, rows: usize, map: MapShape) -> Result<Tensor> {
        let dims = [rows, map.channels, map.height, map.width];
        Tensor::zeros(gpu, &format!("{}.{label}", self.name), &dims)
    }

    /// Records y from x; gives y and what the way back needs..
    pub fn forward(&self, rec: &mut Recording, x: &Tensor) -> Result<(Tensor, Saved)> {
        let gpu = rec.gpu().clone();
        let rows = x.rows();
        let x4 = if self.packed_x {
            x.clone()
        } else {
            let x4 = self.maps(&gpu, "x4", rows, self.convolution.x)?;
            channels_last::pack(rec, x, &x4)?;
            x4
        };
        let blocks = channels_last::weight_blocks(&gpu, &self.weight.value, Direction::Forward)?;
        channels_last::pack_weight(rec, &self.weight.value, &blocks, Direction::Forward)?;
        let y4 = self.maps(&gpu, "y4", rows, self.pooled)?;
        let winner_dims = [rows, self.pooled.height, self.pooled.width, self.pooled.channels / 4];
        let winner = Tensor::zeros(&gpu, "winner", &winner_dims)?;
        conv2d_tile::pooled(rec, &self.convolution, &x4, &blocks, &self.bias.value, &y4, &winner)?;
        let y = if self.packed_y {
            y4
        } else {
            let y = self.public(&gpu, "y", rows, self.pooled)?;
            channels_last::unpack(rec, &y4, &y)?;
            y
        };
        Ok((y, Saved { x4, winner }))
    }

    /// Records the gradients of the parameters and, if wanted, dx.
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        dy: &Tensor,
        want_dx: bool,
    ) -> Result<Option<Tensor>> {
        let gpu = rec.gpu().clone();
        let rows = dy.rows();
        let map = self.convolution.y()?;
        let d4 = if self.packed_y {
            dy.clone()
        } else {
            let d4 = self.maps(&gpu, "d4", rows, self.pooled)?;
            channels_last::pack(rec, dy, &d4)?;
            d4
        };
        channels_last::pooled_bias(rec, &d4, &saved.winner, &self.bias.grad, map)?;
        let dy4 = self.maps(&gpu, "dy4", rows, map)?;
        channels_last::unpool(rec, &d4, &saved.winner, &dy4, map)?;
        let partial = conv2d_weight::partial_sums(&gpu, &self.convolution, rows)?;
        let dweight = &self.weight.grad;
        conv2d_weight::backward_weight(rec, &self.convolution, &saved.x4, &dy4, &partial, dweight)?;
        if want_dx { self.backward_input(rec, &dy4).map(Some) } else { Ok(None) }
    }

    fn backward_input(&self, rec: &mut Recording, dy4: &Tensor) -> Result<Tensor> {
        let gpu = rec.gpu().clone();
        let rows = dy4.rows();
        let blocks = channels_last::weight_blocks(&gpu, &self.weight.value, Direction::Backward)?;
        channels_last::pack_weight(rec, &self.weight.value, &blocks, Direction::Backward)?;
        let dx4 = self.maps(&gpu, "dx4", rows, self.convolution.x)?;
        conv2d_tile::plain(rec, &self.backward, dy4, &blocks, &dx4)?;
        if self.packed_x {
            return Ok(dx4);
        }
        let dx = self.public(&gpu, "dx", rows, self.convolution.x)?;
        channels_last::unpack(rec, &dx4, &dx)?;
        Ok(dx)
    }
}
