//! Convolution, bias, ReLU and 2×2 max-pooling in register tiles.

use super::super::{expect, u32_of};
use super::texels::Layout;
use super::{Convolution, groups};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Texels};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    outputs: u32,
    pooled_h: u32,
    pooled_w: u32,
    in_groups: u32,
    kernel_h: u32,
    kernel_w: u32,
    x_across: u32,
    x_width: u32,
    x_height: u32,
    winner_across: u32,
    winner_width: u32,
    winner_height: u32,
    winner_groups: u32,
    reserved: [u32; 2],
}

/// y and winner from x, weight and bias.
pub const FORWARD: Kernel = Kernel {
    label: "conv2d_pooled.forward",
    source: include_str!("../../../shaders/tuned/conv2d_pooled.wgsl"),
    entry_point: "forward",
    workgroup_size: 64,
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read_texels(2),
        Binding::read(3),
        Binding::write(4),
        Binding::write_words(5),
    ],
};

/// Windows that a thread computes, side by side.
pub const TILE_WINDOWS: usize = 4;
/// Output channels that a thread computes.
pub const TILE_OUTPUTS: usize = 16;

/// What the kernel reads and writes.
pub struct Operands<'a> {
    /// With its border.
    pub x: (&'a Layout, &'a Texels),
    /// From [`super::weight_texels::forward`].
    pub weight: &'a Texels,
    /// (O)
    pub bias: &'a Tensor,
    /// (N, O, H/2, W/2)
    pub y: &'a Tensor,
    /// A byte a channel, which of its window y is.
    pub winner: (&'a Layout, &'a Texels),
}

/// Records y and winner.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, convolution: &Convolution, operands: &Operands<'_>) -> Result<()> {
    const OP: &str = "conv2d_pooled";
    let Operands { x: (x_layout, x), weight, bias, y, winner: (winner_layout, winner) } = *operands;
    let pooled = convolution.pooled()?;
    let rows = y.rows();
    expect(OP, "y", y, &[rows, pooled.channels, pooled.height, pooled.width])?;
    expect(OP, "bias", bias, &[pooled.channels])?;
    let params = Params {
        rows: u32_of(OP, rows)?,
        outputs: u32_of(OP, pooled.channels)?,
        pooled_h: u32_of(OP, pooled.height)?,
        pooled_w: u32_of(OP, pooled.width)?,
        in_groups: u32_of(OP, groups(convolution.x.channels))?,
        kernel_h: u32_of(OP, convolution.kernel.0)?,
        kernel_w: u32_of(OP, convolution.kernel.1)?,
        x_across: u32_of(OP, x_layout.across)?,
        x_width: u32_of(OP, x_layout.image_width)?,
        x_height: u32_of(OP, x_layout.image_height)?,
        winner_across: u32_of(OP, winner_layout.across)?,
        winner_width: u32_of(OP, winner_layout.image_width)?,
        winner_height: u32_of(OP, winner_layout.image_height)?,
        winner_groups: u32_of(OP, winner_layout.groups)?,
        reserved: [0; 2],
    };
    let tiles = pooled.height * pooled.width.div_ceil(TILE_WINDOWS);
    let threads = rows * tiles * pooled.channels.div_ceil(TILE_OUTPUTS);
    rec.dispatch(&FORWARD, &params, &[x, weight, bias, y, winner], threads)
}
