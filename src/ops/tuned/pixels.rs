//! Maps in the order of pixels, from the order of channels.

use super::super::u32_of;
use super::groups;
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
    area: u32,
    groups: u32,
}

/// (N, H, W, C) from (N, C, H, W).
pub const PACK: Kernel = Kernel {
    label: "pixels.pack",
    source: include_str!("../../../shaders/tuned/pixels.wgsl"),
    entry_point: "pack",
    workgroup_size: 64,
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(2)],
};

/// Records x (N, C, H, W) in the order of pixels: (N, H, W, C), channels filled up to groups of four.
///
/// # Errors
/// [`crate::error::Error::Gpu`] when there is no memory for it.
pub(super) fn pack(rec: &mut Recording, x: &Tensor) -> Result<Tensor> {
    const OP: &str = "pixels";
    let (map, rows) = (x.map(), x.rows());
    let (groups, area) = (groups(map.channels), map.height * map.width);
    let pixels = Tensor::zeros(rec.gpu(), "x by pixels", &[rows, map.height, map.width, 4 * groups])?;
    let params = Params {
        rows: u32_of(OP, rows)?,
        channels: u32_of(OP, map.channels)?,
        area: u32_of(OP, area)?,
        groups: u32_of(OP, groups)?,
    };
    rec.dispatch(&PACK, &params, &[x, &pixels], rows * area * groups, Work::new(0, by(x.dims())))?;
    Ok(pixels)
}
