//! A convolution by itself, through the same tiles as a block.

use super::super::expect;
use super::texels::{self, Layout};
use super::{Convolution, Gradients, Parameters, conv2d_tile, conv2d_weight, conv2d_weight_wide};
use super::{paired_groups, weight_texels};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Texels};
use crate::shape::MapShape;

const OP: &str = "conv2d_tiled";

/// A convolution's shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dTiled {
    convolution: Convolution,
    y: MapShape,
    /// Rows and columns of zeros around dy on the way back.
    border: (usize, usize),
    /// Whether the weight's gradient comes of the kernels for many channels, and the bias has none.
    is_wide: bool,
}

/// What a forward pass leaves for its backward pass.
#[derive(Debug)]
pub struct Saved {
    of: Conv2dTiled,
    rows: usize,
    x: (Layout, Texels),
}

impl Conv2dTiled {
    /// `None` where the padding is wider than the kernel, less one: the way back would need less than no padding.
    pub fn new(convolution: Convolution) -> Option<Self> {
        let along = |kernel: usize, padding: usize| (kernel - 1).checked_sub(padding);
        let y = convolution.y().ok()?;
        let Convolution { kernel, padding, .. } = convolution;
        let border = along(kernel.0, padding.0).zip(along(kernel.1, padding.1))?;
        Some(Self { convolution, y, border, is_wide: false })
    }

    /// One without bias, which may have many channels, in groups of four.
    pub fn without_bias(convolution: Convolution) -> Option<Self> {
        let tiled = Self::new(convolution)?;
        convolution.x.channels.is_multiple_of(4).then_some(Self { is_wide: true, ..tiled })
    }

    /// Whether the device's textures hold what every batch needs: one image, its gradient, and all that is as large as the
    /// weight.
    pub fn fits(&self, gpu: &Gpu) -> bool {
        let layouts = [self.convolution.x_layout(gpu, 1, (0, 0)), self.d_layout(gpu, 1)];
        layouts.iter().all(Result::is_ok) && Texels::fit(gpu, &self.sizes(Texels::most(gpu)))
    }

    /// Of the textures that are the same for every batch, where none is larger than `most` × `most` texels.
    fn sizes(&self, most: usize) -> Vec<(usize, usize)> {
        let weight = self.convolution.weight_dims();
        let inner = paired_groups(self.y.channels);
        let mut sizes = vec![weight_texels::forward_size(weight), weight_texels::rotated_size(weight, inner)];
        // The kernels for many channels have their partial sums in a buffer.
        sizes.extend((!self.is_wide).then(|| conv2d_weight::least_size(&self.convolution, most)));
        sizes
    }

    /// dy with the zeros around it, and as far beyond as tiles read.
    fn d_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        let x = self.convolution.x;
        let size = conv2d_tile::halo((x.height, x.width), self.convolution.kernel);
        Layout::new(gpu, rows, paired_groups(self.y.channels), size, self.border)
    }

    /// Records y (N, O, OH, OW) from x (N, C, H, W), weight (O, C, KH, KW) and bias (O).
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
        let rows = x.rows();
        expect(OP, "x", x, &self.convolution.x_dims(rows))?;
        expect(OP, "y", y, &[rows, self.y.channels, self.y.height, self.y.width])?;
        expect(OP, "weight", weight, &self.convolution.weight_dims())?;
        let layout = self.convolution.x_layout(rec.gpu(), rows, (0, 0))?;
        let x = texels::packed(rec, &layout, "x texels", x)?;
        let x = (layout, x);
        let weight = &weight_texels::forward(rec, weight)?;
        let kernel = self.convolution.kernel;
        let channels = self.convolution.x.channels;
        let operands = conv2d_tile::Operands { x: (&x.0, &x.1), channels, weight, kernel, bias };
        conv2d_tile::plain(rec, &operands, y)?;
        Ok(Saved { of: *self, rows, x })
    }

    /// Records the gradients that are wanted from dy (N, O, OH, OW).
    ///
    /// # Errors
    /// As [`Conv2dTiled::forward`].
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weight: &Tensor,
        dy: &Tensor,
        gradients: &Gradients<'_>,
    ) -> Result<()> {
        let (gpu, rows) = (rec.gpu().clone(), dy.rows());
        super::expect_saved(OP, (&saved.of, saved.rows), (self, rows))?;
        expect(OP, "weight", weight, &self.convolution.weight_dims())?;
        expect(OP, "dy", dy, &[rows, self.y.channels, self.y.height, self.y.width])?;
        let layout = self.d_layout(&gpu, rows)?;
        let texels = texels::packed(rec, &layout, "gradient texels", dy)?;
        if let Some(Parameters { weight: dweight, bias: dbias }) = gradients.parameters {
            let (x, d) = ((&saved.x.0, &saved.x.1), (&layout, &texels));
            if self.is_wide {
                conv2d_weight_wide::backward(rec, &self.convolution, (rows, self.y), x, d, dweight)?;
            } else {
                let operands = conv2d_weight::Operands { x, d, argmax: None, dweight, dbias };
                conv2d_weight::backward(rec, &self.convolution, (rows, self.y), &operands)?;
            }
        }
        let Some(dx) = gradients.dx else { return Ok(()) };
        expect(OP, "dx", dx, &self.convolution.x_dims(rows))?;
        let weight = &weight_texels::rotated(rec, weight, layout.groups)?;
        let no_bias = Tensor::zeros(&gpu, "no bias", &[self.convolution.x.channels])?;
        let kernel = self.convolution.kernel;
        let channels = self.y.channels;
        let operands =
            conv2d_tile::Operands { x: (&layout, &texels), channels, weight, kernel, bias: &no_bias };
        conv2d_tile::plain(rec, &operands, dx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest(channels: usize, outputs: usize, most: usize) -> usize {
        let convolution =
            Convolution { x: MapShape::new(channels, 8, 8), outputs, kernel: (3, 3), padding: (1, 1) };
        let sizes = Conv2dTiled::new(convolution).map(|tiled| tiled.sizes(most)).unwrap_or_default();
        sizes.into_iter().map(|size| size.0.max(size.1)).max().unwrap_or(0)
    }

    #[test]
    fn convolutions_of_many_channels_fit_textures() {
        assert!(largest(256, 512, 16_384) <= 16_384);
        assert!(largest(256, 256, 8192) <= 8192);
        assert!(largest(256, 512, 8192) <= 8192);
    }

    #[test]
    fn weights_that_fit_no_texture_are_told() {
        // 9 taps × 2,048 groups of channels.
        assert_eq!(largest(8192, 16, 16_384), 9 * 2048);
        assert_eq!(largest(16, 8192, 16_384), 9 * 2048);
    }
}
