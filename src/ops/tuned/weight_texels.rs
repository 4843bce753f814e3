//! A convolution's weight in textures, four values to a texel.

use super::super::u32_of;
use super::conv2d_tile::TILE_OUTPUTS;
use super::{Convolution, TAPS, groups};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, TexelFormat, Texels, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    outputs: u32,
    channels: u32,
    kernel_h: u32,
    kernel_w: u32,
    width: u32,
    height: u32,
    inner: u32,
    taps: u32,
}

const KERNEL: Kernel = Kernel {
    label: "weight_texels",
    source: include_str!("../../../shaders/tuned/weight_texels.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write_texels(2)],
};

/// Four outputs to a texel.
pub const PACK_FORWARD: Kernel =
    Kernel { label: "weight_texels.pack_forward", entry_point: "pack_forward", ..KERNEL };

/// Four input channels to a texel, taps turned round.
pub const PACK_TURNED: Kernel =
    Kernel { label: "weight_texels.pack_turned", entry_point: "pack_turned", ..KERNEL };

/// Four input channels to a texel.
pub const PACK_SPREAD: Kernel =
    Kernel { label: "weight_texels.pack_spread", entry_point: "pack_spread", ..KERNEL };

/// Records a texture of `weight` (O, C, KH, KW) for the way from x to y.
///
/// # Errors
/// [`crate::error::Error::Input`] when it does not fit a texture.
pub fn forward(rec: &mut Recording, weight: &Tensor) -> Result<Texels> {
    let filter = weight.map();
    let inner = groups(filter.channels);
    let size = (weight.rows().next_multiple_of(TILE_OUTPUTS), filter.height * filter.width * inner);
    pack(rec, &PACK_FORWARD, weight, size, (inner, 1))
}

/// Records a texture of the weight for the way from dy, which has `inner` channel groups, to dx.
///
/// # Errors
/// [`crate::error::Error::Input`] when it does not fit a texture.
pub fn turned(rec: &mut Recording, weight: &Tensor, inner: usize) -> Result<Texels> {
    let filter = weight.map();
    let size = (filter.channels.next_multiple_of(TILE_OUTPUTS), filter.height * filter.width * inner);
    pack(rec, &PACK_TURNED, weight, size, (inner, 1))
}

/// Records a texture of the weight for the way from the winners of dy, which has `outputs` channels, to dx.
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
    let width = groups(convolution.x.channels) * taps;
    // Windows meet kernel rows from one above the first to at most two below the last.
    let height = (convolution.kernel.0 / 2 * 2 + 3) * outputs;
    pack(rec, &PACK_SPREAD, weight, (width, height), (outputs, taps))
}

fn pack(
    rec: &mut Recording,
    kernel: &'static Kernel,
    weight: &Tensor,
    (width, height): (usize, usize),
    (inner, taps): (usize, usize),
) -> Result<Texels> {
    const OP: &str = "weight_texels";
    let filter = weight.map();
    let texels = Texels::zeros(rec.gpu(), "weight texels", TexelFormat::Reals, width, height)?;
    let params = Params {
        outputs: u32_of(OP, weight.rows())?,
        channels: u32_of(OP, filter.channels)?,
        kernel_h: u32_of(OP, filter.height)?,
        kernel_w: u32_of(OP, filter.width)?,
        width: u32_of(OP, width)?,
        height: u32_of(OP, height)?,
        inner: u32_of(OP, inner)?,
        taps: u32_of(OP, taps)?,
    };
    rec.dispatch(kernel, &params, &[weight, &texels], width * height, Work::new(0, by(weight.dims())))?;
    Ok(texels)
}
