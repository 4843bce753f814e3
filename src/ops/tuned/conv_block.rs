//! conv2d → relu → max_pool2d(2) as one block of fused kernels.
//!
//! The full map before pooling is never stored on the way forward. Blocks that follow each other hand their maps
//! on with channels last; only the first and the last meet the public layout.

use super::super::expect;
use super::channels_last::{self, Direction};
use super::{Convolution, conv2d_tile, conv2d_weight, packed_dims};
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::ops::max_pool2d::Window;
use crate::shape::MapShape;

const OP: &str = "conv_block";

/// The windows that a block pools.
pub const WINDOW: Window = Window { kernel: (2, 2), stride: (2, 2) };

/// A block's shapes and layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvBlock {
    convolution: Convolution,
    backward: Convolution,
    /// The map between convolution and pooling.
    full: MapShape,
    pooled: MapShape,
    packed_x: bool,
    packed_y: bool,
}

/// What a forward pass leaves for its backward pass.
pub struct Saved {
    x4: Tensor,
    winner: Tensor,
}

/// Where the gradients go.
pub struct Gradients<'a> {
    /// (O, C, KH, KW)
    pub dweight: &'a Tensor,
    /// (O)
    pub dbias: &'a Tensor,
    /// Shaped as x, if wanted.
    pub dx: Option<&'a Tensor>,
}

impl ConvBlock {
    /// The block around `convolution`, x and y in the public layout; `None` where the kernels do not fit.
    pub fn new(convolution: Convolution) -> Option<Self> {
        let full = convolution.y().ok()?;
        let (height, width) = WINDOW.out_size((full.height, full.width)).ok()?;
        let backward = convolution.backward()?;
        convolution.outputs.is_multiple_of(4).then_some(Self {
            convolution,
            backward,
            full,
            pooled: MapShape::new(full.channels, height, width),
            packed_x: false,
            packed_y: false,
        })
    }

    /// The block with channels last in x, as another block hands it on, and in y, for another block.
    pub fn packed(self, x: bool, y: bool) -> Self {
        Self { packed_x: x, packed_y: y, ..self }
    }

    /// The shape of x and dx over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        dims(rows, self.convolution.x, self.packed_x)
    }

    /// The shape of y and dy over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        dims(rows, self.pooled, self.packed_y)
    }

    fn weight_dims(&self) -> [usize; 4] {
        let Convolution { x, outputs, kernel, .. } = self.convolution;
        [outputs, x.channels, kernel.0, kernel.1]
    }

    /// Records y from x, weight (O, C, KH, KW) and bias (O).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::Gpu`] when there is no
    /// memory for what lies between the kernels.
    pub fn forward(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
    ) -> Result<Saved> {
        let rows = x.rows();
        expect(OP, "x", x, &self.x_dims(rows))?;
        expect(OP, "y", y, &self.y_dims(rows))?;
        let x4 = packed(rec, "x4", x, self.packed_x)?;
        let blocks = self.weight_blocks(rec, weight, Direction::Forward)?;
        let y4 = room(rec, "y4", y, self.packed_y)?;
        let winner = [rows, self.pooled.height, self.pooled.width, self.pooled.channels / 4];
        let winner = Tensor::zeros(rec.gpu(), "winner", &winner)?;
        conv2d_tile::pooled(rec, &self.convolution, &x4, &blocks, bias, &y4, &winner)?;
        if !self.packed_y {
            channels_last::unpack(rec, &y4, y)?;
        }
        Ok(Saved { x4, winner })
    }

    /// Records the gradients from dy.
    ///
    /// # Errors
    /// As [`ConvBlock::forward`].
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weight: &Tensor,
        dy: &Tensor,
        gradients: &Gradients<'_>,
    ) -> Result<()> {
        let rows = saved.x4.rows();
        expect(OP, "dy", dy, &self.y_dims(rows))?;
        let d4 = packed(rec, "d4", dy, self.packed_y)?;
        channels_last::pooled_bias(rec, &d4, &saved.winner, gradients.dbias, self.full)?;
        let dy4 = Tensor::zeros(rec.gpu(), "dy4", &packed_dims(rows, self.full))?;
        channels_last::unpool(rec, &d4, &saved.winner, &dy4, self.full)?;
        let partial = conv2d_weight::partial_sums(rec.gpu(), &self.convolution, rows)?;
        conv2d_weight::backward_weight(rec, &self.convolution, &saved.x4, &dy4, &partial, gradients.dweight)?;
        match gradients.dx {
            Some(dx) => self.backward_input(rec, weight, &dy4, dx),
            None => Ok(()),
        }
    }

    fn backward_input(&self, rec: &mut Recording, weight: &Tensor, dy4: &Tensor, dx: &Tensor) -> Result<()> {
        expect(OP, "dx", dx, &self.x_dims(dy4.rows()))?;
        let blocks = self.weight_blocks(rec, weight, Direction::Backward)?;
        let dx4 = room(rec, "dx4", dx, self.packed_x)?;
        conv2d_tile::plain(rec, &self.backward, dy4, &blocks, &dx4)?;
        if self.packed_x { Ok(()) } else { channels_last::unpack(rec, &dx4, dx) }
    }

    fn weight_blocks(&self, rec: &mut Recording, weight: &Tensor, direction: Direction) -> Result<Tensor> {
        expect(OP, "weight", weight, &self.weight_dims())?;
        let blocks = channels_last::weight_blocks(rec.gpu(), weight, direction)?;
        channels_last::pack_weight(rec, weight, &blocks, direction)?;
        Ok(blocks)
    }
}

fn dims(rows: usize, map: MapShape, packed: bool) -> [usize; 4] {
    if packed { packed_dims(rows, map) } else { [rows, map.channels, map.height, map.width] }
}

/// `tensor` with channels last, which it may already be.
fn packed(rec: &mut Recording, label: &str, tensor: &Tensor, already: bool) -> Result<Tensor> {
    let tensor4 = room(rec, label, tensor, already)?;
    if !already {
        channels_last::pack(rec, tensor, &tensor4)?;
    }
    Ok(tensor4)
}

/// Where the maps of `tensor` lie with channels last: in itself if they do so already.
fn room(rec: &Recording, label: &str, tensor: &Tensor, already: bool) -> Result<Tensor> {
    if already {
        return Ok(tensor.clone());
    }
    Tensor::zeros(rec.gpu(), label, &packed_dims(tensor.rows(), tensor.map()))
}
