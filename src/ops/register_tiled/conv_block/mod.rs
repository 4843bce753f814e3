//! conv2d → relu → max_pool2d(2) as one block of fused kernels; the full map before pooling is never stored.

#[cfg(feature = "check")]
pub(crate) mod proof;
#[cfg(feature = "check")]
mod terms;
#[cfg(feature = "check")]
mod twin;

use super::pooled::{Destination, Pooled};
use super::texels::Layout;
use super::winograd_domain::{Spectrum, Upstream, Winograd};
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

/// A block that computes its map and its gradients in Winograd's domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WinogradBlock {
    pub convolution: Convolution,
    /// Of the map behind pooling.
    pub pooled: MapShape,
    winograd: Winograd,
}

/// What a forward pass leaves for its backward pass, which goes the way that the forward pass went.
#[derive(Debug)]
pub(super) enum Saved {
    Direct(DirectSaved),
    Winograd(WinogradSaved),
}

/// Of a block whose gradients are computed directly.
#[derive(Debug)]
pub(super) struct DirectSaved {
    block: ConvBlock,
    rows: usize,
    /// With its border.
    x: (Layout, Texels),
    argmax: Texels,
}

/// Of a block whose gradients are computed in Winograd's domain.
#[derive(Debug)]
pub(super) struct WinogradSaved {
    block: WinogradBlock,
    /// With its border.
    pub x: (Layout, Texels),
    /// Of x, in Winograd's domain.
    spectrum: Spectrum,
    argmax: Texels,
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

    /// Whether the device's textures hold what every batch needs: one image, its gradient, and all that is as large as the
    /// weight.
    pub fn fits(&self, gpu: &Gpu) -> bool {
        let layouts = [self.x_layout(gpu, 1), self.d_layout(gpu, 1)];
        layouts.iter().all(Result::is_ok) && Texels::fit(gpu, &self.sizes(Texels::most(gpu)))
    }

    /// Of the textures that are the same for every batch, where none is larger than `most` × `most` texels.
    fn sizes(&self, most: usize) -> Vec<(usize, usize)> {
        let convolution = &self.convolution;
        let spread = weight_texels::spread_size(convolution, 4 * paired_groups(self.pooled.channels));
        let back = [spread, conv2d_weight::least_size(convolution, most)];
        match self.way {
            Way::Winograd(winograd) => winograd.sizes(most),
            Way::Image(_) => back.to_vec(),
            Way::Direct => [&back[..], &[weight_texels::forward_size(convolution.weight_dims())]].concat(),
        }
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
            Way::Image(image) => self.convolution.x_layout(gpu, rows, image.halo()),
            Way::Direct => self.convolution.x_layout(gpu, rows, (0, 0)),
        }
    }

    /// How the gradient behind pooling lies in a texture, whole tiles of windows.
    pub(super) fn d_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        d_layout(gpu, rows, self.pooled)
    }

    /// The block as one that computes all in Winograd's domain, if it does.
    pub(super) fn winograd(&self) -> Option<WinogradBlock> {
        let &Self { convolution, pooled, way } = self;
        match way {
            Way::Winograd(winograd) => Some(WinogradBlock { convolution, pooled, winograd }),
            Way::Image(_) | Way::Direct => None,
        }
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
        if let Some(block) = self.winograd() {
            return block.forward(rec, rows, x, parameters, y).map(Saved::Winograd);
        }
        let (layout, argmax) = argmax(rec.gpu(), rows, self.pooled)?;
        let (to, maps) = (Pooled { y, argmax: (&layout, &argmax) }, (rows, self.pooled));
        if let Way::Image(image) = self.way {
            image.forward_pooled(rec, (&x.0, &x.1), parameters, maps, &to)?;
        } else {
            let weight = &weight_texels::forward(rec, parameters.weight)?;
            let Convolution { kernel, x: MapShape { channels, .. }, .. } = self.convolution;
            let bias = parameters.bias;
            let operands = conv2d_tile::Operands { x: (&x.0, &x.1), channels, weight, kernel, bias };
            conv2d_tile::pooled(rec, &operands, maps, &to)?;
        }
        Ok(Saved::Direct(DirectSaved { block: *self, rows, x, argmax }))
    }
}

/// How the gradient of `pooled` maps lies in a texture, whole tiles of windows.
fn d_layout(gpu: &Gpu, rows: usize, pooled: MapShape) -> Result<Layout> {
    let width = pooled.width.next_multiple_of(TILE_WINDOWS);
    let height = pooled.height.next_multiple_of(2);
    Layout::new(gpu, rows, paired_groups(pooled.channels), (height, width), (0, 0))
}

/// Memory for the corners that win.
fn argmax(gpu: &Gpu, rows: usize, pooled: MapShape) -> Result<(Layout, Texels)> {
    let layout = d_layout(gpu, rows, pooled)?.halved();
    Ok((layout, layout.texels(gpu, "argmax", TexelFormat::Words)?))
}

impl WinogradBlock {
    /// How a batch of x lies in a texture, with its border.
    pub fn x_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        self.winograd.x_layout(gpu, rows)
    }

    /// How the gradient behind pooling lies in a texture, whole tiles of windows.
    pub fn d_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        d_layout(gpu, rows, self.pooled)
    }

    /// Records y over a batch of `rows` from x, in [`WinogradBlock::x_layout`].
    pub fn forward(
        &self,
        rec: &mut Recording,
        rows: usize,
        x: (Layout, Texels),
        parameters: Parameters<'_>,
        y: Destination<'_>,
    ) -> Result<WinogradSaved> {
        let (layout, argmax) = argmax(rec.gpu(), rows, self.pooled)?;
        let (to, maps) = (Pooled { y, argmax: (&layout, &argmax) }, (rows, self.pooled));
        let spectrum = self.winograd.forward_pooled(rec, (&x.0, &x.1), parameters, maps, &to)?;
        Ok(WinogradSaved { block: *self, x, spectrum, argmax })
    }
}

impl Saved {
    /// Records the gradients that are wanted from d, the one behind pooling in [`ConvBlock::d_layout`], 0 where ReLU gave 0.
    pub fn backward(
        &self,
        rec: &mut Recording,
        weight: &Tensor,
        d: (&Layout, &Texels),
        gradients: Option<Parameters<'_>>,
        dx: Option<&Tensor>,
    ) -> Result<()> {
        match self {
            Self::Direct(saved) => saved.backward(rec, weight, d, gradients, dx),
            Self::Winograd(saved) => {
                let dx = dx.map(winograd_gradient::Destination::Tensor);
                saved.backward(rec, weight, d, gradients, dx)
            }
        }
    }
}

impl DirectSaved {
    fn backward(
        &self,
        rec: &mut Recording,
        weight: &Tensor,
        d: (&Layout, &Texels),
        gradients: Option<Parameters<'_>>,
        dx: Option<&Tensor>,
    ) -> Result<()> {
        let ConvBlock { convolution, pooled, .. } = &self.block;
        if let Some(Parameters { weight: dweight, bias: dbias }) = gradients {
            let (x, argmax) = ((&self.x.0, &self.x.1), Some(&self.argmax));
            let operands = conv2d_weight::Operands { x, d, argmax, dweight, dbias };
            conv2d_weight::backward(rec, convolution, (self.rows, *pooled), &operands)?;
        }
        let Some(dx) = dx else { return Ok(()) };
        let weight = &weight_texels::spread(rec, convolution, weight, 4 * d.0.groups)?;
        let operands = conv2d_spread::Operands { d, argmax: &self.argmax, weight, dx };
        conv2d_spread::backward(rec, convolution, *pooled, &operands)
    }
}

impl WinogradSaved {
    /// As [`Saved::backward`]; dx may also go into a texture, as the gradient behind the block in front.
    pub fn backward(
        &self,
        rec: &mut Recording,
        weight: &Tensor,
        d: (&Layout, &Texels),
        gradients: Option<Parameters<'_>>,
        dx: Option<winograd_gradient::Destination<'_>>,
    ) -> Result<()> {
        let upstream = Upstream { d, argmax: &self.argmax, map: self.block.pooled };
        self.block.winograd.backward(rec, &self.spectrum, weight, &upstream, gradients, dx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest side of a texture that a block of so many channels and outputs needs.
    fn longest(channels: usize, outputs: usize, side: usize, most: usize) -> usize {
        let x = MapShape::new(channels, 16, 16);
        let convolution = Convolution { x, outputs, kernel: (side, side), padding: (side / 2, side / 2) };
        let sizes = ConvBlock::new(convolution).map(|block| block.sizes(most)).unwrap_or_default();
        sizes.into_iter().map(|size| size.0.max(size.1)).max().unwrap_or(0)
    }

    #[test]
    fn blocks_of_many_channels_fit_textures() {
        assert!(longest(256, 512, 3, 16_384) <= 16_384);
        assert!(longest(256, 512, 3, 8192) <= 8192);
        assert!(longest(512, 512, 5, 8192) <= 8192);
    }

    #[test]
    fn blocks_that_fit_no_texture_are_told() {
        // 9 taps × 2,048 groups of channels; five kernel rows that windows meet, and 4,096 outputs.
        assert_eq!(longest(8192, 16, 3, 16_384), 9 * 2048);
        assert_eq!(longest(16, 4096, 3, 16_384), 5 * 4096);
        // In Winograd's domain a row has the 64 points of sixteen tiles, or of four times four weights.
        assert_eq!(longest(16, 16, 5, 512), 64 * 16);
    }
}
