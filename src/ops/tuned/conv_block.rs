//! conv2d → relu → max_pool2d(2) as one block of fused kernels; the full map before pooling is never stored.

use super::pooled::{Destination, Pooled};
use super::texels::Layout;
use super::winograd::{Spectrum, Upstream, Winograd};
use super::winograd_image::WinogradImage;
use super::{Convolution, Parameters, TILE_WINDOWS, WINDOW, paired_groups, winograd_gradient};
use super::{conv2d_spread, conv2d_tile, conv2d_weight, weight_texels};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels};
use crate::shape::MapShape;

/// A block's shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvBlock {
    pub(super) convolution: Convolution,
    /// Of the map behind pooling.
    pub(super) pooled: MapShape,
    way: Way,
}

/// The shortest way from x to y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    /// In Winograd's domain, and back from there.
    Winograd(Winograd),
    /// In Winograd's domain, and directly back.
    Image(WinogradImage),
}

impl Way {
    fn new(convolution: Convolution, covered: (usize, usize)) -> Self {
        let image = || WinogradImage::new(convolution, covered).map(Self::Image);
        Winograd::new(convolution, covered).map(Self::Winograd).or_else(image).unwrap_or(Self::Direct)
    }
}

/// What a forward pass leaves for its backward pass.
#[derive(Debug)]
pub(super) struct Saved {
    rows: usize,
    /// With its border.
    pub x: (Layout, Texels),
    /// Of x, in Winograd's domain.
    spectrum: Option<Spectrum>,
    winner: Texels,
}

impl ConvBlock {
    /// The block around `convolution`; `None` where no window fits its map.
    pub fn new(convolution: Convolution) -> Option<Self> {
        let full = convolution.y().ok()?;
        let (height, width) = WINDOW.out_size((full.height, full.width)).ok()?;
        let pooled = MapShape::new(full.channels, height, width);
        let covered = (WINDOW.kernel.0 * height, WINDOW.kernel.1 * width);
        Some(Self { convolution, pooled, way: Way::new(convolution, covered) })
    }

    /// Whether the block computes its gradients in Winograd's domain.
    pub fn is_winograd(&self) -> bool {
        matches!(self.way, Way::Winograd(_))
    }

    /// Whether the block computes its map in Winograd's domain, but not its gradients.
    pub fn is_image(&self) -> bool {
        matches!(self.way, Way::Image(_))
    }

    /// How a batch of x lies in a texture, with its border.
    pub(super) fn x_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        match self.way {
            Way::Winograd(winograd) => winograd.x_layout(gpu, rows),
            Way::Image(image) => self.convolution.x_layout(gpu, rows, image.reach()),
            Way::Direct => self.convolution.x_layout(gpu, rows, (0, 0)),
        }
    }

    /// How the gradient behind pooling lies in a texture, whole tiles of windows.
    pub(super) fn d_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        let width = self.pooled.width.next_multiple_of(TILE_WINDOWS);
        let height = self.pooled.height.next_multiple_of(2);
        let groups = paired_groups(self.pooled.channels);
        Layout::new(gpu, rows, groups, (height, width), (0, 0))
    }

    /// Records y over a batch of `rows` from x, in [`ConvBlock::x_layout`].
    pub(super) fn forward(
        &self,
        rec: &mut Recording,
        rows: usize,
        x: (Layout, Texels),
        parameters: Parameters<'_>,
        y: Destination<'_>,
    ) -> Result<Saved> {
        let gpu = rec.gpu().clone();
        let layout = self.d_layout(&gpu, rows)?.halved();
        let winner = layout.texels(&gpu, "winners", TexelFormat::Words)?;
        let (to, maps) = (Pooled { y, winner: (&layout, &winner) }, (rows, self.pooled));
        let mut spectrum = None;
        match self.way {
            Way::Winograd(winograd) => {
                spectrum = Some(winograd.forward_pooled(rec, (&x.0, &x.1), parameters, maps, &to)?);
            }
            Way::Image(image) => image.forward_pooled(rec, (&x.0, &x.1), parameters, maps, &to)?,
            Way::Direct => {
                let weight = &weight_texels::forward(rec, parameters.weight)?;
                let Convolution { kernel, x: MapShape { channels, .. }, .. } = self.convolution;
                let bias = parameters.bias;
                let operands = conv2d_tile::Operands { x: (&x.0, &x.1), channels, weight, kernel, bias };
                conv2d_tile::pooled(rec, &operands, maps, &to)?;
            }
        }
        Ok(Saved { rows, x, spectrum, winner })
    }

    /// Records the gradients from d, the one behind pooling in [`ConvBlock::d_layout`], 0 where
    /// ReLU gave 0. Blocks whose gradients are not computed in Winograd's domain write dx into tensors alone.
    pub(super) fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weight: &Tensor,
        d: (&Layout, &Texels),
        gradients: Parameters<'_>,
        dx: Option<winograd_gradient::Destination<'_>>,
    ) -> Result<()> {
        if let (Way::Winograd(winograd), Some(spectrum)) = (self.way, &saved.spectrum) {
            let upstream = Upstream { d, winner: &saved.winner, map: self.pooled };
            return winograd.backward(rec, spectrum, weight, &upstream, gradients, dx);
        }
        let Parameters { weight: dweight, bias: dbias } = gradients;
        let x = (&saved.x.0, &saved.x.1);
        let operands = conv2d_weight::Operands { x, d, winner: Some(&saved.winner), dweight, dbias };
        conv2d_weight::backward(rec, &self.convolution, (saved.rows, self.pooled), &operands)?;
        let Some(winograd_gradient::Destination::Tensor(dx)) = dx else { return Ok(()) };
        let weight = &weight_texels::spread(rec, &self.convolution, weight, 4 * d.0.groups)?;
        let operands = conv2d_spread::Operands { d, winner: &saved.winner, weight, dx };
        conv2d_spread::backward(rec, &self.convolution, self.pooled, &operands)
    }
}
