//! Convolution in register tiles: fused with ReLU and pooling, or plain.

use super::super::{expect, u32_of};
use super::{Convolution, groups, packed_dims, paired_groups};
use crate::error::{Error, Result};
use crate::gpu::{Binding, Kernel, Recording, Tensor};
use crate::shape::MapShape;

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    in_h: u32,
    in_w: u32,
    in_groups: u32,
    out_h: u32,
    out_w: u32,
    out_groups: u32,
    kernel_h: u32,
    kernel_w: u32,
    pad_h: u32,
    pad_w: u32,
    stored_groups: u32,
}

const KERNEL: Kernel = Kernel {
    label: "conv2d_tile",
    source: include_str!("../../../shaders/tuned/conv2d_tile.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// y and winner behind bias, ReLU and 2×2 pooling.
pub const POOLED: Kernel = Kernel {
    label: "conv2d_tile.pooled",
    entry_point: "pooled",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(2),
        Binding::read(3),
        Binding::write(4),
        Binding::write(5),
    ],
    ..KERNEL
};

/// y without bias.
pub const PLAIN: Kernel = Kernel {
    label: "conv2d_tile.plain",
    entry_point: "plain",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::read(2), Binding::write(4)],
    ..KERNEL
};

/// What a tile computes: 2 rows × 8 columns, and 8 channels of each.
const TILE: (usize, usize) = (2, 8);

fn params(convolution: &Convolution, x4: &Tensor, blocks: &Tensor) -> Result<Params> {
    const OP: &str = "conv2d_tile";
    let Convolution { x, outputs, kernel, padding } = *convolution;
    expect(OP, "x4", x4, &packed_dims(x4.rows(), x))?;
    let (inner, outer) = (groups(x.channels), paired_groups(outputs));
    expect(OP, "blocks", blocks, &[kernel.0, kernel.1, inner, outer, 16])?;
    let y = convolution.y()?;
    Ok(Params {
        rows: u32_of(OP, x4.rows())?,
        in_h: u32_of(OP, x.height)?,
        in_w: u32_of(OP, x.width)?,
        in_groups: u32_of(OP, inner)?,
        out_h: u32_of(OP, y.height)?,
        out_w: u32_of(OP, y.width)?,
        out_groups: u32_of(OP, outer)?,
        kernel_h: u32_of(OP, kernel.0)?,
        kernel_w: u32_of(OP, kernel.1)?,
        pad_h: u32_of(OP, padding.0)?,
        pad_w: u32_of(OP, padding.1)?,
        stored_groups: u32_of(OP, groups(outputs))?,
    })
}

/// One thread a tile, for each pair of channel groups.
fn threads(rows: usize, y: MapShape) -> usize {
    let tiles = y.height.div_ceil(TILE.0) * y.width.div_ceil(TILE.1);
    rows * tiles * paired_groups(y.channels) / 2
}

/// y4 and winner, channels last, from x4, weight blocks and bias (O): max-pooled 2×2 behind ReLU; winner holds a
/// byte a channel. O must be a multiple of 4.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn pooled(
    rec: &mut Recording,
    convolution: &Convolution,
    x4: &Tensor,
    blocks: &Tensor,
    bias: &Tensor,
    y4: &Tensor,
    winner: &Tensor,
) -> Result<()> {
    const OP: &str = "conv2d_tile";
    if !convolution.outputs.is_multiple_of(4) {
        return Err(Error::input(OP, "outputs in fours", convolution.outputs));
    }
    let y = convolution.y()?;
    let params = params(convolution, x4, blocks)?;
    expect(OP, "bias", bias, &[y.channels])?;
    let dims = packed_dims(x4.rows(), MapShape::new(y.channels, y.height / 2, y.width / 2));
    expect(OP, "y4", y4, &dims)?;
    expect(OP, "winner", winner, &[dims[0], dims[1], dims[2], dims[3] / 4])?;
    rec.dispatch(&POOLED, &params, &[x4, blocks, bias, y4, winner], threads(x4.rows(), y))
}

/// y4, channels last, from x4 and weight blocks.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn plain(
    rec: &mut Recording,
    convolution: &Convolution,
    x4: &Tensor,
    blocks: &Tensor,
    y4: &Tensor,
) -> Result<()> {
    let y = convolution.y()?;
    let params = params(convolution, x4, blocks)?;
    expect("conv2d_tile", "y4", y4, &packed_dims(x4.rows(), y))?;
    rec.dispatch(&PLAIN, &params, &[x4, blocks, y4], threads(x4.rows(), y))
}
