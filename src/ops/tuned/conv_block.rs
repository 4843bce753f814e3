//! conv2d → relu → max_pool2d(2) as one block of fused kernels; the full map before pooling is never stored.

use super::super::expect;
use super::conv2d_pooled::{TILE_OUTPUTS, TILE_WINDOWS};
use super::texels::{self, Layout};
use super::{Convolution, TAPS, conv2d_pooled, conv2d_pooled_input, conv2d_pooled_weight};
use super::{groups, weight_texels};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels};
use crate::shape::MapShape;

const OP: &str = "conv_block";
/// Channels in a texel of winners.
const WINNERS: usize = 8;

/// A block's shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvBlock {
    convolution: Convolution,
    pooled: MapShape,
}

/// What a forward pass leaves for its backward pass.
pub struct Saved {
    x: (Layout, Texels),
    winner: (Layout, Texels),
    y: Tensor,
}

/// Where the gradients go.
pub struct Gradients<'a> {
    /// (O, C, KH, KW)
    pub dweight: &'a Tensor,
    /// (O)
    pub dbias: &'a Tensor,
    /// (N, C, H, W), if wanted.
    pub dx: Option<&'a Tensor>,
}

impl ConvBlock {
    /// The block around `convolution`; `None` where no window fits its map.
    pub fn new(convolution: Convolution) -> Option<Self> {
        convolution.pooled().ok().map(|pooled| Self { convolution, pooled })
    }

    /// The shape of y and dy over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.pooled.channels, self.pooled.height, self.pooled.width]
    }

    /// The shape of x and dx over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        let x = self.convolution.x;
        [rows, x.channels, x.height, x.width]
    }

    /// x with its padding, and as far to the right as tiles and blocks of taps read.
    fn x_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        let Convolution { x, kernel, padding, .. } = self.convolution;
        let tiles = 2 * self.pooled.width.next_multiple_of(TILE_WINDOWS) + kernel.1;
        let taps = 2 * self.pooled.width + self.convolution.tap_blocks() * TAPS;
        let width = (x.width + 2 * padding.1).max(tiles).max(taps);
        Layout::new(gpu, rows, groups(x.channels), (x.height + 2 * padding.0, width), padding)
    }

    /// The gradient behind pooling, whole tiles of it.
    fn d_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        let width = self.pooled.width.next_multiple_of(TILE_WINDOWS);
        let groups = 2 * self.winner_groups();
        Layout::new(gpu, rows, groups, (self.pooled.height, width), (0, 0))
    }

    fn winner_groups(&self) -> usize {
        self.pooled.channels.div_ceil(WINNERS)
    }

    /// Records y (N, O, OH/2, OW/2) from x (N, C, H, W), weight (O, C, KH, KW) and bias (O).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit each other or the device,
    /// [`crate::error::Error::Gpu`] when there is no memory for what lies between the kernels.
    pub fn forward(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
    ) -> Result<Saved> {
        let (gpu, rows) = (rec.gpu().clone(), x.rows());
        expect(OP, "x", x, &self.x_dims(rows))?;
        expect(OP, "y", y, &self.y_dims(rows))?;
        expect(OP, "weight", weight, &self.convolution.weight_dims())?;
        let layout = self.x_layout(&gpu, rows)?;
        let texels = layout.texels(&gpu, "x texels", TexelFormat::Reals)?;
        texels::pack(rec, &layout, x, &texels)?;
        let winner = self.d_layout(&gpu, rows)?.with_groups(self.winner_groups());
        let winner = (winner, winner.texels(&gpu, "winners", TexelFormat::Words)?);
        let outputs = self.pooled.channels.next_multiple_of(TILE_OUTPUTS);
        let operands = conv2d_pooled::Operands {
            x: (&layout, &texels),
            weight: &weight_texels::forward(rec, weight, outputs)?,
            bias,
            y,
            winner: (&winner.0, &winner.1),
        };
        conv2d_pooled::forward(rec, &self.convolution, &operands)?;
        Ok(Saved { x: (layout, texels), winner, y: y.clone() })
    }

    /// Records the gradients from dy (N, O, OH/2, OW/2).
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
        let (gpu, rows) = (rec.gpu().clone(), dy.rows());
        expect(OP, "dy", dy, &self.y_dims(rows))?;
        let layout = self.d_layout(&gpu, rows)?;
        let d = layout.texels(&gpu, "gradient texels", TexelFormat::Reals)?;
        texels::pack_gradient(rec, &layout, dy, &saved.y, &d)?;
        let winner = (&saved.winner.0, &saved.winner.1);
        let operands = conv2d_pooled_weight::Operands {
            x: (&saved.x.0, &saved.x.1),
            d: &d,
            winner,
            dweight: gradients.dweight,
            dbias: gradients.dbias,
        };
        conv2d_pooled_weight::backward(rec, &self.convolution, rows, &operands)?;
        let Some(dx) = gradients.dx else { return Ok(()) };
        let outputs = WINNERS * self.winner_groups();
        let weight = &weight_texels::backward(rec, &self.convolution, weight, outputs)?;
        let operands = conv2d_pooled_input::Operands { d: &d, winner, weight, dx };
        conv2d_pooled_input::backward(rec, &self.convolution, &operands)
    }
}
