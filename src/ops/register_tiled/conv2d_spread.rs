//! The gradient of the input of a convolution with ReLU and 2×2 max-pooling behind it.

use super::super::{expect, u32_of};
use super::texels::Layout;
use super::{Convolution, TAPS, TILE_WINDOWS, groups};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Texels, Work, by};
use crate::ops::kernels::conv2d_spread as wgsl;
use crate::shape::MapShape;

/// Columns that a tile of windows meets.
const COLUMNS: usize = 2 * TILE_WINDOWS + TAPS - 1;

/// What the kernels read and write.
pub struct Operands<'a> {
    /// The gradient behind pooling, 0 where ReLU gave 0; without border.
    pub d: (&'a Layout, &'a Texels),
    /// A byte a channel, which of its window has the gradient; laid out as d, one texel for two.
    pub argmax: &'a Texels,
    /// From [`super::weight_texels::spread`].
    pub weight: &'a Texels,
    /// (N, C, H, W)
    pub dx: &'a Tensor,
}

/// Records dx from the gradients of maps `pooled`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::Gpu`] when there is no memory for
/// the tiles.
pub fn backward(
    rec: &mut Recording,
    convolution: &Convolution,
    pooled: MapShape,
    operands: &Operands<'_>,
) -> Result<()> {
    const OP: &str = "conv2d_spread";
    let Operands { d: (layout, d), argmax, weight, dx } = *operands;
    let (x, rows) = (convolution.x, dx.rows());
    expect(OP, "dx", dx, &[rows, x.channels, x.height, x.width])?;
    let (tiles, tap_blocks) = (pooled.width.div_ceil(TILE_WINDOWS), convolution.tap_blocks());
    let (pad_h, pad_w) = convolution.padding;
    let params = wgsl::Params {
        rows: u32_of(OP, rows)?,
        channels: u32_of(OP, x.channels)?,
        height: u32_of(OP, x.height)?,
        width: u32_of(OP, x.width)?,
        pooled_h: u32_of(OP, pooled.height)?,
        tiles: u32_of(OP, tiles)?,
        tap_blocks: u32_of(OP, tap_blocks)?,
        out_groups: u32_of(OP, layout.groups / 2)?,
        kernel_h: u32_of(OP, convolution.kernel.0)?,
        pad_h: u32_of(OP, pad_h)?,
        pad_w: u32_of(OP, pad_w)?,
        d_across: u32_of(OP, layout.across)?,
        d_width: u32_of(OP, layout.image_width / 2)?,
        d_height: u32_of(OP, layout.image_height)?,
    };
    let bands = (pad_h + x.height).div_ceil(2) - pad_h / 2;
    let maps = tap_blocks * tiles * groups(x.channels) * rows;
    let sums = Tensor::zeros(rec.gpu(), "tiles of dx", &[maps, x.height, COLUMNS, 4])?;
    let work = convolution.work(rows, (pooled.height, pooled.width));
    rec.dispatch(wgsl::Spread { params: &params, d, argmax, weight, tiles_out: &sums }, maps * bands, work)?;
    let threads = groups(x.channels) * rows * x.height * x.width;
    rec.dispatch(
        wgsl::Join { params: &params, tiles: &sums, dx },
        threads,
        Work::new(sums.len(), by(dx.dims())),
    )
}
