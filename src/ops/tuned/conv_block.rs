//! conv2d → relu → max_pool2d(2) as one block of fused kernels; the full map before pooling is never stored.

use super::super::expect;
use super::texels::{self, Layout};
use super::winograd::{Spectrum, Upstream, Winograd};
use super::{Convolution, Gradients, TILE_WINDOWS, WINDOW, paired_groups};
use super::{conv2d_spread, conv2d_tile, conv2d_weight, weight_texels};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels};
use crate::shape::MapShape;

const OP: &str = "conv_block";

/// A block's shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvBlock {
    convolution: Convolution,
    pooled: MapShape,
    /// The convolution in Winograd's domain, if that is the shorter way.
    winograd: Option<Winograd>,
}

/// What a forward pass leaves for its backward pass.
pub struct Saved {
    x: SavedX,
    winner: Texels,
    y: Tensor,
}

enum SavedX {
    Texels(Layout, Texels),
    Spectrum(Winograd, Spectrum),
}

impl ConvBlock {
    /// The block around `convolution`; `None` where no window fits its map.
    pub fn new(convolution: Convolution) -> Option<Self> {
        let full = convolution.y().ok()?;
        let (height, width) = WINDOW.out_size((full.height, full.width)).ok()?;
        let pooled = MapShape::new(full.channels, height, width);
        let covered = (WINDOW.kernel.0 * height, WINDOW.kernel.1 * width);
        Some(Self { convolution, pooled, winograd: Winograd::new(convolution, covered) })
    }

    /// The shape of x and dx over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        self.convolution.x_dims(rows)
    }

    /// The shape of y and dy over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.pooled.channels, self.pooled.height, self.pooled.width]
    }

    /// Whether the block computes in Winograd's domain.
    pub fn is_winograd(&self) -> bool {
        self.winograd.is_some()
    }

    /// The gradient behind pooling, whole tiles of windows.
    fn d_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        let width = self.pooled.width.next_multiple_of(TILE_WINDOWS);
        let height = self.pooled.height.next_multiple_of(2);
        let groups = paired_groups(self.pooled.channels);
        Layout::new(gpu, rows, groups, (height, width), (0, 0))
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
        let layout = self.d_layout(&gpu, rows)?.halved();
        let winner = layout.texels(&gpu, "winners", TexelFormat::Words)?;
        let x = match self.winograd {
            Some(winograd) => {
                let spectrum = winograd.forward_pooled(rec, x, (weight, bias), y, (&layout, &winner))?;
                SavedX::Spectrum(winograd, spectrum)
            }
            None => {
                let x = self.convolution.pack_x(rec, x)?;
                let weight = &weight_texels::forward(rec, weight)?;
                let kernel = self.convolution.kernel;
                let channels = self.convolution.x.channels;
                let operands = conv2d_tile::Operands { x: (&x.0, &x.1), channels, weight, kernel, bias };
                conv2d_tile::pooled(rec, &operands, y, (&layout, &winner))?;
                SavedX::Texels(x.0, x.1)
            }
        };
        Ok(Saved { x, winner, y: y.clone() })
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
        let texels = layout.texels(&gpu, "gradient texels", TexelFormat::Reals)?;
        texels::pack_gradient(rec, &layout, dy, &saved.y, &texels)?;
        let d = (&layout, &texels);
        match &saved.x {
            SavedX::Spectrum(winograd, x) => {
                let upstream = Upstream { d, winner: &saved.winner, map: self.pooled };
                winograd.backward(rec, x, weight, &upstream, gradients)
            }
            SavedX::Texels(x_layout, x) => {
                let winner = Some(&saved.winner);
                let Gradients { dweight, dbias, .. } = *gradients;
                let operands = conv2d_weight::Operands { x: (x_layout, x), d, winner, dweight, dbias };
                conv2d_weight::backward(rec, &self.convolution, (rows, self.pooled), &operands)?;
                let Some(dx) = gradients.dx else { return Ok(()) };
                let weight = &weight_texels::spread(rec, &self.convolution, weight, 4 * layout.groups)?;
                let operands = conv2d_spread::Operands { d, winner: &saved.winner, weight, dx };
                conv2d_spread::backward(rec, &self.convolution, self.pooled, &operands)
            }
        }
    }
}
