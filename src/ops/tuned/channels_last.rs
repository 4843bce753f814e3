//! Into the inner layout and back, and the way back through ReLU and 2×2 pooling.

use super::super::{expect, u32_of};
use super::{groups, packed_dims, paired_groups};
use crate::error::Result;
use crate::gpu::{Binding, Gpu, Kernel, Recording, Tensor};
use crate::shape::MapShape;

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
    height: u32,
    width: u32,
    groups: u32,
    outputs: u32,
    in_groups: u32,
    turned: u32,
}

const KERNEL: Kernel = Kernel {
    label: "channels_last",
    source: include_str!("../../../shaders/tuned/channels_last.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// Channels last from (N, C, H, W).
pub const PACK: Kernel = Kernel {
    label: "channels_last.pack",
    entry_point: "pack",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(2)],
    ..KERNEL
};

/// (N, C, H, W) from channels last.
pub const UNPACK: Kernel = Kernel {
    label: "channels_last.unpack",
    entry_point: "unpack",
    bindings: &[Binding::params::<Params>(), Binding::read(3), Binding::write(4)],
    ..KERNEL
};

/// A convolution's weight in 4×4 blocks.
pub const PACK_WEIGHT: Kernel = Kernel {
    label: "channels_last.pack_weight",
    entry_point: "pack_weight",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(5)],
    ..KERNEL
};

/// The gradient before ReLU and pooling from the one behind.
pub const UNPOOL: Kernel = Kernel {
    label: "channels_last.unpool",
    entry_point: "unpool",
    bindings: &[Binding::params::<Params>(), Binding::read(3), Binding::read(6), Binding::write(2)],
    ..KERNEL
};

/// The bias's gradient from the one behind ReLU and pooling.
pub const POOLED_BIAS: Kernel = Kernel {
    label: "channels_last.pooled_bias",
    entry_point: "pooled_bias",
    bindings: &[Binding::params::<Params>(), Binding::read(3), Binding::read(6), Binding::write(7)],
    ..KERNEL
};

/// Which way a weight is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From x to y.
    Forward,
    /// From dy to dx: taps turned round, inputs and outputs exchanged.
    Backward,
}

fn params(rows: usize, map: MapShape) -> Result<Params> {
    const OP: &str = "channels_last";
    Ok(Params {
        rows: u32_of(OP, rows)?,
        channels: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        groups: u32_of(OP, groups(map.channels))?,
        outputs: 0,
        in_groups: 0,
        turned: 0,
    })
}

/// x4 (channels last) from x (N, C, H, W).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn pack(rec: &mut Recording, x: &Tensor, x4: &Tensor) -> Result<()> {
    expect("channels_last", "x4", x4, &packed_dims(x.rows(), x.map()))?;
    rec.dispatch(&PACK, &params(x.rows(), x.map())?, &[x, x4], x4.len() / 4)
}

/// x (N, C, H, W) from x4 (channels last).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn unpack(rec: &mut Recording, x4: &Tensor, x: &Tensor) -> Result<()> {
    expect("channels_last", "x4", x4, &packed_dims(x.rows(), x.map()))?;
    rec.dispatch(&UNPACK, &params(x.rows(), x.map())?, &[x4, x], x.len())
}

/// Room for the blocks of `weight` (O, C, KH, KW).
///
/// # Errors
/// As [`Tensor::zeros`].
pub fn weight_blocks(gpu: &Gpu, weight: &Tensor, direction: Direction) -> Result<Tensor> {
    let filter = weight.map();
    let (inner, outer) = match direction {
        Direction::Forward => (filter.channels, weight.rows()),
        Direction::Backward => (weight.rows(), filter.channels),
    };
    let dims = [filter.height, filter.width, groups(inner), paired_groups(outer), 16];
    Tensor::zeros(gpu, "weight blocks", &dims)
}

/// `blocks`, as [`weight_blocks`] made them, from weight (O, C, KH, KW).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn pack_weight(
    rec: &mut Recording,
    weight: &Tensor,
    blocks: &Tensor,
    direction: Direction,
) -> Result<()> {
    const OP: &str = "channels_last";
    let filter = weight.map();
    let params = Params {
        groups: u32_of(OP, blocks.dims()[3])?,
        outputs: u32_of(OP, weight.rows())?,
        in_groups: u32_of(OP, blocks.dims()[2])?,
        turned: u32::from(direction == Direction::Backward),
        ..params(1, filter)?
    };
    rec.dispatch(&PACK_WEIGHT, &params, &[weight, blocks], blocks.len() / 16)
}

/// dy4 (channels last, `rows` maps of `map`) from d4 and winner, which belong to the pooled maps.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn unpool(rec: &mut Recording, d4: &Tensor, winner: &Tensor, dy4: &Tensor, map: MapShape) -> Result<()> {
    let params = pooled_params(d4, winner, map)?;
    expect("channels_last", "dy4", dy4, &packed_dims(d4.rows(), map))?;
    rec.dispatch(&UNPOOL, &params, &[d4, winner, dy4], dy4.len() / 4)
}

/// dbias (C) from d4 and winner, which belong to the pooled maps of `map`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn pooled_bias(
    rec: &mut Recording,
    d4: &Tensor,
    winner: &Tensor,
    dbias: &Tensor,
    map: MapShape,
) -> Result<()> {
    let params = pooled_params(d4, winner, map)?;
    expect("channels_last", "dbias", dbias, &[map.channels])?;
    rec.dispatch_groups(&POOLED_BIAS, &params, &[d4, winner, dbias], groups(map.channels))
}

fn pooled_params(d4: &Tensor, winner: &Tensor, map: MapShape) -> Result<Params> {
    let pooled = MapShape::new(map.channels, map.height / 2, map.width / 2);
    let dims = packed_dims(d4.rows(), pooled);
    expect("channels_last", "d4", d4, &dims)?;
    expect("channels_last", "winner", winner, &[dims[0], dims[1], dims[2], dims[3] / 4])?;
    params(d4.rows(), map)
}
