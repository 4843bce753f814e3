//! A convolution's weight in textures, four values to a texel.

use super::super::u32_of;
use super::conv2d_tile::TILE_OUTPUTS;
use super::{Convolution, TAPS, groups};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, TexelFormat, Texels, Work, by};
use crate::ops::kernels::weight_texels as wgsl;

/// The size, in texels, of what [`forward`] gives of a weight (O, C, KH, KW).
pub fn forward_size([outputs, channels, kh, kw]: [usize; 4]) -> (usize, usize) {
    (outputs.next_multiple_of(TILE_OUTPUTS), kh * kw * groups(channels))
}

/// The same of [`rotated`].
pub fn rotated_size([_, channels, kh, kw]: [usize; 4], inner: usize) -> (usize, usize) {
    (channels.next_multiple_of(TILE_OUTPUTS), kh * kw * inner)
}

/// The same of [`spread`].
pub fn spread_size(convolution: &Convolution, outputs: usize) -> (usize, usize) {
    let width = groups(convolution.x.channels) * convolution.tap_blocks() * TAPS;
    // Windows meet kernel rows from one above the first to at most two below the last.
    (width, (convolution.kernel.0 / 2 * 2 + 3) * outputs)
}

/// (O, C, KH, KW)
fn dims(weight: &Tensor) -> [usize; 4] {
    let filter = weight.map();
    [weight.rows(), filter.channels, filter.height, filter.width]
}

/// Records a texture of `weight` (O, C, KH, KW) for the way from x to y.
///
/// # Errors
/// [`crate::error::Error::Input`] when it does not fit a texture.
pub fn forward(rec: &mut Recording, weight: &Tensor) -> Result<Texels> {
    let inner = groups(weight.map().channels);
    let (params, texels) = packing(rec, weight, forward_size(dims(weight)), (inner, 1))?;
    rec.dispatch(
        wgsl::PackForward { params: &params, weight, texels: &texels },
        threads(&params),
        work(weight),
    )?;
    Ok(texels)
}

/// Records a texture of the weight for the way from dy, which has `inner` channel groups, to dx.
///
/// # Errors
/// [`crate::error::Error::Input`] when it does not fit a texture.
pub fn rotated(rec: &mut Recording, weight: &Tensor, inner: usize) -> Result<Texels> {
    let (params, texels) = packing(rec, weight, rotated_size(dims(weight), inner), (inner, 1))?;
    rec.dispatch(
        wgsl::PackRotated { params: &params, weight, texels: &texels },
        threads(&params),
        work(weight),
    )?;
    Ok(texels)
}

/// Records a texture of the weight for the way from the argmax of dy, which has `outputs` channels, to dx.
///
/// # Errors
/// [`crate::error::Error::Input`] when it does not fit a texture.
pub fn spread(
    rec: &mut Recording,
    convolution: &Convolution,
    weight: &Tensor,
    outputs: usize,
) -> Result<Texels> {
    let taps = convolution.tap_blocks() * TAPS;
    let (params, texels) = packing(rec, weight, spread_size(convolution, outputs), (outputs, taps))?;
    rec.dispatch(
        wgsl::PackSpread { params: &params, weight, texels: &texels },
        threads(&params),
        work(weight),
    )?;
    Ok(texels)
}

/// The parameters of a texture of that size, and room for it.
fn packing(
    rec: &Recording,
    weight: &Tensor,
    (width, height): (usize, usize),
    (inner, taps): (usize, usize),
) -> Result<(wgsl::Params, Texels)> {
    const OP: &str = "weight_texels";
    let filter = weight.map();
    let texels = Texels::zeros(rec.gpu(), "weight texels", TexelFormat::Reals, width, height)?;
    let params = wgsl::Params {
        outputs: u32_of(OP, weight.rows())?,
        channels: u32_of(OP, filter.channels)?,
        kernel_h: u32_of(OP, filter.height)?,
        kernel_w: u32_of(OP, filter.width)?,
        width: u32_of(OP, width)?,
        height: u32_of(OP, height)?,
        inner: u32_of(OP, inner)?,
        taps: u32_of(OP, taps)?,
    };
    Ok((params, texels))
}

/// One for each texel.
fn threads(params: &wgsl::Params) -> usize {
    params.width as usize * params.height as usize
}

fn work(weight: &Tensor) -> Work {
    Work::new(0, by(weight.dims()))
}
